"""Room 7: whether exactly this call has been approved by the people whom the policy asks for.

Takes a decided passage whose tool has been checked, and gives nothing (the call may go on), a
refusal, or the approval that the call waits for, which is then asked for and on record. It looks at
what was approved and at the policy in force at the same moment, right before the call is made: one
that fits no longer is refused, and its approval stays unused.
"""

import hashlib
from dataclasses import dataclass, replace
from functools import partial

from gateway.approvals import digest, rounds, rulings, seats
from gateway.approvals.approval import MAX_REASON, Approval, Request, State, Verdict
from gateway.approvals.book import Actor
from gateway.approvals.rounds import Round
from gateway.approvals.sealed_call import SealedCall
from gateway.mask import mask_text
from gateway.reasons import Reason
from gateway.record import EVERYTHING, Outcome, Passage
from gateway.rooms import Rooms
from gateway.seal import seal_for
from gateway.storage.contract import Pointer, StoreUnavailableError
from gateway.values import Call, Caller, Decision, Refusal

MAX_TARGET = 1024
"""Characters of a target as an approval's facts have it; the call itself is sealed apart."""


@dataclass(frozen=True, slots=True)
class Pending:
    """The call waits for people."""

    approval: Approval
    round: int
    """How often the client has come back with the gateway's `requestState`."""


async def require(passage: Passage, rooms: Rooms) -> Pending | Refusal | None:
    """None if the call needs no approval, or has one that `rulings.consume` may use: `passage.spends` then names it."""
    try:
        opened = await _open_round(passage, rooms)
        if isinstance(opened, Refusal):
            return opened
        if passage.decision is None or not passage.decision.approvals:
            return None
        return await _require(passage, passage.decision, opened, rooms)
    except StoreUnavailableError:
        # fail-closed: an approval that cannot be read is none.
        return Refusal(Reason.APPROVALS_UNAVAILABLE, "the store of approvals does not answer")


async def _require(
    passage: Passage, decision: Decision, opened: Round | None, rooms: Rooms
) -> Pending | Refusal | None:
    caller, orchestrations = passage.caller, passage.orchestrations
    if caller is None or orchestrations is None:
        return Refusal(Reason.APPROVALS_UNAVAILABLE, "no orchestrations here")
    if digest.is_too_large(passage.call):
        return Refusal(Reason.APPROVAL_TOO_LARGE)
    if await _is_covered(passage, decision, rooms):
        return None
    approval = await _asked_for(passage, decision, caller, opened, rooms)
    if isinstance(approval, Refusal):
        return approval
    if (state := approval.state(rooms.now())) is not State.PENDING:
        return _fits(passage, approval, decision, state)
    refusal = await rooms.approvals.start(approval, orchestrations)
    return refusal or Pending(approval, opened.number if opened else 0)


async def _asked_for(
    passage: Passage, decision: Decision, caller: Caller, opened: Round | None, rooms: Rooms
) -> Approval | Refusal:
    """The approval of exactly this call: the one that stands, or a new one."""
    exact = digest.digest(caller, passage.call, passage.definition)
    approval, pointer = await rooms.approvals.find(exact)
    if opened is not None and (approval is None or approval.id != opened.approval):
        return Refusal(Reason.REQUEST_STATE, "it was made for another call")
    if approval is not None:
        passage.approval = approval.id
        approval = await rulings.settle(rooms.approvals, approval)
        if not _is_past(approval, rooms):
            return approval
    if opened is not None:
        return Refusal(Reason.APPROVAL_SPENT, "it ended while the client waited")
    made = await _ask(passage, decision, caller, exact, pointer, rooms)
    passage.approval = passage.approval if isinstance(made, Refusal) else made.id
    return made


def _fits(passage: Passage, approval: Approval, decision: Decision, state: State) -> Refusal | None:
    """Whether what people said still satisfies what the policy in force asks of this call."""
    if state is not State.APPROVED or any(vote.verdict is Verdict.DENY for vote in approval.votes):
        return Refusal(Reason.APPROVAL_DENIED, state.value)
    if missing := seats.lacking(decision.approvals, approval):
        return Refusal(Reason.APPROVAL_INSUFFICIENT, f"{missing} more would have to approve")
    passage.spends = approval
    return None


def _is_past(approval: Approval, rooms: Rooms) -> bool:
    """Whether a repeat of the call asks anew. A denial stands for as long as people might have decided."""
    state, now = approval.state(rooms.now()), rooms.now()
    if state in (State.DENIED, State.REVOKED):
        return now >= approval.expires
    return state not in (State.PENDING, State.APPROVED)


async def _ask(
    passage: Passage, decision: Decision, caller: Caller, exact: str, instead_of: Pointer | None, rooms: Rooms
) -> Approval | Refusal:
    call, policy = passage.call, passage.policy
    if policy is None:
        return Refusal(Reason.POLICY_UNAVAILABLE)
    masks = {mask.name for rule in policy.rules if rule.name in decision.rules for mask in rule.masks}
    masks |= {mask.name for mask in policy.servers[call.server].masks}
    request = Request(
        created=rooms.now(),
        tenant=caller.tenant,
        subject=caller.object_id,
        kind=caller.kind,
        client=caller.client,
        name=caller.name,
        server=call.server,
        era=call.era,
        method=call.method,
        # A URI may hold what nobody may read, and be as long as the call itself.
        target=mask_text(call.target, EVERYTHING)[:MAX_TARGET],
        definition=passage.definition,
        digest=exact,
        session=passage.session,
        call=passage.id,
        policy=decision.policy,
        rules=",".join(decision.rules),
        terms=decision.approvals,
        masks=",".join(sorted(masks)),
        source=passage.origin.source,
        trace=passage.origin.trace,
    )
    # What the directory said of the caller is asked again when the call is made: the policy may name other groups then.
    sealed = SealedCall(without_reason(call), passage.vouched or caller, passage.origin, passage.client_session)
    return await rooms.approvals.request(request, sealed, _reason(call), instead_of)


async def _open_round(passage: Passage, rooms: Rooms) -> Round | Refusal | None:
    """The round that the client came back with, once; the passage then has the call as it was at first."""
    call, caller = passage.call, passage.caller
    if caller is None or not rounds.is_own(call):
        return None
    key = rooms.settings.session_key
    seal = await seal_for(rounds.PURPOSE, key, rooms.secrets)
    if isinstance(seal, Refusal):
        return seal
    opened = rounds.open_round(seal, call, caller)
    if opened is None:
        seal = await seal_for(rounds.PURPOSE, key, rooms.secrets, renew=True)
        opened = None if isinstance(seal, Refusal) else rounds.open_round(seal, call, caller)
    approval = await rooms.approvals.read(opened.approval) if opened else None
    if opened is None or approval is None:
        return Refusal(Reason.REQUEST_STATE, "not made for this caller and server, or changed")
    passage.approval = approval.id
    kept = await rooms.approvals.call_of(approval)
    passage.call = rounds.without_round(call, kept.call.params if kept else None)
    if not await rooms.approvals.mark(approval, f"round-{opened.nonce}"):
        return Refusal(Reason.REQUEST_STATE, "used before")
    if rounds.declines(call):
        ended = await rulings.end(rooms.approvals, approval, State.WITHDRAWN, Actor(caller, passage.origin))
        return ended if isinstance(ended, Refusal) else Refusal(Reason.APPROVAL_WITHDRAWN)
    return opened


async def _is_covered(passage: Passage, decision: Decision, rooms: Rooms) -> bool:
    """Whether the call answers what its upstream asked in the middle of an approved call, and the policy covers that.

    The upstream's `requestState` ties the two together; it counts once.
    """
    state = passage.call.params.get("requestState")
    if (
        not isinstance(state, str)
        or passage.caller is None
        or not all(each.covers_answers for each in decision.approvals)
    ):
        return False
    begun = digest.digest(passage.caller, rounds.without_round(passage.call), passage.definition)
    approval, _ = await rooms.approvals.find(begun)
    if approval is None or approval.settled is None or approval.state(rooms.now()) not in _USED:
        return False
    name = _state_name(state)
    if f"state-{name}" not in approval.marks or seats.lacking(decision.approvals, approval):
        return False
    if approval.usable_until is None or rooms.now() >= approval.usable_until:
        return False
    if not await rooms.approvals.mark(approval, f"state-used-{name}"):
        return False
    passage.approval = approval.id
    watch(passage, approval, rooms)
    return True


async def permit(passage: Passage, approval: Approval, begun: Call, rooms: Rooms) -> Refusal | None:
    """None if this leg of a task's call may be made by its approval, which `passage.spends` then names.

    `begun` is the call as it was approved; later legs differ from it by what the caller answered.
    """
    caller, decision = passage.caller, passage.decision
    if caller is None or decision is None:
        return Refusal(Reason.POLICY_UNAVAILABLE)
    if digest.digest(caller, begun, passage.definition) != approval.request.digest:
        return Refusal(Reason.APPROVAL_OUTDATED)
    if passage.leg == 1:
        return _fits(passage, approval, decision, approval.state(rooms.now()))
    if not approval.covers_answers or not all(each.covers_answers for each in decision.approvals):
        return Refusal(Reason.APPROVAL_INSUFFICIENT, "what the caller answers is not covered")
    state = approval.state(rooms.now())
    if state not in _USED or approval.usable_until is None or rooms.now() >= approval.usable_until:
        return Refusal(Reason.APPROVAL_SPENT, f"{state.value}, and it may be too late")
    return _fits(passage, approval, decision, State.APPROVED)


async def spend(passage: Passage, rooms: Rooms) -> Refusal | None:
    """The approval is used up by this call, whose intent is on record; else the call must not be made."""
    if passage.spends is None:
        return None
    try:
        leg = f"leg-{passage.leg}"
        if passage.leg and not await rooms.approvals.mark(passage.spends, leg, call=passage.id):
            return Refusal(Reason.CALL_AMBIGUOUS, "another run of the task has begun it")
        refusal = await rulings.consume(rooms.approvals, passage.spends, passage.id) if passage.leg <= 1 else None
    except StoreUnavailableError:
        # fail-closed: it may be used up now, and it may not be.
        return Refusal(Reason.APPROVALS_UNAVAILABLE, "the store of approvals does not answer")
    if refusal is None:
        watch(passage, passage.spends, rooms)
    return refusal


_USED = frozenset({State.CONSUMED, State.APPROVED})


def watch(passage: Passage, approval: Approval, rooms: Rooms) -> None:
    """What becomes of a call that is made by an approval is noted with it, for the people who look at its page."""
    passage.note = partial(_note, approval, rooms)
    if approval.covers_answers and not passage.leg:
        passage.remember = partial(_remember, approval, rooms)


async def _note(approval: Approval, rooms: Rooms, outcome: Outcome) -> None:
    if outcome is Outcome.INPUT_REQUIRED and "task" in approval.marks:
        return
    try:
        await rooms.approvals.mark(approval, "outcome", outcome=outcome.value)
    except StoreUnavailableError:
        return


async def _remember(approval: Approval, rooms: Rooms, state: str) -> None:
    try:
        await rooms.approvals.mark(approval, f"state-{_state_name(state)}")
    except StoreUnavailableError:
        # fail-closed: without the mark the answers need an approval of their own.
        return


def _state_name(state: str) -> str:
    return hashlib.sha256(state.encode(errors="surrogatepass")).hexdigest()[:32]


def without_reason(call: Call) -> Call:
    """The call without the requester's reason, which is for approvers and not for the upstream."""
    meta = call.params.get("_meta")
    if not isinstance(meta, dict) or digest.REASON_META not in meta:
        return call
    kept = {key: value for key, value in meta.items() if key != digest.REASON_META}
    return replace(call, message={**call.message, "params": {**call.params, "_meta": kept}})


def without_asides(call: Call) -> Call:
    """The call without what it tells the gateway alone: the requester's reason, and which masks it asks to lift."""
    meta = call.params.get("_meta")
    if not isinstance(meta, dict) or digest.REVEAL_META not in meta:
        return without_reason(call)
    kept = {key: value for key, value in meta.items() if key != digest.REVEAL_META}
    return without_reason(replace(call, message={**call.message, "params": {**call.params, "_meta": kept}}))


def _reason(call: Call) -> str:
    meta = call.params.get("_meta")
    said = meta.get(digest.REASON_META) if isinstance(meta, dict) else None
    return said.strip()[:MAX_REASON] if isinstance(said, str) else ""
