"""The approver's page: what is asked for, as this approver may see it, and the decision.

GET shows it to those who may decide, after it is on record that they saw it. POST decides. Whoever may
not decide sees nothing of the call, and the attempt is on record.
"""

from datetime import datetime
from typing import Any

from gateway.access.grant import METHOD, Grant
from gateway.answer import Answer
from gateway.approvals import rulings, seats
from gateway.approvals.approval import MAX_REASON, Approval, State, Verdict, Vote
from gateway.approvals.notices import failed_notices
from gateway.pages import access_words, change_words, render
from gateway.pages.posted import posted
from gateway.pages.refusals import problem, seen, turn_away
from gateway.pages.shown import ShownCall, masks_for, shown_call, shown_tool
from gateway.pages.visit import Visit, Visitor
from gateway.pages.words import KINDS, STATES, fate, moment
from gateway.proposals import tend as proposals
from gateway.proposals.proposal import METHOD as POLICY
from gateway.reasons import Reason
from gateway.values import Mask, Refusal

_VERDICTS = {Verdict.APPROVE: "approved", Verdict.DENY: "denied"}


async def show(visit: Visit, visitor: Visitor) -> Answer:
    """The page, to those who may decide."""
    approval = await visit.book.read(visit.request.subject)
    refusal = _barred(visit, visitor, approval)
    if refusal is not None or approval is None:
        return await turn_away(visit, refusal or _UNKNOWN, visitor=visitor, about=approval)
    return await _page(visit, visitor, approval)


async def decide(visit: Visit) -> Answer:
    """The decision counts, and the browser is sent back to see it; else a page says why not."""
    found = await posted(visit)
    if isinstance(found, Answer):
        return found
    visitor, approval, actor = found.visitor, found.approval, visit.actor(found.visitor.caller)
    try:
        verdict = Verdict(found.form.get("verdict", ""))
    except ValueError:
        return await turn_away(visit, Refusal(Reason.FORM_INVALID), visitor=visitor, about=approval)
    barred = _barred(visit, visitor, approval)
    if barred is None and verdict is Verdict.APPROVE and not await _can_see(visit, visitor, approval):
        barred = Refusal(Reason.NOTHING_SHOWN)
    if barred is not None:
        return await turn_away(visit, barred, visitor=visitor, about=approval)
    reason = found.form.get("reason", "")
    decided = await rulings.decide(visit.book, approval, verdict, reason, actor)
    if isinstance(decided, Refusal):
        if decided.reason is Reason.REASON_MISSING:
            return await _page(visit, visitor, approval, said=reason, status=422)
        return await problem(visit, decided, visitor=visitor)
    if decided.settled is not None:
        await _take_effect(visit, decided)
    return render.see_other(visit.request.path, visit.settings.url)


async def _take_effect(visit: Visit, settled: Approval) -> None:
    if settled.request.method == METHOD:
        # Whoever reads a grant that was approved opens it: its time begins now, and not with its first call.
        await visit.rooms.grants.read(settled.id)
    elif settled.request.method == POLICY:
        await proposals.look(settled.id, visit.rooms)
    await visit.orchestrations.wake(settled.id)


_UNKNOWN = Refusal(Reason.APPROVAL_UNKNOWN)


def _barred(visit: Visit, visitor: Visitor, approval: Approval | None) -> Refusal | None:
    """Why this person may neither see nor decide; state and earlier decisions are for `rulings`."""
    if approval is None or not approval.is_started:
        return _UNKNOWN
    why = seats.barred(approval, visitor.caller, visit.book.now())
    return Refusal(why) if why else None


async def _can_see(visit: Visit, visitor: Visitor, approval: Approval) -> bool:
    found = await _call(visit, approval, masks_for(approval, visitor.policy, visitor.caller.groups))
    return found.params is not None


async def _call(visit: Visit, approval: Approval, masks: tuple[Mask, ...] | None) -> ShownCall:
    sealed = await visit.book.call_of(approval)
    return shown_call(sealed.call if sealed else None, masks)


async def _page(visit: Visit, visitor: Visitor, approval: Approval, said: str = "", status: int = 200) -> Answer:
    unrecorded = await visit.book.view(approval, visit.actor(visitor.caller))
    if unrecorded is not None:
        return await problem(visit, unrecorded, visitor=visitor)
    request = approval.request
    masks = masks_for(approval, visitor.policy, visitor.caller.groups)
    is_tool = request.method == "tools/call"
    pin = await visit.rooms.pins.pin(request.server, request.target) if is_tool else None
    call = await _call(visit, approval, masks)
    grant = await visit.rooms.grants.read(approval.id) if request.method == METHOD else None
    facts = (
        _facts(approval, visitor, visit.book.now())
        | _of_access(approval, grant, visit.book.now())
        | await of_change(visit, approval)
        | {
            "call": call,
            "tool": shown_tool(pin, request.definition, masks),
            "is_tool": is_tool,
            "token": visitor.token(visit.request.path),
            "said": said,
            "problem": Reason.REASON_MISSING.wire.sentence if status == 422 else "",
            "visitor": seen(visitor),
        }
    )
    return await render.page("approval.html", facts, status, url=visit.settings.url)


def _facts(approval: Approval, visitor: Visitor, now: datetime) -> dict[str, Any]:
    state, request = approval.state(now), approval.request
    own = next((vote for vote in approval.votes if _is_by(vote, visitor)), None)
    return {
        "approval": approval,
        "request": request,
        "kind": KINDS[request.kind],
        "asked_at": moment(request.created),
        "state": STATES[state],
        "tone": state.value,
        "fate": fate(approval, now),
        "rules": [rule for rule in request.rules.split(",") if rule],
        "votes": [
            {
                "name": vote.name or vote.object_id,
                "verdict": _VERDICTS[vote.verdict],
                "at": moment(vote.at),
                "reason": vote.reason,
                "is_own": vote is own,
            }
            for vote in approval.votes
        ],
        "lacking": seats.lacking(request.terms, approval) if state is State.PENDING else 0,
        "failed_notices": len(failed_notices(approval)) if state is State.PENDING else 0,
        "may_decide": state is State.PENDING and own is None,
        "needs_reason": any(each.approver_reason for each in request.terms),
        "max_reason": MAX_REASON,
    }


def _of_access(approval: Approval, grant: Grant | None, now: datetime) -> dict[str, Any]:
    """What the page says otherwise where access is asked for and not a call."""
    if grant is None:
        return {"length": "", "grant": ""}
    found: dict[str, Any] = {"length": access_words.length(grant.request.seconds), "grant": grant.id}
    if approval.state(now) is State.PENDING:
        return found
    state = grant.state(now)
    told = {"state": access_words.STATES[state], "tone": state.value, "fate": access_words.fate(grant, now)}
    return found | told


async def of_change(visit: Visit, approval: Approval) -> dict[str, Any]:
    """The same where a change of the policy is asked for."""
    is_change = approval.request.method == POLICY
    proposal = await visit.rooms.proposals.find(approval.id) if is_change else None
    return change_words.told(proposal, is_open=approval.state(visit.book.now()) is State.PENDING)


def _is_by(vote: Vote, visitor: Visitor) -> bool:
    return (vote.tenant, vote.object_id) == (visitor.caller.tenant, visitor.caller.object_id)
