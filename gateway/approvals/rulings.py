"""What people and the clock do to an approval: decide, settle, end, use.

Each takes an approval and gives it as it then is, or a refusal, which is on record. What takes effect
is in the evidence before it does; which of several at once takes effect is decided by one insert.
"""

from gateway.approvals import evidence, seats
from gateway.approvals.approval import (
    DECISION,
    MAX_REASON,
    MOVES,
    Approval,
    Ending,
    State,
    Verdict,
    Vote,
    ending_columns,
    vote_columns,
)
from gateway.approvals.book import SYSTEM, Actor, Book
from gateway.events import Event, Outcome
from gateway.reasons import Reason
from gateway.storage.contract import RowExistsError
from gateway.values import Refusal


async def decide(book: Book, approval: Approval, verdict: Verdict, reason: str, actor: Actor) -> Approval | Refusal:
    """The person's decision counts, and the approval is settled if that was the last one it needed."""
    now, reason = book.now(), reason.strip()
    refusal = _undecidable(book, approval, reason, actor)
    if refusal is not None or actor.caller is None:
        return await book.refuse(approval, refusal or Refusal(Reason.APPROVER_NOT_A_PERSON), actor)
    vote = Vote(
        tenant=actor.caller.tenant,
        object_id=actor.caller.object_id,
        verdict=verdict,
        at=now,
        groups=actor.caller.groups & seats.all_groups(approval),
        reason=reason,
        name=actor.caller.name,
    )
    outcome = Outcome.APPROVED if verdict is Verdict.APPROVE else Outcome.DENIED
    fields = evidence.fields(approval, Event.APPROVAL_DECIDED, outcome, actor.caller, actor.origin)
    if not await book.record(approval, fields | evidence.said(reason)):
        return Refusal(Reason.EVIDENCE_UNAVAILABLE)
    try:
        await book.store.insert(approval.id, f"{DECISION}{vote.tenant}.{vote.object_id}", vote_columns(vote))
    except RowExistsError:
        return await book.refuse(approval, Refusal(Reason.APPROVER_DECIDED), actor)
    return await settle(book, approval)


async def settle(book: Book, approval: Approval) -> Approval:
    """The approval as it is now, settled if its votes or the clock say so. Of any number of settlers one does it."""
    current = await book.read(approval.id) or approval
    state = seats.outcome(current, book.now())
    if state is None:
        return current
    if await _insert(book, current, "settled", Ending(state, book.now())):
        await record_settled(book, current, state)
    if state is not State.APPROVED:
        await book.store.delist(current.id)
    return await book.read(current.id) or current


async def record_settled(book: Book, approval: Approval, state: State) -> bool:
    """The settlement is on record, with everybody whose decision it rests on."""
    fields = evidence.fields(approval, Event.APPROVAL_SETTLED, Outcome(state.value))
    deciders = ",".join(vote.object_id for vote in approval.votes)
    if not await book.record(approval, fields | ({"approver": deciders} if deciders else {})):
        return False
    await book.mark(approval, "settled-recorded")
    return True


async def end(book: Book, approval: Approval, state: State, actor: Actor, reason: str = "") -> Approval | Refusal:
    """The approval is withdrawn, revoked or expired, decided or not. One that is over stays as it is."""
    before = approval.state(book.now())
    if state not in MOVES[before] and not (state is State.EXPIRED and before is State.EXPIRED):
        return await book.refuse(approval, Refusal(Reason.APPROVAL_OVER, f"it is {before.value}"), actor)
    row, event = ("settled", Event.APPROVAL_SETTLED) if approval.settled is None else ("spent", Event.APPROVAL_ENDED)
    fields = evidence.fields(approval, event, Outcome(state.value), actor.caller, actor.origin) | actor.fields()
    if not await book.record(approval, fields | evidence.said(reason)):
        return Refusal(Reason.EVIDENCE_UNAVAILABLE)
    if not await _insert(book, approval, row, Ending(state, book.now(), by=actor.name, reason=reason[:MAX_REASON])):
        return await book.refuse(approval, Refusal(Reason.APPROVAL_OVER, "another one was first"), actor)
    if row == "settled":
        await book.mark(approval, "settled-recorded")
    await book.store.delist(approval.id)
    return await book.read(approval.id) or approval


async def consume(book: Book, approval: Approval, call: str) -> Refusal | None:
    """The approval is used for this call, on record; APPROVAL_SPENT if it is not there to be used.

    Of any number who try, one succeeds, unless its terms let identical calls use it for a while.
    """
    current = await book.read(approval.id)
    if current is None or current.state(book.now()) is not State.APPROVED:
        return Refusal(Reason.APPROVAL_SPENT, "not approved, or no longer")
    if current.reuse:
        await book.mark(current, "used", call=call)
    elif not await _insert(book, current, "spent", Ending(State.CONSUMED, book.now(), call=call)):
        return Refusal(Reason.APPROVAL_SPENT, "another call was first")
    approvers = ",".join(vote.object_id for vote in current.votes if vote.verdict is Verdict.APPROVE)
    fields = evidence.fields(current, Event.APPROVAL_CONSUMED, Outcome.CONSUMED)
    if not await book.record(current, fields | {"call": call, "approver": approvers}):
        return Refusal(Reason.EVIDENCE_UNAVAILABLE)
    if not current.reuse:
        await book.store.delist(current.id)
    return None


def _undecidable(book: Book, approval: Approval, reason: str, actor: Actor) -> Refusal | None:
    if actor.caller is None:
        return Refusal(Reason.APPROVER_NOT_A_PERSON)
    if why := seats.barred(approval, actor.caller, book.now()):
        return Refusal(why)
    if not approval.is_started:
        return Refusal(Reason.APPROVAL_UNKNOWN, "not asked for yet")
    state = approval.state(book.now())
    if state is not State.PENDING:
        return Refusal(Reason.APPROVAL_OVER, f"it is {state.value}")
    if (actor.caller.tenant, actor.caller.object_id) in {(vote.tenant, vote.object_id) for vote in approval.votes}:
        return Refusal(Reason.APPROVER_DECIDED)
    if len(reason) > MAX_REASON or (not reason and any(each.approver_reason for each in approval.request.terms)):
        return Refusal(Reason.REASON_MISSING)
    return None


async def _insert(book: Book, approval: Approval, row: str, ending: Ending) -> bool:
    try:
        await book.store.insert(approval.id, row, ending_columns(ending))
    except RowExistsError:
        return False
    return True


__all__ = ["SYSTEM", "consume", "decide", "end", "record_settled", "settle"]
