"""The approvals for operators, over HTTP: `GET /api/approvals`, `GET /api/approvals/{id}`, `POST .../{id}/revoke`.

Takes a request with an access token, checked as a call's is, and answers members of the policy's
operators' groups in JSON; each request is on record before anything is shown or changed. An application
may be a member; an agent never counts as one. Without a policy, or operators in it, nobody is an operator.
"""

import re

from gateway.answer import Answer
from gateway.approvals import evidence, oversight
from gateway.approvals.approval import MAX_REASON, Approval
from gateway.approvals.orchestrations import Orchestrations
from gateway.approvals.story import story, summary
from gateway.events import Event, Outcome
from gateway.json_api import Asking, Ending, answered, body_of, bounded, caller_of, not_operator, problem
from gateway.metadata import SERVER_NAME
from gateway.pages.request import PageRequest, fields_in
from gateway.reasons import Reason
from gateway.rooms import Rooms
from gateway.values import Origin, Refusal

MAX_BODY = 4 * 1024
"""Bytes."""
MAX_LISTED = 500
"""Approvals in one answer; of more, the newest."""

_PATH = re.compile(r"/api/approvals(?:/([^/]+)(/revoke)?)?")


async def serve(request: PageRequest, origin: Origin, rooms: Rooms, orchestrations: Orchestrations) -> Answer:
    """The answer to one request. Never raises: what was not foreseen is an internal error, on record."""
    asking = Asking(request, origin, rooms, orchestrations)
    return await bounded(asking, _served(asking), _ENDING)


_ENDING = Ending(Event.APPROVAL_REFUSED, "approval", "operators", Reason.APPROVALS_UNAVAILABLE)


async def _served(asking: Asking) -> Answer | Refusal:
    path = _PATH.fullmatch(asking.request.path)
    if path is None:
        return Refusal(Reason.APPROVAL_UNKNOWN, "no such path")
    asking.subject, is_revocation = path[1] or "", bool(path[2])
    asking.what = _name(asking.subject, is_revocation=is_revocation)
    if asking.request.method != ("POST" if is_revocation else "GET"):
        return Refusal(Reason.HTTP_METHOD, asking.request.method)
    known = await caller_of(asking)
    if isinstance(known, Refusal):
        return known
    if refusal := not_operator(*known):
        return refusal
    if not asking.subject:
        return await _listed(asking)
    approval = await asking.rooms.approvals.read(asking.subject)
    if approval is None:
        return Refusal(Reason.APPROVAL_UNKNOWN)
    return await (_revoked(asking, approval) if is_revocation else _shown(asking, approval))


async def _listed(asking: Asking) -> Answer | Refusal:
    query = fields_in(asking.request.query)
    if query is None or not query.keys() <= {"state", "server"}:
        return Refusal(Reason.LISTING_INVALID)
    state, server = query.get("state", "open"), query.get("server", "")
    if state not in oversight.STATES or (server and not SERVER_NAME.fullmatch(server)):
        return Refusal(Reason.LISTING_INVALID)
    fields = asking.fields(Event.APPROVALS_READ, Outcome.ALLOWED, "approval")
    session = f"{asking.rooms.now():%Y%m%d}-operators"
    if not await asking.rooms.recorder.approval(session, fields | {"server": server, "detail": f"state {state}"}):
        return Refusal(Reason.EVIDENCE_UNAVAILABLE)
    found, now = await oversight.survey(asking.rooms.approvals, oversight.STATES[state], server), asking.rooms.now()
    told = [summary(approval, now) for approval in found.approvals[:MAX_LISTED]]
    left_out = len(found.approvals) - len(told)
    return answered(200, {"approvals": told, "left_out": left_out, "unreadable": list(found.unreadable)})


async def _shown(asking: Asking, approval: Approval) -> Answer | Refusal:
    event, caller = Event.APPROVALS_READ, asking.caller
    fields = evidence.fields(approval, event, Outcome.ALLOWED, caller, asking.origin)
    if not await asking.rooms.approvals.record(approval, fields):
        return Refusal(Reason.EVIDENCE_UNAVAILABLE)
    return answered(200, story(approval, asking.rooms.now()))


async def _revoked(asking: Asking, approval: Approval) -> Answer | Refusal:
    reason = _reason(asking.request)
    if isinstance(reason, Refusal):
        return reason
    ended = await oversight.revoke(asking.rooms.approvals, approval, reason, asking.actor)
    # Whoever finds it over wakes it too: the one that ended it may have stopped before this.
    await asking.orchestrations.wake(approval.id)
    if isinstance(ended, Refusal):
        return problem(asking, ended)  # on record by then
    return answered(200, story(ended, asking.rooms.now()))


def _reason(request: PageRequest) -> str | Refusal:
    """What the operator gives as a reason."""
    body = body_of(request, MAX_BODY)
    if isinstance(body, Refusal):
        return body
    if not isinstance(body, dict) or body.keys() != {"reason"} or not isinstance(body["reason"], str):
        return Refusal(Reason.REVOCATION_INVALID)
    reason = str(body["reason"]).strip()
    return reason if 0 < len(reason) <= MAX_REASON else Refusal(Reason.REVOCATION_INVALID, "empty or too long")


def _name(approval: str, *, is_revocation: bool) -> str:
    if is_revocation:
        return "POST /api/approvals/{id}/revoke"
    return "GET /api/approvals/{id}" if approval else "GET /api/approvals"
