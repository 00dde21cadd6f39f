"""The register of grants: asked for, opened, extended and ended, each on record.

Takes what somebody asks for and gives the grant that it becomes. Rows are inserted once and never
changed, so that any number of processes may write at once: of two who ask for the same at once one
does, a place among those that may be open at once is taken by one, and a grant opens once. One whose
opening is not on record opens nothing.
"""

import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from gateway.access import evidence
from gateway.access.approval import ask_people
from gateway.access.grant import (
    EXTENDED,
    OVER,
    Ending,
    Grant,
    Span,
    State,
    ending_columns,
    from_rows,
    request_columns,
    span_columns,
)
from gateway.access.request import Asked, extension_key, facts, holder_key, place_key, unfit
from gateway.approvals import rulings
from gateway.approvals.approval import Approval, stamp
from gateway.approvals.approval import State as ApprovalState
from gateway.approvals.book import SYSTEM, Actor, Book, is_identifier
from gateway.approvals.evidence import acted, said, why
from gateway.approvals.orchestrations import Orchestrations
from gateway.approvals.standing import standing, use
from gateway.events import Event, Outcome
from gateway.reasons import Reason
from gateway.storage.contract import ApprovalStore, RowExistsError
from gateway.values import Caller, Refusal


class Register:
    """The grants of all processes. Every method may raise StoreUnavailableError."""

    def __init__(self, store: ApprovalStore, book: Book, now: Callable[[], datetime]) -> None:
        """`book` has the approvals of grants, under the same ids."""
        self.store = store
        self.book = book
        self.now = now

    async def read(self, identifier: str) -> Grant | None:
        """The grant as it is now; None if there is none of that id."""
        if not is_identifier(identifier):
            return None
        found = from_rows(identifier, await self.store.rows(identifier))
        return await self.refresh(found) if found is not None else None

    async def held(self, caller: Caller, server: str, name: str) -> Grant | None:
        """The grant of this kind that the caller last asked for on this server, as it is now."""
        pointer = await self.store.find(holder_key(caller, server, name))
        return await self.read(pointer.approval) if pointer is not None else None

    async def extension(self, grant: Grant) -> Grant | None:
        """The request to extend this grant that was made last, as it is now."""
        pointer = await self.store.find(extension_key(grant))
        return await self.read(pointer.approval) if pointer is not None else None

    async def ask(self, asked: Asked, asker: Caller, actor: Actor, orchestrations: Orchestrations) -> Grant | Refusal:
        """The grant that was asked for: open or scheduled where a condition approves it, else waiting for people."""
        held = await self.held(asker, asked.wish.server, asked.terms.name)
        if reason := unfit(asked.wish, asked.terms, asker, held, asked.now):
            return await self.refuse(held, Refusal(reason), actor, asked.wish.server, asked.terms.name)
        identifier = secrets.token_hex(16)
        request = facts(identifier, asked, actor, asker, held)
        await self.store.insert(identifier, "request", request_columns(request))
        extends = held if request.extends else None
        key = extension_key(extends) if extends else holder_key(asker, request.server, request.grant)
        if not await self._point(key, identifier):
            return await self.refuse(held, Refusal(Reason.GRANT_HELD, "asked for at the same time"), actor)
        made = Grant(identifier, request, None, (), None, {})
        fields = evidence.fields(made, Event.GRANT_REQUESTED, Outcome.ALLOWED, actor)
        if not await self.record(made, fields | said(request.reason) | {"extends": request.extends}):
            return Refusal(Reason.EVIDENCE_UNAVAILABLE)
        await self.mark(made, "asked")
        if request.needs_people and (refusal := await ask_people(self.book, made, asked, asker, orchestrations)):
            # It must not stand in the way of the next try.
            await self.close(await self._over(made, State.WITHDRAWN), SYSTEM)
            return refusal
        found = await self.read(identifier) or made
        if not request.needs_people and not await orchestrations.start(identifier):
            # Nobody would write down its end.
            await self.end(found, State.WITHDRAWN, SYSTEM)
            return Refusal(Reason.GRANTS_UNAVAILABLE, "the orchestration cannot be started")
        return Refusal(Reason.GRANT_FULL) if found.state(self.now()) is State.FULL else found

    async def refresh(self, grant: Grant) -> Grant:
        """The grant as its approval has made it by now: opened once, on record, or over."""
        if grant.ended is not None or grant.is_recorded or not grant.is_asked:
            return grant
        state, by = (
            await standing(self.book, grant.id, grant.request.created)
            if grant.request.needs_people
            else (ApprovalState.APPROVED, "rule")
        )
        if state is None or not await self._begins(grant):
            return grant
        if state is not ApprovalState.APPROVED:
            return await self._over(grant, _ENDS.get(state, State.DENIED))
        if not grant.request.extends and not await self._take_place(grant):
            return await self._over(grant, State.FULL)
        if grant.request.needs_people and not await use(self.book, grant.id):
            return grant
        return await (self._extend(grant, by) if grant.request.extends else self._open(grant, by))

    async def end(self, grant: Grant, state: State, actor: Actor, reason: str = "") -> Grant | Refusal:
        """The grant is over from now on; what waits for people under it is withdrawn. One that is over stays so."""
        now = self.now()
        if grant.state(now) in OVER:
            return await self.refuse(grant, Refusal(Reason.GRANT_ENDED, f"it is {grant.state(now).value}"), actor)
        fields = evidence.fields(grant, Event.GRANT_ENDED, Outcome(state.value), actor) | {"ends": stamp(now)}
        if not await self.record(grant, fields | said(reason)):
            return Refusal(Reason.EVIDENCE_UNAVAILABLE)
        if not await self._insert_ending(grant, Ending(state, now, actor.name, reason)):
            return await self.refuse(grant, Refusal(Reason.GRANT_ENDED, "another one was first"), actor)
        await self.close(grant, actor)
        return await self.read(grant.id) or grant

    async def expire(self, grant: Grant) -> Grant:
        """That the grant's time is over is a row and on record, with the time at which it was over."""
        now = self.now()
        if grant.ended is not None or grant.ends is None or now < grant.ends:
            return grant
        fields = evidence.fields(grant, Event.GRANT_ENDED, Outcome.EXPIRED, SYSTEM)
        if await self.record(grant, fields):
            await self._insert_ending(grant, Ending(State.EXPIRED, grant.ends))
            await self.close(grant, SYSTEM)
        return await self.read(grant.id) or grant

    async def close(self, grant: Grant, actor: Actor) -> bool:
        """Nothing waits for people any more under a grant that is over, and not for the grant itself.

        False: something still does, because it could not be recorded.
        """
        done = True
        for identifier in await self.book.store.waiting():
            approval = await self.book.read(identifier)
            if approval is not None and self._is_below(approval, grant):
                ended = await rulings.end(self.book, approval, ApprovalState.WITHDRAWN, actor)
                done = done and (not isinstance(ended, Refusal) or ended.reason is Reason.APPROVAL_OVER)
        if done:
            await self.mark(grant, CLOSED)
        return done

    async def mark(self, grant: Grant, name: str, **columns: str | int) -> bool:
        """The row is there; whether it was this call that inserted it."""
        try:
            await self.store.insert(grant.id, name, {"at": stamp(self.now()), **columns})
        except RowExistsError:
            return False
        return True

    async def refuse(
        self, grant: Grant | None, refusal: Refusal, actor: Actor, server: str = "", kind: str = "", asked: str = ""
    ) -> Refusal:
        """The refusal of an attempt, on record; EVIDENCE_UNAVAILABLE if it cannot be recorded.

        Where there is no grant: `server` and `kind` of what was asked for, or the id that was `asked` about.
        """
        if grant is not None:
            fields = evidence.fields(grant, Event.GRANT_REFUSED, Outcome.REFUSED, actor)
            recorded = await self.record(grant, fields | why(refusal))
        else:
            fields = {"event": Event.GRANT_REFUSED, "outcome": Outcome.REFUSED, "server": server, "target": kind}
            fields |= {"grant": asked} if is_identifier(asked) else {}
            fields |= {"source": actor.origin.source, "trace": actor.origin.trace} | actor.fields() | why(refusal)
            session = f"{self.now():%Y%m%d}-access"
            if actor.caller is None:
                recorded = await self.book.recorder.stranger(session, fields)
            else:
                recorded = await self.book.recorder.approval(session, fields | acted(actor.caller))
        return refusal if recorded else Refusal(Reason.EVIDENCE_UNAVAILABLE)

    async def record(self, grant: Grant, fields: dict[str, str | int]) -> bool:
        return await self.book.recorder.approval(grant.request.session, fields)

    async def _said(self, grant: Grant) -> tuple[ApprovalState | None, str]:
        """What people have said, or a condition, and who."""
        if not grant.request.needs_people:
            return ApprovalState.APPROVED, "rule"
        return await standing(self.book, grant.id, grant.request.created)

    async def _begins(self, grant: Grant) -> bool:
        """Whether it is this one that opens it or ends it: of those who look at once, one puts that on record."""
        try:
            await self.store.insert(grant.id, "begun", {"at": stamp(self.now())})
        except RowExistsError as taken:
            # Whoever began may have ended in the middle; then anybody goes on.
            return self.now() >= datetime.fromisoformat(str(taken.columns["at"])) + MEANWHILE
        return True

    async def _point(self, key: str, identifier: str) -> bool:
        """The key names the new grant, unless it names one that stands."""
        pointer = await self.store.find(key)
        before = await self.read(pointer.approval) if pointer is not None else None
        if before is not None and before.state(self.now()) in (State.PENDING, State.SCHEDULED, State.OPEN):
            return before.id == identifier
        return await self.store.point(key, identifier, pointer)

    async def _take_place(self, grant: Grant) -> bool:
        """One of the places of those that may be open at once is this grant's."""
        request = grant.request
        if not request.at_once:
            return True
        for number in range(request.at_once):
            key = place_key(request.server, request.grant, number)
            pointer = await self.store.find(key)
            if pointer is not None and pointer.approval == grant.id:
                return True
            other = from_rows(pointer.approval, await self.store.rows(pointer.approval)) if pointer else None
            is_free = other is None or other.state(self.now()) in OVER
            if is_free and await self.store.point(key, grant.id, pointer):
                return True
        return False

    async def _open(self, grant: Grant, by: str) -> Grant:
        now = self.now()
        starts = max(grant.request.starts or now, now)
        span = Span(starts, starts + timedelta(seconds=grant.request.seconds))
        try:
            await self.store.insert(grant.id, "opened", span_columns(span))
        except RowExistsError as taken:
            columns = taken.columns
            span = Span(*(datetime.fromisoformat(str(columns[name])) for name in ("starts", "ends")))
        opened = Grant(grant.id, grant.request, span, (), None, grant.marks)
        fields = evidence.fields(opened, Event.GRANT_OPENED, Outcome.APPROVED, SYSTEM)
        if await self.record(opened, fields | {"approver": by} | said(grant.request.reason)):
            await self.mark(opened, "recorded")
        return from_rows(grant.id, await self.store.rows(grant.id)) or opened

    async def _extend(self, grant: Grant, by: str) -> Grant:
        """The end of the grant that this one extends is moved, once; this one is over with that."""
        parent = await self.read(grant.request.extends)
        if parent is None or parent.state(self.now()) is not State.OPEN or parent.opened is None or parent.ends is None:
            return await self._over(grant, State.EXPIRED)
        ends = parent.ends + timedelta(seconds=grant.request.seconds)
        ends = min(ends, grant.request.latest) if grant.request.latest else ends
        fields = evidence.fields(parent, Event.GRANT_EXTENDED, Outcome.APPROVED, SYSTEM)
        if not await self.record(parent, fields | {"ends": stamp(ends), "approver": by} | said(grant.request.reason)):
            return grant
        with suppress(RowExistsError):
            await self.store.insert(parent.id, f"{EXTENDED}{grant.id}", {"ends": stamp(ends)})
        return await self._over(grant, State.ENDED)

    async def _over(self, grant: Grant, state: State) -> Grant:
        """A grant that never opened, or whose only effect was to extend another, is over, on record."""
        fields = evidence.fields(grant, Event.GRANT_ENDED, Outcome(state.value), SYSTEM)
        if await self.record(grant, fields):
            await self._insert_ending(grant, Ending(state, self.now()))
        return from_rows(grant.id, await self.store.rows(grant.id)) or grant

    async def _insert_ending(self, grant: Grant, ending: Ending) -> bool:
        try:
            await self.store.insert(grant.id, "ended", ending_columns(ending))
        except RowExistsError:
            return False
        return True

    def _is_below(self, approval: Approval, grant: Grant) -> bool:
        # An extension has the session of what it extends, which goes on without it.
        is_under = not grant.request.extends and approval.request.session == grant.request.session
        return (is_under or approval.id == grant.id) and approval.state(self.now()) in _STANDING


CLOSED = "closed"
"""The mark of a grant under which nothing waits for people any more."""
MEANWHILE = timedelta(seconds=10)
"""For which whoever began to open a grant has time to put it on record."""
_STANDING = (ApprovalState.PENDING, ApprovalState.APPROVED)
_ENDS = {
    ApprovalState.DENIED: State.DENIED,
    ApprovalState.EXPIRED: State.EXPIRED,
    ApprovalState.WITHDRAWN: State.WITHDRAWN,
    ApprovalState.REVOKED: State.REVOKED,
}
