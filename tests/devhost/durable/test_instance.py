"""An instance is what its log says, line by line."""

from datetime import UTC, datetime
from typing import Any

import pytest

from devhost.durable.history import Kind, event, execution_completed, execution_started, written
from devhost.durable.instance import Instance, after, begun, from_log

NOW = datetime(2026, 3, 1, tzinfo=UTC)
STARTED = execution_started("decide", "one", None, NOW)
FIRST: dict[str, Any] = {
    "begun": {
        **{"id": "one", "execution": "x", "name": "decide", "input": None},
        **{"created": written(NOW), "updated": written(NOW), "inbox": [STARTED]},
    }
}
RAISED = event(Kind.EVENT_RAISED, NOW, Name="decided", Input="1")
SUSPENDED = {"suspended": True, "event": event(Kind.EXECUTION_SUSPENDED, NOW, Input="")}


def turn(*events: dict[str, Any], took: int = 1, status: str = "Running") -> dict[str, Any]:
    done = {"status": status, "output": None, "custom_status": "s", "updated": written(NOW)}
    return {"turn": {"events": [event(Kind.ORCHESTRATOR_STARTED, NOW), *events], "took": took, **done}}


@pytest.fixture
def instance() -> Instance:
    return begun(FIRST)


def test_a_new_instance_is_pending_and_has_a_turn_to_take(instance: Instance) -> None:
    assert (instance.status, instance.has_a_turn_to_take, instance.is_finished) == ("Pending", True, False)


def test_what_arrives_during_a_turn_is_left_for_the_next(instance: Instance) -> None:
    taken = after(after(instance, {"arrived": RAISED}), turn(STARTED))
    assert taken.inbox == (RAISED,)
    assert (taken.status, taken.custom_status, taken.has_a_turn_to_take) == ("Running", "s", True)


def test_a_suspended_instance_takes_no_turn(instance: Instance) -> None:
    suspended = after(instance, SUSPENDED)
    assert (suspended.shown_status, suspended.has_a_turn_to_take) == ("Suspended", False)
    assert suspended.history == (), "a history begins with a turn"
    assert after(after(instance, turn(STARTED)), SUSPENDED).history[-1]["EventType"] == Kind.EXECUTION_SUSPENDED


def test_a_terminated_instance_is_finished_with_the_reason(instance: Instance) -> None:
    ended = after(instance, {"terminated": [execution_completed("Terminated", "why", NOW)]})
    assert (ended.status, ended.output, ended.is_finished) == ("Terminated", "why", True)
    assert not ended.has_a_turn_to_take
    assert after(
        after(instance, SUSPENDED), {"terminated": [execution_completed("Terminated", "why", NOW)]}
    ).is_finished


def test_a_log_comes_to_the_instance_that_wrote_it(instance: Instance) -> None:
    lines = [{"arrived": RAISED}, turn(STARTED)]
    assert from_log([FIRST, *lines]) == after(after(instance, lines[0]), lines[1])


def test_an_empty_log_and_an_unknown_line_are_refused(instance: Instance) -> None:
    with pytest.raises(ValueError, match="an empty log"):
        from_log([])
    with pytest.raises(ValueError, match="unknown record"):
        after(instance, {"moved": 1})
