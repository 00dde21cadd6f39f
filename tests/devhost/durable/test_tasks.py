"""Actions, awaited one after the other as the extension does, over histories written by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from devhost.durable.history import Event, Kind, event, execution_started, written
from devhost.durable.tasks import NotEmulatedError, Played, play

NOW = datetime(2026, 3, 1, tzinfo=UTC)
BEGUN = [event(Kind.ORCHESTRATOR_STARTED, NOW), execution_started("decide", "one", None, NOW)]
WAIT = {"actionType": 6, "externalEventName": "decided", "reason": "ExternalEvent"}
TIMER = {"actionType": 5, "fireAt": written(NOW + timedelta(days=3)), "isCanceled": False}
ACTIVITY = {"actionType": 0, "functionName": "note", "input": '"x"'}
RETRIED = {
    **ACTIVITY,
    "actionType": 1,
    "retryOptions": {"firstRetryIntervalInMilliseconds": 5000, "maxNumberOfAttempts": 2},
}
RAISED = event(Kind.EVENT_RAISED, NOW, Name="decided", Input="1")


def compound(kind: int, *parts: dict[str, Any]) -> dict[str, Any]:
    return {"actionType": kind, "compoundActions": list(parts)}


def fired(number: int) -> Event:
    return event(Kind.TIMER_FIRED, NOW, TimerId=number)


def completed(number: int) -> Event:
    return event(Kind.TASK_COMPLETED, NOW, TaskScheduledId=number, Result="1")


def failed(number: int) -> Event:
    return event(Kind.TASK_FAILED, NOW, TaskScheduledId=number, Reason="r", Details="d")


def commanded(played: Played) -> list[int]:
    assert [*played.commands] == [*range(len(played.commands))]
    return [command["EventType"] for command in played.commands.values()]


def test_an_action_is_scheduled_once_the_one_before_it_has_ended() -> None:
    actions = [ACTIVITY, TIMER]
    assert commanded(play(actions, BEGUN)) == [4]
    assert commanded(play(actions, [*BEGUN, completed(0)])) == [4, 10]
    assert not play(actions, [*BEGUN, completed(0)]).through
    assert play(actions, [*BEGUN, completed(0), fired(1)]).through


def test_all_wait_for_all_and_any_for_one() -> None:
    both = [*BEGUN, completed(0)]
    assert not play([compound(12, ACTIVITY, ACTIVITY)], both).through
    assert play([compound(12, ACTIVITY, ACTIVITY)], [*both, failed(1)]).through
    assert play([compound(11, ACTIVITY, ACTIVITY)], both).through


def test_compounds_may_be_nested() -> None:
    nested = compound(11, WAIT, compound(12, ACTIVITY, TIMER))
    assert commanded(play([nested], BEGUN)) == [4, 10]
    assert not play([nested], [*BEGUN, completed(0)]).through
    assert play([nested], [*BEGUN, completed(0), fired(1)]).through
    assert play([nested], [*BEGUN, RAISED]).through


def test_an_event_that_came_before_the_wait_ends_it_and_only_once() -> None:
    history = [*BEGUN, RAISED, completed(0)]
    assert play([ACTIVITY, WAIT], history).through
    assert not play([ACTIVITY, WAIT, WAIT], history).through


def test_each_of_two_waits_takes_an_event_of_its_own() -> None:
    both = compound(12, WAIT, WAIT)
    assert not play([both], [*BEGUN, RAISED]).through
    assert play([both], [*BEGUN, RAISED, RAISED]).through


def test_a_cancelled_timer_holds_nothing_up() -> None:
    cancelled = TIMER | {"isCanceled": True}
    assert commanded(play([cancelled, ACTIVITY], BEGUN)) == [10, 4]


def test_a_timer_that_is_awaited_alone_holds_up_what_comes_after_it() -> None:
    """The trap of the SDK's long timers: their next leg is an action of its own, also after an event has won."""
    legs = [compound(11, WAIT, compound(12, TIMER)), TIMER, ACTIVITY]
    history = [*BEGUN, fired(0), RAISED]
    assert commanded(play(legs, history)) == [10, 10]
    assert commanded(play(legs, [*history, fired(1)])) == [10, 10, 4]


def test_a_retried_activity_runs_again_after_a_timer_and_fails_after_the_last() -> None:
    steps = [BEGUN, [failed(0)], [fired(1)], [failed(2)], [fired(3)]]
    seen = [event for step in steps for event in step]
    assert commanded(play([RETRIED, ACTIVITY], seen[:3])) == [4, 10]
    assert commanded(play([RETRIED, ACTIVITY], seen[:4])) == [4, 10, 4]
    assert commanded(play([RETRIED, ACTIVITY], seen[:5])) == [4, 10, 4, 10]
    assert commanded(play([RETRIED, ACTIVITY], seen)) == [4, 10, 4, 10, 4]


def test_a_retry_is_due_after_the_interval_counted_from_the_turn_that_saw_the_failure() -> None:
    later = event(Kind.ORCHESTRATOR_STARTED, NOW + timedelta(hours=1))
    timer = play([RETRIED], [*BEGUN, later, failed(0)]).commands[1]
    assert timer["FireAt"] == written(NOW + timedelta(hours=1, seconds=5))


def test_a_second_end_of_the_same_thing_changes_nothing() -> None:
    assert commanded(play([ACTIVITY, TIMER], [*BEGUN, completed(0), completed(0)])) == [4, 10]


@pytest.mark.parametrize("kind", [2, 3, 7, 8, 9])
def test_what_is_not_emulated_is_refused_by_its_number(kind: int) -> None:
    with pytest.raises(NotEmulatedError, match=str(kind)):
        play([{"actionType": kind}], BEGUN)
