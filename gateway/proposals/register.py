"""The register of proposals: made, ended and taken into force, each on record before it is so.

Takes what somebody proposes and gives the proposal, and the version of the policy that it becomes. Rows are inserted
once and never changed, and so are versions, so that any number of processes may write at once: a proposal takes effect
once, and of two that would replace the same policy one does. Whatever ended a process half-way, the next look goes on.
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from gateway.approvals import contents, rulings
from gateway.approvals.approval import State as ApprovalState
from gateway.approvals.book import SYSTEM, Actor, Book, is_identifier
from gateway.approvals.evidence import acted, said, why
from gateway.approvals.standing import standing, use
from gateway.events import Event, Outcome
from gateway.policy.source import PolicySource
from gateway.proposals import evidence
from gateway.proposals.proposal import (
    METHOD,
    Ending,
    Proposal,
    Request,
    State,
    ending_columns,
    from_rows,
    request_columns,
)
from gateway.proposals.versions import Versions
from gateway.reasons import Reason
from gateway.storage.contract import ApprovalStore, RowExistsError, StoreUnavailableError
from gateway.values import Refusal

TEXT = "policy"
"""Name of the sealed content that holds the proposed text."""
ASKED = "asked"
"""The mark of a proposal that was made on record."""
MEANWHILE = timedelta(seconds=10)
"""For which whoever began to take one into force has time to do so."""


class Proposals:
    """The proposals of all processes. Every method may raise StoreUnavailableError; those that look at versions also
    SecretUnavailableError and UnprovenError."""

    def __init__(
        self, store: ApprovalStore, book: Book, versions: Versions, policy: PolicySource, now: Callable[[], datetime]
    ) -> None:
        """`book` has the approvals of proposals, under the same ids."""
        self.store = store
        self.book = book
        self.versions = versions
        self.now = now
        self._policy = policy

    async def read(self, identifier: str) -> Proposal | None:
        """The proposal as its approval and the versions have made it by now; None if there is none of that id."""
        found = await self.find(identifier)
        return await self.refresh(found) if found is not None else None

    async def find(self, identifier: str) -> Proposal | None:
        """The proposal as its rows have it; None if there is none of that id."""
        return from_rows(identifier, await self.store.rows(identifier)) if is_identifier(identifier) else None

    async def make(self, request: Request, text: str, actor: Actor) -> Proposal | Refusal:
        """The proposal stands, on record with its text; nobody has been asked yet."""
        identifier = secrets.token_hex(16)
        await contents.keep(self.book, identifier, TEXT, {"text": text, "before": request.before})
        await self.store.insert(identifier, "request", request_columns(request))
        made = Proposal(identifier, request, None, {})
        fields = evidence.fields(made, Event.POLICY_PROPOSED, Outcome.ALLOWED, actor) | said(request.reason)
        if not await self.book.recorder.proposed(request.session, fields, request.digest, text.encode()):
            return Refusal(Reason.EVIDENCE_UNAVAILABLE)
        await self._mark(made, ASKED)
        return await self._found(made)

    async def refresh(self, proposal: Proposal) -> Proposal:
        """The proposal as its approval and the versions have made it by now: in force once, on record, or over."""
        if proposal.ended is not None:
            return proposal
        state, by = await standing(self.book, proposal.id, proposal.request.created)
        if state is None:
            return await self._overtaken(proposal)
        if not await self._begins(proposal):
            return proposal
        if state is not ApprovalState.APPROVED:
            return await self._over(proposal, _ENDS.get(state, State.EXPIRED))
        return await self._take_into_force(proposal, by)

    async def withdraw(self, proposal: Proposal, state: ApprovalState, actor: Actor, reason: str) -> Proposal | Refusal:
        """The proposal is over, withdrawn or revoked. One that is over stays so."""
        approval = await self.book.read(proposal.id)
        if approval is None or proposal.ended is not None:
            return await self.refuse(proposal, Refusal(Reason.PROPOSAL_OVER, f"it is {proposal.state.value}"), actor)
        ended = await rulings.end(self.book, approval, state, actor, reason)
        return ended if isinstance(ended, Refusal) else await self.refresh(proposal)

    async def withdraw_unasked(self, proposal: Proposal) -> None:
        """One that people could not be asked about is over."""
        await self._over(proposal, State.WITHDRAWN)

    async def refuse(self, proposal: Proposal | None, refusal: Refusal, actor: Actor) -> Refusal:
        """The refusal of an attempt, on record; EVIDENCE_UNAVAILABLE if it cannot be recorded."""
        if proposal is not None:
            fields = evidence.fields(proposal, Event.POLICY_PROPOSAL_REFUSED, Outcome.REFUSED, actor)
            recorded = await self.record(proposal, fields | why(refusal))
        else:
            fields = {"event": Event.POLICY_PROPOSAL_REFUSED, "outcome": Outcome.REFUSED, "method": METHOD}
            fields |= {"source": actor.origin.source, "trace": actor.origin.trace} | actor.fields() | why(refusal)
            fields |= acted(actor.caller) if actor.caller else {}
            recorded = await self.book.recorder.approval(session_of(self.now()), fields)
        return refusal if recorded else Refusal(Reason.EVIDENCE_UNAVAILABLE)

    async def record(self, proposal: Proposal, fields: dict[str, str | int]) -> bool:
        return await self.book.recorder.approval(proposal.request.session, fields)

    async def _in_force(self) -> str:
        """Digest of the newest version; of the file where there is none."""
        newest = await self.versions.latest()
        if newest is not None:
            return newest.version.digest
        policy = await self._policy.current()
        return policy.digest if policy is not None and self._policy.number == 0 else ""

    async def _overtaken(self, proposal: Proposal) -> Proposal:
        """One that people may still decide on is over where what it would replace is no longer in force."""
        if await self._in_force() == proposal.request.before or ASKED not in proposal.marks:
            return proposal
        approval = await self.book.read(proposal.id)
        if approval is not None:
            await rulings.end(self.book, approval, ApprovalState.WITHDRAWN, SYSTEM, "the policy has changed meanwhile")
        return await self._over(proposal, State.STALE)

    async def _take_into_force(self, proposal: Proposal, by: str) -> Proposal:
        kept = await contents.kept(self.book, proposal.id, TEXT)
        if kept is None:
            raise StoreUnavailableError("the text of the proposal is gone")
        # From the sealed content, and not from the row, which whoever owns the store could change.
        if (added := await self.versions.find(proposal.id, proposal.request.created)) is not None:
            return await self._end(proposal, Ending(State.IN_FORCE, self.now(), added.version.number))
        if await self._in_force() != kept["before"]:
            return await self._over(proposal, State.STALE)
        if not await use(self.book, proposal.id):
            return proposal
        fields = evidence.fields(proposal, Event.POLICY_ENFORCED, Outcome.APPROVED, SYSTEM)
        if not await self.record(proposal, fields | {"approver": by} | said(proposal.request.reason)):
            return proposal
        text = str(kept["text"]).encode()
        added = await self.versions.add(text, proposal.id, str(kept["before"]))
        if added is None:
            return await self._over(proposal, State.STALE)
        return await self._end(proposal, Ending(State.IN_FORCE, self.now(), added.version.number))

    async def _begins(self, proposal: Proposal) -> bool:
        """Whether it is this one that ends it or takes it into force: of those who look at once, one does."""
        try:
            await self.store.insert(proposal.id, "begun", {"at": self.now().isoformat()})
        except RowExistsError as taken:
            # Whoever began may have ended in the middle; then anybody goes on.
            return self.now() >= datetime.fromisoformat(str(taken.columns["at"])) + MEANWHILE
        return True

    async def _over(self, proposal: Proposal, state: State) -> Proposal:
        """It took no effect and never will, on record."""
        fields = evidence.fields(proposal, Event.POLICY_PROPOSAL_ENDED, Outcome(state.value), SYSTEM)
        if not await self.record(proposal, fields):
            return proposal
        return await self._end(proposal, Ending(state, self.now()))

    async def _end(self, proposal: Proposal, ending: Ending) -> Proposal:
        try:
            await self.store.insert(proposal.id, "ended", ending_columns(ending))
        except RowExistsError:
            return await self._found(proposal)
        await self.book.store.forget(proposal.id, TEXT)
        return await self._found(proposal)

    async def _mark(self, proposal: Proposal, name: str) -> None:
        await self.store.insert(proposal.id, name, {"at": self.now().isoformat()})

    async def _found(self, proposal: Proposal) -> Proposal:
        return from_rows(proposal.id, await self.store.rows(proposal.id)) or proposal


def session_of(now: datetime) -> str:
    """What concerns the policy is one session a day, as its loading is."""
    return f"{now:%Y%m%d}-policy"


_ENDS = {
    ApprovalState.DENIED: State.DENIED,
    ApprovalState.EXPIRED: State.EXPIRED,
    ApprovalState.WITHDRAWN: State.WITHDRAWN,
    ApprovalState.REVOKED: State.REVOKED,
}
