"""The HTTP server that the worker takes from this app, on a socket, with a door of the test's own behind it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from azurefunctions.extensions import base  # type: ignore[import-untyped]
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from gateway import http_server
from gateway.http_server import Synchronizer, WebApp, WebServer

PATIENCE = 10.0
PLAIN = b"POST /mcp/records HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n%s\r\nhi"


class Doors:
    """What the worker would be: it keeps the requests, and answers."""

    def __init__(self, error: Exception | None = None) -> None:
        self.seen: list[Request] = []
        self._error = error

    async def __call__(self, request: Request) -> Response:
        self.seen.append(request)
        if self._error is not None:
            raise self._error
        return PlainTextResponse(await request.body(), headers={"x-own": "1"})


@contextlib.asynccontextmanager
async def serving(doors: Doors) -> AsyncIterator[int]:
    app = WebApp()
    app.route(doors)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(WebServer("127.0.0.1", 0, app).config())
        running = asyncio.create_task(server.serve([listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await running


async def exchange(port: int, sent: bytes) -> bytes:
    """All that the server says until it closes, or its first answer."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(ConnectionError):
            writer.write(sent)
            writer.write_eof()
            await writer.drain()
        try:
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()


async def test_a_request_goes_to_the_worker_and_its_answer_goes_out_as_it_is() -> None:
    doors = Doors()
    async with serving(doors) as port:
        answer = await exchange(port, PLAIN % b"x-ms-invocation-id: 1\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert body == b"hi"
    assert b"x-own: 1" in head
    assert b"server:" not in head.lower()
    assert doors.seen[0].headers["x-ms-invocation-id"] == "1"


async def test_what_a_door_raises_is_a_500_that_tells_nothing() -> None:
    async with serving(Doors(LookupError("the secret"))) as port:
        answer = await exchange(port, PLAIN % b"")
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"secret" not in answer


@pytest.mark.parametrize(
    "field", [b"x-filler: " + b"a" * 1_000_000 + b"\r\n", b"a: b\r\n" * 200_000], ids=["long", "many"]
)
async def test_headers_of_a_megabyte_reach_no_door(field: bytes) -> None:
    doors = Doors()
    async with serving(doors) as port:
        answer = await exchange(port, PLAIN % field)
    # The connection may be closed before the client has read the answer.
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    assert doors.seen == []


async def test_nothing_becomes_a_websocket() -> None:
    doors = Doors()
    upgrade = b"connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: YQ==\r\n"
    async with serving(doors) as port:
        answer = await exchange(port, PLAIN % upgrade)
    assert b" 101 " not in answer
    assert [request.scope["type"] for request in doors.seen] == ["http"]


async def test_a_server_without_a_door_answers_nothing() -> None:
    app = WebApp()
    with pytest.raises(LookupError):
        await app({"type": "http"}, None, None)  # type: ignore[arg-type]  # neither is touched
    app.route(Doors())
    with pytest.raises(LookupError):
        await app({"type": "websocket"}, None, None)  # type: ignore[arg-type]


def test_the_parts_of_the_path_that_the_host_found_reach_the_request() -> None:
    request = Request({"type": "http", "method": "GET", "headers": []})
    Synchronizer().sync_route_params(request, {"server": "records"})
    assert request.path_params == {"server": "records"}


def test_the_worker_takes_this_server_and_these_types() -> None:
    assert base.HttpV2FeatureChecker.http_v2_enabled()
    assert base.ModuleTrackerMeta.get_module() == http_server.__name__
    assert base.RequestTrackerMeta.check_type(Request)
    assert base.ResponseTrackerMeta.check_type(PlainTextResponse)
    assert not base.RequestTrackerMeta.check_type(str)


async def test_each_setting_that_bounds_a_request_is_named() -> None:
    config = WebServer("127.0.0.1", 0, WebApp()).config()
    assert (config.http, config.ws, config.lifespan) == ("h11", "none", "off")
    assert not (config.access_log or config.proxy_headers or config.server_header)
