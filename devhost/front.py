"""The HTTP server before the worker: Azure's front end and the Functions host in one.

Takes each request on the gateway's port, finds its function, starts the invocation and relays the
request to the worker's own HTTP server, streaming both ways. It changes only what Azure changes on
the way; where no function answers it says 404, and it decides nothing else.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from devhost import routes
from devhost.routes import Match, Route
from devhost.worker import Worker, WorkerError, http_input

READY_PATH = "/devhost/ready"
INVOCATION = "x-ms-invocation-id"
WHOLE = 65536  # bytes: a body of known length up to this is sent in one piece with its head
HEAD_LIMIT = 32768  # bytes, as Kestrel's default for all request headers
# The worker's server closes an idle connection after five seconds; ours must be gone before.
IDLE_LEG = 3.0

# RFC 9110, section 7.6.1, and `Expect`, which is answered here.
_HOP_BY_HOP = frozenset(
    (
        *("connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
        *("te", "trailer", "transfer-encoding", "upgrade"),
    )
)

log = logging.getLogger("devhost.front")


class Front:
    """Answers requests with the functions of one worker. Use as an async context manager."""

    def __init__(self, worker: Worker, table: Sequence[Route]) -> None:
        self._worker = worker
        self._routes = table
        self._invocations: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_LEG),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=5),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=(hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE, hdrs.USER_AGENT),
            auto_decompress=False,
            max_line_size=HEAD_LIMIT,
            max_field_size=HEAD_LIMIT,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for invocation in self._invocations:
            invocation.cancel()
        await asyncio.gather(*self._invocations, return_exceptions=True)
        await self._session.close()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request, answered; when the client goes away, so does the request to the worker."""
        began = time.perf_counter()
        path = request.rel_url.raw_path
        if path == READY_PATH:
            return web.Response()
        found = routes.find(self._routes, request.method, path)
        response = web.Response(status=404) if found is None else await self._invoke(request, found)
        # Without the query: it may carry what no log should hold.
        log.info("%s %s %d %.0f ms", request.method, path, response.status, (time.perf_counter() - began) * 1000)
        return response

    async def _invoke(self, request: web.BaseRequest, found: Match) -> web.StreamResponse:
        if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0
        invocation = str(uuid.uuid4())
        started = asyncio.create_task(self._run(found, invocation, request.headers.get("traceparent", "")))
        self._invocations.add(started)
        started.add_done_callback(self._invocations.discard)
        try:
            return await self._relay(request, invocation)
        except aiohttp.ClientError as failure:
            started.cancel()
            log.error("%s: the worker's HTTP server did not answer: %s", found.function.name, failure)
            return web.Response(status=502)

    async def _run(self, found: Match, invocation: str, trace_parent: str) -> None:
        inputs = {found.function.trigger["name"]: http_input(found.parameters)}
        try:
            await self._worker.invoke(found.function, invocation, inputs, trace_parent=trace_parent)
        except WorkerError as failure:
            # The traceback is in the log already: the worker's HTTP server answered 500 and wrote it.
            log.error("%s failed: %s", found.function.name, str(failure).partition("\n")[0])

    async def _relay(self, request: web.BaseRequest, invocation: str) -> web.StreamResponse:
        url = URL(self._worker.address + request.rel_url.raw_path_qs, encoded=True)
        headers = _onward(request, invocation)
        async with self._session.request(
            request.method, url, headers=headers, data=await _body(request), allow_redirects=False
        ) as answer:
            kept = _without(answer.headers, _HOP_BY_HOP)
            if (answer.content_length or WHOLE + 1) <= WHOLE:
                return web.Response(status=answer.status, reason=answer.reason, headers=kept, body=await answer.read())
            return await _stream(request, answer, kept)


async def _stream(
    request: web.BaseRequest, answer: aiohttp.ClientResponse, headers: CIMultiDict[str]
) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=headers)
    await response.prepare(request)
    try:
        async for piece in answer.content.iter_any():
            await response.write(piece)
    except aiohttp.ClientError as failure:
        # The function's stream broke off. Without its end mark the client sees that, and nothing else can be said.
        log.error("the answer broke off: %s", failure)
        response.force_close()
        if request.transport is not None:
            request.transport.abort()
        return response
    await response.write_eof()
    return response


async def _body(request: web.BaseRequest) -> bytes | AsyncIterator[bytes] | None:
    if not request.body_exists:
        return None
    if (request.content_length or WHOLE + 1) <= WHOLE and request.content.is_eof():
        return await request.content.read()
    return _pieces(request)


async def _pieces(request: web.BaseRequest) -> AsyncIterator[bytes]:
    # aiohttp holds the head back for the first piece; an empty one sends it, since the client may wait for an answer.
    yield b""
    async for piece in request.content.iter_any():
        yield piece


def _onward(request: web.BaseRequest, invocation: str) -> CIMultiDict[str]:
    """The request's headers as the worker gets them from the real host, whatever a client wrote there itself."""
    # Host names the worker: aiohttp writes it.
    headers = _without(request.headers, _HOP_BY_HOP | {"host"})
    headers[INVOCATION] = invocation
    headers["X-Forwarded-For"] = ", ".join([*request.headers.getall("X-Forwarded-For", ()), _peer(request)])
    headers["X-Forwarded-Host"] = request.headers.get(hdrs.HOST, "")
    headers["X-Forwarded-Proto"] = "http"
    return headers


def _peer(request: web.BaseRequest) -> str:
    address = request.transport.get_extra_info("peername") if request.transport is not None else None
    return f"{address[0]}:{address[1]}" if address else "unknown"


def _without(headers: CIMultiDictProxy[str], names: frozenset[str]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in names)


def server(answer: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> web.Server:
    """What `loop.create_server` takes: HTTP/1.1, bodies untouched, a handler cancelled when its client goes away."""
    return web.Server(
        answer,
        handler_cancellation=True,
        auto_decompress=False,
        access_log=None,
        max_line_size=HEAD_LIMIT,
        max_field_size=HEAD_LIMIT,
    )
