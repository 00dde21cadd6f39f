"""What ends a request to an upstream before its answer, and what it leaves behind in the task that made it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from gateway.forward import Accepted
from gateway.passage import Passage
from gateway.reach import Response, undisturbed
from gateway.reasons import Reason
from gateway.values import Era, Origin, Refusal
from tests.fakes.values import CALL

NOBODY: Any = None
"""Rooms that nothing here enters."""
ANSWER = Accepted(202, "")


def passage(gone: Callable[[], Awaitable[None]] | None, era: Era = Era.MODERN) -> Passage:
    return Passage(replace(CALL, era=era), Origin("", ""), gone=gone)


class Upstream:
    """Forwarding that waits until it is let through, and tells how it ended."""

    def __init__(self) -> None:
        self.begun, self.answers = asyncio.Event(), asyncio.Event()
        self.was_cancelled = False

    async def forward(self) -> Response:
        self.begun.set()
        try:
            await self.answers.wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        return ANSWER


async def cancelling() -> int:
    here = asyncio.current_task()
    assert here
    return here.cancelling()


def others() -> int:
    return len(asyncio.all_tasks())


async def test_a_client_that_leaves_cancels_the_request_and_nothing_else() -> None:
    upstream, left, before = Upstream(), asyncio.Event(), others()

    async def gone() -> None:
        await left.wait()

    asyncio.get_running_loop().call_soon(left.set)
    async with asyncio.timeout(5):
        found = await undisturbed(passage(gone), NOBODY, upstream.forward())
    assert isinstance(found, Refusal)
    assert found.reason is Reason.CLIENT_GONE
    assert upstream.was_cancelled
    # Nothing of it is felt by what the task does next: the record of the call.
    assert await cancelling() == 0
    await asyncio.sleep(0)
    assert others() == before


async def test_an_answer_ends_the_looking_for_its_client() -> None:
    upstream, looked, before = Upstream(), asyncio.Event(), others()

    async def gone() -> None:
        looked.set()
        await asyncio.Event().wait()

    upstream.answers.set()
    assert await undisturbed(passage(gone), NOBODY, upstream.forward()) is ANSWER
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert others() == before


async def test_an_answer_and_a_departure_at_the_same_moment_leave_the_task_as_it_was() -> None:
    upstream = Upstream()

    async def gone() -> None:
        await upstream.answers.wait()

    asyncio.get_running_loop().call_soon(upstream.answers.set)
    async with asyncio.timeout(5):
        found = await undisturbed(passage(gone), NOBODY, upstream.forward())
    assert found is ANSWER or (isinstance(found, Refusal) and found.reason is Reason.CLIENT_GONE)
    assert await cancelling() == 0


async def test_whoever_cancels_the_call_itself_is_not_taken_for_a_client_that_left() -> None:
    upstream, left = Upstream(), asyncio.Event()

    async def gone() -> None:
        await left.wait()

    calling = asyncio.create_task(undisturbed(passage(gone), NOBODY, upstream.forward()))
    await upstream.begun.wait()
    calling.cancel()
    left.set()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert upstream.was_cancelled


@pytest.mark.parametrize("steps", range(5))
async def test_whoever_cancels_the_call_as_its_client_leaves_is_not_held_up(steps: int) -> None:
    upstream, left = Upstream(), asyncio.Event()

    async def gone() -> None:
        await left.wait()

    calling = asyncio.create_task(undisturbed(passage(gone), NOBODY, upstream.forward()))
    await upstream.begun.wait()
    await asyncio.sleep(0)
    left.set()
    for _ in range(steps):
        await asyncio.sleep(0)
    was_running = calling.cancel()
    await asyncio.wait([calling])
    assert calling.cancelled() is was_running


async def test_a_time_limit_around_the_call_stays_one() -> None:
    async def gone() -> None:
        await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await undisturbed(passage(gone), NOBODY, Upstream().forward())


async def test_in_the_legacy_era_nobody_looks() -> None:
    async def gone() -> None:
        raise AssertionError

    upstream = Upstream()
    upstream.answers.set()
    assert await undisturbed(passage(gone, Era.LEGACY), NOBODY, upstream.forward()) is ANSWER
