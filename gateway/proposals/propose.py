"""Proposing another policy: who may, what is wrong with it, and what people are shown before they decide.

Takes a text and a caller, and gives the proposal, which then waits for people, or a refusal, which is on record, or
the mistakes of the text. What people decide on is sealed with the request: what changes, in words and line by line.
"""

import asyncio
import difflib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.approvals.approval import MAX_REASON
from gateway.approvals.approval import Request as Facts
from gateway.approvals.book import Actor, Book
from gateway.approvals.orchestrations import Orchestrations
from gateway.approvals.sealed_call import SealedCall
from gateway.policy.diff import diff, words
from gateway.policy.document import ChangeTerms, Policy
from gateway.policy.match import is_among
from gateway.proposals.proposal import METHOD, Proposal, Request
from gateway.proposals.register import session_of
from gateway.proposals.replayed import replayed
from gateway.reasons import Reason
from gateway.rooms import Rooms
from gateway.values import Call, Caller, CallerKind, Era, MessageKind, Origin, Refusal

MAX_LINES = 4000
"""Of the texts' difference, with three lines around each change."""
MAX_CHARACTERS = 200_000
"""Of the same."""
REPLAYED = "recorded calls that would be decided otherwise"


@dataclass(frozen=True, slots=True)
class Mistakes:
    """What is wrong with the proposed text, one line each."""

    lines: tuple[str, ...]


async def propose(
    text: str, reason: str, caller: Caller, actor: Actor, rooms: Rooms, orchestrations: Orchestrations
) -> Proposal | Refusal | Mistakes:
    """The proposal, which people are asked about. Raises StoreUnavailableError, SecretUnavailableError,
    UnprovenError and DirectoryUnavailableError."""
    policy, reason = await rooms.policy.current(), reason.strip()
    refusal = _unfit(policy, reason, text, caller)
    if refusal is not None or policy is None or policy.changes is None:
        return await rooms.proposals.refuse(None, refusal or Refusal(Reason.POLICY_FIXED), actor)
    checked = await rooms.policy.checked(text.encode())
    if not isinstance(checked, Policy):
        mistaken = Refusal(Reason.PROPOSAL_MISTAKEN, f"{len(checked)} mistakes")
        refused = await rooms.proposals.refuse(None, mistaken, actor)
        return Mistakes(checked) if refused is mistaken else refused
    shown = await asyncio.to_thread(_shown, policy, rooms.policy.text, checked, text)
    if shown is not None:
        shown[REPLAYED] = await replayed(checked, actor, rooms)
    else:
        return await rooms.proposals.refuse(None, Refusal(Reason.PROPOSAL_TOO_LARGE), actor)
    facts = _facts(policy.digest, checked.digest, reason, caller, actor, rooms)
    made = await rooms.proposals.make(facts, text, actor)
    if isinstance(made, Refusal):
        return made
    if refusal := await _ask_people(rooms.approvals, made, policy.changes, shown, caller, orchestrations):
        await rooms.proposals.withdraw_unasked(made)
        return refusal
    return made


def _unfit(policy: Policy | None, reason: str, text: str, caller: Caller) -> Refusal | None:
    if policy is None:
        return Refusal(Reason.POLICY_UNAVAILABLE)
    if policy.changes is None:
        return Refusal(Reason.POLICY_FIXED)
    # fail-closed: whatever groups it is in, an agent has no say in what agents may do.
    if caller.kind is CallerKind.AGENT or not is_among(policy.changes.who, caller):
        return Refusal(Reason.PROPOSER_NEEDED)
    if not reason or len(reason) > MAX_REASON:
        return Refusal(Reason.REASON_MISSING)
    if hashlib.sha256(text.encode()).hexdigest() == policy.digest:
        return Refusal(Reason.PROPOSAL_SAME)
    return None


def _shown(before: Policy, before_text: bytes, after: Policy, after_text: str) -> dict[str, list[str]] | None:
    """What people are shown, in lines; None where nobody could read it."""
    lines = list(_lines(before_text.decode(errors="replace"), after_text))
    if len(lines) > MAX_LINES or sum(map(len, lines)) > MAX_CHARACTERS:
        return None
    return {
        "what changes": words(diff(before, after)),
        "line by line": lines,
        "SHA-256 of the policy in force": [before.digest],
        "SHA-256 of the proposed policy": [after.digest],
    }


def _lines(before: str, after: str) -> Sequence[str]:
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), "in force", "proposed", lineterm="")
    return list(found)


def _facts(before: str, digest: str, reason: str, caller: Caller, actor: Actor, rooms: Rooms) -> Request:
    now = rooms.now()
    return Request(
        created=now,
        tenant=caller.tenant,
        subject=caller.object_id,
        kind=caller.kind,
        client=caller.client,
        name=caller.name,
        digest=digest,
        before=before,
        reason=reason,
        session=session_of(now),
        source=actor.origin.source,
        trace=actor.origin.trace,
    )


async def _ask_people(
    book: Book,
    made: Proposal,
    terms: ChangeTerms,
    shown: dict[str, list[str]],
    caller: Caller,
    orchestrations: Orchestrations,
) -> Refusal | None:
    """The approval of the proposal is asked for, under the same id."""
    request = made.request
    sealed = SealedCall(_as_call(request.digest, shown), caller, Origin(request.source, request.trace), "")
    facts = Facts(
        created=request.created,
        tenant=request.tenant,
        subject=request.subject,
        kind=request.kind,
        client=request.client,
        name=request.name,
        server="",
        era=Era.MODERN,
        method=METHOD,
        target=request.digest,
        definition="",
        # One of its own: the same text proposed again has to be approved again.
        digest=hashlib.sha256(f"policy {made.id}".encode()).hexdigest(),
        session=request.session,
        call=made.id,
        policy=request.before,
        rules="",
        terms=(terms.approval,),
        masks="",
        source=request.source,
        trace=request.trace,
    )
    asked = await book.request(facts, sealed, request.reason, None, made.id)
    return asked if isinstance(asked, Refusal) else await book.start(asked, orchestrations)


def _as_call(digest: str, shown: dict[str, list[str]]) -> Call:
    """The proposal as the call that approvers are shown."""
    params = {"name": digest, "arguments": shown}
    return Call(
        server="",
        era=Era.MODERN,
        kind=MessageKind.REQUEST,
        method=METHOD,
        target=digest,
        id=None,
        message={"jsonrpc": "2.0", "method": METHOD, "params": params},
        headers=(),
        mcp_session="",
        token=None,
    )
