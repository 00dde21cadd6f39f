"""Requests through the whole host: the front, Microsoft's worker and the sample app."""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from devhost.ports import Ports

BOUND = 10  # seconds for any one test's exchange


@pytest.fixture
async def client(sample: tuple[Ports, Path]) -> AsyncIterator[aiohttp.ClientSession]:
    ports, _ = sample
    base = f"http://127.0.0.1:{ports.gateway}"
    async with aiohttp.ClientSession(base, timeout=aiohttp.ClientTimeout(BOUND), auto_decompress=False) as session:
        yield session


async def reached(client: aiohttp.ClientSession, path: str, **headers: str) -> dict[str, Any]:
    """What the function saw of a GET request."""
    async with client.get(path, headers=headers) as response:
        assert response.status == 200
        seen: dict[str, Any] = await response.json()
        return seen | {"headers": dict(seen["headers"])}


async def test_route_parameters_and_query_reach_the_function(client: aiohttp.ClientSession) -> None:
    seen = await reached(client, "/Items/7/a/b?q=1&q=2")
    assert seen["parameters"] == {"item": "7", "rest": "a/b"}
    assert seen["query"] == "q=1&q=2"
    assert seen["path"] == "/Items/7/a/b"


async def test_the_worker_sees_its_own_host_and_the_clients_one_as_forwarded(
    client: aiohttp.ClientSession, sample: tuple[Ports, Path]
) -> None:
    """As on Azure, where the Functions host forwards to the worker with YARP's defaults."""
    ports, _ = sample
    seen = await reached(client, "/items/7", Host="gateway.example", **{"X-Forwarded-Host": "spoofed.example"})
    assert seen["headers"]["host"] == f"127.0.0.1:{ports.worker}"
    assert seen["headers"]["x-forwarded-host"] == "gateway.example"
    assert seen["headers"]["x-forwarded-proto"] == "http"


async def test_the_clients_address_is_the_last_entry_of_forwarded_for(client: aiohttp.ClientSession) -> None:
    seen = await reached(client, "/items/7", **{"X-Forwarded-For": "203.0.113.9"})
    spoofed, _, address = seen["headers"]["x-forwarded-for"].rpartition(", ")
    assert spoofed == "203.0.113.9"
    assert address.startswith("127.0.0.1:")


async def test_a_client_cannot_name_the_invocation(client: aiohttp.ClientSession) -> None:
    seen = await reached(client, "/items/7", **{"x-ms-invocation-id": "mine"})
    assert seen["headers"]["x-ms-invocation-id"] != "mine"


async def test_headers_that_concern_one_connection_stay_behind(client: aiohttp.ClientSession) -> None:
    seen = await reached(client, "/items/7", **{"Keep-Alive": "timeout=9", "TE": "trailers", "X-Other": "kept"})
    assert "keep-alive" not in seen["headers"]
    assert "te" not in seen["headers"]
    assert seen["headers"]["x-other"] == "kept"


async def test_a_header_as_long_as_a_token_with_many_groups_passes(client: aiohttp.ClientSession) -> None:
    token = "Bearer " + "x" * 20_000
    assert (await reached(client, "/items/7", Authorization=token))["headers"]["authorization"] == token


async def test_simultaneous_requests_each_get_their_own_answer(client: aiohttp.ClientSession) -> None:
    seen = await asyncio.gather(*(reached(client, f"/items/{number}") for number in range(30)))
    assert [one["parameters"]["item"] for one in seen] == [str(number) for number in range(30)]


@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("GET", "/"), ("DELETE", "/items/7")])
async def test_a_path_or_method_without_a_function_is_not_found(
    client: aiohttp.ClientSession, method: str, path: str
) -> None:
    async with client.request(method, path) as response:
        assert response.status == 404
        assert await response.read() == b""


async def test_head_has_the_length_of_the_body_and_no_body(client: aiohttp.ClientSession) -> None:
    async with client.head("/items/7") as response:
        assert response.status == 200
        assert int(response.headers["Content-Length"]) > 100
        assert await response.read() == b""


async def test_an_answer_without_a_body_stays_without(client: aiohttp.ClientSession) -> None:
    async with client.post("/next") as response:
        assert response.status == 202
        assert response.headers["Content-Length"] == "0"
        assert "Content-Type" not in response.headers


@pytest.mark.parametrize("expect_first", [False, True])
async def test_a_body_of_five_megabytes_reaches_the_function_whole(
    client: aiohttp.ClientSession, *, expect_first: bool
) -> None:
    async with client.post("/size", data=io.BytesIO(b"x" * 5_000_000), expect100=expect_first) as response:
        assert await response.json() == {"bytes": 5_000_000}


async def test_the_body_is_not_unpacked_on_the_way(client: aiohttp.ClientSession) -> None:
    async with client.post("/size", data=b"not gzip", headers={"Content-Encoding": "gzip"}) as response:
        assert await response.json() == {"bytes": 8}


async def test_a_refusal_arrives_although_the_body_was_not_read(client: aiohttp.ClientSession) -> None:
    async with client.post("/refuse", data=io.BytesIO(b"x" * 20_000_000)) as response:
        assert response.status == 413
        assert await response.json() == {"error": "too large"}


async def test_request_and_response_stream_at_once(client: aiohttp.ClientSession) -> None:
    """Each piece is sent only after the one before has come back, the first after the answer has begun."""
    turns = asyncio.Queue[bytes]()

    async def pieces() -> AsyncIterator[bytes]:
        yield b""
        while piece := await turns.get():
            yield piece

    async with client.post("/echo", data=pieces()) as response:
        assert response.status == 200
        for piece in (b"one", b"two", b"three"):
            turns.put_nowait(piece)
            assert await response.content.readexactly(len(piece)) == piece
        turns.put_nowait(b"")
        assert await response.content.read() == b""


async def test_each_event_arrives_before_the_next_is_made(client: aiohttp.ClientSession) -> None:
    async with client.get("/events") as response:
        assert response.content_type == "text/event-stream"
        for number in range(1, 5):
            assert await response.content.readuntil(b"\n\n") == f"data: {number}\n\n".encode()
            async with client.post("/next") as asked:
                assert asked.status == 202


async def test_the_function_notices_when_its_client_goes_away(client: aiohttp.ClientSession) -> None:
    async with client.get("/events") as response:
        await response.content.readuntil(b"\n\n")
        response.close()
    async with client.get("/left") as left:
        assert left.status == 204


async def test_an_exception_becomes_500_with_nothing_of_it_on_the_wire(
    client: aiohttp.ClientSession, sample: tuple[Ports, Path]
) -> None:
    _, log = sample
    async with client.get("/broken") as response:
        assert response.status == 500
        assert await response.text() == "Internal Server Error"
    assert "RuntimeError: a secret of the function" in log.read_text()


async def test_a_stream_that_breaks_off_is_seen_to_break_off(client: aiohttp.ClientSession) -> None:
    async with client.get("/half") as response:
        assert await response.content.readexactly(5) == b"first"
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_the_log_has_a_line_per_request_without_its_query(
    client: aiohttp.ClientSession, sample: tuple[Ports, Path]
) -> None:
    _, log = sample
    await reached(client, "/items/logged?code=secret")
    lines = [line for line in log.read_text().splitlines() if "/items/logged" in line]
    assert len(lines) == 1
    assert "GET /items/logged 200" in lines[0]


async def test_the_timer_runs(client: aiohttp.ClientSession) -> None:
    async with client.get("/ticked") as response:
        assert response.status == 204
