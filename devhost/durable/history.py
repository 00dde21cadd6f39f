"""The events of an orchestration's history, as the Durable extension writes them for the SDK.

Takes moments and values; gives events as JSON objects, the history as the SDK wants it for one turn,
and the shorter one that a status shows. It decides nothing about what happens next.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

Event = dict[str, Any]

FINISHED = frozenset(("Completed", "Failed", "Terminated"))
"""The states that an instance does not leave."""


class Kind(IntEnum):
    """`EventType` of an event."""

    EXECUTION_STARTED = 0
    EXECUTION_COMPLETED = 1
    EXECUTION_TERMINATED = 3
    TASK_SCHEDULED = 4
    TASK_COMPLETED = 5
    TASK_FAILED = 6
    TIMER_CREATED = 10
    TIMER_FIRED = 11
    ORCHESTRATOR_STARTED = 12
    ORCHESTRATOR_COMPLETED = 13
    EVENT_RAISED = 15
    CONTINUE_AS_NEW = 16
    EXECUTION_SUSPENDED = 19
    EXECUTION_RESUMED = 20

    @property
    def label(self) -> str:
        """The name that a status shows."""
        return self.name.title().replace("_", "")


SCHEDULED = (Kind.TASK_SCHEDULED, Kind.TIMER_CREATED)
"""Events that carry the number of what was scheduled as `EventId`."""
COMPLETES = {Kind.TASK_COMPLETED: "TaskScheduledId", Kind.TASK_FAILED: "TaskScheduledId", Kind.TIMER_FIRED: "TimerId"}
"""Events that end something scheduled, and the field with its number."""


def event(kind: Kind, at: datetime, number: int = -1, **fields: Any) -> Event:
    """One event; `number` is for what is scheduled alone."""
    return {"EventType": int(kind), "EventId": number, "IsPlayed": False, "Timestamp": written(at), **fields}


def execution_started(name: str, instance: str, text: str | None, at: datetime) -> Event:
    """The event that begins a history; `text` is the input as JSON."""
    started: Event = {"Name": name, "Input": text, "Version": "", "InstanceId": instance}
    return event(Kind.EXECUTION_STARTED, at, **started)


def execution_completed(status: str, result: str | None, at: datetime, number: int = -1) -> Event:
    """The event that ends a history."""
    return event(Kind.EXECUTION_COMPLETED, at, number, OrchestrationStatus=status, Result=result)


def written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """The moment that `written` wrote. Raises ValueError."""
    return datetime.fromisoformat(text)


def seen(played: Iterable[Event], fresh: Iterable[Event]) -> list[Event]:
    """The history for one turn: what earlier turns have seen is marked."""
    return [*({**found, "IsPlayed": True} for found in played), *fresh]


def pending(history: Iterable[Event], arrived: Iterable[Event] = ()) -> list[Event]:
    """What is scheduled and has not ended, in the order of scheduling."""
    ended = {number for found in (*history, *arrived) if (number := ends(found)) is not None}
    return [found for found in history if found["EventType"] in SCHEDULED and found["EventId"] not in ended]


def ends(found: Event) -> int | None:
    """The number of what this event ends, or None when it ends nothing."""
    field = COMPLETES.get(found["EventType"])
    return None if field is None else int(found[field])


def read(text: str | None) -> Any:
    """JSON as a value; what is not JSON stays text, as the reason of a termination does."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def shown(history: Sequence[Event], *, with_output: bool, with_input: bool) -> list[Event]:
    """What a status shows: named types, scheduling folded into what ended it, no marks of turns."""
    scheduled = {found["EventId"]: found for found in history if found["EventType"] == Kind.TASK_SCHEDULED}
    ended = {ends(found) for found in history if found["EventType"] in (Kind.TASK_COMPLETED, Kind.TASK_FAILED)}
    return [
        _entry(found, scheduled, with_output=with_output, with_input=with_input)
        for found in history
        if found["EventType"] not in (Kind.ORCHESTRATOR_STARTED, Kind.ORCHESTRATOR_COMPLETED)
        and not (found["EventType"] == Kind.TASK_SCHEDULED and found["EventId"] in ended)
    ]


_HIDDEN = frozenset(("EventType", "EventId", "IsPlayed", "Version", "TaskScheduledId", "TimerId", "InstanceId"))


def _entry(found: Event, scheduled: dict[int, Event], *, with_output: bool, with_input: bool) -> Event:
    entry = {"EventType": Kind(found["EventType"]).label}
    entry |= {name: value for name, value in found.items() if name not in _HIDDEN}
    if found["EventType"] in (Kind.TASK_COMPLETED, Kind.TASK_FAILED):
        began = scheduled[found["TaskScheduledId"]]
        entry |= {"ScheduledTime": began["Timestamp"], "FunctionName": began["Name"], "Input": began["Input"]}
    if found["EventType"] == Kind.EXECUTION_STARTED:
        entry["FunctionName"] = entry.pop("Name")
    if "Result" in entry:
        entry["Result"] = read(entry["Result"])
    left_out = {name for name, kept in (("Result", with_output), ("Input", with_input)) if not kept}
    return {name: value for name, value in entry.items() if name not in left_out}
