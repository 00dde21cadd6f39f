"""Rooms 8 and 12: what happened, written so that it stays.

Takes a passage (a call on its way) and what became of it, and returns whether the record is
durable. If it is not, the walk forwards nothing, or withholds the answer (fail-closed). This room
writes no argument, no result and no token: only who, what, where, when, by which rule, and how it
ended. Text that a caller chose is masked before it is written.
"""

import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import Any

from gateway import mask
from gateway.events import Event, Outcome
from gateway.evidence.chain import Chains
from gateway.evidence.commit import Entry
from gateway.evidence.payload import Payload
from gateway.evidence.spill import Spill
from gateway.passage import Passage
from gateway.payloads import EVERYTHING, Payloads
from gateway.policy.source import MAX_CHANGES, Change
from gateway.reasons import Reason
from gateway.recorded import ToolChange, about, of_tool, summary, time_text, why
from gateway.session import unauthenticated_session
from gateway.storage.contract import StoreUnavailableError
from gateway.values import Hidden, Refusal

BURST = 60
"""Refusals of unauthenticated calls that one process records at once."""
REFILL = 1.0
"""Such records a second after that; the rest are counted (`omitted`), so that a flood cannot fill the evidence."""


_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(slots=True)
class _Budget:
    """A token bucket over what unauthenticated callers may write."""

    clock: Callable[[], float]
    left: float = BURST
    seen: float = 0.0
    omitted: int = 0

    def spend(self) -> bool:
        now = self.clock()
        self.left = min(BURST, self.left + (now - self.seen) * REFILL)
        self.seen = now
        if self.left < 1:
            self.omitted += 1
            return False
        self.left -= 1
        return True


class Recorder:
    """Writes the records of the walk through this process's chains."""

    def __init__(
        self,
        chains: Chains,
        payloads: Payloads | None = None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._chains = chains
        self._payloads = payloads or Payloads(None)
        self._now = now
        self._budget = _Budget(clock, seen=clock())
        self._unwritten: deque[Change] = deque(maxlen=MAX_CHANGES)
        self.failures = 0
        """Records that the store did not confirm since the process started; `/health` shows it."""
        self.spill = Spill(chains.put)
        """Outcomes of calls that were made, until the store takes them."""

    @property
    def omitted(self) -> int:
        """Refusals of unauthenticated calls that were counted and not yet mentioned in a record."""
        return self._budget.omitted

    async def intent(self, passage: Passage, event: Event) -> bool:
        """The call is on record before anything leaves; False: it is not, so nothing may leave."""
        fields: dict[str, str | int] = {"event": event, "outcome": Outcome.ALLOWED}
        now = self._now()
        if event is Event.INTENT:
            filed = await self._payloads.file(
                passage, passage.call.message, time_text(now), answers=False, hidden=passage.sent
            )
            if not filed.is_durable:
                self.failures += 1
                return False
            fields |= filed.fields
        passage.on_its_way = await self._append(passage, fields, now)
        return passage.on_its_way

    async def body(self, passage: Passage, message: Mapping[str, Any], hidden: Sequence[Hidden] = ()) -> Payload | None:
        """An answer as its record may hold it; it is not on record yet, so that to leave off here loses nothing."""
        return await self._payloads.made(passage, message, answers=True, hidden=hidden)

    async def outcome(
        self,
        passage: Passage,
        outcome: Outcome,
        *,
        hidden: Sequence[Hidden] = (),
        refusal: Refusal | None = None,
        body: Payload | None = None,
    ) -> bool:
        """What came of the call is on record, with the answer (`body`); False: not all of it, so it must be withheld.

        A record is then tried again in the background, except for an AMBIGUOUS one: whoever gives up a call
        comes back to it, and may know better by then. An answer without a place to lie is not tried again: its
        record says that it was withheld.
        """
        now = self._now()
        filed = await self._payloads.keep(body, time_text(now))
        if not filed.is_durable:
            self.failures += 1
            outcome, refusal = Outcome.WITHHELD, Refusal(Reason.OUTCOME_UNRECORDED, "the answer could not be kept")
        fields: dict[str, str | int] = {"event": Event.OUTCOME, "outcome": outcome, **filed.fields}
        fields |= {"hidden": sum(item.count for item in hidden), "masks": summary(hidden)}
        if passage.grant_over:
            fields["grant_over"] = 1
        spills = passage.on_its_way and outcome is not Outcome.AMBIGUOUS
        recorded = await self._append(passage, fields | why(refusal), now, spills=spills)
        if recorded and passage.note is not None:
            await passage.note(outcome)
        return recorded and filed.is_durable

    async def asked(
        self, passage: Passage, method: str, refusal: Refusal | None = None, message: Mapping[str, Any] = _NOTHING
    ) -> bool:
        """That the server asked its client for something during a call, what, and whether it may, is on record."""
        now = self._now()
        filed = await self._payloads.file(passage, message, time_text(now), answers=True)
        if not filed.is_durable:
            self.failures += 1
            return False
        fields: dict[str, str | int] = {
            "event": Event.REFUSED if refusal else Event.RELAYED,
            "outcome": Outcome.REFUSED if refusal else Outcome.ALLOWED,
            "message": "server_request",
            "method": mask.mask_text(method, EVERYTHING),
            **filed.fields,
        }
        return await self._append(passage, fields | why(refusal), now)

    async def refused(self, passage: Passage, refusal: Refusal) -> bool:
        """The refusal is on record, or, if it names no caller and the budget is spent, counted."""
        fields: dict[str, str | int] = {"event": Event.REFUSED, "outcome": Outcome.REFUSED, **why(refusal)}
        if passage.caller is not None:
            return await self._append(passage, fields)
        return await self._sparingly(fields, partial(self._append, passage))

    async def stranger(self, session: str, fields: Mapping[str, str | int]) -> bool:
        """An attempt of somebody who is not known is on record, or, if the budget is spent, counted."""
        return await self._sparingly(fields, partial(self.approval, session))

    async def _sparingly(
        self, fields: Mapping[str, str | int], append: Callable[[Mapping[str, str | int]], Awaitable[bool]]
    ) -> bool:
        if not self._budget.spend():
            return True
        omitted, self._budget.omitted = self._budget.omitted, 0
        if await append({**fields, **({"omitted": omitted} if omitted else {})}):
            return True
        self._budget.omitted += omitted + 1
        return False

    async def policy(self, changes: Sequence[Change]) -> bool:
        """That the policy changed, or that a new version was rejected, is on record; False: not yet, and kept."""
        self._unwritten.extend(changes)
        while self._unwritten:
            change = self._unwritten.popleft()
            now = self._now()
            # That its text is not kept must not keep its record from being written, which says so.
            filed = await self._payloads.file_policy(change.digest, change.text)
            fields = {
                "event": Event.POLICY,
                "outcome": Outcome.REJECTED if change.problem else Outcome.LOADED,
                "policy": change.digest,
                "detail": "; ".join(change.problem or change.groups),
                "time": time_text(now),
                **filed.fields,
            }
            if not await self._write(f"{now:%Y%m%d}-policy", fields):
                self._unwritten.appendleft(change)
                return False
        return True

    async def proposed(self, session: str, fields: Mapping[str, str | int], digest: str, text: bytes) -> bool:
        """That a policy was proposed is on record, with its text; False: not both of it."""
        filed = await self._payloads.file_policy(digest, text)
        return filed.is_durable and await self.approval(session, {**fields, **filed.fields})

    async def tool(self, passage: Passage, change: ToolChange) -> bool:
        """What became of a definition that the gateway saw on this call is on record."""
        return await self._append(passage, of_tool(change))

    async def tool_accepted(self, change: ToolChange, operator: str, why: str) -> bool:
        """That an operator accepted a definition is on record, with the name that the operator goes by."""
        now = self._now()
        said = {"operator": operator, "justification": why}
        fields = of_tool(change) | {name: mask.mask_text(text, EVERYTHING) for name, text in said.items()}
        known = {"time": time_text(now), **fields}
        return await self._write(f"{now:%Y%m%d}-operators", {name: value for name, value in known.items() if value})

    async def approval(self, session: str, fields: Mapping[str, str | int]) -> bool:
        """A step of an approval is on record, in the session of the call that asked for it."""
        known = {"time": time_text(self._now()), **fields}
        return await self._write(session, {name: value for name, value in known.items() if value != ""})

    async def evidence_read(self, fields: Mapping[str, str | int]) -> bool:
        """That somebody reads the evidence is on record; False: it is not, so nothing may be shown."""
        known = {"event": Event.EVIDENCE_READ, "outcome": Outcome.ALLOWED, **fields}
        return await self.approval(f"{self._now():%Y%m%d}-auditors", known)

    async def evidence_refused(self, fields: Mapping[str, str | int]) -> bool:
        """That somebody tried to is on record, or, if nobody known and the budget is spent, counted."""
        known = {"event": Event.EVIDENCE_REFUSED, "outcome": Outcome.REFUSED, **fields}
        append = self.approval if fields.get("subject") else self.stranger
        return await append(f"{self._now():%Y%m%d}-auditors", known)

    async def _append(
        self,
        passage: Passage,
        fields: Mapping[str, str | int],
        now: datetime | None = None,
        *,
        spills: bool = False,
    ) -> bool:
        now = now or self._now()
        session = passage.session or unauthenticated_session(now)
        known = {"time": time_text(now), "call": passage.id, **about(passage), **fields}
        return await self._write(session, {name: value for name, value in known.items() if value != ""}, spills=spills)

    async def _write(self, session: str, fields: Mapping[str, str | int], *, spills: bool = False) -> bool:
        entry = Entry(session, fields)
        try:
            await self._chains.put(entry)
        except StoreUnavailableError:
            self.failures += 1
            if spills:
                self.spill.keep(entry)
            return False
        return True


__all__ = ["BURST", "EVERYTHING", "REFILL", "Event", "Outcome", "Passage", "Recorder", "ToolChange"]
