import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateway.presence import while_there
from gateway.reasons import Reason
from gateway.values import Refusal

PATIENCE = 5.0


def leaving(when: asyncio.Event) -> Callable[[], Awaitable[None]]:
    async def gone() -> None:
        await when.wait()

    return gone


async def seven() -> int:
    return 7


async def test_whoever_stays_gets_what_the_work_gives() -> None:
    assert await while_there(leaving(asyncio.Event()), seven()) == 7


async def test_of_whom_nobody_knows_it_counts_as_there() -> None:
    assert await while_there(None, seven()) == 7


async def test_what_the_work_raises_is_raised() -> None:
    async def broken() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await while_there(leaving(asyncio.Event()), broken())


async def test_the_work_for_whoever_has_left_is_cancelled() -> None:
    left, cancelled = asyncio.Event(), asyncio.Event()

    async def endless() -> int:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return 7

    working = asyncio.create_task(while_there(leaving(left), endless()))
    await asyncio.sleep(0)
    left.set()
    async with asyncio.timeout(PATIENCE):
        assert await working == Refusal(Reason.CLIENT_GONE)
    assert cancelled.is_set()


async def test_whoever_is_cancelled_leaves_no_work_behind() -> None:
    cancelled = asyncio.Event()

    async def endless() -> int:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return 7

    working = asyncio.create_task(while_there(leaving(asyncio.Event()), endless()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    async with asyncio.timeout(PATIENCE):
        await cancelled.wait()
