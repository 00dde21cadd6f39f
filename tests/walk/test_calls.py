"""Whole calls that are allowed: what reaches the upstream, what comes back, what is on record."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.responses import Response

from devhost.accounts import ACCOUNTS
from tests.fakes.upstream import Seen, Upstream, events, raw, result, serving, status, text_result
from tests.walk.rooms import Gateway, gateway, message, messages, request

INITIALIZED = {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {"name": "s", "version": "1"}}
MARY = {"content": [{"type": "text", "text": "mary@shop.example, 219-09-9999"}], "structuredContent": {"salary": 91000}}


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(result(MARY)) as running:
        yield running


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, upstream.url) as opened:
        yield opened


@pytest.mark.parametrize("modern", [False, True])
async def test_a_call_is_recorded_forwarded_with_the_vaults_credential_masked_and_answered(
    door: Gateway, upstream: Upstream, modern: bool
) -> None:
    token = door.tenant.token()
    answer = await door.call(modern=modern, token=token)
    assert answer.status == 200
    assert message(answer)["id"] == 7
    assert "mary@shop.example" not in str(answer.body)
    assert "219-09-9999" not in str(answer.body)
    assert message(answer)["result"]["structuredContent"] == {"salary": 0}
    [seen] = upstream.seen
    assert seen.headers["authorization"] == "Bearer vault-token-1"
    assert token not in str(seen)
    assert seen.body["params"]["name"] == "get_customer"
    assert door.evidence.events() == ["intent/allowed", "outcome/succeeded"]


async def test_intent_and_outcome_say_who_what_where_by_which_rule_and_what_was_hidden(door: Gateway) -> None:
    await door.call()
    intent, outcome = door.evidence.of_calls()
    for row in (intent, outcome):
        assert row["subject"] == ACCOUNTS["engineer"].object_id
        assert (row["server"], row["method"], row["target"]) == ("records", "tools/call", "get_customer")
        assert (row["rules"], row["source"], row["kind"]) == ("engineers", "203.0.113.9", "user")
        assert len(str(row["policy"])) == 64
        assert len(str(row["definition"])) == 64
    assert intent["call"] == outcome["call"]
    assert '"hidden":3' in str(outcome["body"])
    assert "personal/email:redact=1" in str(outcome["body"])
    assert "mary@shop.example" not in str(door.evidence.rows)
    assert "91000" not in str(door.evidence.rows)


async def test_the_evidence_is_there_before_the_upstream_is_called(door: Gateway, upstream: Upstream) -> None:
    recorded: list[list[str]] = []

    def answer(seen: Seen) -> Response:
        recorded.append(door.evidence.events())
        return text_result("hi")(seen)

    upstream.answer = answer
    await door.call()
    assert recorded == [["intent/allowed"]]


async def test_members_of_a_clear_group_see_clear_values(door: Gateway) -> None:
    groups = [*ACCOUNTS["engineer"].group_ids, *ACCOUNTS["approver2"].group_ids]
    answer = await door.call(token=door.tenant.token(groups=groups))
    assert "mary@shop.example" in str(answer.body)


async def test_a_server_without_a_credential_gets_none(door: Gateway, upstream: Upstream) -> None:
    await door.call(server="open")
    assert "authorization" not in upstream.seen[0].headers


async def test_a_list_loses_what_the_caller_may_not_use(door: Gateway, upstream: Upstream) -> None:
    tools = [{"name": "get_customer"}, {"name": "delete_customer"}, {"name": "issue_refund"}]
    upstream.answer = result({"tools": tools, "nextCursor": "mary@shop.example", "cacheScope": "public"})
    listed = message(await door.send(request("tools/list")))["result"]
    assert [tool["name"] for tool in listed["tools"]] == ["get_customer", "issue_refund"]
    assert listed["cacheScope"] == "private"
    assert door.evidence.events() == ["relayed/allowed"]


async def test_a_rotated_credential_is_read_once_again(door: Gateway, upstream: Upstream) -> None:
    await door.call()
    upstream.answer = lambda seen: (
        text_result("in") if seen.headers["authorization"] == "Bearer vault-token-2" else status(401)
    )(seen)
    door.secrets["records-token"] = "vault-token-2"
    door.clock.advance(60)
    assert (await door.call()).status == 200
    assert [seen.headers["authorization"][-1] for seen in upstream.seen] == ["1", "1", "2"]


async def test_an_upstream_that_goes_on_refusing_is_an_error_and_not_a_flood(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = status(401, **{"www-authenticate": "Bearer realm=upstream", "set-cookie": "a=b"})
    for _ in range(3):
        answer = await door.call()
        assert answer.status == 502
        assert "www-authenticate" not in answer.headers
        assert "set-cookie" not in answer.headers
    assert len(upstream.seen) == 3
    assert door.evidence.events()[-1] == "outcome/upstream_unauthorized"


async def test_one_callers_upstream_cookie_is_not_sent_with_the_next_call(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = lambda seen: _with_cookie(text_result("hi")(seen))
    await door.call()
    await door.call(token="pipeline")
    await door.call()
    assert all("cookie" not in seen.headers for seen in upstream.seen)


def _with_cookie(response: Response) -> Response:
    response.set_cookie("session", "of-the-first-caller")
    return response


async def begin(door: Gateway, upstream: Upstream, **options: str) -> str:
    """A legacy session, begun; gives the id that the client holds."""
    upstream.answer = lambda seen: _with_session(result(INITIALIZED)(seen))
    answer = await door.send(request("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}}), **options)
    return answer.headers["mcp-session-id"]


async def test_a_legacy_session_is_carried_both_ways_under_a_sealed_id(door: Gateway, upstream: Upstream) -> None:
    held = await begin(door, upstream)
    assert "upstream-session" not in held
    upstream.answer = lambda seen: _with_session(status(202)(seen))
    answer = await door.send({"jsonrpc": "2.0", "method": "notifications/initialized"}, mcp_session_id=held)
    assert (answer.status, answer.body, answer.headers["mcp-session-id"]) == (202, b"", held)
    assert upstream.seen[-1].headers["mcp-session-id"] == "upstream-session"
    upstream.answer = status(404)
    assert (await door.call(mcp_session_id=held)).status == 404
    sessions = {session for session, _ in door.evidence.rows if not session.endswith("policy")}
    assert len(sessions) == 2  # the sign-in's, for initialize, and the MCP session's


async def test_a_stolen_session_id_is_not_found_by_another_caller_and_on_record(
    door: Gateway, upstream: Upstream
) -> None:
    held = await begin(door, upstream)
    seen = len(upstream.seen)
    thief = door.tenant.token(oid="0b1ec700-0000-4000-8000-00000000dead")
    answer = await door.call(token=thief, mcp_session_id=held)
    assert (answer.status, message(answer)["id"]) == (404, 7)
    assert len(upstream.seen) == seen
    assert door.evidence.events()[-1] == "refused/session_ended"
    assert door.evidence.of_calls()[-1]["subject"] == "0b1ec700-0000-4000-8000-00000000dead"


async def test_a_session_id_means_nothing_in_the_modern_era(door: Gateway, upstream: Upstream) -> None:
    assert (await door.call(modern=True, mcp_session_id="anything", last_event_id="1")).status == 200
    assert "mcp-session-id" not in upstream.seen[-1].headers
    assert "last-event-id" not in upstream.seen[-1].headers


async def test_without_the_session_key_no_session_begins(door: Gateway, upstream: Upstream) -> None:
    del door.secrets["session-key"]
    answer = await door.send(request("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}}))
    assert answer.status == 503
    assert upstream.seen == []


def _with_session(response: Response) -> Response:
    response.headers["mcp-session-id"] = "upstream-session"
    return response


async def test_a_client_ends_its_session(door: Gateway, upstream: Upstream) -> None:
    held = await begin(door, upstream)
    upstream.answer = status(200)
    assert (await door.request("DELETE", b"", mcp_session_id=held)).status == 200
    assert upstream.seen[-1].http_method == "DELETE"


async def test_a_json_rpc_error_of_the_upstream_is_masked_and_keeps_its_status(
    door: Gateway, upstream: Upstream
) -> None:
    error = {"code": -32602, "message": "no customer mary@shop.example", "data": {"salary": 5}}
    upstream.answer = status(400, {"jsonrpc": "2.0", "id": 7, "error": error})
    answer = await door.call(modern=True)
    assert answer.status == 400
    assert message(answer)["error"]["code"] == -32602
    assert message(answer)["error"]["data"] == {"salary": 0}
    assert "mary" not in str(answer.body)
    assert door.evidence.events()[-1] == "outcome/server_error"


async def test_a_tool_that_reports_an_error_is_recorded_as_such(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = result({"content": [], "isError": True})
    await door.call()
    assert door.evidence.events()[-1] == "outcome/tool_error"


async def test_an_answer_with_what_the_policy_blocks_is_withheld(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = text_result("card 4111 1111 1111 1111")
    answer = await door.call()
    assert message(answer)["error"]["code"] == 40306
    assert "4111" not in str(answer.body)
    assert door.evidence.events()[-1] == "outcome/blocked"


async def test_numbers_and_key_order_of_an_answer_stay_as_they_were(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = raw(b'{"jsonrpc":"2.0","id":7,"result":{"z":1.10,"a":1e3,"m":12345678901234567890}}')
    answer = await door.call()
    assert answer.body == b'{"jsonrpc":"2.0","id":7,"result":{"z":1.10,"a":1e3,"m":12345678901234567890}}'


async def test_a_streamed_answer_is_masked_event_by_event(door: Gateway, upstream: Upstream) -> None:
    progress = {"progressToken": 1, "progress": 1, "message": "asked mary@shop.example"}
    note = {"jsonrpc": "2.0", "method": "notifications/progress", "params": progress}
    upstream.answer = events(note, {"jsonrpc": "2.0", "id": ..., "result": MARY})
    answer = await door.call()
    assert answer.headers["content-type"] == "text/event-stream"
    first, last = await messages(answer)
    assert first["params"]["progress"] == 1
    assert last["id"] == 7
    assert "mary" not in str([first, last])
    assert door.evidence.events() == ["intent/allowed", "outcome/succeeded"]


async def test_a_listening_stream_is_relayed_with_its_resume_position(door: Gateway, upstream: Upstream) -> None:
    held = await begin(door, upstream)
    upstream.answer = events(b'id: 9\ndata: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n')
    answer = await door.request("GET", b"", mcp_session_id=held, last_event_id="8")
    assert [note["method"] for note in await messages(answer)] == ["notifications/tools/list_changed"]
    assert upstream.seen[-1].headers["last-event-id"] == "8"
    assert door.evidence.events() == ["relayed/allowed"] * 2
