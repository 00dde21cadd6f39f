"""Rooms 8 and 12: what happened, written so that it stays.

Takes a passage (a call on its way) and what became of it, and returns whether the record is
durable. If it is not, the walk forwards nothing, or withholds the answer (fail-closed). This room
writes no argument, no result and no token: only who, what, where, when, by which rule, and how it
ended. Text that a caller chose is masked before it is written.
"""

import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from gateway import mask
from gateway.events import Event, Outcome
from gateway.evidence.chain import Chains
from gateway.evidence.commit import Entry
from gateway.evidence.spill import Spill
from gateway.masking.detectors import DETECTORS
from gateway.passage import Passage
from gateway.policy.source import MAX_CHANGES, Change
from gateway.session import unauthenticated_session
from gateway.storage.contract import StoreUnavailableError
from gateway.values import Action, Hidden, Mask, Refusal

BURST = 60
"""Refusals of unauthenticated calls that one process records at once."""
REFILL = 1.0
"""Such records a second after that; the rest are counted (`omitted`), so that a flood cannot fill the evidence."""


EVERYTHING = (Mask("record", Action.REDACT, detectors=tuple(DETECTORS)),)
"""Names and URIs in a record are masked with every detector, whatever the policy lets the caller see."""


@dataclass(frozen=True, slots=True)
class ToolChange:
    """What became of a tool's definition."""

    server: str
    tool: str
    outcome: Outcome
    definition: str
    """SHA-256 of the definition that this is about."""
    pinned: str
    """SHA-256 of the definition that was accepted before; empty if none was."""


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
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._chains = chains
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
        passage.on_its_way = await self._append(passage, {"event": event, "outcome": Outcome.ALLOWED})
        return passage.on_its_way

    async def outcome(
        self, passage: Passage, outcome: Outcome, *, hidden: Sequence[Hidden] = (), refusal: Refusal | None = None
    ) -> bool:
        """What came of the call is on record; False: it is not yet, so the answer must be withheld.

        The record is then tried again in the background, except for an AMBIGUOUS one: whoever gives up a call
        comes back to it, and may know better by then.
        """
        fields: dict[str, str | int] = {"event": Event.OUTCOME, "outcome": outcome}
        fields |= {"hidden": len(hidden), "masks": _summary(hidden)}
        if passage.grant_over:
            fields["grant_over"] = 1
        spills = passage.on_its_way and outcome is not Outcome.AMBIGUOUS
        recorded = await self._append(passage, fields | _why(refusal), spills=spills)
        if recorded and passage.note is not None:
            await passage.note(outcome)
        return recorded

    async def asked(self, passage: Passage, method: str, refusal: Refusal | None = None) -> bool:
        """That the server asked its client for something during a call, and whether it may, is on record."""
        fields: dict[str, str | int] = {
            "event": Event.REFUSED if refusal else Event.RELAYED,
            "outcome": Outcome.REFUSED if refusal else Outcome.ALLOWED,
            "message": "server_request",
            "method": mask.mask_text(method, EVERYTHING),
        }
        return await self._append(passage, fields | _why(refusal))

    async def refused(self, passage: Passage, refusal: Refusal) -> bool:
        """The refusal is on record, or, if it names no caller and the budget is spent, counted."""
        fields: dict[str, str | int] = {"event": Event.REFUSED, "outcome": Outcome.REFUSED, **_why(refusal)}
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
            fields = {
                "event": Event.POLICY,
                "outcome": Outcome.REJECTED if change.problem else Outcome.LOADED,
                "policy": change.digest,
                "detail": "; ".join(change.problem or change.groups),
                "time": _time(now),
            }
            if not await self._write(f"{now:%Y%m%d}-policy", fields):
                self._unwritten.appendleft(change)
                return False
        return True

    async def tool(self, passage: Passage, change: ToolChange) -> bool:
        """What became of a definition that the gateway saw on this call is on record."""
        return await self._append(passage, _of_tool(change))

    async def tool_accepted(self, change: ToolChange, operator: str, why: str) -> bool:
        """That an operator accepted a definition is on record, with the name that the operator goes by."""
        now = self._now()
        said = {"operator": operator, "justification": why}
        fields = _of_tool(change) | {name: mask.mask_text(text, EVERYTHING) for name, text in said.items()}
        known = {"time": _time(now), **fields}
        return await self._write(f"{now:%Y%m%d}-operators", {name: value for name, value in known.items() if value})

    async def approval(self, session: str, fields: Mapping[str, str | int]) -> bool:
        """A step of an approval is on record, in the session of the call that asked for it."""
        known = {"time": _time(self._now()), **fields}
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

    async def _append(self, passage: Passage, fields: Mapping[str, str | int], *, spills: bool = False) -> bool:
        now = self._now()
        session = passage.session or unauthenticated_session(now)
        known = {"time": _time(now), "call": passage.id, **_about(passage), **fields}
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


def _about(passage: Passage) -> dict[str, str | int]:
    call, caller, decision = passage.call, passage.caller, passage.decision
    fields: dict[str, str | int] = {
        "server": mask.mask_text(call.server, EVERYTHING),
        "era": call.era,
        "message": call.kind,
        "method": mask.mask_text(call.method, EVERYTHING),
        "target": mask.mask_text(call.target, EVERYTHING),
        "request": "" if call.id is None else mask.mask_text(str(call.id), EVERYTHING),
        "source": passage.origin.source,
        "trace": passage.origin.trace,
        "cause": passage.cause,
        "definition": passage.definition,
        "grant": passage.under.id if passage.under else "",
        "approval": passage.approval,
    }
    if caller is not None:
        fields |= {
            "tenant": caller.tenant,
            "subject": caller.object_id,
            "kind": caller.kind,
            "client": caller.client,
            "token": caller.token_id,
            "signin": caller.sign_in,
            "issued": caller.issued_by,
        }
    if decision is not None:
        fields |= {"policy": decision.policy, "rules": ",".join(decision.rules)}
    return fields


def _of_tool(change: ToolChange) -> dict[str, str | int]:
    return {
        "event": Event.TOOL,
        "outcome": change.outcome,
        "server": change.server,
        "target": mask.mask_text(change.tool, EVERYTHING),
        "definition": change.definition,
        "pinned": change.pinned,
    }


def _why(refusal: Refusal | None) -> dict[str, str | int]:
    if refusal is None:
        return {}
    why: dict[str, str | int] = {"reason": refusal.reason.name.lower(), "detail": refusal.detail}
    return why | ({"policy": refusal.policy, "rules": ",".join(refusal.rules)} if refusal.policy else {})


def _summary(hidden: Sequence[Hidden]) -> str:
    """`mask/detector:action=count` for each, sorted."""
    counts = Counter(f"{item.mask}/{item.by}:{item.action}" for item in hidden)
    return " ".join(f"{name}={count}" for name, count in sorted(counts.items()))


def _time(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


__all__ = ["BURST", "EVERYTHING", "REFILL", "Event", "Outcome", "Passage", "Recorder", "ToolChange"]
