"""Places are given by turns: one caller who wants many keeps no other one waiting for more than one of them."""

import asyncio
from collections.abc import Awaitable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.turns import Turns


async def in_time[T](waiting: Awaitable[T]) -> T:
    async with asyncio.timeout(5):
        return await waiting


async def order(wanted: list[str], places: int) -> list[str]:
    """In which order those get a place who ask in that order, while each place is held for a moment."""
    turns, got = Turns(places), list[str]()

    async def hold(whose: str) -> None:
        await turns.take(whose)
        got.append(whose)
        await asyncio.sleep(0)
        turns.give_back()

    await in_time(asyncio.gather(*map(hold, wanted)))
    return got


async def test_a_caller_who_asks_for_one_waits_for_one_of_the_crowd() -> None:
    assert await order(["crowd"] * 5 + ["other"], 1) == ["crowd", "crowd", "other", "crowd", "crowd", "crowd"]


@given(st.lists(st.sampled_from("abc"), max_size=30), st.integers(1, 4))
def test_everybody_gets_a_place_and_each_caller_in_order(wanted: list[str], places: int) -> None:
    assert sorted(asyncio.run(order(wanted, places))) == sorted(wanted)


async def test_no_more_have_a_place_than_there_are() -> None:
    turns = Turns(2)
    await turns.take("a")
    await turns.take("b")
    third = asyncio.create_task(turns.take("c"))
    await asyncio.sleep(0)
    assert not third.done()
    turns.give_back()
    await in_time(third)


@pytest.mark.parametrize("is_given", [False, True])
async def test_whoever_goes_while_waiting_keeps_no_place(is_given: bool) -> None:
    turns = Turns(1)
    await turns.take("a")
    gone, next_one = (asyncio.create_task(turns.take(name)) for name in "bc")
    await asyncio.sleep(0)
    if is_given:
        turns.give_back()
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    if not is_given:
        turns.give_back()
    await in_time(next_one)
