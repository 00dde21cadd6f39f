"""Timers by the machine's clock, and by a test's."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from devhost.durable.clock import Clock


@pytest.fixture
async def clock() -> AsyncIterator[Clock]:
    made = Clock()
    yield made
    made.close()


async def test_what_is_due_is_called_once_in_order_of_its_moment(clock: Clock) -> None:
    called: list[int] = []
    for hours in (3, 1, 2, 30):
        clock.at(clock.now() + timedelta(hours=hours), lambda hours=hours: called.append(hours))  # type: ignore[misc]
    clock.advance(timedelta(hours=4))
    clock.advance(timedelta(hours=4))
    assert (called, clock.waiting) == ([1, 2, 3], 1)


async def test_what_has_passed_is_called_soon_and_not_at_once(clock: Clock) -> None:
    called = asyncio.Event()
    clock.at(clock.now() - timedelta(days=1), called.set)
    assert not called.is_set()
    await asyncio.wait_for(called.wait(), 5)


async def test_a_moment_comes_by_itself(clock: Clock) -> None:
    called = asyncio.Event()
    due = clock.now() + timedelta(milliseconds=20)
    clock.at(due, called.set)
    await asyncio.wait_for(called.wait(), 5)
    assert clock.now() >= due


async def test_a_thousand_waits_of_a_week_are_one_timer_of_the_loop_for_a_day(clock: Clock) -> None:
    loop = asyncio.get_running_loop()
    for _ in range(1000):
        clock.at(clock.now() + timedelta(days=7), lambda: None)
    assert clock._next is not None
    assert clock._next.when() - loop.time() == pytest.approx(86400, abs=5)
    assert clock.waiting == 1000


async def test_a_closed_clock_calls_nothing(clock: Clock) -> None:
    clock.at(clock.now() + timedelta(hours=1), lambda: pytest.fail("called"))
    clock.close()
    clock.advance(timedelta(hours=2))
    assert clock._next is None


async def test_an_action_may_set_another(clock: Clock) -> None:
    second = asyncio.Event()
    clock.at(clock.now() + timedelta(hours=1), lambda: clock.at(clock.now(), second.set))
    clock.advance(timedelta(hours=2))
    await asyncio.wait_for(second.wait(), 5)
