"""Whole calls that are refused: the right status and error, a record, nothing forwarded, nothing leaked."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from devhost.accounts import ACCOUNTS
from gateway.inbound import MAX_TARGET
from gateway.policy.source import PolicySource
from gateway.record import BURST
from tests.fakes.evidence import Fault
from tests.fakes.upstream import Upstream, serving, text_result
from tests.gateway.test_authenticate import WRONG
from tests.walk.rooms import Gateway, gateway, message, request


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(text_result("reached")) as running:
        yield running


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, upstream.url) as opened:
        yield opened
    assert upstream.seen == []


CALL = request("tools/call", {"name": "get_customer"})

BAD_BODIES: dict[str, tuple[Any, dict[str, str], int, int, Any, str]] = {
    # name: body, headers, status, code, id, reason on record
    "not JSON": (b"{", {}, 400, -32700, None, "not_json"),
    "batch": ([CALL], {}, 400, -32600, None, "batch"),
    "duplicate keys": (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', {}, 400, -32700, None, "not_json"),
    "5 MB": (b" " * 5_000_000, {}, 413, -32600, None, "body_too_large"),
    "10,000 deep": (b"[" * 10_000 + b"]" * 10_000, {}, 400, -32700, None, "not_json"),
    "wrong jsonrpc": (CALL | {"jsonrpc": "1.0"}, {}, 400, -32600, 7, "not_json_rpc"),
    "unknown method": (CALL | {"method": "tools/destroy"}, {}, 200, -32601, 7, "method_unknown"),
    "unknown method, modern": (
        request("tools/destroy", {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28",
                                            "io.modelcontextprotocol/clientCapabilities": {}}}),
        {"mcp_protocol_version": "2026-07-28", "mcp_method": "tools/destroy"}, 404, -32601, 7, "method_unknown",
    ),
    "header and body disagree": (
        request("tools/call", {"name": "get_customer", "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {}}}),
        {"mcp_protocol_version": "2026-07-28", "mcp_method": "tools/call", "mcp_name": "delete_customer"},
        400, -32020, 7, "header_mismatch",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_BODIES)
async def test_a_bad_body_is_refused_and_recorded(door: Gateway, name: str) -> None:
    body, headers, status, code, identifier, reason = BAD_BODIES[name]
    answer = await door.send(body, **headers)
    assert answer.status == status
    assert (message(answer)["error"]["code"], message(answer)["id"]) == (code, identifier)
    assert door.evidence.events() == [f"refused/{reason}"]


@pytest.mark.parametrize("name", [name for name in WRONG if name != "no kid"])
async def test_a_wrong_token_is_refused_and_recorded_and_shown_to_nobody(door: Gateway, name: str) -> None:
    token, reason = WRONG[name]
    # The tenant of that table has keys of its own; this gateway must believe the same ones.
    from tests.gateway.test_authenticate import TENANT_FAKE  # noqa: PLC0415

    door.tenant.issuer = TENANT_FAKE.issuer
    answer = await door.send(CALL, token=None, **({"authorization": f"Bearer {token}"} if token else {}))
    assert answer.status == reason.wire.http
    assert answer.status in (401, 403)
    assert (message(answer)["id"], message(answer)["error"]["message"]) == (7, reason.wire.sentence)
    assert door.evidence.events() == [f"refused/{reason.name.lower()}"]
    assert token is None or token not in str(door.evidence.rows)


async def test_a_caller_without_a_rule_is_refused_and_recorded_by_object_id(door: Gateway) -> None:
    answer = await door.call(token="outsider")
    assert answer.status == 403
    [row] = door.evidence.of_calls()
    assert (row["reason"], row["subject"]) == ("no_access", ACCOUNTS["outsider"].object_id)


async def test_an_unknown_server_is_refused(door: Gateway) -> None:
    answer = await door.call(server="nobody")
    assert (answer.status, message(answer)["id"]) == (404, 7)
    assert door.evidence.events() == ["refused/server_unknown"]


async def test_an_unknown_servers_name_is_masked_in_the_record(door: Gateway) -> None:
    await door.call(server="mary@shop.example")
    assert "mary@shop.example" not in str(door.evidence.rows)


async def test_a_hidden_tool_is_refused_as_an_unknown_one(door: Gateway) -> None:
    hidden = message(await door.call("delete_customer"))
    invented = message(await door.call("no_such_tool"))
    assert hidden == invented
    assert hidden["error"]["code"] == -32602
    assert door.evidence.events() == ["refused/target_hidden"] * 2


async def test_a_tool_name_with_personal_data_is_masked_in_the_record(door: Gateway) -> None:
    await door.call("mary@shop.example")
    assert "mary@shop.example" not in str(door.evidence.rows)


async def test_a_long_tool_name_leaves_a_small_record_and_one_of_a_megabyte_is_not_in_it(door: Gateway) -> None:
    for name in ("x" * MAX_TARGET, "x" * 1_000_000):
        assert message(await door.call(name))["error"]["code"] == -32602
    long, longer = door.evidence.of_calls()
    assert max(len(str(row["body"])) for row in (long, longer)) < 4000
    assert f"({MAX_TARGET} characters, sha256 " in str(long["target"])
    assert (longer["reason"], "target" in longer) == ("params_invalid", False)


async def test_a_call_whose_grant_is_not_open_is_refused(door: Gateway) -> None:
    assert message(await door.call("restart_host"))["result"]["isError"] is True
    assert door.evidence.events() == ["refused/grant_needed"]


async def test_without_evidence_no_call_is_forwarded(door: Gateway) -> None:
    with door.evidence.down():
        answer = await door.call()
    assert (answer.status, message(answer)["error"]["code"]) == (503, 50303)
    assert answer.headers["retry-after"]
    assert door.evidence.rows == {}
    assert door.rooms.recorder.failures == 3  # the policy's loading, the gateway's own list, and the refusal


async def test_without_evidence_no_list_is_forwarded_either(door: Gateway) -> None:
    with door.evidence.down():
        assert (await door.send(request("tools/list"))).status == 503


async def test_a_store_that_fails_although_it_wrote_forwards_nothing(door: Gateway) -> None:
    door.evidence.faults = [None, None, Fault.FAILS_BUT_IS_WRITTEN]  # policy, own list, intent
    assert (await door.call()).status == 503
    assert door.evidence.events() == ["intent/allowed"]


async def test_without_identity_keys_nobody_gets_in(door: Gateway) -> None:
    token = door.tenant.token()
    door.tenant.reachable = False
    assert (await door.call(token=token)).status == 503
    assert door.evidence.events() == ["refused/identity_unavailable"]


async def test_without_a_credential_nothing_is_forwarded_and_the_failure_is_on_record(door: Gateway) -> None:
    del door.secrets["records-token"]
    answer = await door.call()
    assert answer.status == 502
    assert door.evidence.events() == ["refused/credential_unavailable"]
    await door.send(request("resources/read", {"uri": "customer://1"}))
    assert door.evidence.events()[1:] == ["intent/allowed", "outcome/credential_unavailable"]


async def test_without_the_key_of_digests_and_tokens_nothing_is_forwarded(door: Gateway) -> None:
    del door.secrets["session-key"]
    assert message(await door.call())["error"]
    assert door.evidence.events() == ["refused/session_key_unavailable"]


async def test_a_secret_that_does_not_fit_a_header_is_not_sent(door: Gateway) -> None:
    door.secrets["records-token"] = "a\r\nx-injected: 1"
    assert (await door.call()).status == 502
    assert "injected" not in str(door.evidence.rows)


async def test_without_a_policy_nothing_is_allowed(door: Gateway, tmp_path: Path) -> None:
    door.policy_file.write_text("version: [")
    answer = await door.call()
    assert (answer.status, message(answer)["error"]["code"]) == (503, 50302)


async def test_the_policy_in_force_and_a_rejected_one_are_on_record(door: Gateway) -> None:
    await door.call("no_such_tool")
    [loaded] = [row for row in door.evidence.rows.values() if row["event"] == "policy"]
    assert (loaded["outcome"], len(str(loaded["policy"]))) == ("loaded", 64)
    object.__setattr__(door.rooms, "policy", PolicySource(door.policy_file))
    door.policy_file.write_text("version: [")
    await door.call("no_such_tool")
    [_, rejected] = [row for row in door.evidence.rows.values() if row["event"] == "policy"]
    assert rejected["outcome"] == "rejected"
    assert "line 2" in str(rejected["body"])


async def test_a_policy_change_that_the_store_missed_is_recorded_later(door: Gateway) -> None:
    with door.evidence.down():
        await door.call("no_such_tool")
    await door.call("no_such_tool")
    assert [row["event"] for row in door.evidence.rows.values()] == ["policy", "refused"]


async def test_a_flood_without_tokens_does_not_flood_the_evidence(door: Gateway) -> None:
    for _ in range(BURST + 100):
        assert (await door.send(CALL, token=None)).status == 401
    assert len(door.evidence.of_calls()) == BURST
    assert door.rooms.recorder.omitted == 100
    door.clock.advance(5)
    await door.send(CALL, token=None)
    assert json.loads(str(door.evidence.of_calls()[-1]["body"]))["omitted"] == 100
    assert door.rooms.recorder.omitted == 0


async def test_what_a_flood_left_out_is_still_known_after_the_store_failed(door: Gateway) -> None:
    for _ in range(BURST + 10):
        await door.send(CALL, token=None)
    door.clock.advance(5)
    with door.evidence.down():
        assert (await door.send(CALL, token=None)).status == 401
    assert door.rooms.recorder.omitted == 11


async def test_an_unforeseen_error_is_an_internal_error_on_record_without_its_text(door: Gateway) -> None:
    class Broken:
        async def current(self) -> None:
            raise RuntimeError("mary@shop.example")

    object.__setattr__(door.rooms, "policy", Broken())
    answer = await door.call()
    assert (answer.status, message(answer)["error"]["code"]) == (500, -32603)
    assert door.evidence.events() == ["refused/internal"]
    assert "mary" not in str(door.evidence.rows) + str(answer.body)
