"""The load: a number of connections, each with the next call as soon as the last one is answered.

Takes an endpoint and a cell, and gives what was measured in a window of time. Every answer is read: a status
that is not 200, a JSON-RPC error, another id or a connection that closes fails the run. It is a client of HTTP/1.1
with as little in it as such a client can have, so that it costs little of its core.
"""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count

from bench.relay_cells import LEGACY, MAIL, Caller, Cell, Endpoint, WrongAnswerError, read_answer

PATIENCE = 30.0
"""Seconds for one answer."""
FIRST_ID = 1_000_000_000
"""Ids of one length: a request is then made by writing the id into it."""
LEAST = 20
"""Answers in a window, or two for each connection if that is more; where they are slow, it stays open for longer."""
LOOK = 0.02
"""Seconds between two looks at a window."""
LONGER = 30.0
"""Seconds for which a window stays open at most."""

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip()


@dataclass(slots=True)
class Window:
    """The calls that were answered between two moments."""

    latencies: list[float] = field(default_factory=list)
    answers: int = 0
    """Before it opened, too."""
    began: float = math.inf
    ended: float = math.inf

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    def heard(self, sent: float) -> bool:
        """Notes an answer that came just now; whether there is to be another call."""
        now = time.perf_counter()
        self.answers += 1
        if self.began <= now < self.ended:
            self.latencies.append(now - sent)
        return now < self.ended

    async def open(self, warm: float, seconds: float, connections: int, at: Callable[[], None]) -> None:
        """It has been open for that long, and longer where answers are slow. `at` is called at both ends.

        Answers may come in waves, one for each connection, with nothing in between: it opens after one wave, and
        is open for two at least.
        """
        await asyncio.sleep(warm)
        await _until(lambda: self.answers >= connections)
        at()
        self.began = time.perf_counter()
        await asyncio.sleep(seconds)
        await _until(lambda: len(self.latencies) >= max(LEAST, 2 * connections))
        self.ended = time.perf_counter()
        at()


async def _until(is_so: Callable[[], bool]) -> None:
    for _ in range(round(LONGER / LOOK)):
        if is_so():
            return
        await asyncio.sleep(LOOK)


class Wire(asyncio.Protocol):
    """One connection to the server; `on_answer` gets each whole response, or what went wrong."""

    def __init__(self, on_answer: Callable[[Response | Exception], None]) -> None:
        self.on_answer = on_answer
        self._pieces: list[bytes] = []
        self._head: tuple[int, dict[str, str]] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.on_answer(exc or ConnectionError("the connection was closed"))

    def send(self, request: bytes) -> None:
        assert self._transport
        self._transport.write(request)

    def close(self) -> None:
        """Nothing is heard any more."""
        self.on_answer = lambda _: None
        if self._transport:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._pieces.append(data)
        if self._head is None:
            whole = b"".join(self._pieces)
            end = whole.find(b"\r\n\r\n")
            if end < 0:
                return
            self._head, self._pieces = _head(whole[:end]), [whole[end + 4 :]]
        status, headers = self._head
        body = self._whole(headers)
        if body is not None:
            self._head, self._pieces = None, []
            self.on_answer(Response(status, headers, body))

    def _whole(self, headers: dict[str, str]) -> bytes | None:
        if "content-length" in headers:
            size = int(headers["content-length"])
            return b"".join(self._pieces) if sum(map(len, self._pieces)) >= size else None
        if len(self._pieces[-1]) < 7:
            self._pieces = [b"".join(self._pieces)]
        # CRLF stands in no JSON, and an event ends before the chunk does.
        is_over = self._pieces[-1].endswith(b"\r\n0\r\n\r\n") or self._pieces == [b"0\r\n\r\n"]
        return _dechunked(b"".join(self._pieces)) if is_over else None


def _head(text: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = text.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return int(first.split(" ", 2)[1]), {name.lower(): value.strip() for name, _, value in pairs}


def _dechunked(raw: bytes) -> bytes:
    pieces: list[bytes] = []
    at = 0
    while True:
        end = raw.index(b"\r\n", at)
        size = int(raw[at:end].partition(b";")[0], 16)
        if size == 0:
            return b"".join(pieces)
        pieces.append(raw[end + 2 : end + 2 + size])
        at = end + 4 + size


class Client:
    """One connection and its caller."""

    def __init__(self, endpoint: Endpoint, era: str, number: int) -> None:
        self.caller = Caller(endpoint, era, number)
        self._is_worker = endpoint.is_worker
        self._waiting: asyncio.Future[Response] | None = None
        self.wire = Wire(self._heard)

    async def open(self) -> None:
        """The connection is there and, in the legacy era, a session. Raises WrongAnswerError or OSError."""
        port = self.caller.endpoint.port
        await asyncio.get_running_loop().create_connection(lambda: self.wire, "127.0.0.1", port)
        if self.caller.era == LEGACY:
            answer = await self.ask(*self.caller.initialize())
            checked(answer, 1)
            self.caller = replace(self.caller, session=answer.headers.get("mcp-session-id", ""))
            told = await self.ask(*self.caller.initialized())
            if told.status not in (200, 202):
                raise WrongAnswerError(f"notifications/initialized: status {told.status}")

    async def prove(self, cell: Cell) -> None:
        """One call is answered as it must be; where the endpoint masks, without the personal value."""
        answer = await self.ask(*self.caller.call(cell, FIRST_ID))
        checked(answer, FIRST_ID)
        if (MAIL.encode() in answer.body) is self.caller.endpoint.is_masked:
            raise WrongAnswerError("masked where it should not be, or not masked where it should")

    async def ask(self, head: bytes, rest: bytes) -> Response:
        self._waiting = asyncio.get_running_loop().create_future()
        self.wire.send(head + self.announced() + rest)
        async with asyncio.timeout(PATIENCE):
            return await self._waiting

    def announced(self) -> bytes:
        """What the Functions host adds to a request."""
        if not self._is_worker:
            return b""
        return b"x-ms-invocation-id: %032x\r\nX-Forwarded-For: 127.0.0.1:4242\r\n" % next(_numbers)

    def _heard(self, answer: Response | Exception) -> None:
        if self._waiting is None or self._waiting.done():
            return
        if isinstance(answer, Exception):
            self._waiting.set_exception(answer)
        else:
            self._waiting.set_result(answer)

    async def hammer(self, cell: Cell, window: Window) -> None:
        """Calls one after the other until the window is over. Raises the first error."""
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        head, rest = self.caller.call(cell, FIRST_ID)
        before, _, after = rest.partition(str(FIRST_ID).encode())
        sent, identifier = 0.0, FIRST_ID

        def next_call() -> None:
            nonlocal sent, identifier
            identifier += 1
            sent = time.perf_counter()
            self.wire.send(head + self.announced() + before + b"%d" % identifier + after)

        def answered(answer: Response | Exception) -> None:
            if over.done():
                return
            goes_on = window.heard(sent)
            try:
                checked(answer, identifier)
            except (WrongAnswerError, OSError) as error:
                over.set_exception(error)
                return
            if goes_on:
                next_call()
            else:
                over.set_result(None)

        self.wire.on_answer = answered
        next_call()
        await over


def checked(answer: Response | Exception, identifier: int) -> None:
    """Raises WrongAnswerError or OSError where it is no result of the request with that id."""
    if isinstance(answer, Exception):
        raise answer
    read_answer(answer.status, answer.media_type, answer.body, identifier)


async def load(
    endpoint: Endpoint, cell: Cell, seconds: float, warm: float, at: Callable[[], None] = lambda: None
) -> Window:
    """The calls of that many seconds, after warming up. Afterwards nothing that was asked is still to be answered.

    Raises WrongAnswerError, OSError or TimeoutError where any call fails.
    """
    clients = [Client(endpoint, cell.era, number) for number in range(cell.connections)]
    window = Window()
    try:
        await asyncio.gather(*(client.open() for client in clients))
        for client in clients[:: max(1, len(clients) - 1)]:
            await client.prove(cell)
        async with asyncio.timeout(warm + seconds + 2 * LONGER + PATIENCE):
            await asyncio.gather(
                window.open(warm, seconds, cell.connections, at), *(client.hammer(cell, window) for client in clients)
            )
        return window
    finally:
        for client in clients:
            client.wire.close()
