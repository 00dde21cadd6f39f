"""Lists that follow access: what is hidden while it is not open, how long a list is good, who is told of changes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.answer import Answer
from gateway.reasons import Reason
from tests.fakes.upstream import Upstream, events, result, serving
from tests.walk.rooms import MODERN_META, Gateway, gateway, message, request
from tests.walk.test_grant_streams import PATIENCE, chunk, end, no_task_is_left, paused, rest, token_of
from tests.walk.test_grants import grant

HIDDEN, SHOWN = "read_vault", "restart_host"
"""Tools that need access without which lists hide them, and show them."""
LISTED = {"tools": [{"name": "get_customer"}, {"name": HIDDEN}, {"name": SHOWN}], "ttlMs": 86_400_000}
CHANGED = "notifications/tools/list_changed"
ACKNOWLEDGED = {
    "jsonrpc": "2.0",
    "method": "notifications/subscriptions/acknowledged",
    "params": {"notifications": {"promptsListChanged": True}, "_meta": {"io.modelcontextprotocol/subscriptionId": 7}},
}


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(result(LISTED)) as running:
        yield running


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, upstream.url) as opened:
        yield opened


async def listed(door: Gateway, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = message(await door.send(request("tools/list"), **options))["result"]
    return found | {"tools": [tool["name"] for tool in found["tools"]]}


async def listen(door: Gateway, **wanted: Any) -> Answer:
    headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": "subscriptions/listen"}
    return await door.send(request("subscriptions/listen", {"notifications": wanted, "_meta": MODERN_META}), **headers)


async def leave(answer: Answer) -> None:
    assert not isinstance(answer.body, bytes)
    await answer.body.aclose()
    await no_task_is_left()


async def test_a_list_shows_what_is_hidden_only_while_its_access_is_open(door: Gateway) -> None:
    assert (await listed(door))["tools"] == ["get_customer", SHOWN]
    held = await grant(door, kind="desk")
    assert (await listed(door))["tools"] == ["get_customer", HIDDEN, SHOWN]
    await end(door, held)
    assert (await listed(door))["tools"] == ["get_customer", SHOWN]
    await grant(door, kind="desk")
    door.calendar.advance(600)
    assert (await listed(door))["tools"] == ["get_customer", SHOWN]


async def test_access_to_one_thing_shows_nothing_of_another(door: Gateway) -> None:
    await grant(door, kind="ticket")
    assert HIDDEN not in (await listed(door))["tools"]


async def test_a_session_token_shows_what_it_opens_and_not_what_its_holder_may_open(door: Gateway) -> None:
    desk, ticket = await grant(door, kind="desk"), await grant(door, kind="ticket")
    assert HIDDEN in (await listed(door, token=await token_of(door, desk)))["tools"]
    assert HIDDEN not in (await listed(door, token=await token_of(door, ticket)))["tools"]


async def test_m13_a_list_that_follows_access_is_kept_no_longer_than_the_access_lasts(door: Gateway) -> None:
    assert (await listed(door))["ttlMs"] == 30_000
    await grant(door, 600, kind="desk")
    assert (await listed(door))["ttlMs"] == 30_000
    door.calendar.advance(590)
    assert 5_000 < (await listed(door))["ttlMs"] <= 10_000
    assert (await listed(door, server="open"))["ttlMs"] == 60_000


async def test_a_list_is_not_shown_while_nobody_knows_what_is_open(door: Gateway) -> None:
    with door.grants.down():
        answer = await door.send(request("tools/list"))
        assert (answer.status, message(answer)["error"]["code"]) == (503, Reason.GRANTS_UNAVAILABLE.wire.code)
        assert (await door.send(request("tools/list"), server="open")).status == 200
        assert "result" in message(await door.call())


async def test_a_hidden_tool_is_refused_as_an_unknown_one_is(door: Gateway, upstream: Upstream) -> None:
    for modern in (False, True):
        hidden, unknown = await door.call(HIDDEN, modern=modern), await door.call("no_such_tool", modern=modern)
        assert (hidden.status, hidden.headers, hidden.body) == (unknown.status, unknown.headers, unknown.body)
        assert message(hidden)["error"]["code"] == -32602
    assert upstream.seen == upstream.listed == []
    assert set(door.evidence.events()) == {"refused/target_hidden"}
    assert door.evidence.of_calls()[0]["rules"] == "desk"
    await grant(door, kind="desk")
    assert "result" in message(await door.call(HIDDEN))


async def test_a_tool_that_lists_show_is_refused_with_where_to_ask(door: Gateway) -> None:
    assert "isError" in message(await door.call(SHOWN))["result"]


async def test_a_hidden_tool_is_unknown_too_where_a_condition_refuses_it(door: Gateway) -> None:
    never = door.policy_file.read_text().replace("require: {grant: desk}", 'when: "false"\n    require: {grant: desk}')
    door.policy_file.write_text(never)
    assert message(await door.call(HIDDEN))["error"]["code"] == -32602
    await grant(door, kind="desk")
    assert message(await door.call(HIDDEN))["error"]["code"] == Reason.DENIED.wire.code


async def test_nobody_is_told_of_a_hidden_resource(door: Gateway, upstream: Upstream) -> None:
    text = door.policy_file.read_text().replace("tools: [read_vault]", 'resources: ["vault://*"]')
    door.policy_file.write_text(text)
    refused = await listen(door, resourceSubscriptions=["vault://1"])
    assert message(refused)["error"]["code"] == -32602
    await grant(door, kind="desk")
    upstream.answer = events(ACKNOWLEDGED, then="hangs")
    answer = await listen(door, resourceSubscriptions=["vault://1"])
    await chunk(answer)
    await leave(answer)


async def test_a_client_of_the_legacy_era_that_listens_is_told_once_of_each_change(
    door: Gateway, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.relay.KEEP_ALIVE", 0.2)
    upstream.answer = events(b": hello\n\n", then="hangs")
    answer = await door.request("GET", b"")
    async with asyncio.timeout(PATIENCE):
        assert await chunk(answer) == ":\n\n"
        held = await grant(door, kind="desk")
        assert await chunk(answer) == f'event: message\ndata: {{"jsonrpc":"2.0","method":"{CHANGED}"}}\n\n'
        await end(door, held)
        assert CHANGED in await chunk(answer)
        assert await chunk(answer) == ":\n\n"  # ten looks later
        await grant(door, kind="desk")
        assert CHANGED in await chunk(answer)
        door.calendar.advance(600)
        assert CHANGED in await chunk(answer)
        await leave(answer)


async def test_a_modern_client_is_told_if_it_asked_and_by_the_name_of_its_subscription(
    door: Gateway, upstream: Upstream
) -> None:
    upstream.answer = events(ACKNOWLEDGED, then="hangs")
    answer = await listen(door, toolsListChanged=True, promptsListChanged=True)
    async with asyncio.timeout(PATIENCE):
        acknowledged = await chunk(answer)
        assert '"notifications":{"promptsListChanged":true,"toolsListChanged":true}' in acknowledged
        await grant(door, kind="desk")
        told = await chunk(answer)
        assert f'"method":"{CHANGED}"' in told
        assert '"params":{"_meta":{"io.modelcontextprotocol/subscriptionId":7}}' in told
        await leave(answer)


async def test_m16_nobody_is_told_before_the_subscription_is_acknowledged(
    door: Gateway, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.relay.KEEP_ALIVE", 0.2)
    go = asyncio.Event()
    upstream.answer = paused(events(b": hello\n\n", ACKNOWLEDGED, then="hangs"), go)
    answer = await listen(door, toolsListChanged=True)
    async with asyncio.timeout(PATIENCE):
        await chunk(answer)
        await grant(door, kind="desk")
        assert await chunk(answer) == ":\n\n"  # ten looks later
        go.set()
        assert "acknowledged" in await chunk(answer)
        assert CHANGED in await chunk(answer)
        await leave(answer)


@pytest.mark.parametrize("wanted", [{}, {"promptsListChanged": True}, {"toolsListChanged": "yes"}])
async def test_m16_who_did_not_ask_is_not_told(
    door: Gateway, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, Any]
) -> None:
    monkeypatch.setattr("gateway.relay.KEEP_ALIVE", 0.2)
    upstream.answer = events(ACKNOWLEDGED, then="hangs")
    answer = await listen(door, **wanted)
    async with asyncio.timeout(PATIENCE):
        assert "toolsListChanged" not in await chunk(answer)
        await grant(door, kind="desk")
        assert await chunk(answer) == ":\n\n"
        await leave(answer)


async def test_on_a_server_where_nothing_is_hidden_nobody_looks(
    door: Gateway, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.relay.KEEP_ALIVE", 0.2)
    upstream.answer = events(b": hello\n\n", then="hangs")
    with door.grants.down():
        answer = await door.request("GET", b"", server="open")
        async with asyncio.timeout(PATIENCE):
            assert [await chunk(answer), await chunk(answer)] == [":\n\n", ":\n\n"]
            await leave(answer)


async def test_a_store_that_fails_for_a_while_is_no_change(
    door: Gateway, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.relay.KEEP_ALIVE", 0.2)
    upstream.answer = events(b": hello\n\n", then="hangs")
    await grant(door, kind="desk")
    answer = await door.request("GET", b"")
    async with asyncio.timeout(PATIENCE):
        await chunk(answer)
        with door.grants.down():
            assert await chunk(answer) == ":\n\n"
        assert await chunk(answer) == ":\n\n"
        await leave(answer)


async def test_the_gateway_says_of_itself_that_it_tells_of_changes(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = result({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}, "prompts": {}}})
    params = {"protocolVersion": "2025-11-25", "capabilities": {}}
    for server, expected in (("records", {"listChanged": True}), ("open", {})):
        begun = message(await door.send(request("initialize", params), server=server))["result"]
        assert begun["capabilities"] == {"tools": expected, "prompts": {}}
    upstream.answer = result({"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {"listChanged": False}}})
    headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": "server/discover"}
    found = message(await door.send(request("server/discover", {"_meta": MODERN_META}), **headers))["result"]
    assert found["capabilities"]["tools"] == {"listChanged": True}


async def test_a_list_on_a_resumed_stream_follows_access_too(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = events({"jsonrpc": "2.0", "id": 5, "result": LISTED})
    assert HIDDEN not in await rest(await door.request("GET", b"", last_event_id="1"))
    await grant(door, kind="desk")
    assert HIDDEN in await rest(await door.request("GET", b"", last_event_id="1"))
