"""The requester's page: how the request stands, why it is wanted, and its withdrawal.

Shown to whoever asked and to nobody else: to all others there is no such page. It names the groups
that may decide, and no approver.
"""

from datetime import datetime
from typing import Any

from gateway.access.grant import METHOD
from gateway.answer import Answer
from gateway.approvals import rulings, seats
from gateway.approvals.approval import MAX_REASON, MOVES, Approval, State, Verdict
from gateway.pages import render
from gateway.pages.approval_page import of_change
from gateway.pages.posted import Posted, posted
from gateway.pages.refusals import problem, seen, turn_away
from gateway.pages.visit import Visit, Visitor
from gateway.pages.words import STATES, fate, moment
from gateway.policy.document import Policy
from gateway.reasons import Reason
from gateway.values import Refusal


async def show(visit: Visit, visitor: Visitor) -> Answer:
    """The page, to whoever asked."""
    approval = await visit.book.read(visit.request.subject)
    if approval is None or not approval.is_asked_by(visitor.caller):
        # The same page for both, so that an id that is somebody else's looks like none.
        return await turn_away(visit, Refusal(Reason.APPROVAL_UNKNOWN), visitor=visitor, about=approval)
    if approval.request.method == METHOD:
        return render.see_other(f"/access/{approval.id}", visit.settings.url)
    return await _page(visit, visitor, approval)


async def act(visit: Visit) -> Answer:
    """The reason stands or the request is withdrawn, and the browser is sent back to see it."""
    found = await posted(visit)
    if isinstance(found, Answer):
        return found
    visitor, approval = found.visitor, found.approval
    if not approval.is_asked_by(visitor.caller):
        return await turn_away(visit, Refusal(Reason.APPROVAL_UNKNOWN), visitor=visitor, about=approval)
    match found.form.get("action"):
        case "reason":
            done = await _give_reason(visit, found)
        case "withdraw":
            done = await rulings.end(visit.book, approval, State.WITHDRAWN, visit.actor(visitor.caller))
        case _:
            return await turn_away(visit, Refusal(Reason.FORM_INVALID), visitor=visitor, about=approval)
    if isinstance(done, Refusal):
        if done.reason is Reason.REASON_MISSING:
            return await _page(visit, visitor, approval, said=found.form.get("reason", ""), status=422)
        return await problem(visit, done, visitor=visitor)
    if done.state(visit.book.now()) is State.WITHDRAWN:
        await visit.orchestrations.wake(done.id)
    return render.see_other(visit.request.path, visit.settings.url)


async def _give_reason(visit: Visit, found: Posted) -> Approval | Refusal:
    actor, state = visit.actor(found.visitor.caller), found.approval.state(visit.book.now())
    if state is not State.PENDING:
        return await visit.book.refuse(found.approval, Refusal(Reason.APPROVAL_OVER, f"it is {state.value}"), actor)
    return await visit.book.give_reason(found.approval, found.form.get("reason", ""), actor, visit.orchestrations)


async def _page(visit: Visit, visitor: Visitor, approval: Approval, said: str = "", status: int = 200) -> Answer:
    facts = _facts(approval, visitor.policy, visit.book.now()) | await of_change(visit, approval)
    facts |= {
        "token": visitor.token(visit.request.path),
        "said": said,
        "problem": Reason.REASON_MISSING.wire.sentence if status == 422 else "",
        "visitor": seen(visitor),
    }
    return await render.page("request.html", facts, status, url=visit.settings.url)


def _facts(approval: Approval, policy: Policy, now: datetime) -> dict[str, Any]:
    state, request = approval.state(now), approval.request
    denials = [vote.reason for vote in approval.votes if vote.verdict is Verdict.DENY and vote.reason]
    revoked = approval.spent or approval.settled
    return {
        "approval": approval,
        "request": request,
        "asked_at": moment(request.created),
        "state": STATES[state],
        "tone": state.value,
        "fate": fate(approval, now),
        "seats": deciders(approval, policy, now),
        "lacking": seats.lacking(request.terms, approval) if state is State.PENDING else 0,
        "denials": denials if state is State.DENIED else [],
        "revocation": revoked.reason if revoked and state is State.REVOKED else "",
        "wants_reason": approval.lacks_reason and state is State.PENDING,
        "may_withdraw": State.WITHDRAWN in MOVES[state],
        "max_reason": MAX_REASON,
    }


def deciders(approval: Approval, policy: Policy, now: datetime) -> list[dict[str, Any]]:
    """For each of its terms, how many people have to approve, and out of which groups as the policy calls them."""
    labels = {object_id: label for label, object_id in policy.groups.items()}
    created = approval.request.created
    return [
        {
            "people": terms.people,
            "groups": sorted(
                labels.get(group, "a group that the policy no longer names")
                for group in seats.groups_of(terms, created, now)
            ),
        }
        for terms in approval.request.terms
    ]
