"""One instance of an orchestration, and what each line of its log does to it.

Takes an instance and a record and gives the next instance. Everything that is kept is in the records,
so that a start from the disk and a run without interruption come to the same; it touches no disk.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from devhost.durable.history import FINISHED, Event

Record = Mapping[str, Any]
"""One line of a log: `begun`, `arrived`, `turn`, `suspended` or `terminated`."""


@dataclass(frozen=True, slots=True)
class Instance:
    id: str
    execution: str
    """Another one for each start under the same id."""
    name: str
    """Of the orchestrator."""
    input: str | None
    """As JSON."""
    created: str
    updated: str
    history: tuple[Event, ...] = ()
    inbox: tuple[Event, ...] = ()
    """Events that no turn has seen yet, in order of arrival."""
    status: str = "Pending"
    output: str | None = None
    custom_status: Any = None
    suspended: bool = False

    @property
    def is_finished(self) -> bool:
        return self.status in FINISHED

    @property
    def has_a_turn_to_take(self) -> bool:
        return bool(self.inbox) and not self.suspended and not self.is_finished

    @property
    def shown_status(self) -> str:
        return "Suspended" if self.suspended and not self.is_finished else self.status


def begun(record: Record) -> Instance:
    """The instance that the first record of a log makes."""
    first = record["begun"]
    return Instance(**{**first, "inbox": tuple(first["inbox"])})


def after(instance: Instance, record: Record) -> Instance:
    """The instance once the record holds."""
    match record:
        case {"arrived": found}:
            return replace(instance, inbox=(*instance.inbox, found))
        case {"turn": turn}:
            return replace(
                instance,
                history=(*instance.history, *turn["events"]),
                inbox=instance.inbox[turn["took"] :],
                updated=turn["updated"],
                status=turn["status"],
                output=turn["output"],
                custom_status=turn["custom_status"],
            )
        case {"suspended": bool(suspended), "event": found}:
            # Before the first turn a history must begin with that turn.
            noted = (*instance.history, found) if instance.history else ()
            return replace(instance, suspended=suspended, history=noted, updated=found["Timestamp"])
        case {"terminated": events}:
            history = (*instance.history, *events)
            output = events[-1]["Result"]
            return replace(
                instance, history=history, inbox=(), status="Terminated", output=output, updated=events[-1]["Timestamp"]
            )
    raise ValueError(f"unknown record {set(record)}")


def from_log(records: Iterable[Record]) -> Instance:
    """The instance that a whole log comes to. Raises ValueError when there is nothing in it."""
    lines = iter(records)
    first = next(lines, None)
    if first is None:
        raise ValueError("an empty log")
    instance = begun(first)
    for record in lines:
        instance = after(instance, record)
    return instance
