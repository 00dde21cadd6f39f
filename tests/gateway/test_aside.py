import asyncio
import json
import threading
from collections.abc import Iterator
from contextvars import ContextVar

import pytest

from gateway.aside import LARGE, THREADS, aside, is_large, size_of
from gateway.jsontext import Number
from gateway.values import Json

PATIENCE = 5.0
WORD = "x" * (LARGE + 1)


async def test_the_loop_goes_on_while_a_large_value_is_worked_on() -> None:
    turned = threading.Event()
    working = asyncio.create_task(aside(WORD, lambda: turned.wait(PATIENCE), None))
    await asyncio.sleep(0)
    turned.set()
    assert await working


async def test_a_small_value_takes_no_thread() -> None:
    assert await aside("x", threading.current_thread, None) is threading.current_thread()
    assert await aside(WORD, threading.current_thread, None) is not threading.current_thread()


async def test_what_the_work_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        await aside(WORD, lambda: 1 / 0, None)


async def test_the_work_knows_the_context_that_it_was_given_in() -> None:
    name = ContextVar("name", default="")
    name.set("caller")
    assert await aside(WORD, name.get, None) == "caller"


async def test_a_caller_who_goes_does_not_wait_for_the_thread() -> None:
    end = threading.Event()
    working = asyncio.create_task(aside(WORD, lambda: end.wait(PATIENCE), None))
    await asyncio.sleep(0)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert not end.is_set()
    end.set()


async def test_more_large_values_than_threads_are_all_worked_on() -> None:
    assert await asyncio.gather(*(aside(WORD, lambda: 7, None) for _ in range(THREADS * 5))) == [7] * THREADS * 5


@pytest.mark.parametrize(
    "value",
    [WORD, [WORD], {"a": {"b": [WORD]}}, {WORD: 1}, [0] * LARGE, [[]] * LARGE, dict.fromkeys(map(str, range(LARGE)))],
)
def test_what_is_long_or_holds_much_is_large(value: Json) -> None:
    assert is_large(value)


@pytest.mark.parametrize("value", [b"x" * (LARGE + 1), [{"a": b"x" * LARGE}]])
def test_bytes_count_as_text_does(value: Json) -> None:
    assert is_large(value)


def test_the_size_of_what_holds_few_is_about_that_of_its_json() -> None:
    value = {"content": [{"type": "text", "text": "x" * 10_000} for _ in range(100)]}
    assert 0.9 < size_of(value) / len(json.dumps(value)) < 1.1


def test_of_what_holds_very_many_no_more_than_a_part_is_looked_at() -> None:
    class Counted(list[int]):
        looked = 0

        def __iter__(self) -> Iterator[int]:
            for item in super().__iter__():
                Counted.looked += 1
                yield item

    assert size_of(Counted(range(300_000))) > 1_000_000
    assert Counted.looked <= LARGE


@pytest.mark.parametrize("value", ["", "x" * (LARGE // 2), b"x", None, 1, {}, [0] * 100, {"a": [{"b": "c"}]}])
def test_an_ordinary_value_is_not(value: Json) -> None:
    assert not is_large(value)


def test_a_number_is_as_large_as_its_digits() -> None:
    assert is_large({"n": [Number("4" * 4000)] * 5})
