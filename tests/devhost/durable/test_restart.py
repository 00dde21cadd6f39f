"""The host, killed at the worst moments and started again; and many instances at once."""

import asyncio
from pathlib import Path

from tests.devhost.durable.conftest import Served, running

WEEK = 7 * 86400


async def test_a_killed_host_forgets_nothing_of_a_wait(tmp_path: Path) -> None:
    async with running(tmp_path) as served:
        for instance in ("approved", "expired", "early"):
            await served.client.start_new("decision", instance, WEEK)
        await served.quiet()
        before = await served.client.get_status("approved", show_history=True)
        await served.client.suspend("early", "hold")
        await served.client.raise_event("early", "decided", "early")
    async with running(tmp_path) as served:
        await served.quiet()
        after = await served.client.get_status("approved", show_history=True)
        assert after.historyEvents == before.historyEvents
        assert (await served.advance(0))["waiting"] == 3
        await served.client.raise_event("approved", "decided", "yes")
        await served.client.resume("early", "go on")
        assert await served.ended("approved") == ("Completed", 'noted "yes"')
        assert await served.ended("early") == ("Completed", 'noted "early"')
    async with running(tmp_path) as served:
        await served.advance(5 * 86400 + 60)
        assert (await served.ended("expired"))[0] == "Running"
        await served.advance(2 * 86400)
        assert await served.ended("expired") == ("Completed", "expired")
        assert await served.ended("approved") == ("Completed", 'noted "yes"')


async def test_a_wait_of_seven_days_is_two_timers_in_the_history_and_no_activity(served: Served) -> None:
    """Two, since the storage takes no timer of more than six days; nothing else happens meanwhile."""
    await served.client.start_new("decision", "seven-days", WEEK)
    for _ in range(7 * 24):
        await served.advance(3600)
    await served.advance(60)
    found = await served.client.get_status("seven-days", show_history=True)
    happened = [entry["EventType"] for entry in found.historyEvents]
    timers = ["TimerCreated", "TimerFired"]
    assert happened == ["ExecutionStarted", *timers, *timers, "ExecutionCompleted"]
    assert found.output == "expired"


async def test_an_activity_that_was_under_way_runs_again_and_its_orchestration_ends_once(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    async with running(tmp_path) as served:
        await served.client.start_new("hold", "one", str(runs))
        async with served.http.get("/began") as response:
            assert response.status == 204
        assert runs.read_text() == "run\n"
    async with running(tmp_path) as served:
        async with served.http.get("/began") as response:
            assert response.status == 204
        await served.http.post("/release")
        assert await served.ended("one") == ("Completed", "released")
        found = await served.client.get_status("one", show_history=True)
        happened = [entry["EventType"] for entry in found.historyEvents]
        assert happened == ["ExecutionStarted", "TaskCompleted", "ExecutionCompleted"]
    assert runs.read_text() == "run\nrun\n"


async def test_of_two_events_at_once_one_wins_and_the_instance_ends_once(served: Served) -> None:
    ids = [f"race-{number}" for number in range(20)]
    for instance in ids:
        await served.client.start_new("race", instance)
    both = [served.client.raise_event(instance, event, None) for instance in ids for event in ("approved", "denied")]
    for refused in await asyncio.gather(*both, return_exceptions=True):
        assert refused is None or "gone" in str(refused)
    await served.quiet()
    for instance in ids:
        found = await served.client.get_status(instance, show_history=True)
        assert found.output in ("approved", "denied")
        assert [entry["EventType"] for entry in found.historyEvents].count("ExecutionCompleted") == 1


async def test_two_hundred_instances_wait_and_end_at_once(served: Served) -> None:
    ids = [f"many-{number}" for number in range(200)]
    await asyncio.gather(*(served.client.start_new("decision", instance, WEEK) for instance in ids))
    await asyncio.gather(*(served.client.raise_event(instance, "decided", instance) for instance in ids))
    await served.quiet()
    found = {each.instance_id: each.output for each in await served.client.get_status_by(instance_id_prefix="many-")}
    assert found == {instance: f'noted "{instance}"' for instance in ids}


async def test_an_activity_is_retried_by_the_clock_and_fails_after_the_last_attempt(served: Served) -> None:
    await served.client.start_new("retries", "twice", 2)
    await served.client.start_new("retries", "thrice", 3)
    await served.quiet()
    for _ in range(3):
        assert (await served.ended("thrice"))[0] == "Running"
        await served.advance(3601)
    assert await served.ended("twice") == ("Completed", 3)
    status, output = await served.ended("thrice")
    assert status == "Failed"
    assert "Activity function 'flaky' failed: RuntimeError: attempt 3" in output
