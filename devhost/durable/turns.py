"""One turn of an orchestration: from the orchestrator's answer to the events that the turn adds.

Takes the history that the orchestrator saw and what the SDK answered; gives the new events, which
states what is to be done next, and how the instance ended, if it did. It runs nothing; an orchestrator
that does other things than its history says, or what is not emulated, is failed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from devhost.durable.history import SCHEDULED, Event, Kind, event, execution_completed, written
from devhost.durable.tasks import Action, NotEmulatedError, Played, play

OUT_OF_PROC = "$OutOfProcData$:"
"""What stands before the state in the message of an orchestrator that failed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an orchestrator answered with."""

    actions: tuple[Action, ...] = ()
    """All actions so far, in order."""
    is_done: bool = False
    output: Any = None
    error: str = ""
    custom_status: Any = None


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn adds."""

    events: tuple[Event, ...]
    custom_status: Any = None
    status: str = "Running"
    output: str | None = None
    """As JSON, or the plain text of a failure."""
    again: str | None = None
    """Begin again with this input, as JSON."""


def answered(text: str) -> Answer:
    """The answer of an orchestrator that returned or waits. Raises ValueError."""
    return _answer(json.loads(text))


def failed(message: str) -> Answer:
    """The answer of an orchestrator that raised: the SDK writes its state into the message."""
    reason, found, state = message.partition(OUT_OF_PROC)
    if not found:
        return Answer(error=reason.partition("\n")[0])
    return _answer(json.JSONDecoder().raw_decode(state)[0])


def _answer(state: dict[str, Any]) -> Answer:
    return Answer(
        actions=tuple(action for group in state["actions"] for action in group),
        is_done=state["isDone"],
        output=state.get("output"),
        error=state.get("error", ""),
        custom_status=state.get("customStatus"),
    )


def turn(name: str, seen: Sequence[Event], answer: Answer, now: datetime) -> Turn:
    """What the turn adds to the history that the orchestrator `name` saw."""
    try:
        played = play(answer.actions, seen)
    except NotEmulatedError as refused:
        return _ended("Failed", _failure(name, str(refused)), (), answer, now)
    written_before = [found for found in seen if found["EventType"] in SCHEDULED]
    wrong = _departs(played, written_before)
    if wrong:
        return _ended("Failed", _failure(name, wrong), (), answer, now)
    fresh = list(played.commands.values())[len(written_before) :]
    events = tuple({**command, "Timestamp": written(now)} for command in fresh)
    if not played.through:
        # As in the extension: an end counts once everything that was awaited has ended.
        return _waiting(events, answer, now)
    if answer.error:
        return _ended("Failed", _failure(name, answer.error), events, answer, now)
    if played.carried_on is not None:
        closed = (*events, event(Kind.ORCHESTRATOR_COMPLETED, now))
        return Turn(closed, answer.custom_status, again=json.dumps(played.carried_on["input"]))
    if answer.is_done:
        return _ended("Completed", json.dumps(answer.output), events, answer, now)
    return _waiting(events, answer, now)


def _departs(played: Played, written_before: Sequence[Event]) -> str:
    """How the actions depart from what earlier turns scheduled; empty when they do not."""
    for number, found in enumerate(written_before):
        command = played.commands.get(number, {})
        for field in ("EventType", "EventId", "Name"):
            if command.get(field) != found.get(field):
                return f"Non-Deterministic workflow detected: the history has {found}, the orchestrator {command}"
    return ""


def _failure(name: str, reason: str) -> str:
    return f"Orchestrator function '{name}' failed: {reason}"


def _waiting(events: tuple[Event, ...], answer: Answer, now: datetime) -> Turn:
    return Turn((*events, event(Kind.ORCHESTRATOR_COMPLETED, now)), answer.custom_status)


def _ended(status: str, output: str, events: tuple[Event, ...], answer: Answer, now: datetime) -> Turn:
    closed = (*events, execution_completed(status, output, now), event(Kind.ORCHESTRATOR_COMPLETED, now))
    return Turn(closed, answer.custom_status, status, output)
