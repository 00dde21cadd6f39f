"""What may be asked for: a request for access against the terms of the policy. Pure.

Takes what somebody asks for and the terms, and gives the reason why it may not be asked for, or the
facts of the grant that it would be. Nothing is rounded, cut or corrected: a request that does not fit is
refused.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.access.grant import Grant, Request, State
from gateway.approvals.book import Actor
from gateway.policy.document import GrantTerms
from gateway.reasons import Reason
from gateway.values import Caller

MAX_REASON = 1000
"""Characters of what a person gives as a reason."""
SHORTEST = 1
"""Seconds of the shortest grant."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for."""

    server: str
    grant: str
    seconds: int
    starts: datetime | None = None
    reason: str = ""
    subject: str = ""
    """Object id of whom it is for; empty: of whoever asks."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A wish, and what the policy says to it."""

    wish: Wish
    terms: GrantTerms
    policy: str
    """SHA-256 of the policy document."""
    needs_people: bool
    """Whether no condition approves it."""
    now: datetime


def unfit(wish: Wish, terms: GrantTerms, asker: Caller, held: Grant | None, now: datetime) -> Reason | None:
    """Why this may not be asked for; None if it may. `held` is the grant of this kind that the asker has there."""
    if wish.subject not in ("", asker.object_id):
        # fail-closed: nobody asks in another's name.
        return Reason.GRANT_FOR_ANOTHER
    if not SHORTEST <= wish.seconds <= terms.ceiling:
        return Reason.GRANT_DURATION
    if wish.starts is not None and not now <= wish.starts <= now + timedelta(seconds=terms.ahead):
        return Reason.GRANT_START
    if len(wish.reason) > MAX_REASON or (terms.needs_reason and not wish.reason.strip()):
        return Reason.REASON_MISSING
    state = held.state(now) if held is not None else None
    if state in (State.PENDING, State.SCHEDULED):
        return Reason.GRANT_HELD
    return _cannot_extend(wish, terms, held) if held is not None and state is State.OPEN else None


def _cannot_extend(wish: Wish, terms: GrantTerms, held: Grant) -> Reason | None:
    if not terms.is_extendable or wish.starts is not None:
        return Reason.GRANT_HELD
    if held.opened is None or held.ends is None:
        return Reason.GRANT_HELD
    longest = held.opened.starts + timedelta(seconds=terms.ceiling)
    return Reason.GRANT_DURATION if held.ends + timedelta(seconds=wish.seconds) > longest else None


def facts(identifier: str, asked: Asked, actor: Actor, asker: Caller, held: Grant | None) -> Request:
    """The facts of the grant that this becomes; it moves the end of the one that is open, if there is one."""
    wish, terms, now = asked.wish, asked.terms, asked.now
    extends = held if held is not None and held.state(now) is State.OPEN else None
    latest = extends.opened.starts + timedelta(seconds=terms.ceiling) if extends and extends.opened else None
    return Request(
        created=now,
        tenant=asker.tenant,
        subject=asker.object_id,
        kind=asker.kind,
        client=asker.client,
        name=asker.name,
        server=wish.server,
        grant=terms.name,
        seconds=wish.seconds,
        starts=wish.starts,
        reason=wish.reason.strip(),
        session=extends.request.session if extends else session_of(identifier, now),
        policy=asked.policy,
        needs_people=asked.needs_people,
        extends=extends.id if extends else "",
        latest=latest,
        at_once=terms.at_once,
        remind=terms.remind,
        cancels_calls=terms.cancels_calls,
        source=actor.origin.source,
        trace=actor.origin.trace,
    )


def session_of(identifier: str, now: datetime) -> str:
    """The session of a grant: the day that it was asked for, and its id."""
    return f"{now:%Y%m%d}-{identifier}"


def holder_key(caller: Caller, server: str, grant: str) -> str:
    """What finds the grant of this kind that somebody has on a server."""
    return _key("holder", caller.tenant, caller.object_id, server, grant)


def extension_key(held: Grant) -> str:
    """What finds the extension of a grant that was asked for last."""
    return _key("extension", held.id)


def place_key(server: str, grant: str, number: int) -> str:
    """What finds the grant that takes one of the places of a kind on a server."""
    return _key("place", server, grant, str(number))


def _key(*parts: str) -> str:
    return f"{parts[0]}-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}"
