"""Upstreams that answer compressed although nobody asked them to: nothing is ever unpacked, and nothing passes."""

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.upstream import Upstream, raw, serving, text_result
from tests.walk.rooms import Gateway, gateway, message, messages, request

PATIENCE = 10
"""Seconds after which a test counts as hanging."""
UNPACKED = 32 * 1024 * 1024
EVENT = b'data: {"jsonrpc":"2.0","id":7,"result":{"content":[]}}\n\n'
ANSWER = b'{"jsonrpc":"2.0","id":7,"result":{"content":[]}}'
ENCODINGS = pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
"""What the header says; nobody looks whether it is true."""
BOMB = gzip.compress(ANSWER + b" " * UNPACKED)
STREAM = gzip.compress(EVENT + b": keep\n\n" * (UNPACKED // 8))


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(text_result("hi")) as running:
        yield running


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, upstream.url) as opened:
        await opened.call(server="open")
        opened.evidence.rows.clear()
        yield opened


@ENCODINGS
async def test_a_bomb_is_refused_in_less_memory_than_a_tenth_of_what_it_holds(
    door: Gateway, upstream: Upstream, encoding: str
) -> None:
    assert len(BOMB) < UNPACKED // 900
    upstream.answer = raw(BOMB, **{"content-encoding": encoding})
    tracemalloc.start()
    try:
        async with asyncio.timeout(PATIENCE):
            answer = await door.call(server="open")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status == 502
    assert message(answer)["id"] == 7
    assert door.evidence.events() == ["intent/allowed", "outcome/upstream_malformed"]
    assert peak < UNPACKED // 10


@ENCODINGS
async def test_a_stream_that_is_a_bomb_ends_with_an_error(door: Gateway, upstream: Upstream, encoding: str) -> None:
    upstream.answer = raw(STREAM, "text/event-stream", **{"content-encoding": encoding})
    tracemalloc.start()
    try:
        async with asyncio.timeout(PATIENCE):
            *_, last = await messages(await door.call(server="open"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert last["id"] == 7
    assert "error" in last
    assert door.evidence.events()[0] == "intent/allowed"
    assert door.evidence.events()[1] in ("outcome/upstream_malformed", "outcome/upstream_broke_off")
    assert peak < UNPACKED // 10


async def test_what_the_client_would_take_compressed_is_not_asked_for(door: Gateway, upstream: Upstream) -> None:
    await door.send(request("tools/call", {"name": "get_customer"}), server="open", accept_encoding="gzip, br, zstd")
    assert upstream.seen[-1].headers["accept-encoding"] == "identity"
