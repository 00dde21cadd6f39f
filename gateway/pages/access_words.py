"""Access, its states and what became of it, in plain words. Pure.

Takes a grant and the time and gives sentences for people; decides nothing. No sentence names whoever
approved or revoked it.
"""

from collections.abc import Mapping
from datetime import datetime

from gateway.access.grant import Grant, State
from gateway.pages.words import moment, span

STATES: Mapping[State, str] = {
    State.PENDING: "Waiting",
    State.SCHEDULED: "Approved",
    State.OPEN: "Open",
    State.EXPIRED: "Over",
    State.ENDED: "Ended",
    State.REVOKED: "Revoked",
    State.DENIED: "Denied",
    State.WITHDRAWN: "Withdrawn",
    State.FULL: "Not opened",
}
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
_OVER: Mapping[State, str] = {
    State.ENDED: "The holder gave it back{at}.",
    State.REVOKED: "It was taken back{at}.",
    State.DENIED: "It was denied{at}, and nothing was opened.",
    State.WITHDRAWN: "The request was withdrawn{at}, and nothing was opened.",
    State.FULL: "It was approved while as many people as may have it at once had it, so it was not opened.",
}


def length(seconds: int) -> str:
    """How long, exactly."""
    words = []
    for unit, size in _UNITS:
        count, seconds = divmod(seconds, size)
        words += [f"{count} {unit}{'' if count == 1 else 's'}"] if count else []
    return " ".join(words) or "no time"


def fate(grant: Grant, now: datetime) -> list[str]:
    """How it stands, sentence by sentence."""
    state, request = grant.state(now), grant.request
    at = f" on {moment(grant.ended.at)}" if grant.ended else ""
    if request.extends and state in (State.ENDED, State.EXPIRED):
        moved = "It was approved: the end of the access that it extends was moved"
        return [f"{moved}{at}." if state is State.ENDED else "It came too late to extend anything."]
    if state is State.PENDING:
        start = f"on {moment(request.starts)}, if it is approved by then" if request.starts else "when it is approved"
        return [f"It is asked for {length(request.seconds)}, and {'counts' if request.extends else 'opens'} {start}."]
    if state is State.EXPIRED:
        return [f"Its time was over on {moment(grant.ends)}." if grant.ends else "Nobody approved it in time."]
    if state in _OVER or grant.opened is None or grant.ends is None:
        return [_OVER[state].format(at=at)]
    if state is State.SCHEDULED:
        return [f"It opens on {moment(grant.opened.starts)}, until {moment(grant.ends)}."]
    return [f"It is open until {moment(grant.ends)}, for another {span(grant.ends - now)}."]
