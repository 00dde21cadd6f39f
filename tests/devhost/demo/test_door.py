"""Only the vault's token opens the door, a rotated one opens it by itself, and every request is in the log."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from devhost.demo.door import Door, Token, log_file


class FakeVault:
    """Holds one secret; `is_down` makes every read fail."""

    def __init__(self, value: str = "right") -> None:
        self.value = value
        self.reads = 0
        self.is_down = False

    async def read(self) -> str:
        self.reads += 1
        if self.is_down:
            raise ConnectionError
        return self.value


class Clock:
    """Time that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(await Request(scope, receive).body())(scope, receive, send)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return log_file(tmp_path)


def door(log: Path, vault: FakeVault, clock: Clock | None = None) -> httpx.AsyncClient:
    app = Door(echo, Token(vault.read, clock or Clock()), log)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


def lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


async def knock(client: httpx.AsyncClient, token: str, body: str = "{}") -> httpx.Response:
    return await client.post("/mcp", content=body, headers={"Authorization": token})


async def test_the_right_token_passes_with_the_body_untouched(log: Path) -> None:
    client = door(log, FakeVault())
    answer = await knock(client, "Bearer right", '{"method": "tools/list"}')
    assert (answer.status_code, answer.text) == (200, '{"method": "tools/list"}')


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer ", "Bearer wrong", "right", "Basic right", "Bearer right x"])
async def test_anything_else_is_refused_with_a_challenge(token: str, log: Path) -> None:
    client = door(log, FakeVault())
    answer = await knock(client, token)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')


async def test_an_empty_secret_and_an_absent_vault_open_nothing(log: Path) -> None:
    empty, down = FakeVault(""), FakeVault()
    down.is_down = True
    for vault in (empty, down):
        client = door(log, vault)
        assert (await knock(client, "Bearer ")).status_code == 401
        assert (await knock(client, "Bearer right")).status_code == 401


async def test_a_rotated_token_is_read_again_and_the_old_one_stops_working(log: Path) -> None:
    vault, clock = FakeVault(), Clock()
    client = door(log, vault, clock)
    assert (await knock(client, "Bearer right")).status_code == 200
    vault.value = "new"
    clock.now += 1
    assert (await knock(client, "Bearer new")).status_code == 200
    assert (await knock(client, "Bearer right")).status_code == 401


async def test_a_flood_of_wrong_tokens_asks_the_vault_once_a_second(log: Path) -> None:
    vault, clock = FakeVault(), Clock()
    client = door(log, vault, clock)
    for _ in range(3):
        answers = await asyncio.gather(*(knock(client, "Bearer wrong") for _ in range(20)))
        assert {answer.status_code for answer in answers} == {401}
        clock.now += 1
    assert vault.reads == 3


async def test_a_vault_that_comes_up_late_is_asked_again_soon() -> None:
    vault, clock = FakeVault(), Clock()
    vault.is_down = True
    token = Token(vault.read, clock)
    assert not await token.is_known()
    vault.is_down = False
    clock.now += 0.1
    assert await token.is_known()


async def test_the_log_has_every_request_with_all_its_headers_refused_ones_too(log: Path) -> None:
    client = door(log, FakeVault())
    await knock(client, "Bearer wrong", '{"method": "tools/call"}')
    await client.get("/mcp", headers=[("Authorization", "Bearer right"), ("X-Twice", "1"), ("X-Twice", "2")])
    first, second = lines(log)
    assert (first["http_method"], first["path"], first["rpc_method"]) == ("POST", "/mcp", "tools/call")
    assert ["authorization", "Bearer wrong"] in first["headers"]
    assert (second["http_method"], second["rpc_method"]) == ("GET", None)
    assert [pair for pair in second["headers"] if pair[0] == "x-twice"] == [["x-twice", "1"], ["x-twice", "2"]]


@pytest.mark.parametrize("body", ["", "not json", "[]", '{"method": 1}', "\ud800".encode("utf-8", "surrogatepass")])
async def test_a_body_without_a_method_is_logged_all_the_same(body: str | bytes, log: Path) -> None:
    client = door(log, FakeVault())
    await client.post("/mcp", content=body)
    assert lines(log)[0]["rpc_method"] is None
