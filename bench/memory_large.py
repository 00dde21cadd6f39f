"""What large answers of an upstream cost in memory: one that is too large, and a stream that is relayed.

Takes sizes and gives the most memory that the gateway, its client and the upstream together held at once, as Python
counts it. All run in this process; the upstream makes what it sends piece by piece and keeps none of it.
"""

import asyncio
import json
import tempfile
import tracemalloc
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.responses import Response, StreamingResponse

from tests.fakes.upstream import Seen, serving
from tests.walk.rooms import Gateway, gateway

PIECE = 64 * 1024
_LINE = "nothing here is to be hidden, and there is much of it; "


@dataclass(slots=True)
class Large:
    """What came of one large answer."""

    status: int
    sent: int = 0
    """Bytes that the upstream has made; it goes on after its client has left."""
    taken: int = 0
    """How many of them it had made once the client had read what it wanted; of a stream."""
    received: int = 0
    """Bytes that the client got."""
    peak: int = 0
    """Bytes beyond what was held before the call."""
    answer: bytes = b""
    """Where it was no stream."""


def _json(size: int, found: Large) -> Callable[[Seen], Response]:
    """One JSON-RPC response of that size, without a Content-Length that would give it away."""

    async def pieces(seen: Seen) -> AsyncIterator[bytes]:
        yield json.dumps({"jsonrpc": "2.0", "id": seen.id})[:-1].encode() + b', "result": {"content": [], "x": "'
        piece = (_LINE * (PIECE // len(_LINE))).encode()
        while found.sent < size:
            found.sent += len(piece)
            yield piece
        yield b'"}}'

    return lambda seen: StreamingResponse(pieces(seen), media_type="application/json")


def _events(size: int, found: Large) -> Callable[[Seen], Response]:
    """Notifications of one piece each, and the response after them."""

    async def pieces(seen: Seen) -> AsyncIterator[bytes]:
        params = {"level": "info", "data": _LINE * (PIECE // len(_LINE))}
        event = _event({"jsonrpc": "2.0", "method": "notifications/message", "params": params})
        while found.sent < size:
            found.sent += len(event)
            yield event
        yield _event({"jsonrpc": "2.0", "id": seen.id, "result": {"content": []}})

    return lambda seen: StreamingResponse(pieces(seen), media_type="text/event-stream")


def _event(message: dict[str, Any]) -> bytes:
    return f"event: message\ndata: {json.dumps(message)}\n\n".encode()


async def refused(size: int) -> Large:
    """A JSON answer of so many bytes."""
    found = Large(0)
    await _within(_json(size, found), found, _whole)
    return found


async def streamed(size: int) -> Large:
    """An event stream of so many bytes, read to its end."""
    found = Large(0)
    await _within(_events(size, found), found, _whole)
    return found


async def unread(size: int) -> Large:
    """The same stream, of which the client reads the first piece and no more for as long as the upstream goes on."""
    found = Large(0)
    await _within(_events(size, found), found, _first)
    return found


async def _whole(found: Large, body: AsyncIterator[bytes]) -> None:
    async for chunk in body:
        found.received += len(chunk)
    found.taken = found.sent


async def _first(found: Large, body: AsyncIterator[bytes]) -> None:
    found.received += len(await anext(body))
    before = -1
    while before < found.sent:
        before = found.sent
        # The upstream has its turn until the buffers between it and the gateway are full.
        for _ in range(200):
            await asyncio.sleep(0)
    found.taken = found.sent
    await body.aclose()  # type: ignore[attr-defined]  # a generator


async def _within(answer: Callable[[Seen], Response], found: Large, read: Callable[..., Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with serving(answer) as upstream, gateway(Path(folder), upstream.url, read="30s") as door:
            await _called(door, found, read)


async def _called(door: Gateway, found: Large, read: Callable[..., Any]) -> None:
    token = door.tenant.token()
    tracemalloc.start(1)
    try:
        before, _ = tracemalloc.get_traced_memory()
        answer = await door.call(server="open", token=token)
        found.status = answer.status
        if isinstance(answer.body, bytes):
            found.answer, found.received = answer.body, len(answer.body)
        else:
            await read(found, answer.body)
        _, most = tracemalloc.get_traced_memory()
        found.peak = most - before
    finally:
        tracemalloc.stop()
