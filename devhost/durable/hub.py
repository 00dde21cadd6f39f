"""The task hub: runs instances, one turn at a time for each, and starts again where a crash left off.

Takes starts, events and the rest from the client; invokes orchestrators and activities, sets timers,
and writes each change before anything follows from it. An activity whose end is not written runs
again, so that it runs at least once and its end counts once. While nothing is due, nothing runs.
"""

import asyncio
import json
import logging
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Any

from devhost.durable import history, turns
from devhost.durable.clock import Clock
from devhost.durable.history import Event, Kind, event, execution_completed, execution_started, moment, written
from devhost.durable.instance import Instance, Record, after, begun, from_log
from devhost.durable.store import Store
from devhost.durable.turns import Answer, Turn
from devhost.worker import WorkerError

Invoke = Callable[[str], Awaitable[str]]
"""JSON in, JSON out. Raises WorkerError."""

_ID_LENGTH = 100
_NOT_IN_ID = frozenset("/\\?#")

log = logging.getLogger("devhost.durable")


@dataclass(frozen=True, slots=True)
class Functions:
    """What the hub may invoke, by name."""

    orchestrators: Mapping[str, Invoke] = field(default_factory=dict)
    activities: Mapping[str, Invoke] = field(default_factory=dict)


class Refusal(Enum):
    """Why the hub did not do what it was asked for; the value goes to the client."""

    NO_FUNCTION = "The function doesn't exist, is disabled, or is not an orchestrator function."
    BAD_ID = "Instance ids have 1 to 100 characters, do not start with @ and contain no /, \\, #, ? or control ones."
    EXISTS = "An Orchestration instance with this id already exists and has not ended."
    NOT_FOUND = "No such instance."
    GONE = "The instance has ended."


class Hub:
    def __init__(self, functions: Functions, store: Store, clock: Clock) -> None:
        self._functions = functions
        self._store = store
        self.clock = clock
        self._instances: dict[str, Instance] = {}
        self._turning: set[str] = set()
        self._work: set[asyncio.Task[None]] = set()

    def recover(self) -> None:
        """Every instance on disk goes on from its last line."""
        for records in self._store.load():
            instance = from_log(records)
            self._instances[instance.id] = instance
            if not instance.is_finished:
                for scheduled in history.pending(instance.history, instance.inbox):
                    self._launch(instance, scheduled)
            self._wake(instance.id)

    async def close(self) -> None:
        """Nothing runs any more; what was under way begins again with `recover`."""
        self.clock.close()
        for work in self._work:
            work.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

    async def quiet(self) -> None:
        """No turn and no activity is under way."""
        while self._work:
            await asyncio.wait(self._work)

    async def settle(self, instance: str) -> None:
        """What is written of the instance outlives the machine."""
        await self._store.settle(instance)

    def find(self, instance: str) -> Instance | None:
        return self._instances.get(instance)

    def all(self) -> tuple[Instance, ...]:
        return tuple(self._instances.values())

    def start(self, name: str, instance: str | None, text: str | None) -> Instance | Refusal:
        """A new instance, in place of one with that id that has ended; `text` is the input as JSON."""
        if name not in self._functions.orchestrators:
            return Refusal.NO_FUNCTION
        chosen = instance or uuid.uuid4().hex
        if not _is_id(chosen):
            return Refusal.BAD_ID
        former = self._instances.get(chosen)
        if former is not None and not former.is_finished:
            return Refusal.EXISTS
        return self._begin(name, chosen, text)

    def raise_event(self, instance: str, name: str, text: str | None) -> Instance | Refusal:
        """The instance will hear of it, now or once it waits for it; `text` is the event as JSON."""
        found = self._running(instance)
        if isinstance(found, Instance):
            self._arrive(found, event(Kind.EVENT_RAISED, self.clock.now(), Name=name, Input=text))
        return found

    def terminate(self, instance: str, reason: str) -> Instance | Refusal:
        """The instance has ended, although an activity may still be under way."""
        found = self._running(instance)
        if isinstance(found, Instance):
            now = self.clock.now()
            ended = event(Kind.EXECUTION_TERMINATED, now, Input=reason)
            self._write(found, {"terminated": [ended, execution_completed("Terminated", reason, now)]})
        return found

    def suspend(self, instance: str, reason: str, *, suspended: bool) -> Instance | Refusal:
        """The instance takes no turns, or takes them again."""
        found = self._running(instance)
        if isinstance(found, Instance) and found.suspended is not suspended:
            kind = Kind.EXECUTION_SUSPENDED if suspended else Kind.EXECUTION_RESUMED
            noted = event(kind, self.clock.now(), Input=reason)
            self._write(found, {"suspended": suspended, "event": noted})
            self._wake(instance)
        return found

    def purge(self, instance: str) -> Instance | Refusal | None:
        """Nothing is left of an instance that has ended; None when it has not, and then it stays."""
        found = self._instances.get(instance)
        if found is None:
            return Refusal.NOT_FOUND
        if not found.is_finished:
            return None
        self._store.remove(instance)
        return self._instances.pop(instance)

    def _running(self, instance: str) -> Instance | Refusal:
        found = self._instances.get(instance)
        if found is None:
            return Refusal.NOT_FOUND
        return Refusal.GONE if found.is_finished else found

    def _begin(self, name: str, instance: str, text: str | None, carried: Mapping[str, Any] | None = None) -> Instance:
        now = self.clock.now()
        started = execution_started(name, instance, text, now)
        first = {
            **{"id": instance, "execution": uuid.uuid4().hex, "name": name, "input": text},
            **{"created": written(now), "updated": written(now), "inbox": [started]},
        }
        if carried is not None:
            first |= {**carried, "inbox": [started, *carried["inbox"]]}
        record = {"begun": first}
        self._store.begin(instance, record)
        self._instances[instance] = begun(record)
        self._wake(instance)
        return self._instances[instance]

    def _write(self, instance: Instance, record: Record) -> Instance:
        self._store.append(instance.id, record)
        self._instances[instance.id] = after(instance, record)
        return self._instances[instance.id]

    def _arrive(self, instance: Instance, found: Event) -> None:
        """The event is written, unless the run it was meant for is over."""
        current = self._instances.get(instance.id)
        if current is None or current.execution != instance.execution or current.is_finished:
            return
        self._write(current, {"arrived": found})
        self._wake(instance.id)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    def _wake(self, instance: str) -> None:
        if instance not in self._turning and self._instances[instance].has_a_turn_to_take:
            self._turning.add(instance)
            self._spawn(self._turns(instance))

    async def _turns(self, instance: str) -> None:
        try:
            while (found := self._instances.get(instance)) is not None and found.has_a_turn_to_take:
                await self._turn(found)
        finally:
            self._turning.discard(instance)

    async def _turn(self, instance: Instance) -> None:
        fresh = [event(Kind.ORCHESTRATOR_STARTED, self.clock.now()), *instance.inbox]
        answer = await self._ask(instance, fresh)
        current = self._instances.get(instance.id)
        if current is None or current.execution != instance.execution or current.is_finished:
            return
        took = turns.turn(instance.name, [*instance.history, *fresh], answer, self.clock.now())
        unseen = current.inbox[len(instance.inbox) :]
        if took.again is not None:
            self._begin_again(current, took, unseen)
            return
        now = written(self.clock.now())
        written_turn = {
            **{"events": [*fresh, *took.events], "took": len(instance.inbox), "updated": now},
            **{"status": took.status, "output": took.output, "custom_status": took.custom_status},
        }
        current = self._write(current, {"turn": written_turn})
        if current.is_finished:
            return
        for scheduled in history.pending(took.events):
            self._launch(current, scheduled)

    def _begin_again(self, instance: Instance, took: Turn, unseen: tuple[Event, ...]) -> None:
        # What the former run scheduled is not for the new one.
        heard = [found for found in unseen if found["EventType"] == Kind.EVENT_RAISED]
        kept = {"status": "Running", "suspended": instance.suspended, "custom_status": took.custom_status}
        self._begin(instance.name, instance.id, took.again, {**kept, "inbox": heard})

    async def _ask(self, instance: Instance, fresh: list[Event]) -> Answer:
        orchestrator = self._functions.orchestrators.get(instance.name)
        if orchestrator is None:
            return Answer(error=Refusal.NO_FUNCTION.value)
        try:
            return turns.answered(await orchestrator(context(instance, fresh)))
        except WorkerError as failure:
            return turns.failed(str(failure))
        except ValueError as unreadable:
            return Answer(error=f"the answer cannot be read: {unreadable}")

    def _launch(self, instance: Instance, scheduled: Event) -> None:
        if scheduled["EventType"] == Kind.TASK_SCHEDULED:
            self._spawn(self._activity(instance, scheduled))
        else:
            self.clock.at(moment(scheduled["FireAt"]), partial(self._ring, instance, scheduled))

    def _ring(self, instance: Instance, timer: Event) -> None:
        fired: Event = {"TimerId": timer["EventId"], "FireAt": timer["FireAt"]}
        self._arrive(instance, event(Kind.TIMER_FIRED, self.clock.now(), **fired))

    async def _activity(self, instance: Instance, scheduled: Event) -> None:
        number, name = scheduled["EventId"], scheduled["Name"]
        activity = self._functions.activities.get(name)
        try:
            if activity is None:
                raise WorkerError(f"The function '{name}' doesn't exist, is disabled, or is not an activity function.")
            result = await activity(scheduled["Input"])
        except WorkerError as failure:
            reason, _, details = str(failure).partition("\n")
            log.warning("activity %s of %s failed: %s", name, instance.id, reason)
            said: Event = {"Reason": f"Activity function '{name}' failed: {reason}", "Details": details}
            ended = event(Kind.TASK_FAILED, self.clock.now(), TaskScheduledId=number, **said)
        else:
            ended = event(Kind.TASK_COMPLETED, self.clock.now(), TaskScheduledId=number, Result=result)
        self._arrive(instance, ended)


def context(instance: Instance, fresh: list[Event]) -> str:
    """What an orchestrator is invoked with."""
    return json.dumps(
        {
            "history": history.seen(instance.history, fresh),
            "input": history.read(instance.input),
            "instanceId": instance.id,
            "isReplaying": bool(instance.history),
            "parentInstanceId": None,
            "upperSchemaVersion": 1,
            "upperSchemaVersionNew": 2,
            # What Azure Storage allows, which the SDK divides longer timers by.
            "maximumShortTimerDuration": "6.00:00:00",
            "longRunningTimerIntervalDuration": "3.00:00:00",
        }
    )


def _is_id(text: str) -> bool:
    return (
        len(text) <= _ID_LENGTH
        and not text.startswith("@")
        and not any(mark in _NOT_IN_ID or ord(mark) < 32 or 127 <= ord(mark) < 160 for mark in text)
    )
