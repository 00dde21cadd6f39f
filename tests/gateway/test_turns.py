"""Places are given by turns: whoever asks for little waits for little of each other caller, whatever those ask for."""

import asyncio
from collections.abc import Awaitable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.turns import Turns

type Wanted = tuple[str, int]


async def in_time[T](waiting: Awaitable[T]) -> T:
    async with asyncio.timeout(5):
        return await waiting


async def order(wanted: Sequence[Wanted], places: int = 1, heavy: float = float("inf")) -> list[Wanted]:
    """In which order those get a place who ask in that order, while each place is held for a moment."""
    turns, got = Turns(places, heavy), list[Wanted]()

    async def hold(whose: str, size: int) -> None:
        turn = await turns.take(whose, size)
        got.append((whose, size))
        await asyncio.sleep(0)
        turns.give_back(turn)

    await in_time(asyncio.gather(*(hold(*each) for each in wanted)))
    return got


async def test_a_caller_who_asks_for_one_waits_for_one_of_the_crowd() -> None:
    assert await order([("crowd", 1)] * 5 + [("other", 1)]) == [("crowd", 1), ("other", 1)] + [("crowd", 1)] * 4


async def test_whoever_asks_for_little_goes_before_many_who_ask_for_much() -> None:
    crowd = [(f"crowd-{number}", 100) for number in range(20)]
    assert (await order([*crowd, ("other", 1)])).index(("other", 1)) == 1


async def test_whoever_asks_for_much_is_not_passed_for_ever() -> None:
    turns, got = Turns(1), list[str]()

    async def hold(whose: str, size: int, times: int) -> None:
        for _ in range(times):
            turn = await turns.take(whose, size)
            got.append(whose)
            await asyncio.sleep(0)
            turns.give_back(turn)

    many = [hold(f"small-{number}", 1, 100) for number in range(3)]
    await in_time(asyncio.gather(hold("first", 1, 1), *many, hold("large", 10, 1)))
    # Each of the others has had its size, and not much more.
    assert 10 < got.index("large") < 60


async def test_of_several_who_ask_for_the_same_each_has_its_share() -> None:
    found = await order([("a", 1)] * 30 + [("b", 3)] * 10)
    shares = [sum(size for whose, size in found[:20] if whose == each) for each in "ab"]
    assert abs(shares[0] - shares[1]) <= 4


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 9)), max_size=30), st.integers(1, 4))
def test_everybody_gets_a_place_and_each_caller_in_order(wanted: list[Wanted], places: int) -> None:
    found = asyncio.run(order(wanted, places, heavy=5))
    for caller in "abc":
        assert [each for each in found if each[0] == caller] == [each for each in wanted if each[0] == caller]


async def waits(turns: Turns, whose: str, size: int = 1) -> bool:
    """Whether this caller has to wait at this moment; it goes again if it does."""
    asking = asyncio.create_task(turns.take(whose, size))
    await asyncio.sleep(0)
    if asking.done():
        return False
    asking.cancel()
    await asyncio.wait([asking])
    return True


async def test_no_more_have_a_place_than_there_are() -> None:
    turns = Turns(2)
    first, _ = await turns.take("a"), await turns.take("b")
    assert await waits(turns, "c")
    turns.give_back(first)
    assert not await waits(turns, "c")


async def test_a_caller_has_one_place_at_most() -> None:
    turns = Turns(2)
    first = await turns.take("a")
    assert await waits(turns, "a")
    turns.give_back(first)
    assert not await waits(turns, "a")


async def test_heavy_work_leaves_a_place_to_the_lighter() -> None:
    turns = Turns(2, heavy=10)
    first = await turns.take("a", 11)
    assert await waits(turns, "b", 11)
    assert not await waits(turns, "c", 10)
    turns.give_back(first)
    assert not await waits(turns, "b", 11)


@pytest.mark.parametrize("is_given", [False, True])
async def test_whoever_goes_while_waiting_keeps_no_place(is_given: bool) -> None:
    turns = Turns(1)
    held = await turns.take("a")
    gone, next_one = (asyncio.create_task(turns.take(name)) for name in "bc")
    await asyncio.sleep(0)
    if is_given:
        turns.give_back(held)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    if not is_given:
        turns.give_back(held)
    await in_time(next_one)


async def test_nothing_is_remembered_of_whom_nobody_waits_for() -> None:
    turns = Turns(1)
    for number in range(100):
        turns.give_back(await turns.take(f"caller-{number}", 3))
    assert not turns._waiting
    assert not turns._given
