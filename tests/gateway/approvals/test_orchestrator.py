"""The whole life of approvals on Durable, as devhost runs it: by the SDK, on disk, by a clock that the test sets."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from devhost.durable.clock import Clock
from devhost.durable.replay import differences
from gateway.approvals import orchestrator, rulings
from gateway.approvals.approval import Approval, State, Verdict
from tests.gateway.approvals.running import ORCHESTRATOR, Running
from tests.gateway.approvals.tending import DAY, HOUR, OPERATORS, Fault, tending


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    found = Running(tmp_path / "durable")
    found.folder.mkdir()
    async with asyncio.timeout(60), tending(tmp_path, now=found.now) as bench:
        found.bench = bench
        yield found


async def test_seven_days_of_waiting_are_two_timers_and_no_activity(running: Running) -> None:
    """Show 7: between the asking and the end nothing runs, whatever time passes."""
    async with running.up():
        known = await running.ask(expires=7 * DAY)
        assert running.tended == 1
        for _ in range(7 * 24 - 1):
            await running.later(HOUR)
        assert running.tended == 1
        assert running.happened(known) == ["activity", "timer"]
        await running.later(HOUR + 1)
        instance = running.instance(known)
        assert running.happened(known) == ["activity", "timer", "timer", "activity"]
        assert (instance.shown_status, instance.output) == ("Completed", "null")
    assert (await running.bench.read(known.id)).state(running.clock.now()) is State.EXPIRED
    assert running.bench.events() == ["requested/allowed", "notified/succeeded", "settled/expired"]
    assert await differences(instance, ORCHESTRATOR) == []


async def test_the_history_holds_ids_and_times_and_nothing_else(running: Running) -> None:
    async with running.up():
        known = await running.ask()
        await running.later(HOUR + 1)
        history = running.instance(known).history
    said = {_inner(each[name]) for each in history for name in ("Input", "Result") if each.get(name)}
    times = {text for text in said if text not in (known.id, "null")}
    assert known.id in said
    assert times
    assert all(set(json.loads(text)) == {"wake", "event", "run"} for text in times)


def _inner(text: str) -> str:
    """JSON in JSON, as the SDK writes it, down to the text."""
    while text.startswith('"'):
        text = json.loads(text)
    return text


async def test_reminders_and_the_escalation_come_at_their_times(running: Running) -> None:
    async with running.up():
        await running.ask(expires=4 * HOUR, remind=HOUR, escalate_after=90 * 60, escalate_to=frozenset({OPERATORS}))
        told = []
        for _ in range(9):
            told.append(len(running.bench.channels.posts))
            await running.later(1800)
    assert told == [1, 1, 2, 4, 6, 6, 8, 8, 8]
    assert running.bench.events().count("escalated/allowed") == 1
    assert running.bench.events()[-1] == "settled/expired"


@pytest.mark.parametrize("days", [0, 2, 6])
async def test_a_decision_ends_the_wait_at_once_in_whichever_leg(running: Running, days: int) -> None:
    async with running.up():
        known = await running.ask(expires=7 * DAY)
        await running.later(days * DAY)
        await running.decide(known, Verdict.DENY)
        await running.wake(known.id)
        await running.hub.quiet()
        instance = running.instance(known)
        assert instance.shown_status == "Completed"
        assert running.happened(known) == ["activity", *["timer"] * (days // 5), "event", "activity"]
    assert running.bench.gateway.approvals.contents == {}
    assert await differences(instance, ORCHESTRATOR) == []


async def test_an_approved_one_is_closed_when_its_time_is_over_or_it_was_used(running: Running) -> None:
    async with running.up():
        unused, used = await running.ask(use_within=600), await running.ask(use_within=600)
        for known in (unused, used):
            await running.decide(known, Verdict.APPROVE)
            await running.wake(known.id)
        await running.hub.quiet()
        assert {running.instance(known).shown_status for known in (unused, used)} == {"Running"}
        assert await rulings.consume(running.bench.rooms.approvals, used, "call-2") is None
        await running.wake(used.id)
        await running.hub.quiet()
        assert running.instance(used).shown_status == "Completed"
        assert running.instance(unused).shown_status == "Running"
        await running.later(601)
        assert running.instance(unused).shown_status == "Completed"
    assert (await running.bench.read(unused.id)).state(running.clock.now()) is State.EXPIRED
    assert (await running.bench.read(used.id)).state(running.clock.now()) is State.CONSUMED


async def test_events_that_come_too_early_too_often_or_for_nothing_neither_hold_it_up_nor_spin(
    running: Running,
) -> None:
    async with running.up():
        known = await running.bench.ask(running, expires=7 * DAY)
        for _ in range(3):
            await running.wake(known.id)
        await running.hub.quiet()
        for _ in range(3):
            await running.wake(known.id)
            await running.hub.quiet()
        assert running.tended <= 14
        before = running.tended
        await running.later(4 * DAY)
        assert running.tended == before
        await running.wake(known.id)
        await running.wake(known.id)
        await running.hub.quiet()
        await running.decide(known, Verdict.DENY)
        await running.wake(known.id)
        await running.hub.quiet()
        assert running.instance(known).shown_status == "Completed"
        assert running.bench.channels.posted() == ["/leads Approval needed"]


async def test_an_orchestration_that_was_killed_goes_on_where_it_was(running: Running) -> None:
    async with running.up():
        known = await running.ask(expires=7 * DAY)
    async with running.up():
        await running.hub.quiet()
        await running.later(6 * DAY)
        assert running.tended == 1
    async with running.up():
        await running.decide(known, Verdict.APPROVE)
        await running.wake(known.id)
        await running.hub.quiet()
    async with running.up():
        await running.later(HOUR + 1)
        assert running.instance(known).shown_status == "Completed"
    assert running.bench.channels.posted() == ["/leads Approval needed"]
    assert running.bench.events()[-1] == "ended/expired"


async def test_a_process_that_ends_while_a_card_is_on_its_way_sends_it_again(running: Running) -> None:
    running.bench.channels.fault = Fault.HANGS
    async with running.up():
        known = await running.bench.ask(running)
        await asyncio.wait_for(running.bench.channels.arrived.wait(), 5)
    assert "notified" not in str(running.bench.events())
    running.bench.channels.fault = None
    async with running.up():
        await running.hub.quiet()
        assert running.bench.channels.posted() == ["/leads Approval needed"]
        assert running.instance(known).shown_status == "Running"


async def test_one_that_is_looked_at_days_late_reminds_once_and_ends(running: Running) -> None:
    async with running.up():
        known = await running.ask(expires=7 * DAY, remind=HOUR)
    running.clock.advance(timedelta(days=2))
    async with running.up():
        await running.later(0)
        assert running.bench.channels.posted() == ["/leads Approval needed", "/leads Reminder, approval needed"]
    running.clock.advance(timedelta(days=6))
    async with running.up():
        await running.later(0)
        assert running.instance(known).shown_status == "Completed"
    assert len(running.bench.channels.posts) == 2


async def test_many_reminders_keep_the_history_short(running: Running) -> None:
    reminders = orchestrator.ROUNDS + 20
    async with running.up():
        known = await running.ask(expires=reminders * 300 + 150, remind=300)
        lengths = []
        for _ in range(reminders):
            await running.later(300)
            lengths.append(len(running.instance(known).history))
        assert len(running.bench.channels.posts) == reminders + 1
        await running.later(151)
        assert running.instance(known).shown_status == "Completed"
    assert lengths[-1] < max(lengths)


async def leg_with_question(running: Running, identifier: str) -> None:
    """The call of a task whose server asks for something once."""
    book = running.bench.rooms.approvals
    known = await running.bench.read(identifier)
    if "answered-1" in known.marks:
        await book.mark(known, "leg-2")
        await book.mark(known, "result")
        return
    await book.mark(known, "leg-1")
    assert await rulings.consume(book, known, "call-2") is None
    await book.mark(known, "asked-1")


async def test_a_task_runs_when_it_is_approved_and_goes_on_when_it_is_answered(running: Running) -> None:
    running.run = lambda identifier: leg_with_question(running, identifier)
    async with running.up():
        known = await running.ask()
        await running.bench.rooms.approvals.mark(known, "task")
        await running.decide(known, Verdict.APPROVE)
        await running.wake(known.id)
        await running.hub.quiet()
        assert running.runs == [known.id]
        await running.later(600)
        assert running.runs == [known.id]
        await running.bench.rooms.approvals.mark(known, "answered-1")
        await running.wake(known.id, "answered-1")
        await running.hub.quiet()
        assert running.runs == [known.id] * 2
        await running.later(2 * HOUR)
        assert running.instance(known).shown_status == "Completed"
        assert await differences(running.instance(known), ORCHESTRATOR) == []
    assert running.runs == [known.id] * 2


async def test_a_task_that_could_not_begin_is_tried_again_each_minute_and_not_at_once(running: Running) -> None:
    async with running.up():
        known = await running.ask(use_within=HOUR)
        await running.bench.rooms.approvals.mark(known, "task")
        await running.decide(known, Verdict.APPROVE)
        await running.wake(known.id)
        await running.hub.quiet()
        begun = len(running.runs)
        assert begun <= 2
        await running.later(61)
        assert len(running.runs) == begun + 1
        running.run = lambda identifier: leg_with_question(running, identifier)
        await running.later(61)
        await running.later(600)
        assert len(running.runs) == begun + 2


@pytest.mark.parametrize("activity", ["approval_tend", "approval_run"])
async def test_a_defect_in_an_activity_delays_an_approval_and_does_not_end_it(running: Running, activity: str) -> None:
    running.run = lambda identifier: leg_with_question(running, identifier)
    async with running.up():
        running.fails[activity] = 12
        known = await running.bench.ask(running, use_within=DAY)
        await running.bench.rooms.approvals.mark(known, "task")
        await running.decide(known, Verdict.APPROVE)
        await running.wake(known.id)
        for _ in range(150):
            await running.later(70)
        assert running.fails[activity] == 0
        assert running.instance(known).shown_status == "Running"
        assert "asked-1" in (await running.bench.read(known.id)).marks


async def test_a_clock_of_the_store_that_is_behind_does_not_make_it_spin(running: Running) -> None:
    async with running.up():
        known = await running.ask(remind=60)
        ahead = running.clock
        real, running.clock = ahead, Clock()  # the rooms' time stands still while the hub's goes on
        running.clock.advance(real.now() - running.clock.now())
        real.advance(timedelta(minutes=2))
        await asyncio.wait_for(_settled(running, known), 5)
        real.close()


async def _settled(running: Running, known: Approval) -> None:
    await running.hub.quiet()
    assert running.tended <= 3
    assert running.instance(known).shown_status == "Running"
