"""A network between a client and a store, with named faults: what is sent reaches the real store, or does not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import Enum, auto


class Break(Enum):
    THROTTLED = auto()
    """503 with Retry-After; the store sees nothing."""
    BROKEN = auto()
    """500; the store sees nothing."""
    RESET_BEFORE = auto()
    """The connection is reset; the store sees nothing."""
    RESET_AFTER = auto()
    """The store has done what it was asked, and the connection is reset before its answer."""
    ANSWER_LOST = auto()
    """The store has done what it was asked, and somebody in between says 503."""
    CONFLICT = auto()
    """409, as if the row were there; the store sees nothing."""


class Silence(Enum):
    """What costs a client its patience."""

    BEFORE = auto()
    """No answer ever comes; the store sees nothing."""
    AFTER = auto()
    """The store has done what it was asked, and its answer never comes."""


@dataclass(slots=True)
class Proxy:
    """`breaks` are used up one by one, each by one request of these methods; everything else passes."""

    target: int
    port: int = 0
    breaks: list[Break | Silence | None] = field(default_factory=list)
    methods: tuple[bytes, ...] = (b"POST",)
    seen: int = 0
    """Requests of these methods that came."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await _message(reader):
                if not await self._exchange(request, writer):
                    writer.transport.abort()
                    return
        finally:
            writer.close()

    async def _exchange(self, request: bytes, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection goes on."""
        fault = None
        if request.startswith(self.methods):
            self.seen += 1
            fault = self.breaks.pop(0) if self.breaks else None
        if fault is Break.RESET_BEFORE:
            return False
        if fault in _REFUSALS:
            writer.write(_REFUSALS[fault])
        if fault in _REFUSALS or fault is Silence.BEFORE:
            return True
        answer = await self._forwarded(request)
        if fault is Silence.AFTER:
            return True
        if fault is Break.RESET_AFTER:
            return False
        writer.write(_REFUSALS[Break.THROTTLED] if fault is Break.ANSWER_LOST else answer)
        return True

    async def _forwarded(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.target)
        writer.write(request)
        answer = await _message(reader)
        writer.close()
        return answer


@contextlib.asynccontextmanager
async def proxy(target: int) -> AsyncIterator[Proxy]:
    """Runs inside the block, on a port of its own."""
    made = Proxy(target)
    async with await asyncio.start_server(made.serve, "127.0.0.1", 0) as server:
        made.port = server.sockets[0].getsockname()[1]
        yield made
        server.close_clients()


def _refusal(status: int, body: str = "") -> bytes:
    head = f"HTTP/1.1 {status} No\r\nRetry-After: 0\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


_REFUSALS: dict[Break | Silence | None, bytes] = {
    Break.THROTTLED: _refusal(503),
    Break.BROKEN: _refusal(500),
    Break.CONFLICT: _refusal(409, '{"odata.error":{"code":"EntityAlreadyExists"}}'),
}


async def _message(reader: asyncio.StreamReader) -> bytes:
    """One HTTP message; empty at the end of the stream."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""
    lines = [line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line]
    headers = {name: value.strip() for name, value in lines}
    if headers.get(b"transfer-encoding") == b"chunked":
        return head + await _chunks(reader)
    return head + await reader.readexactly(int(headers.get(b"content-length", b"0")))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while True:
        size = await reader.readuntil(b"\r\n")
        body += size + await reader.readexactly(int(size, 16) + 2)
        if int(size, 16) == 0:
            return body
