"""The reminder of a grant: when its holder is to hear that it ends soon, and what is said. Pure.

Takes a grant as of now, and gives a time, the name of the row that says that it was told, and a message.
The gateway knows nobody's address: the page of access tells the holder, and the channels of the groups
whose members may ask for this access are told whose access ends, and no reason.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from gateway.access.grant import Grant
from gateway.approvals.message import MAX_NAME, Message, neutral
from gateway.approvals.notices import FAILED, TOLD, way
from gateway.policy.document import Notifier, Policy
from gateway.storage.contract import Columns

REMINDED = "reminded-"
PAGE = "page"
"""The way that there always is."""
NOTE = "Its holder can extend it, where the policy lets them, or end it. The link itself gives no access."


def due(grant: Grant) -> datetime | None:
    """When the holder is to be reminded of the end that the grant has now; None: never."""
    if grant.opened is None or grant.ends is None or not grant.request.remind:
        return None
    at = grant.ends - timedelta(seconds=grant.request.remind)
    # One that lasts no longer than that has just been asked for.
    return at if at > grant.opened.starts else None


def row(grant: Grant) -> str:
    """The row that says what came of the reminder of the end that the grant has now; a later end has its own."""
    return f"{REMINDED}{grant.ends:%Y%m%dT%H%M%SZ}"


def recorded_mark(name: str) -> str:
    """The mark that says that such a row is on record."""
    return f"recorded-{name}"


def unrecorded(grant: Grant) -> dict[str, Columns]:
    """Reminders that are not on record yet, by row."""
    found = {name: columns for name, columns in grant.marks.items() if name.startswith(REMINDED)}
    return {name: columns for name, columns in found.items() if recorded_mark(name) not in grant.marks}


def told_of(grant: Grant, policy: Policy) -> dict[Notifier, frozenset[str]]:
    """Who is told, each once, and of which groups they are."""
    terms, found = policy.grants.get(grant.request.grant), defaultdict[Notifier, set[str]](set)
    for group in sorted(terms.who.groups) if terms else ():
        for notifier in policy.notifiers.get(group, ()):
            found[notifier].add(group)
    return {notifier: frozenset(groups) for notifier, groups in found.items()}


def columns(told: Mapping[Notifier, frozenset[str]], failures: Sequence[str]) -> dict[str, str | int]:
    """What the row holds. `failures` has the kind of each one's, empty where they were told."""
    return {
        "groups": ",".join(sorted(frozenset[str]().union(*told.values()))),
        "way": "; ".join([PAGE, *map(way, told)]),
        "outcome": FAILED if any(failures) else TOLD,
        "detail": ", ".join(filter(None, failures)),
    }


def message(grant: Grant, url: str, now: datetime) -> Message:
    """What the channels are told; `url` is the gateway's own."""
    request, ends = grant.request, grant.ends or now
    who, server = neutral(request.name or request.subject, MAX_NAME), neutral(request.server, MAX_NAME)
    minutes = -(-max(ends - now, timedelta()) // timedelta(minutes=1))
    return Message(
        subject=f"{who}'s access to {server} ends at {ends.astimezone(UTC):%H:%M} UTC",
        facts=(
            ("Held by", who),
            ("Access", neutral(request.grant, MAX_NAME)),
            ("Server", server),
            ("Ends", f"{ends.astimezone(UTC):%d %B %Y, %H:%M} UTC (in about {minutes} min)"),
        ),
        link=f"{url}/access/{grant.id}",
        button="Open the access",
        note=NOTE,
    )
