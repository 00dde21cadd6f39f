"""The book of approvals: asked for once, read by all, and every attempt on one on record.

Takes a decided call that needs an approval and gives the approval that an identical call finds again.
Rows are inserted once and never changed, so that any number of processes may write at once. An
approval that is not on record has not been asked for: nobody is told of it and nobody can decide on it.
"""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from gateway.approvals import evidence, sealed_call
from gateway.approvals.approval import MAX_REASON, Approval, Request, State, from_rows, request_columns, stamp
from gateway.approvals.orchestrations import Orchestrations
from gateway.approvals.sealed_call import SealedCall
from gateway.events import Event, Outcome
from gateway.reasons import Reason
from gateway.record import Recorder
from gateway.seal import Seal
from gateway.storage.contract import ApprovalStore, Pointer, RowExistsError
from gateway.values import Caller, Origin, Refusal

CALL = "call"
"""Name of the sealed content that holds the call."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something to an approval, and from where."""

    caller: Caller | None
    origin: Origin
    operator: str = ""
    """The name that the operator of a command line goes by."""

    @property
    def name(self) -> str:
        return self.caller.object_id if self.caller else self.operator

    def fields(self) -> dict[str, str | int]:
        return {"operator": self.operator} if self.operator else {}


SYSTEM = Actor(None, evidence.NOBODY)
"""The clock, or the votes themselves."""


class Book:
    """The approvals of all processes. Every method may raise StoreUnavailableError."""

    def __init__(
        self,
        store: ApprovalStore,
        recorder: Recorder,
        seal: Callable[[], Awaitable[Seal | Refusal]],
        now: Callable[[], datetime],
    ) -> None:
        """`seal` gives the key that seals calls while they wait."""
        self.store = store
        self.recorder = recorder
        self.now = now
        self._seal = seal

    async def read(self, identifier: str) -> Approval | None:
        """The approval as it is now; None if there is none of that id."""
        if not is_identifier(identifier):
            return None
        return from_rows(identifier, await self.store.rows(identifier))

    async def find(self, digest: str) -> tuple[Approval | None, Pointer | None]:
        """The approval that was last asked for for exactly this call, and what names it."""
        pointer = await self.store.find(digest)
        return (await self.read(pointer.approval) if pointer else None), pointer

    async def request(
        self, request: Request, sealed: SealedCall, reason: str, instead_of: Pointer | None, identifier: str = ""
    ) -> Approval | Refusal:
        """A new approval, which an identical call finds from now on; of two at once, both get the one that was first.

        Nobody is told of it before `start`.
        """
        seal = await self._seal()
        if isinstance(seal, Refusal):
            return Refusal(Reason.APPROVALS_UNAVAILABLE, seal.detail)
        identifier = identifier or secrets.token_hex(16)
        content = seal.seal(sealed_call.pack(sealed), identifier.encode())
        await self.store.keep(identifier, CALL, content)
        await self.store.insert(identifier, "request", request_columns(request))
        if reason:
            await self.store.insert(identifier, "reason", {"text": reason, "at": stamp(self.now())})
        if not await self.store.point(request.digest, identifier, instead_of):
            await self.store.forget(identifier, CALL)
            found, _ = await self.find(request.digest)
            return found or Refusal(Reason.APPROVALS_UNAVAILABLE, "the approval of another process cannot be read")
        return await self.read(identifier) or Refusal(Reason.APPROVALS_UNAVAILABLE, "written and not found")

    async def start(self, approval: Approval, orchestrations: Orchestrations) -> Refusal | None:
        """The approval is asked for on record, is among those that wait, and people will be told of it.

        To start it again changes nothing, so that whoever finds one that was left half-started by a
        process that ended goes on from there.
        """
        if approval.is_started or approval.lacks_reason:
            return None
        fields = evidence.fields(approval, Event.APPROVAL_REQUESTED, Outcome.ALLOWED)
        origin = {"source": approval.request.source, "trace": approval.request.trace}
        terms = {"approvals": ",".join(each.name for each in approval.request.terms)}
        if not await self.record(approval, fields | origin | terms | evidence.said(approval.reason or "")):
            return Refusal(Reason.EVIDENCE_UNAVAILABLE)
        await self.store.enlist(approval.id)
        if not await orchestrations.start(approval.id):
            return Refusal(Reason.APPROVALS_UNAVAILABLE, "the orchestration cannot be started")
        try:
            await self.store.insert(approval.id, "started", {"at": stamp(self.now())})
        except RowExistsError:
            return None
        return None

    async def give_reason(
        self, approval: Approval, text: str, actor: Actor, orchestrations: Orchestrations
    ) -> Approval | Refusal:
        """The requester's reason stands, and people are told from now on. The first one counts."""
        if (state := approval.state(self.now())) is not State.PENDING:
            return await self.refuse(approval, Refusal(Reason.APPROVAL_OVER, f"it is {state.value}"), actor)
        if not (text := text.strip()) or len(text) > MAX_REASON:
            return await self.refuse(approval, Refusal(Reason.REASON_MISSING), actor)
        try:
            await self.store.insert(approval.id, "reason", {"text": text, "at": stamp(self.now())})
        except RowExistsError:
            return await self.refuse(approval, Refusal(Reason.APPROVAL_OVER, "a reason was given"), actor)
        given = await self.read(approval.id) or approval
        return await self.start(given, orchestrations) or given

    async def call_of(self, approval: Approval) -> SealedCall | None:
        """The call that waits; None if it is no longer kept, or cannot be opened."""
        content, seal = await self.store.kept(approval.id, CALL), await self._seal()
        if content is None or isinstance(seal, Refusal):
            return None
        opened = seal.open(content, approval.id.encode())
        return None if opened is None else sealed_call.unpack(opened)

    async def seal(self) -> Seal | Refusal:
        """The key that seals what belongs to an approval; what is sealed is bound to the approval's id."""
        return await self._seal()

    async def view(self, approval: Approval, actor: Actor) -> Refusal | None:
        """That this person sees what is asked for is on record, the first time; else nothing may be shown."""
        mark = f"viewed-{actor.name}"
        if mark in approval.marks:
            return None
        fields = evidence.fields(approval, Event.APPROVAL_VIEWED, Outcome.ALLOWED, actor.caller, actor.origin)
        if not await self.record(approval, fields):
            return Refusal(Reason.EVIDENCE_UNAVAILABLE)
        await self.mark(approval, mark)
        return None

    async def mark(self, approval: Approval, name: str, **columns: str | int) -> bool:
        """The row is there; whether it was this call that inserted it."""
        try:
            await self.store.insert(approval.id, name, {"at": stamp(self.now()), **columns})
        except RowExistsError:
            return False
        return True

    async def refuse(self, approval: Approval | None, refusal: Refusal, actor: Actor, asked: str = "") -> Refusal:
        """The refusal of an attempt, on record; EVIDENCE_UNAVAILABLE if it cannot be recorded."""
        why = evidence.why(refusal) | actor.fields()
        if approval is not None:
            fields = evidence.fields(approval, Event.APPROVAL_REFUSED, Outcome.REFUSED, actor.caller, actor.origin)
            recorded = await self.record(approval, fields | why)
        else:
            # Anybody may knock: what strangers do is recorded as far as the budget goes.
            append = self.recorder.approval if actor.name else self.recorder.stranger
            recorded = await append(f"{self.now():%Y%m%d}-approvals", _unknown(asked, actor) | why)
        return refusal if recorded else Refusal(Reason.EVIDENCE_UNAVAILABLE)

    async def record(self, approval: Approval, fields: dict[str, str | int]) -> bool:
        return await self.recorder.approval(approval.request.session, fields)


def is_identifier(text: str) -> bool:
    """Whether a text from outside could be the id of an approval."""
    return len(text) == 32 and not set(text) - set("0123456789abcdef")


def _unknown(asked: str, actor: Actor) -> dict[str, str | int]:
    """The record of an attempt on something that is no approval, or not this person's."""
    fields: dict[str, str | int] = {"event": Event.APPROVAL_REFUSED, "outcome": Outcome.REFUSED}
    fields |= {"approval": asked} if is_identifier(asked) else {}
    fields |= {"source": actor.origin.source, "trace": actor.origin.trace}
    return fields | (evidence.acted(actor.caller) if actor.caller else {})
