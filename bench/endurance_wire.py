"""The network between the gateway and its upstream, which can be slow, absent or broken.

Takes the upstream's port and listens on one of its own. What passes is not looked at: a fault bites wherever a
message happens to be, in the middle of a stream too.
"""

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import Enum

HOST = "127.0.0.1"
PIECE = 64 * 1024
"""Bytes."""
DELAYS = (0.5, 1.5, 5.0)
"""Seconds for which a piece of an answer is held back; the last is longer than the gateway waits."""


class Way(Enum):
    PASSES = "passes"
    SLOW = "slow"
    RESETS_BEFORE = "resets before"
    """The connection is reset with a request on it that the upstream never sees."""
    RESETS_AFTER = "resets after"
    """The upstream has had the request, and the connection is reset before its answer."""


@dataclass(slots=True)
class Wire:
    target: int
    chance: random.Random
    port: int = 0
    way: Way = Way.PASSES
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/mcp"

    async def up(self) -> None:
        """Connections are taken, always on the same port."""
        self._server = await asyncio.start_server(self._serve, HOST, self.port, backlog=4096)
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Nobody listens, and what was open is reset."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            _reset(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            onward_reader, onward = await asyncio.open_connection(HOST, self.target)
        except OSError:
            _reset(writer)
            return
        both = {writer, onward}
        self._open |= both
        try:
            pumps = [self._pump(reader, onward, Way.RESETS_BEFORE), self._pump(onward_reader, writer, Way.RESETS_AFTER)]
            tasks = [asyncio.ensure_future(pump) for pump in pumps]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            self._open -= both
            for each in both:
                # Not aborted: what was written before still arrives.
                each.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, breaks: Way) -> None:
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(PIECE):
                if self.way is breaks:
                    for each in list(self._open):
                        _reset(each)
                    return
                if self.way is Way.SLOW and breaks is Way.RESETS_AFTER:
                    await asyncio.sleep(self.chance.choice(DELAYS))
                writer.write(piece)
                await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """The connection is gone with a reset; an ordinary end would be taken for the end of an answer."""
    held: socket.socket | None = writer.get_extra_info("socket")
    if held is not None and held.fileno() >= 0:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextlib.asynccontextmanager
async def wire(target: int, chance: random.Random) -> AsyncIterator[Wire]:
    """It is up inside the block."""
    made = Wire(target, chance)
    await made.up()
    try:
        yield made
    finally:
        await made.down()
