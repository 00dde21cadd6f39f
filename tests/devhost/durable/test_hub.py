"""Instances that run, wait, race, crash and go on; the orchestrators are run by the SDK in this process."""

import asyncio
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from devhost.durable.clock import Clock
from devhost.durable.history import Kind
from devhost.durable.hub import Functions, Hub, Refusal
from devhost.durable.store import Store
from devhost.worker import WorkerError
from tests.devhost.durable.bench import Orchestrator, by_sdk, kinds, opened, shown

Steps = Generator[Any, Any, Any]


def decide(here: Any) -> Steps:
    decided, late = here.wait_for_external_event("decided"), here.create_timer(here.current_utc_datetime + WEEK)
    if (yield here.task_any([decided, late])) == late:
        return "expired"
    late.cancel()
    return (yield here.call_activity("note", decided.result))


def patient(here: Any) -> Steps:
    yield here.call_activity("held")
    return (yield here.wait_for_external_event("decided"))


def count(here: Any) -> Steps:
    tick = yield here.wait_for_external_event("tick")
    if tick == "stop":
        return here.get_input()
    here.continue_as_new(here.get_input() + 1)


def raises(here: Any) -> Steps:
    yield here.call_activity("note", "x")
    raise KeyError("lost")


WEEK = timedelta(days=5)
ALL = {"decide": decide, "patient": patient, "count": count, "raises": raises}


class Activities:
    """`note` answers at once, `held` when released; both count."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        self.began, self.released = asyncio.Event(), asyncio.Event()

    async def note(self, text: str) -> str:
        self.runs.append("note")
        return text

    async def held(self, _: str) -> str:
        self.runs.append("held")
        self.began.set()
        await self.released.wait()
        return "null"

    async def fails(self, _: str) -> str:
        raise WorkerError("ValueError: no\nTraceback")


@pytest.fixture
def activities() -> Activities:
    return Activities()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "durable"


def hub_in(folder: Path, activities: Activities) -> Any:
    return opened(folder, ALL, {"note": activities.note, "held": activities.held})


def logs(folder: Path) -> list[Path]:
    return list(folder.glob("*.jsonl"))


def written(folder: Path) -> list[tuple[int, int]]:
    return [(path.stat().st_mtime_ns, path.stat().st_size) for path in logs(folder)]


@asynccontextmanager
async def bounded(hub: Any) -> Any:
    async with asyncio.timeout(20), hub as running:
        yield running


async def test_an_event_ends_a_wait_and_the_activity_after_it_runs_once(folder: Path, activities: Activities) -> None:
    async with bounded(hub_in(folder, activities)) as hub:
        hub.start("decide", "one", None)
        await hub.quiet()
        assert shown(hub, "one") == ("Running", None)
        hub.raise_event("one", "decided", '"yes"')
        await hub.quiet()
        assert shown(hub, "one") == ("Completed", '"yes"')
        assert activities.runs == ["note"]


async def test_a_wait_costs_one_timer_and_writes_nothing(folder: Path, activities: Activities) -> None:
    async with bounded(hub_in(folder, activities)) as hub:
        hub.start("decide", "one", None)
        await hub.quiet()
        before = written(folder)
        hub.clock.advance(WEEK - timedelta(seconds=60))
        await hub.quiet()
        assert written(folder) == before
        assert hub.clock.waiting == 1
        assert kinds(hub.find("one")) == [12, 0, 10, 13]
        hub.clock.advance(timedelta(seconds=60))
        await hub.quiet()
        assert shown(hub, "one") == ("Completed", '"expired"')


async def test_an_event_that_comes_before_the_wait_is_kept(folder: Path, activities: Activities) -> None:
    async with bounded(hub_in(folder, activities)) as hub:
        hub.start("patient", "one", None)
        await activities.began.wait()
        hub.raise_event("one", "decided", "1")
        activities.released.set()
        await hub.quiet()
        assert shown(hub, "one") == ("Completed", "1")


async def test_an_activity_under_way_at_the_end_runs_again_and_counts_once(
    folder: Path, activities: Activities
) -> None:
    async with bounded(hub_in(folder, activities)) as hub:
        hub.start("patient", "one", None)
        await activities.began.wait()
        hub.raise_event("one", "decided", "1")
    activities.released.set()
    async with bounded(hub_in(folder, activities)) as hub:
        await hub.quiet()
        assert activities.runs == ["held", "held"]
        assert shown(hub, "one") == ("Completed", "1")
        assert kinds(hub.find("one")).count(Kind.TASK_COMPLETED) == 1
        assert kinds(hub.find("one")).count(Kind.EXECUTION_COMPLETED) == 1


async def test_a_crash_after_any_line_loses_nothing(folder: Path, activities: Activities) -> None:
    activities.released.set()
    async with bounded(hub_in(folder, activities)) as hub:
        hub.start("patient", "one", None)
        hub.raise_event("one", "decided", "1")
        await hub.quiet()
        assert shown(hub, "one") == ("Completed", "1")
    (log,) = logs(folder)
    lines = log.read_bytes().splitlines(keepends=True)
    assert len(lines) >= 4
    for kept in range(2, len(lines) + 1):
        log.write_bytes(b"".join(lines[:kept]) + b'{"turn": {"ev')
        ran = len(activities.runs)
        has_run = any(b'"TaskScheduledId"' in line for line in lines[:kept])
        async with bounded(hub_in(folder, activities)) as hub:
            await hub.quiet()
            assert shown(hub, "one") == ("Completed", "1"), f"after {kept} lines"
            assert kinds(hub.find("one")).count(Kind.EVENT_RAISED) == 1
            assert len(activities.runs) - ran == (0 if has_run else 1)


async def test_of_two_events_the_first_decides_and_the_instance_ends_once(folder: Path, activities: Activities) -> None:
    async with bounded(hub_in(folder, activities)) as hub:
        hub.start("decide", "one", None)
        await hub.quiet()
        assert not isinstance(hub.raise_event("one", "decided", '"first"'), Refusal)
        hub.raise_event("one", "decided", '"second"')
        await hub.quiet()
        assert shown(hub, "one")[0] == "Completed"
        assert kinds(hub.find("one")).count(Kind.EXECUTION_COMPLETED) == 1
        assert activities.runs == ["note"]


async def test_a_terminated_instance_hears_nothing_more(folder: Path, activities: Activities) -> None:
    async with bounded(hub_in(folder, activities)) as hub:
        hub.start("patient", "one", None)
        await activities.began.wait()
        hub.terminate("one", "why")
        activities.released.set()
        await hub.quiet()
        assert shown(hub, "one") == ("Terminated", "why")
        assert Kind.TASK_COMPLETED not in kinds(hub.find("one"))
        assert hub.raise_event("one", "decided", "1") is Refusal.GONE
        assert hub.terminate("one", "again") is Refusal.GONE


async def test_a_suspended_instance_keeps_what_arrives_for_later(folder: Path, activities: Activities) -> None:
    async with bounded(hub_in(folder, activities)) as hub:
        hub.start("decide", "one", None)
        await hub.quiet()
        hub.suspend("one", "wait", suspended=True)
        hub.suspend("one", "wait", suspended=True)
        hub.raise_event("one", "decided", "1")
        await hub.quiet()
        assert shown(hub, "one") == ("Suspended", None)
    async with bounded(hub_in(folder, activities)) as hub:
        await hub.quiet()
        assert shown(hub, "one") == ("Suspended", None)
        hub.suspend("one", "go on", suspended=False)
        await hub.quiet()
        assert shown(hub, "one") == ("Completed", "1")
        assert kinds(hub.find("one")).count(Kind.EXECUTION_SUSPENDED) == 1


async def test_an_eternal_instance_starts_anew_with_what_it_has_not_seen(folder: Path, activities: Activities) -> None:
    async with bounded(hub_in(folder, activities)) as hub:
        hub.start("count", "one", '"0"')
        for tick in ('"a"', '"b"'):
            await hub.quiet()
            hub.raise_event("one", "tick", tick)
        await hub.quiet()
        assert kinds(hub.find("one")) == [12, 0, 13], "the history does not grow"
    async with bounded(hub_in(folder, activities)) as hub:
        hub.raise_event("one", "tick", '"stop"')
        await hub.quiet()
        assert shown(hub, "one") == ("Completed", "2")


async def test_a_failure_is_the_output(folder: Path, activities: Activities) -> None:
    async with bounded(opened(folder, ALL, {"note": activities.fails})) as hub:
        hub.start("decide", "one", None)
        hub.raise_event("one", "decided", "1")
        await hub.quiet()
        status, output = shown(hub, "one")
        assert status == "Failed"
        assert output.startswith("Orchestrator function 'decide' failed: Activity function 'note' failed: ValueError")
    async with bounded(opened(folder, {"raises": raises})) as hub:
        hub.start("raises", "two", None)
        await hub.quiet()
        assert "'note' doesn't exist" in shown(hub, "two")[1]
        assert shown(hub, "one")[0] == "Failed"


async def test_an_orchestrator_that_is_gone_fails_what_it_left(folder: Path, activities: Activities) -> None:
    async with bounded(hub_in(folder, activities)) as hub:
        hub.start("decide", "one", None)
        await hub.quiet()
    async with bounded(opened(folder, {"raises": raises})) as hub:
        hub.raise_event("one", "decided", "1")
        await hub.quiet()
        assert shown(hub, "one")[0] == "Failed"


async def test_an_id_is_taken_until_its_instance_has_ended(folder: Path, activities: Activities) -> None:
    async with bounded(hub_in(folder, activities)) as hub:
        hub.start("decide", "one", None)
        assert hub.start("decide", "one", None) is Refusal.EXISTS
        assert hub.purge("one") is None
        hub.terminate("one", "")
        assert not isinstance(hub.start("decide", "one", None), Refusal)
        await hub.quiet()
        assert shown(hub, "one") == ("Running", None)


async def test_nothing_is_left_of_a_purged_instance(folder: Path, activities: Activities) -> None:
    async with bounded(hub_in(folder, activities)) as hub:
        hub.start("decide", "one", None)
        hub.terminate("one", "")
        await hub.quiet()
        hub.purge("one")
        assert hub.purge("one") is Refusal.NOT_FOUND
        assert hub.raise_event("one", "decided", "1") is Refusal.NOT_FOUND
        assert logs(folder) == []


@pytest.mark.parametrize("instance", ["@one", "a/b", "a\\b", "a?b", "a#b", "a\nb", "x" * 101])
async def test_a_bad_id_is_refused(folder: Path, activities: Activities, instance: str) -> None:
    async with bounded(hub_in(folder, activities)) as hub:
        assert hub.start("decide", instance, None) is Refusal.BAD_ID
        assert hub.start("nothing", "one", None) is Refusal.NO_FUNCTION


async def test_two_hundred_instances_at_once_each_end_once(folder: Path, activities: Activities) -> None:
    async with bounded(hub_in(folder, activities)) as hub:
        ids = [hub.start("decide", None, None).id for _ in range(200)]
        for number, instance in enumerate(ids):
            hub.raise_event(instance, "decided", str(number))
        await hub.quiet()
        assert [shown(hub, instance) for instance in ids] == [("Completed", str(number)) for number in range(200)]
        assert len(activities.runs) == 200


class Turns:
    """An orchestrator whose turns, all or the first, wait to be let through."""

    def __init__(self, orchestrator: Orchestrator) -> None:
        self._run = by_sdk(orchestrator)
        self.asked, self.let = asyncio.Event(), asyncio.Event()
        self.let.set()

    async def __call__(self, text: str) -> str:
        self.asked.set()
        await self.let.wait()
        return await self._run(text)

    def hold(self) -> None:
        self.asked.clear()
        self.let.clear()


@asynccontextmanager
async def held_up(folder: Path, orchestrator: Orchestrator) -> AsyncIterator[tuple[Hub, Turns]]:
    turns = Turns(orchestrator)
    with Store(folder) as store:
        hub = Hub(Functions({"held_up": turns}), store, Clock())
        async with asyncio.timeout(20):
            yield hub, turns
        await hub.close()


def tick_or_hour(here: Any) -> Steps:
    tick = here.wait_for_external_event("tick")
    hour = here.create_timer(here.current_utc_datetime + timedelta(hours=1))
    if (yield here.task_any([tick, hour])) == hour:
        return here.get_input()
    hour.cancel()
    here.continue_as_new(here.get_input() + 1)


async def test_an_event_during_the_last_turn_of_a_run_is_for_the_next_run(folder: Path) -> None:
    async with held_up(folder, count) as (hub, turns):
        hub.start("held_up", "one", '"0"')
        await hub.quiet()
        turns.hold()
        hub.raise_event("one", "tick", '"a"')
        await turns.asked.wait()
        hub.raise_event("one", "tick", '"b"')
        turns.let.set()
        await hub.quiet()
        hub.raise_event("one", "tick", '"stop"')
        await hub.quiet()
        assert shown(hub, "one") == ("Completed", "2")


async def test_a_timer_that_fires_during_the_last_turn_of_a_run_is_not_for_the_next_run(folder: Path) -> None:
    async with held_up(folder, tick_or_hour) as (hub, turns):
        hub.start("held_up", "one", '"0"')
        await hub.quiet()
        turns.hold()
        hub.raise_event("one", "tick", '"a"')
        await turns.asked.wait()
        hub.clock.advance(timedelta(hours=1))
        turns.let.set()
        await hub.quiet()
        assert shown(hub, "one") == ("Running", None)
        hub.clock.advance(timedelta(hours=1))
        await hub.quiet()
        assert shown(hub, "one") == ("Completed", "1")


async def test_a_turn_that_ends_after_a_termination_changes_nothing(folder: Path) -> None:
    async with held_up(folder, count) as (hub, turns):
        turns.hold()
        hub.start("held_up", "one", '"0"')
        await turns.asked.wait()
        hub.terminate("one", "why")
        turns.let.set()
        await hub.quiet()
        assert shown(hub, "one") == ("Terminated", "why")


async def test_a_turn_of_a_former_run_changes_nothing_in_the_next_one(folder: Path) -> None:
    async with held_up(folder, count) as (hub, turns):
        hub.start("held_up", "one", '"5"')
        await hub.quiet()
        turns.hold()
        hub.raise_event("one", "tick", '"stop"')
        await turns.asked.wait()
        hub.terminate("one", "")
        hub.start("held_up", "one", '"0"')
        turns.let.set()
        await hub.quiet()
        assert shown(hub, "one") == ("Running", None)
        assert kinds(hub.find("one")) == [12, 0, 13]


async def test_an_activity_of_a_former_run_changes_nothing_in_the_next_one(
    folder: Path, activities: Activities
) -> None:
    gates: list[asyncio.Event] = []

    async def gated(_: str) -> str:
        gate = asyncio.Event()
        gates.append(gate)
        activities.began.set()
        await gate.wait()
        return "null"

    async with bounded(opened(folder, ALL, {"held": gated})) as hub:
        hub.start("patient", "one", None)
        await activities.began.wait()
        hub.terminate("one", "")
        activities.began.clear()
        hub.start("patient", "one", None)
        await activities.began.wait()
        hub.raise_event("one", "decided", "1")
        gates[0].set()
        for _ in range(20):
            await asyncio.sleep(0)
        assert shown(hub, "one") == ("Running", None)
        gates[1].set()
        await hub.quiet()
        assert shown(hub, "one") == ("Completed", "1")
