"""Times, states and outcomes in plain words. Pure.

Takes an approval and the time and gives sentences for people; decides nothing. No sentence names an
approver: that is for the page to do, where it may.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from gateway.approvals.approval import Approval, State
from gateway.events import Outcome
from gateway.values import CallerKind

KINDS: Mapping[CallerKind, str] = {
    CallerKind.USER: "person",
    CallerKind.APP: "application",
    CallerKind.AGENT: "agent",
}
STATES: Mapping[State, str] = {
    State.PENDING: "Waiting",
    State.APPROVED: "Approved",
    State.DENIED: "Denied",
    State.EXPIRED: "Expired",
    State.WITHDRAWN: "Withdrawn",
    State.REVOKED: "Revoked",
    State.CONSUMED: "Used",
}
_OUTCOMES: Mapping[str, str] = {
    Outcome.SUCCEEDED: "The call succeeded.",
    Outcome.TOOL_ERROR: "The tool ran and reported an error.",
    Outcome.SERVER_ERROR: "The server answered with an error.",
    Outcome.INPUT_REQUIRED: "The server asked the caller for more.",
    Outcome.FAILED: "The call failed; whether the server acted is not known.",
    Outcome.WITHHELD: "The server answered; masking or a limit kept that back, or the caller had left.",
    Outcome.CANCELLED: "The caller left before the answer.",
    Outcome.REFUSED: "The gateway refused the call after all.",
    Outcome.DETACHED: "The server gives its answer on another stream.",
    Outcome.AMBIGUOUS: "The call was begun and broken off: whether the server acted is not known.",
}
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60))


def moment(at: datetime) -> str:
    """A time as people write it, in UTC."""
    found = at.astimezone(UTC)
    return f"{found.day} {found:%B %Y, %H:%M} UTC"


def span(length: timedelta) -> str:
    """How long something lasts, in its two largest units."""
    left, words = max(0, int(length.total_seconds())), list[str]()
    for unit, seconds in _UNITS:
        count, rest = divmod(left, seconds)
        if count and len(words) < 2:
            words.append(f"{count} {unit}{'' if count == 1 else 's'}")
            left = rest
        elif words:
            break
    return " ".join(words) or "less than a minute"


def fate(approval: Approval, now: datetime) -> list[str]:
    """What has become of the call, sentence by sentence."""
    state, settled, spent = approval.state(now), approval.settled, approval.spent
    ending = spent or settled
    match state:
        case State.PENDING:
            return [f"People may decide until {moment(approval.expires)}, for another {span(approval.expires - now)}."]
        case State.APPROVED:
            return _approved(approval, now)
        case State.EXPIRED if settled is not None and settled.state is State.APPROVED:
            return ["It was approved, and the call was not made in time."]
        case State.EXPIRED:
            return ["Nobody decided in time, so the call is not made."]
        case State.CONSUMED:
            made = [f"The call was made on {moment(spent.at)}."] if spent else []
            return [*made, *_outcome(approval)]
    at = f" on {moment(ending.at)}" if ending else ""
    return [_OVER[state].format(at=at)]


_OVER: Mapping[State, str] = {
    State.DENIED: "It was denied{at}. The call is not made.",
    State.WITHDRAWN: "The requester withdrew it{at}. The call is not made.",
    State.REVOKED: "An operator revoked it{at}. The call is not made.",
}


def _approved(approval: Approval, now: datetime) -> list[str]:
    until = approval.usable_until or now
    whom = "identical calls may be made" if approval.reuse else "the call may be made, once,"
    said = f"It is approved: {whom} until {moment(until)}, for another {span(until - now)}."
    made = approval.marks.get("used")
    used = [f"It has been used, first on {moment(datetime.fromisoformat(str(made['at'])))}."] if made else []
    return [said, *used, *_outcome(approval)]


def _outcome(approval: Approval) -> list[str]:
    row = approval.marks.get("outcome")
    return [] if row is None else [_OUTCOMES.get(str(row.get("outcome")), "What came of it is in the evidence.")]
