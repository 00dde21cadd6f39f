"""What calls leave behind in memory, and what large answers take of it.

Objects are counted and bytes are Python's own count, so that the tests say the same on any machine;
`bench/memory.py` watches a whole process for 100,000 calls.
"""

import gc
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from starlette.responses import Response

from bench.memory_large import refused, streamed, unread
from gateway.answer import Answer
from gateway.forward import MAX_ANSWER
from tests.fakes.upstream import Seen, Upstream, events, result, serving, status
from tests.walk.rooms import Gateway, gateway, messages

CALLS = 2_000
WARM = 240
LEFT = 150
"""Objects of one type that may be there more than before: whatever is kept of each call, or of each call of one of
the kinds below, is there 250 times or more. Timers of the event loop that were cancelled go by the hundred."""
MEGABYTE = 1_000_000
RESULT = {"content": [{"type": "text", "text": "mary@shop.example"}], "structuredContent": {"salary": 91000}}

type Call = Callable[[], Awaitable[Answer]]


def answer(seen: Seen) -> Response:
    """What the upstream says: it depends on the argument `want`."""
    wanted = seen.body.get("params", {}).get("arguments", {}).get("want")
    note = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "on my way"}}
    ways = {
        "stream": events(note, {"jsonrpc": "2.0", "id": ..., "result": RESULT}),
        "no end": events(note),
        "error": status(500, {"error": "down"}),
    }
    return ways.get(wanted, result(RESULT))(seen)


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(answer) as running:
        yield running


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, upstream.url) as opened:
        yield opened


def kinds_of_call(door: Gateway) -> list[Call]:
    """Calls that go well and calls that do not."""
    token, numbers = door.tenant.token(), itertools.count()

    def wanting(want: str) -> Call:
        return lambda: door.call(token=token, arguments={"want": want})

    return [
        lambda: door.call(token=token),
        lambda: door.call(token=token, modern=True),
        wanting("stream"),
        wanting("no end"),
        wanting("error"),
        lambda: door.call("delete_customer", token=token),
        lambda: door.call(token=f"{token[:-20]}{next(numbers):020}"),
        lambda: door.call(token=None),
    ]


async def run(door: Gateway, upstream: Upstream, calls: int) -> Counter[int]:
    """So many calls of all kinds, read to their end; how often each status was the answer."""
    statuses: Counter[int] = Counter()
    for call in itertools.islice(itertools.cycle(kinds_of_call(door)), calls):
        answered = await call()
        statuses[answered.status] += 1
        if not isinstance(answered.body, bytes):
            await messages(answered)
    # What the doubles keep is not the gateway's.
    for kept in (door.evidence.rows, door.evidence.index, upstream.seen, upstream.listed):
        kept.clear()
    return statuses


def objects() -> Counter[str]:
    gc.collect()
    return Counter(f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.get_objects())


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_two_thousand_calls_leave_no_objects_behind(door: Gateway, upstream: Upstream) -> None:
    await run(door, upstream, WARM)
    before = objects()
    statuses = await run(door, upstream, CALLS)
    more = {name: count - before[name] for name, count in objects().items() if count - before[name] > LEFT}
    assert more == {}
    assert set(statuses) == {200, 401, 502}, statuses


async def test_an_answer_of_fifty_megabytes_is_refused_without_being_held() -> None:
    found = await refused(50 * MEGABYTE)
    assert (found.status, b"larger than this gateway accepts" in found.answer) == (502, True)
    assert found.peak < 2 * MAX_ANSWER


async def test_a_stream_of_twenty_megabytes_is_relayed_without_being_kept() -> None:
    found = await streamed(20 * MEGABYTE)
    assert found.received > 0.9 * found.sent >= 18 * MEGABYTE
    assert found.peak < 6 * MEGABYTE


async def test_a_client_that_does_not_read_its_stream_holds_the_upstream_back() -> None:
    found = await unread(50 * MEGABYTE)
    # What was taken lies in the buffers of the two sockets.
    assert found.taken < 25 * MEGABYTE
    assert found.peak < 6 * MEGABYTE
