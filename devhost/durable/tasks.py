"""What the extension has scheduled and waits for: an orchestrator's actions, played over a history.

Takes the actions that the SDK answers with and the history so far; gives the commands that they come
to, numbered as the SDK numbers them, and whether all actions are through. As in the extension the
actions are awaited one after the other: what stands behind one that has not ended is not scheduled.
It refuses actions that are not emulated.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from devhost.durable.history import Event, Kind, ends, event, moment, written

Action = dict[str, Any]


class Type(IntEnum):
    """`actionType` of an action."""

    CALL_ACTIVITY = 0
    CALL_ACTIVITY_WITH_RETRY = 1
    CONTINUE_AS_NEW = 4
    CREATE_TIMER = 5
    WAIT_FOR_EXTERNAL_EVENT = 6
    WHEN_ANY = 11
    WHEN_ALL = 12


class NotEmulatedError(Exception):
    """The orchestrator did something that devhost does not emulate; the message says what."""


@dataclass(slots=True, eq=False)
class Task:
    """Something awaited. It ends once; whoever awaits it is told."""

    then: "Callable[[Task], None]" = lambda _: None
    ended: bool = False
    failed: bool = False

    def end(self, *, failed: bool = False) -> None:
        if not self.ended:
            self.ended, self.failed = True, failed
            self.then(self)


@dataclass(slots=True)
class Played:
    """Where an orchestration stands after its history."""

    commands: dict[int, Event] = field(default_factory=dict)
    """What the actions scheduled, by number; written or not."""
    through: bool = False
    """Every action has ended: the orchestrator's own end counts."""
    carried_on: Action | None = None
    """The action that asked to begin again."""


def play(actions: Sequence[Action], history: Sequence[Event]) -> Played:
    """What the actions come to after that history. Raises NotEmulatedError."""
    replay = _Replay(actions)
    for found in history:
        replay.take(found)
    return replay.played


class _Replay:
    def __init__(self, actions: Sequence[Action]) -> None:
        self.played = Played()
        self._actions = actions
        self._next = 0
        self._now = ""
        self._open: dict[int, Task] = {}
        # The last to wait is the first to be told, in the SDK as in the extension.
        self._waiting: defaultdict[str, list[Task]] = defaultdict(list)
        self._unheard: defaultdict[str, int] = defaultdict(int)
        self._running = False

    def take(self, found: Event) -> None:
        kind, number = found["EventType"], ends(found)
        if kind == Kind.ORCHESTRATOR_STARTED:
            self._now = found["Timestamp"]
        elif kind == Kind.EXECUTION_STARTED:
            self._advance()
        elif kind == Kind.EVENT_RAISED:
            self._hear(found["Name"])
        elif number is not None and (task := self._open.pop(number, None)) is not None:
            task.end(failed=kind == Kind.TASK_FAILED)

    def _hear(self, name: str) -> None:
        if self._waiting[name]:
            self._waiting[name].pop().end()
        else:
            self._unheard[name] += 1

    def _advance(self) -> None:
        """Begins actions until one has not ended."""
        if self._running:
            return
        self._running = True
        task = Task(ended=True)
        while task.ended and self._next < len(self._actions):
            self._next += 1
            task = self._begin(self._actions[self._next - 1])
        self._running = False
        self.played.through = task.ended
        task.then = lambda _: self._advance()

    def _begin(self, action: Action) -> Task:
        if action["actionType"] not in _BEGIN:
            raise NotEmulatedError(f"devhost does not emulate actions of type {action['actionType']}")
        return _BEGIN[Type(action["actionType"])](self, action)

    def _schedule(self, kind: Kind, **fields: Any) -> Task:
        number, task = len(self.played.commands), Task()
        self.played.commands[number] = event(kind, moment(self._now), number, **fields)
        self._open[number] = task
        return task

    def _activity(self, action: Action) -> Task:
        return self._schedule(Kind.TASK_SCHEDULED, Name=action["functionName"], Input=action["input"], Version="")

    def _timer(self, action: Action) -> Task:
        task = self._schedule(Kind.TIMER_CREATED, FireAt=action["fireAt"])
        if action.get("isCanceled"):
            task.end()
        return task

    def _wait(self, action: Action) -> Task:
        task, name = Task(), action["externalEventName"]
        if self._unheard[name]:
            self._unheard[name] -= 1
            task.end()
        else:
            self._waiting[name].append(task)
        return task

    def _retried(self, action: Action) -> Task:
        """The activity, and after each failure a timer; after the last one too, which the SDK counts on."""
        whole, options = Task(), action["retryOptions"]
        pause = timedelta(milliseconds=options["firstRetryIntervalInMilliseconds"])
        left = options["maxNumberOfAttempts"]

        def attempt(_: Task | None = None) -> None:
            nonlocal left
            if left == 0:
                whole.end(failed=True)
                return
            left -= 1
            self._activity(action).then = settle

        def settle(tried: Task) -> None:
            if not tried.failed:
                whole.end()
                return
            due: datetime = moment(self._now) + pause
            self._timer({"fireAt": written(due)}).then = attempt

        attempt()
        return whole

    def _any(self, action: Action) -> Task:
        return self._compound(action, enough=1)

    def _all(self, action: Action) -> Task:
        return self._compound(action, enough=len(action["compoundActions"]))

    def _compound(self, action: Action, *, enough: int) -> Task:
        whole = Task()
        parts = [self._begin(part) for part in action["compoundActions"]]

        def count(_: Task | None = None) -> None:
            if sum(part.ended for part in parts) >= min(enough, len(parts)):
                whole.end()

        for part in parts:
            part.then = count
        count()
        return whole

    def _again(self, action: Action) -> Task:
        self.played.carried_on = action
        return Task(ended=True)


_BEGIN: dict[Type, Callable[[_Replay, Action], Task]] = {
    Type.CALL_ACTIVITY: _Replay._activity,
    Type.CALL_ACTIVITY_WITH_RETRY: _Replay._retried,
    Type.CONTINUE_AS_NEW: _Replay._again,
    Type.CREATE_TIMER: _Replay._timer,
    Type.WAIT_FOR_EXTERNAL_EVENT: _Replay._wait,
    Type.WHEN_ANY: _Replay._any,
    Type.WHEN_ALL: _Replay._all,
}
