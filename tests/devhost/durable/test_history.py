"""Events as the SDK reads them and as a status shows them."""

from datetime import UTC, datetime, timedelta

from azure.durable_functions.models.history import HistoryEvent  # type: ignore[import-untyped]  # no py.typed

from devhost.durable import history
from devhost.durable.history import Kind, event, execution_completed, execution_started

NOW = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)
SCHEDULED = event(Kind.TASK_SCHEDULED, NOW, 0, Name="note", Input='"x"', Version="")
COMPLETED = event(Kind.TASK_COMPLETED, NOW + timedelta(seconds=2), TaskScheduledId=0, Result='{"a": 1}')
TIMER = event(Kind.TIMER_CREATED, NOW, 1, FireAt=history.written(NOW + timedelta(days=1)))


def test_the_sdk_reads_an_event_as_it_was_written() -> None:
    read = HistoryEvent(**COMPLETED)
    assert (read.event_type, read.timestamp, read.TaskScheduledId) == (5, NOW + timedelta(seconds=2), 0)


def test_a_moment_is_read_as_it_was_written() -> None:
    assert history.moment(history.written(NOW)) == NOW


def test_what_earlier_turns_saw_is_marked_as_played() -> None:
    assert [found["IsPlayed"] for found in history.seen([SCHEDULED], [COMPLETED])] == [True, False]
    assert SCHEDULED["IsPlayed"] is False


def test_what_is_scheduled_is_pending_until_its_end_has_arrived() -> None:
    assert history.pending([SCHEDULED, TIMER]) == [SCHEDULED, TIMER]
    assert history.pending([SCHEDULED, TIMER], [COMPLETED]) == [TIMER]
    assert history.pending([SCHEDULED, TIMER, COMPLETED, event(Kind.TIMER_FIRED, NOW, TimerId=1)]) == []


def test_a_status_shows_one_entry_for_an_activity_with_both_times() -> None:
    begun = [event(Kind.ORCHESTRATOR_STARTED, NOW), execution_started("decide", "one", "7", NOW), SCHEDULED]
    entries = history.shown([*begun, COMPLETED], with_output=True, with_input=True)
    assert [entry["EventType"] for entry in entries] == ["ExecutionStarted", "TaskCompleted"]
    assert entries[0]["FunctionName"] == "decide"
    assert entries[1]["FunctionName"] == "note"
    assert entries[1]["Result"] == {"a": 1}
    assert entries[1]["ScheduledTime"] < entries[1]["Timestamp"]


def test_a_status_leaves_inputs_and_outputs_out_unless_asked() -> None:
    started = execution_started("decide", "one", '"secret"', NOW)
    ended = execution_completed("Completed", '"secret"', NOW)
    entries = history.shown([started, SCHEDULED, COMPLETED, ended], with_output=False, with_input=False)
    assert all("Result" not in entry and "Input" not in entry for entry in entries)


def test_text_that_is_not_json_stays_text() -> None:
    assert history.read("no longer needed") == "no longer needed"
    assert history.read("[1]") == [1]
    assert history.read(None) is None
