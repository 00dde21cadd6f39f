"""The page of one grant: how it stands, who decides, its end, and its extension.

Shown to its holder, to those who decide on such grants and to operators; to all others there is no such
page. Its holder gives it back or withdraws it; the others take it back, with a reason. It names nobody
who approved.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.access import evidence, rights
from gateway.access.ask import ask
from gateway.access.grant import OVER, Grant, State
from gateway.access.request import MAX_REASON
from gateway.answer import Answer
from gateway.approvals import seats
from gateway.approvals.approval import Approval, Verdict
from gateway.approvals.approval import State as ApprovalState
from gateway.events import Event, Outcome
from gateway.pages import render
from gateway.pages.access_page import wish_in
from gateway.pages.access_words import STATES, fate, length
from gateway.pages.posted import genuine, poster_of
from gateway.pages.refusals import problem, seen, turn_away
from gateway.pages.request import ACCESS
from gateway.pages.request_page import deciders
from gateway.pages.visit import Visit, Visitor
from gateway.pages.words import KINDS, moment
from gateway.policy.eligibility import asks
from gateway.reasons import Reason
from gateway.values import Refusal

_UNKNOWN = Refusal(Reason.GRANT_UNKNOWN)
_ASKED_OTHERWISE = frozenset({Reason.GRANT_DURATION, Reason.REASON_MISSING, Reason.GRANT_HELD})


@dataclass(frozen=True, slots=True)
class _Said:
    """What a form held when it was refused, and why."""

    action: str = ""
    reason: str = ""
    problem: str = ""
    status: int = 200


async def show(visit: Visit, visitor: Visitor) -> Answer:
    """The page, to those who may end the grant."""
    grant = await visit.rooms.grants.read(visit.request.subject)
    if grant is None or not rights.may_see(grant, visitor.caller, visitor.policy):
        # The same page for both, so that an id that is somebody else's looks like none.
        return await turn_away(visit, _UNKNOWN, visitor=visitor, about=grant)
    return await _page(visit, visitor, grant, _Said())


async def act(visit: Visit) -> Answer:
    """The grant is over or an extension is asked for, and the browser is sent back to see it."""
    visitor = await poster_of(visit)
    if isinstance(visitor, Answer):
        return visitor
    grant = await visit.rooms.grants.read(visit.request.subject)
    form = await genuine(visit, visitor, grant)
    if isinstance(form, Answer):
        return form
    if grant is None or not rights.may_see(grant, visitor.caller, visitor.policy):
        return await turn_away(visit, _UNKNOWN, visitor=visitor, about=grant)
    match form.get("action"):
        case "end":
            return await _end(visit, visitor, grant, form)
        case "extend":
            return await _extend(visit, visitor, grant, form)
    return await turn_away(visit, Refusal(Reason.FORM_INVALID), visitor=visitor, about=grant)


async def _end(visit: Visit, visitor: Visitor, grant: Grant, form: Mapping[str, str]) -> Answer:
    register, actor = visit.rooms.grants, visit.actor(visitor.caller)
    state, reason = rights.ending_for(grant, visitor.caller, visitor.policy, register.now()), form.get("reason", "")
    if isinstance(state, Reason):
        return await turn_away(visit, Refusal(state), visitor=visitor, about=grant)
    if len(reason) > MAX_REASON or (state is State.REVOKED and not reason.strip()):
        refused = await register.refuse(grant, Refusal(Reason.REASON_MISSING), actor)
        return await _refused(visit, visitor, grant, refused, form)
    ended = await register.end(grant, state, actor, reason.strip())
    await visit.orchestrations.wake(grant.id)
    if isinstance(ended, Refusal):
        return await problem(visit, ended, visitor=visitor)
    return render.see_other(visit.request.path, visit.settings.url)


async def _extend(visit: Visit, visitor: Visitor, grant: Grant, form: Mapping[str, str]) -> Answer:
    """By a request of its own, as for access that is not held yet."""
    wish = wish_in({**form, "starts": ""}, grant.request.server, grant.request.grant)
    state = grant.state(visit.rooms.grants.now())
    refusal = None
    if not grant.is_held_by(visitor.caller):
        refusal = Refusal(Reason.GRANT_FOR_ANOTHER)
    elif wish is None:
        refusal = Refusal(Reason.FORM_INVALID)
    elif state is not State.OPEN:
        refusal = Refusal(Reason.GRANT_NOT_OPEN, f"it is {state.value}")
    if refusal is not None or wish is None:
        return await turn_away(visit, refusal or _UNKNOWN, visitor=visitor, about=grant)
    made = await ask(wish, visitor.caller, visit.actor(visitor.caller), visit.rooms, visit.orchestrations)
    if isinstance(made, Refusal):
        return await _refused(visit, visitor, grant, made, form)
    return render.see_other(visit.request.path, visit.settings.url)


async def _refused(visit: Visit, visitor: Visitor, grant: Grant, refusal: Refusal, form: Mapping[str, str]) -> Answer:
    """The page again, with what was wrong and what was written; or the page of a refusal that nothing mends."""
    if refusal.reason not in _ASKED_OTHERWISE:
        return await problem(visit, refusal, visitor=visitor)
    wire = refusal.reason.wire
    said = _Said(form.get("action", ""), form.get("reason", ""), wire.sentence, wire.http)
    return await _page(visit, visitor, grant, said)


async def _page(visit: Visit, visitor: Visitor, grant: Grant, said: _Said) -> Answer:
    register, is_mine = visit.rooms.grants, grant.is_held_by(visitor.caller)
    if not is_mine:
        fields = evidence.fields(grant, Event.GRANTS_READ, Outcome.ALLOWED, visit.actor(visitor.caller))
        if not await register.record(grant, fields):
            return await problem(visit, Refusal(Reason.EVIDENCE_UNAVAILABLE), visitor=visitor)
    approval = await visit.book.read(grant.id) if grant.request.needs_people else None
    extension = await register.extension(grant)
    facts = {
        **_facts(grant, register.now()),
        **_people(approval, visitor, register.now()),
        "is_mine": is_mine,
        "may_decide": not is_mine and rights.is_approver(grant, visitor.caller, visitor.policy),
        "may_extend": 0 if not is_mine or _waits(extension, register.now()) else _room(grant, visitor, register.now()),
        "extension": extension.id if extension is not None and _waits(extension, register.now()) else "",
        "token": visitor.token(f"{ACCESS}/{grant.id}"),
        "said": said,
        "max_reason": MAX_REASON,
        "visitor": seen(visitor),
    }
    return await render.page("grant.html", facts, said.status, url=visit.settings.url)


def _facts(grant: Grant, now: datetime) -> dict[str, Any]:
    state, request = grant.state(now), grant.request
    starts = grant.opened.starts if grant.opened else request.starts
    return {
        "grant": grant,
        "request": request,
        "holder": request.name or request.subject,
        "kind": KINDS[request.kind],
        "state": STATES[state],
        "tone": state.value,
        "fate": fate(grant, now),
        "length": length(request.seconds),
        "asked_at": moment(request.created),
        "starts": moment(starts) if starts else "",
        "ends": moment(grant.ends) if grant.ends else "",
        "is_over": state in OVER,
        "is_pending": state is State.PENDING,
        "ending_reason": grant.ended.reason if grant.ended else "",
    }


def _people(approval: Approval | None, visitor: Visitor, now: datetime) -> dict[str, Any]:
    """Who decides: groups, and how many are lacking; and why it was denied."""
    if approval is None:
        return {"seats": [], "lacking": 0, "denials": []}
    is_denied = approval.state(now) is ApprovalState.DENIED
    is_pending = approval.state(now) is ApprovalState.PENDING
    return {
        "seats": deciders(approval, visitor.policy, now),
        "lacking": seats.lacking(approval.request.terms, approval) if is_pending else 0,
        "denials": [vote.reason for vote in approval.votes if vote.verdict is Verdict.DENY and vote.reason]
        if is_denied
        else [],
    }


def _waits(extension: Grant | None, now: datetime) -> bool:
    return extension is not None and extension.state(now) is State.PENDING


def _room(grant: Grant, visitor: Visitor, now: datetime) -> int:
    """By how many whole minutes the grant may be extended by the policy in force; 0: not at all."""
    request, terms = grant.request, visitor.policy.grants.get(grant.request.grant)
    if grant.state(now) is not State.OPEN or terms is None or grant.opened is None or grant.ends is None:
        return 0
    if not terms.is_extendable or not asks(visitor.policy, visitor.caller, request.server, request.grant):
        return 0
    left = grant.opened.starts + timedelta(seconds=terms.ceiling) - grant.ends
    return max(0, left // timedelta(minutes=1))
