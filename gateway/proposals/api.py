"""The API for changing the policy: propose another one, see proposals, withdraw one.

Takes a request with an access token, checked as a call's is, and answers in JSON. Those who may propose, those who
may approve and operators see proposals; for all others there are none. What is asked is on record before anything is
shown or changed.
"""

import asyncio
from typing import Any

from gateway.answer import Answer
from gateway.approvals.approval import MAX_REASON, stamp
from gateway.approvals.approval import State as ApprovalState
from gateway.approvals.orchestrations import Orchestrations
from gateway.events import Event, Outcome
from gateway.json_api import (
    Asking,
    Door,
    Ending,
    answered,
    body_of,
    bounded,
    not_operator,
    problem,
    through,
)
from gateway.pages.request import PageRequest
from gateway.policy.document import Policy
from gateway.policy.match import is_among
from gateway.policy.nodes import MAX_BYTES
from gateway.proposals import evidence
from gateway.proposals.proposal import Proposal
from gateway.proposals.propose import Mistakes, propose
from gateway.proposals.version import UnprovenError
from gateway.reasons import Reason
from gateway.rooms import Rooms
from gateway.storage.contract import DirectoryUnavailableError, SecretUnavailableError
from gateway.values import Caller, CallerKind, Json, Origin, Refusal

MAX_BODY = 2 * MAX_BYTES
"""Bytes; a text of which each character is escaped may not fit."""
MAX_ENDING = 8 * 1024
MAX_LISTED = 100
"""Proposals in one answer; of more, the newest."""
_AT_ONCE = 16


async def serve(request: PageRequest, origin: Origin, rooms: Rooms, orchestrations: Orchestrations) -> Answer:
    """The answer to one request. Never raises: what was not foreseen is an internal error, on record."""
    asking = Asking(request, origin, rooms, orchestrations)
    return await bounded(asking, _served(asking), _ENDING)


_ENDING = Ending(Event.POLICY_PROPOSAL_REFUSED, "approval", "policy", Reason.PROPOSALS_UNAVAILABLE)


async def _served(asking: Asking) -> Answer | Refusal:
    try:
        return await through(asking, _DOORS, Reason.PROPOSAL_UNKNOWN)
    except (SecretUnavailableError, UnprovenError, DirectoryUnavailableError) as error:
        # fail-closed: as long as nobody knows what people agreed on, no proposal is told of or ended.
        return Refusal(Reason.PROPOSALS_UNAVAILABLE, str(error))


async def _propose(asking: Asking, caller: Caller, _policy: Policy) -> Answer | Refusal:
    body = body_of(asking.request, MAX_BODY)
    if isinstance(body, Refusal):
        return body
    if not isinstance(body, dict) or body.keys() != {"policy", "reason"} or not all(map(_is_text, body.values())):
        return Refusal(Reason.PROPOSAL_INVALID)
    text, reason = body["policy"], body["reason"]
    made = await propose(text, reason, caller, asking.actor, asking.rooms, asking.orchestrations)
    if isinstance(made, Mistakes):
        wire = Reason.PROPOSAL_MISTAKEN.wire
        error = {"code": wire.code, "message": wire.sentence}
        return answered(wire.http, {"error": error, "mistakes": list(made.lines)})
    if isinstance(made, Refusal):
        return problem(asking, made)  # on record by then
    return answered(201, _told(made, asking.rooms))


async def _list(asking: Asking, caller: Caller, policy: Policy) -> Answer | Refusal:
    if not _may_see(caller, policy):
        return Refusal(Reason.PROPOSAL_UNKNOWN, "not for this caller")
    proposals = asking.rooms.proposals
    fields = asking.fields(Event.POLICY_PROPOSALS_READ, Outcome.ALLOWED, "approval")
    if not await asking.rooms.recorder.approval(f"{asking.rooms.now():%Y%m%d}-policy", fields):
        return Refusal(Reason.EVIDENCE_UNAVAILABLE)
    identifiers = await proposals.store.known()
    found: list[Proposal] = []
    for first in range(0, len(identifiers), _AT_ONCE):
        read = await asyncio.gather(*map(proposals.read, identifiers[first : first + _AT_ONCE]))
        found += [each for each in read if each is not None]
    found.sort(key=lambda each: (each.request.created, each.id), reverse=True)
    in_force = {"number": asking.rooms.policy.number, "digest": policy.digest}
    told = [_told(each, asking.rooms) for each in found[:MAX_LISTED]]
    return answered(200, {"in_force": in_force, "proposals": told, "left_out": len(found) - len(told)})


async def _show(asking: Asking, caller: Caller, policy: Policy) -> Answer | Refusal:
    found = await _found(asking, caller, policy)
    if isinstance(found, Refusal):
        return found
    fields = evidence.fields(found, Event.POLICY_PROPOSALS_READ, Outcome.ALLOWED, asking.actor)
    if not await asking.rooms.proposals.record(found, fields):
        return Refusal(Reason.EVIDENCE_UNAVAILABLE)
    return answered(200, _told(found, asking.rooms))


async def _withdraw(asking: Asking, caller: Caller, policy: Policy) -> Answer | Refusal:
    """Whoever made it takes it back; an operator revokes it."""
    body = body_of(asking.request, MAX_ENDING)
    if isinstance(body, Refusal):
        return body
    reason = body.get("reason") if isinstance(body, dict) and body.keys() == {"reason"} else None
    if not isinstance(reason, str) or not 0 < len(reason.strip()) <= MAX_REASON:
        return Refusal(Reason.REVOCATION_INVALID)
    found = await _found(asking, caller, policy)
    if isinstance(found, Refusal):
        return found
    if not found.is_of(caller) and (refusal := not_operator(caller, policy)):
        return problem(asking, await asking.rooms.proposals.refuse(found, refusal, asking.actor))
    state = ApprovalState.WITHDRAWN if found.is_of(caller) else ApprovalState.REVOKED
    ended = await asking.rooms.proposals.withdraw(found, state, asking.actor, reason.strip())
    await asking.orchestrations.wake(found.id)
    return problem(asking, ended) if isinstance(ended, Refusal) else answered(200, _told(ended, asking.rooms))


_DOORS = (
    Door("POST /api/policies", _propose),
    Door("GET /api/policies", _list),
    Door("GET /api/policies/{id}", _show),
    Door("POST /api/policies/{id}/withdraw", _withdraw),
)


async def _found(asking: Asking, caller: Caller, policy: Policy) -> Proposal | Refusal:
    found = await asking.rooms.proposals.read(asking.subject)
    if found is None or not (_may_see(caller, policy) or found.is_of(caller)):
        return Refusal(Reason.PROPOSAL_UNKNOWN, "of others" if found else "none of that id")
    return found


def _may_see(caller: Caller, policy: Policy) -> bool:
    if caller.kind is CallerKind.AGENT:
        return False
    if not_operator(caller, policy) is None:
        return True
    if (terms := policy.changes) is None:
        return False
    deciders = terms.approval.approvers | terms.approval.escalate_to
    return is_among(terms.who, caller) or not deciders.isdisjoint(caller.groups)


def _told(proposal: Proposal, rooms: Rooms) -> dict[str, Any]:
    request, ended = proposal.request, proposal.ended
    return {
        "id": proposal.id,
        "state": proposal.state.value,
        "number": ended.number if ended else 0,
        "proposed": request.digest,
        "instead_of": request.before,
        "by": {"tenant": request.tenant, "subject": request.subject, "name": request.name},
        "at": stamp(request.created),
        "reason": request.reason,
        "ended": stamp(ended.at) if ended else "",
        "page": f"{rooms.settings.url}/approvals/{proposal.id}",
    }


def _is_text(value: Json) -> bool:
    return isinstance(value, str)
