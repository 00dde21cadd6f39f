"""A change of the policy, and what became of it, in plain words. Pure.

Takes a proposal and gives what a page says otherwise of it than of a call; decides nothing.
"""

from collections.abc import Mapping
from typing import Any

from gateway.pages.words import moment
from gateway.proposals.proposal import Proposal, State

WHAT, WHERE = "a change of the policy", "the gateway itself"

_STATES: Mapping[State, str] = {
    State.PENDING: "Waiting",
    State.IN_FORCE: "In force",
    State.DENIED: "Denied",
    State.EXPIRED: "Expired",
    State.WITHDRAWN: "Withdrawn",
    State.REVOKED: "Revoked",
    State.STALE: "Overtaken",
}
_FATES: Mapping[State, str] = {
    State.PENDING: "It is approved and is about to take effect.",
    State.IN_FORCE: "It was approved, and has been in force since {at}, as version {number} of the policy.",
    State.DENIED: "It was denied. The policy stays as it is.",
    State.EXPIRED: "Nobody decided in time, or it could not take effect in time. The policy stays as it is.",
    State.WITHDRAWN: "Whoever proposed it took it back. The policy stays as it is.",
    State.REVOKED: "An operator ended it. The policy stays as it is.",
    State.STALE: "Another change was faster: what this one would replace is no longer in force. Propose it again.",
}


def told(proposal: Proposal | None, *, is_open: bool) -> dict[str, Any]:
    """What a page says of it; `is_open`: people may still decide."""
    if proposal is None:
        return {"is_change": False}
    if is_open:
        return {"is_change": True}
    state, ended = proposal.state, proposal.ended
    at, number = (moment(ended.at), ended.number) if ended else ("", 0)
    return {
        "is_change": True,
        "state": _STATES[state],
        "tone": _TONES.get(state, state.value),
        "fate": [_FATES[state].format(at=at, number=number)],
    }


_TONES = {State.IN_FORCE: "approved", State.STALE: "expired"}
"""Colours of the states of approvals."""
