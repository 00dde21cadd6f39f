"""Turns: what an answer adds to a history, and that the SDK accepts every history that comes of it."""

import json
import warnings
from collections import Counter
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import azure.durable_functions as df  # type: ignore[import-untyped]  # no py.typed
from hypothesis import given, settings
from hypothesis import strategies as st

from devhost.durable import history, turns
from devhost.durable.history import Event, Kind, event, execution_started
from devhost.durable.hub import context
from devhost.durable.instance import Instance
from devhost.durable.turns import Answer, answered, failed, turn

NOW = datetime(2026, 3, 1, tzinfo=UTC)
BEGUN = [event(Kind.ORCHESTRATOR_STARTED, NOW), execution_started("decide", "one", None, NOW)]
ACTIVITY = {"actionType": 0, "functionName": "note", "input": '"x"'}
NOTED = event(Kind.TASK_SCHEDULED, NOW, 0, Name="note", Input='"x"', Version="")
COMPLETED = event(Kind.TASK_COMPLETED, NOW, TaskScheduledId=0, Result="1")


def kinds(events: tuple[Event, ...]) -> list[int]:
    return [found["EventType"] for found in events]


def test_a_turn_writes_what_is_new_and_closes() -> None:
    first = turn("decide", BEGUN, Answer((ACTIVITY,)), NOW)
    assert kinds(first.events) == [4, 13]
    again = turn("decide", [*BEGUN, *first.events, *BEGUN[:1]], Answer((ACTIVITY,)), NOW)
    assert kinds(again.events) == [13]


def test_the_end_is_written_with_its_output() -> None:
    ended = turn("decide", BEGUN, Answer(is_done=True, output={"a": 1}), NOW)
    assert kinds(ended.events) == [1, 13]
    assert (ended.status, ended.output) == ("Completed", '{"a": 1}')


def test_an_error_fails_the_instance_with_the_reason() -> None:
    ended = turn("decide", BEGUN, Answer(error="no"), NOW)
    assert (ended.status, ended.output) == ("Failed", "Orchestrator function 'decide' failed: no")


def test_an_end_does_not_count_before_what_is_awaited() -> None:
    waits = turn("decide", BEGUN, Answer((ACTIVITY,), is_done=True, output=1), NOW)
    assert (waits.status, kinds(waits.events)) == ("Running", [4, 13])


def test_to_begin_again_takes_the_input_along() -> None:
    again = turn("decide", BEGUN, Answer(({"actionType": 4, "input": '{"n": 1}'},), is_done=True), NOW)
    assert json.loads(again.again or "") == '{"n": 1}'


def test_an_orchestrator_that_departs_from_its_history_is_failed() -> None:
    other = ACTIVITY | {"functionName": "other"}
    for actions in ((other,), (), ({"actionType": 5, "fireAt": history.written(NOW)},)):
        ended = turn("decide", [*BEGUN, NOTED, *BEGUN[:1], COMPLETED], Answer(actions), NOW)
        assert ended.status == "Failed"
        assert "Non-Deterministic workflow detected" in (ended.output or "")


def test_an_action_that_is_not_emulated_fails_the_instance() -> None:
    ended = turn("decide", BEGUN, Answer(({"actionType": 7},)), NOW)
    assert ended.status == "Failed"
    assert "devhost does not emulate actions of type 7" in (ended.output or "")


def test_the_custom_status_is_that_of_the_answer() -> None:
    assert turn("decide", BEGUN, Answer(custom_status={"left": 2}), NOW).custom_status == {"left": 2}


def test_an_answer_is_read_from_the_message_of_a_failure() -> None:
    state = '{"isDone": false, "actions": [[]], "error": "no {good}", "customStatus": "s"}'
    answer = failed(f"Exception: no {{good}}\n\n$OutOfProcData$:{state}\nTraceback")
    assert answer == Answer(error="no {good}", custom_status="s")
    assert failed("KeyError: 'x'\nTraceback").error == "KeyError: 'x'"
    assert answered('{"isDone": true, "actions": [[{"actionType": 6}]], "output": 1}').output == 1


NAMES = st.sampled_from(["activity", "retried", "timer", "event"])
STEPS = st.one_of(
    st.tuples(NAMES),
    st.tuples(st.just("broken")),
    st.tuples(st.just("all"), st.lists(NAMES, min_size=1, max_size=3)),
    st.tuples(st.just("any"), st.lists(NAMES, min_size=1, max_size=3)),
)


def task(here: Any, kind: str, name: str) -> Any:
    match kind:
        case "activity":
            return here.call_activity(name)
        case "retried":
            return here.call_activity_with_retry(name, df.RetryOptions(1000, 3))
        case "event":
            return here.wait_for_external_event(name)
    return here.create_timer(here.current_utc_datetime + timedelta(hours=1))


def planned(plan: list[Any]) -> Any:
    def orchestrator(here: Any) -> Generator[Any, Any, list[Any]]:
        results: list[Any] = []
        for number, (kind, *parts) in enumerate(plan):
            tasks = [task(here, part, f"{number}.{at}.{part}") for at, part in enumerate(*parts)] if parts else []
            if kind == "all":
                results.append((yield here.task_all(tasks)))
            elif kind == "any":
                results.append((yield here.task_any(tasks)).result)
            elif kind == "broken":
                try:
                    yield here.call_activity(f"{number}.broken")
                except Exception:  # noqa: BLE001 - the SDK raises nothing narrower
                    results.append("failed")
            else:
                results.append((yield task(here, kind, f"{number}.{kind}")))
        return results

    return orchestrator


def expected(number: int, kind: str, at: str = "") -> Any:
    return "failed" if kind == "broken" else None if kind == "timer" else f"{number}{at}.{kind}"


class World:
    """What happens to an instance outside its orchestrator: each retried activity fails twice."""

    def __init__(self) -> None:
        self.history: list[Event] = []
        self.raised: set[str] = set()
        self.attempts: Counter[str] = Counter()

    def possible(self, answer: Answer) -> list[Event]:
        waited = [name for name in _waited(answer.actions) if name not in self.raised]
        return [*history.pending(self.history), *({"Name": name} for name in waited)]

    def happened(self, found: Event) -> Event:
        if "EventType" not in found:
            self.raised.add(found["Name"])
            return event(Kind.EVENT_RAISED, NOW, Name=found["Name"], Input=json.dumps(found["Name"]))
        if found["EventType"] == Kind.TIMER_CREATED:
            return event(Kind.TIMER_FIRED, NOW, TimerId=found["EventId"])
        ended = {"TaskScheduledId": found["EventId"]}
        self.attempts[found["Name"]] += 1
        if found["Name"].endswith("broken") or ("retried" in found["Name"] and self.attempts[found["Name"]] < 3):
            return event(Kind.TASK_FAILED, NOW, **ended, Reason="r", Details="d")
        return event(Kind.TASK_COMPLETED, NOW, **ended, Result=json.dumps(found["Name"]))


def _waited(actions: Any) -> list[str]:
    inner = [name for action in actions for name in _waited(action.get("compoundActions", ()))]
    return inner + [action["externalEventName"] for action in actions if action["actionType"] == 6]


@settings(max_examples=150, deadline=None)
@given(plan=st.lists(STEPS, min_size=1, max_size=4), data=st.data())
def test_any_order_of_ends_gives_a_history_that_the_sdk_accepts(plan: list[Any], data: st.DataObject) -> None:
    handle, world = df.Orchestrator.create(planned(plan)), World()
    inbox = [execution_started("planned", "one", None, NOW)]
    for _ in range(100):
        fresh = [event(Kind.ORCHESTRATOR_STARTED, NOW + timedelta(seconds=len(world.history))), *inbox]
        instance = Instance("one", "x", "planned", None, "", "", tuple(world.history))
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            # Any other warning is an error here: the SDK warns of an end that it did not expect.
            answer = turns.answered(handle(context(instance, fresh)))
        took = turn("planned", [*world.history, *fresh], answer, NOW)
        world.history += [*fresh, *took.events]
        assert took.status in ("Running", "Completed"), took.output
        if took.status == "Completed":
            break
        order = data.draw(st.permutations(world.possible(answer)))
        inbox = [world.happened(found) for found in order[: data.draw(st.integers(1, len(order)))]]
    results = json.loads(took.output or "null")
    for number, (result, (kind, *parts)) in enumerate(zip(results, plan, strict=True)):
        inner = [expected(number, part, f".{at}") for at, part in enumerate(*parts)] if parts else []
        assert result in inner if kind == "any" else result == (inner if parts else expected(number, kind))
    scheduled = [found["EventId"] for found in world.history if found["EventType"] in history.SCHEDULED]
    assert scheduled == [*range(len(scheduled))]
