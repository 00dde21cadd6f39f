"""Large bodies: whoever sends one without a good token is refused before it is read, and others wait for none."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway import inbound, jsontext
from gateway.aside import LARGE, THREADS, aside
from tests.fakes.upstream import Upstream, serving, text_result
from tests.fakes.values import CALLER
from tests.gateway.test_authenticate import TENANT_FAKE, WRONG
from tests.walk.rooms import MODERN_META, Gateway, gateway, message, request
from tests.walk.starts import starts

PATIENCE = 10
KEYS = {f"k{number:06}": 0 for number in range(3_000)}
CALL = request("tools/call", {"name": "get_customer", "arguments": KEYS})
MODERN = request("tools/call", {"name": "get_customer", "arguments": KEYS, "_meta": MODERN_META})
MODERN_HEADERS = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "get_customer"}
UNLIKE_ANY = {
    "none": None,
    "of another scheme": "Basic bWFyeTpwYXNz",
    "empty": "Bearer ",
    "no token": "Bearer x",
    "of three parts": "Bearer a.b.c",
    "over-long": f"Bearer eyJ{'A' * 20_000}",
}


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(text_result("reached")) as running:
        yield running


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, upstream.url) as opened:
        yield opened


async def refused_unread(door: Gateway, authorization: str | None, status: int, reason: str) -> None:
    headers = {"authorization": authorization} if authorization is not None else {}
    with starts(inbound.read_body) as began:
        answer = await door.send(CALL, token=None, **headers)
    assert began == []
    assert (answer.status, message(answer)["id"]) == (status, None)
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert door.evidence.events() == [f"refused/{reason}"]


@pytest.mark.parametrize("name", UNLIKE_ANY)
async def test_a_large_body_without_what_looks_like_a_token_is_refused_unread(
    door: Gateway, upstream: Upstream, name: str
) -> None:
    reason = "token_missing" if name in ("none", "of another scheme", "empty") else "token_malformed"
    await refused_unread(door, UNLIKE_ANY[name], 401, reason)
    assert upstream.seen == []


@pytest.mark.parametrize("name", ["expired", "unknown key", "wrong audience"])
async def test_a_large_body_with_a_token_that_is_refused_is_refused_unread(door: Gateway, name: str) -> None:
    door.tenant.issuer = TENANT_FAKE.issuer
    token, reason = WRONG[name]
    await refused_unread(door, f"Bearer {token}", 401, reason.name.lower())


async def test_of_a_small_body_without_a_token_the_refusal_has_the_id_and_the_record_the_tool(door: Gateway) -> None:
    answer = await door.send(request("tools/call", {"name": "get_customer"}), token=None)
    assert (answer.status, message(answer)["id"]) == (401, 7)
    assert door.evidence.of_calls()[-1]["target"] == "get_customer"


@pytest.mark.parametrize("is_modern", [False, True], ids=["legacy", "modern"])
async def test_a_large_body_of_a_caller_is_read_in_another_thread_and_the_call_is_made(
    door: Gateway, upstream: Upstream, is_modern: bool
) -> None:
    body, headers = (MODERN, MODERN_HEADERS) if is_modern else (CALL, {})
    with starts(inbound.read_body) as began:
        assert (await door.send(body, **headers)).status == 200
    assert began
    assert threading.get_ident() not in {thread for _, thread in began}
    assert upstream.seen[-1].body["params"]["arguments"] == KEYS


async def test_a_large_body_of_a_caller_that_is_no_json_is_refused_as_such(door: Gateway, upstream: Upstream) -> None:
    answer = await door.send(json.dumps(CALL).encode()[:-1])
    assert (answer.status, message(answer)["error"]["code"]) == (400, -32700)
    assert door.evidence.events() == ["refused/not_json"]
    assert upstream.seen == []


async def test_a_legacy_client_who_leaves_while_the_body_waits_to_be_read_cancels_nothing(
    door: Gateway, upstream: Upstream
) -> None:
    door.gone = asyncio.Event()
    door.gone.set()
    assert (await door.send(CALL)).status == 200
    assert upstream.seen[-1].body["params"]["arguments"] == KEYS


async def test_a_caller_who_leaves_while_the_body_waits_to_be_read_is_on_record_and_it_is_never_read(
    door: Gateway, upstream: Upstream
) -> None:
    end = threading.Event()
    callers = [replace(CALLER, object_id=f"other-{number}") for number in range(THREADS)]
    others = [asyncio.create_task(aside("x" * (LARGE + 1), lambda: end.wait(PATIENCE), each)) for each in callers]
    door.gone = asyncio.Event()
    try:
        await asyncio.sleep(0)
        with starts(inbound.read_body) as began:
            sending = asyncio.create_task(door.send(MODERN, **MODERN_HEADERS))
            door.gone.set()
            async with asyncio.timeout(PATIENCE):
                answer = await sending
    finally:
        end.set()
        await asyncio.gather(*others)
    assert began == []
    assert answer.status == 499
    assert door.evidence.events() == ["refused/client_gone"]
    assert upstream.seen == []


async def test_a_large_answer_of_an_upstream_is_read_beside_the_event_loop(tmp_path: Path) -> None:
    answer = text_result("x" * (LARGE + 1))
    async with serving(answer) as upstream, gateway(tmp_path, upstream.url) as door:
        await door.call("no_such_tool", server="open")
        with starts(jsontext.parse) as began:
            assert (await door.call(server="open")).status == 200
        # The request is read before.
        assert began[0][1] == threading.get_ident() != began[-1][1]
