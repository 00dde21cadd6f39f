"""What goes over the connections to an upstream, byte for byte, and what does not."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from starlette.responses import Response

from gateway import forward
from gateway.forward import Upstreams
from tests.fakes.upstream import TOOLS, Seen, events, result, serving
from tests.walk.rooms import Gateway, gateway, message

PATIENCE = 5


@dataclass
class Wire:
    """A server that notes what it is sent. It answers with `head` before the usual headers."""

    head: bytes = b""
    connections: int = 0
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    closes: bool = False
    """Whether each connection is closed after one answer, without a word about it."""
    port: int = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                await self._answer(reader, writer)
                if self.closes:
                    return
        except asyncio.IncompleteReadError:
            return
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = next(line for line in head.lower().split("\r\n") if line.startswith("content-length:"))
        raw = await reader.readexactly(int(length.partition(":")[2]))
        asked = json.loads(raw)
        if asked["method"] != "tools/list":
            self.heads.append(head)
            self.bodies.append(raw)
        result: dict[str, Any] = {"tools": list(TOOLS)} if asked["method"] == "tools/list" else {"content": []}
        body = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n" + self.head)
        writer.write(b"content-length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    wire = Wire()
    server = await asyncio.start_server(wire, "127.0.0.1", 0, limit=8 * 1024 * 1024)
    wire.port = server.sockets[0].getsockname()[1]
    yield wire
    server.close()


@pytest.fixture
async def door(wire: Wire, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, f"http://127.0.0.1:{wire.port}/a%2Fb/mcp?x=%7E") as opened:
        yield opened


async def called(door: Gateway, **options: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        answer = await door.call(server="open", **options)
    assert message(answer)["result"] == {"content": []}


async def test_one_connection_serves_one_call_after_the_other(door: Gateway, wire: Wire) -> None:
    for _ in range(5):
        await called(door)
    assert wire.connections == 1


async def test_a_connection_that_the_server_has_closed_is_not_used(door: Gateway, wire: Wire) -> None:
    wire.closes = True
    for _ in range(3):
        await called(door)
    assert len(wire.bodies) == 3


async def test_no_cookie_of_one_answer_goes_along_with_the_next_call(door: Gateway, wire: Wire) -> None:
    wire.head = b"set-cookie: who=engineer\r\n"
    await called(door)
    await called(door)
    assert "cookie:" not in "".join(wire.heads).lower()


async def test_the_url_is_the_one_that_the_policy_has(door: Gateway, wire: Wire) -> None:
    await called(door)
    assert wire.heads[0].startswith("POST /a%2Fb/mcp?x=%7E HTTP/1.1\r\n")


async def test_nothing_is_said_that_the_call_or_the_gateway_does_not_say(door: Gateway, wire: Wire) -> None:
    await called(door)
    names = {line.partition(":")[0].lower() for line in wire.heads[0].split("\r\n")[1:] if line}
    assert names == {"host", "accept", "accept-encoding", "user-agent", "content-type", "content-length"}
    assert "user-agent: countersign\r\n" in wire.heads[0].lower()


async def test_a_proxy_of_the_environment_is_not_used(
    door: Gateway, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    await called(door)
    assert len(wire.bodies) == 1


async def test_a_request_of_three_megabytes_arrives_whole(door: Gateway, wire: Wire) -> None:
    await called(door, arguments={"text": "x" * 3_000_000})
    assert len(json.loads(wire.bodies[0])["params"]["arguments"]["text"]) == 3_000_000


async def test_an_answer_with_a_long_header_is_read(door: Gateway, wire: Wire) -> None:
    wire.head = b"content-security-policy: " + b"x" * 20_000 + b"\r\n"
    await called(door)


async def test_an_answer_that_says_twice_how_it_is_encoded_is_refused(door: Gateway, wire: Wire) -> None:
    wire.head = b"content-encoding: identity\r\ncontent-encoding: gzip\r\n"
    async with asyncio.timeout(PATIENCE):
        answer = await door.call(server="open")
    assert answer.status in (502, 503)
    assert wire.bodies == []


async def test_streams_that_last_leave_calls_their_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    def few() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=2))

    monkeypatch.setattr(forward, "_open_session", few)
    lasts, answers = aiohttp.ClientTimeout(), aiohttp.ClientTimeout(sock_read=PATIENCE)

    def answer(seen: Seen) -> Response:
        return events(then="hangs")(seen) if seen.http_method == "GET" else result({})(seen)

    async with serving(answer) as upstream, contextlib.aclosing(Upstreams()) as upstreams:
        async with asyncio.timeout(PATIENCE):
            streams = [await upstreams.send("GET", upstream.url, {}, None, lasts) for _ in range(2)]
            called = await upstreams.send("POST", upstream.url, {}, b'{"id": 1}', answers)
        assert called.status == 200
        for stream in streams:
            stream.close()
