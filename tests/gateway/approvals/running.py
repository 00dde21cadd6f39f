"""Orchestrations on Durable as devhost runs it: by the SDK, on disk, by a clock that the test sets."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from devhost.durable.clock import Clock
from devhost.durable.history import Kind
from devhost.durable.hub import Functions, Hub
from devhost.durable.instance import Instance
from devhost.durable.store import Store
from devhost.worker import WorkerError
from gateway.access.grant import Grant
from gateway.access.tend import tend
from gateway.approvals import orchestrator, rulings
from gateway.approvals.approval import Approval, Verdict
from gateway.approvals.orchestrations import NAME
from tests.devhost.durable.bench import by_sdk
from tests.gateway.approvals.desk import actor
from tests.gateway.approvals.tending import LEADS, Tending

ORCHESTRATOR = by_sdk(orchestrator.approval)


@dataclass(slots=True)
class Running:
    """A hub on disk that can be killed, and the rooms whose approvals it tends. Both go by one clock."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    bench: Tending = field(init=False)
    hub: Hub = field(init=False)
    tended: int = 0
    runs: list[str] = field(default_factory=list)
    run: Callable[[str], Awaitable[None]] | None = None
    """What the activity that makes the call of a task does."""
    fails: Counter[str] = field(default_factory=Counter)
    """How many times more an activity raises."""

    @asynccontextmanager
    async def up(self) -> AsyncIterator[Hub]:
        """The hub from what is on disk; it ends without a chance to tidy up."""
        ahead, self.clock = self.clock.now() - datetime.now(self.clock.now().tzinfo), Clock()
        self.clock.advance(ahead)
        functions = Functions({NAME: ORCHESTRATOR}, {"approval_tend": self._tend, "approval_run": self._run})
        with Store(self.folder) as store:
            self.hub = Hub(functions, store, self.clock)
            self.hub.recover()
            try:
                yield self.hub
            finally:
                await self.hub.close()

    def now(self) -> datetime:
        return self.clock.now()

    async def start(self, approval: str) -> bool:
        return isinstance(self.hub.start(NAME, approval, json.dumps(approval)), Instance)

    async def wake(self, approval: str, event: str = "settled") -> bool:
        return isinstance(self.hub.raise_event(approval, event, json.dumps(approval)), Instance)

    async def ask(self, **terms: Any) -> Approval:
        known = await self.bench.ask(self, **terms)
        await self.hub.quiet()
        return known

    async def later(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        await self.hub.quiet()

    async def decide(self, known: Approval, verdict: Verdict) -> None:
        book = self.bench.rooms.approvals
        found = await rulings.decide(book, await self.bench.read(known.id), verdict, "so", actor("ann", LEADS))
        assert isinstance(found, Approval), found

    def instance(self, known: Approval | Grant) -> Instance:
        found = self.hub.find(known.id)
        assert found is not None
        return found

    def happened(self, known: Approval | Grant) -> list[str]:
        """What the history tells: activities that ended, timers that fired, events."""
        names = {Kind.TASK_COMPLETED: "activity", Kind.TIMER_FIRED: "timer", Kind.EVENT_RAISED: "event"}
        return [names[kind] for each in self.instance(known).history if (kind := each["EventType"]) in names]

    async def _tend(self, text: str) -> str:
        self.tended += 1
        self._maybe_fail("approval_tend")
        return json.dumps(await tend(json.loads(text), self.bench.rooms))

    async def _run(self, text: str) -> str:
        self.runs.append(json.loads(text))
        self._maybe_fail("approval_run")
        if self.run:
            await self.run(json.loads(text))
        return "null"

    def _maybe_fail(self, name: str) -> None:
        if self.fails[name]:
            self.fails[name] -= 1
            raise WorkerError("KeyError: a defect")
