"""Upstreams that are down, slow or lying: a clear error, a record, no hang, no leak."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response

from gateway import forward, sse
from gateway.answer import Answer
from tests.fakes.evidence import Fault
from tests.fakes.upstream import Hanging, Seen, Upstream, events, raw, result, serving, status, text_result
from tests.walk.rooms import Gateway, gateway, message, messages, request

PATIENCE = 5
"""Seconds after which a test counts as hanging."""
READ = request("resources/read", {"uri": "customer://1"})


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(text_result("hi")) as running:
        yield running


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, upstream.url, read="200ms") as opened:
        yield opened


def response(**fields: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 7, "result": {}} | fields


LIES: dict[str, tuple[Callable[[Seen], Response], int, str]] = {
    "bad JSON": (raw(b'{"jsonrpc": mary@shop.example'), 502, "upstream_malformed"),
    "not UTF-8": (raw(b"\xff\xfe"), 502, "upstream_malformed"),
    "wrong content type": (raw(b"<html>mary@shop.example</html>", "text/html"), 502, "upstream_malformed"),
    "no body": (status(200), 502, "upstream_malformed"),
    "accepted without an answer": (status(202), 502, "upstream_malformed"),
    "another id": (status(200, response(id=8)), 502, "upstream_malformed"),
    "the id as text": (status(200, response(id="7")), 502, "upstream_malformed"),
    "the id as a float": (raw(b'{"jsonrpc":"2.0","id":7.0,"result":{}}'), 502, "upstream_malformed"),
    "result and error": (status(200, response(error={})), 502, "upstream_malformed"),
    "neither": (status(200, {"jsonrpc": "2.0", "id": 7}), 502, "upstream_malformed"),
    "a result that is no object": (status(200, response(result=[])), 502, "upstream_malformed"),
    "an array": (status(200, [response()]), 502, "upstream_malformed"),
    "compressed": (raw(b"\x1f\x8b", **{"content-encoding": "gzip"}), 502, "upstream_malformed"),
    "redirect": (status(307, None, location="http://127.0.0.1:1/elsewhere"), 502, "upstream_malformed"),
    "forbidden": (status(403), 502, "upstream_unauthorized"),
    "internal error": (status(500), 502, "upstream_rejected"),
    "bad request in words": (status(400, "no"), 400, "upstream_bad_request"),
    "too deep": (
        raw(b'{"jsonrpc":"2.0","id":7,"result":' + b"[" * 9000 + b"]" * 9000 + b"}"),
        502,
        "upstream_malformed",
    ),
    "silent": (lambda _: Hanging(), 504, "upstream_timeout"),
}


@pytest.mark.parametrize("name", LIES)
async def test_an_answer_that_is_none_becomes_a_clear_error_on_record(
    door: Gateway, upstream: Upstream, name: str
) -> None:
    upstream.answer, expected, reason = LIES[name]
    async with asyncio.timeout(PATIENCE):
        answer = await door.call(server="open")
    assert answer.status == expected
    assert message(answer)["id"] == 7
    assert "mary" not in str(answer.body)
    assert door.evidence.events() == ["intent/allowed", f"outcome/{reason}"]


async def test_an_id_that_is_only_equal_in_python_is_another_id(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = status(200, response(id=True))
    answer = await door.send(request("tools/call", {"name": "get_customer"}, 1), server="open")
    assert answer.status == 502


async def test_a_failure_that_cannot_be_recorded_says_that_the_outcome_is_unknown(
    door: Gateway, upstream: Upstream
) -> None:
    await door.call(server="open")
    upstream.answer = lambda _: Hanging()
    door.evidence.faults = [None, Fault.FAILS_AND_IS_NOT_WRITTEN]  # intent, outcome
    answer = await door.call(server="open")
    assert message(answer)["error"]["code"] == 50304


async def test_an_upstream_that_is_down_is_unreachable(tmp_path: Path) -> None:
    async with gateway(tmp_path, "http://127.0.0.1:9/mcp") as door:
        answer = await door.send(READ, server="open")
    assert answer.status == 502
    assert door.evidence.events() == ["intent/allowed", "outcome/upstream_unreachable"]


async def test_a_huge_answer_is_not_read_to_its_end(
    door: Gateway, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forward, "MAX_ANSWER", 100_000)
    upstream.answer = text_result("x" * 200_000)
    assert (await door.call(server="open")).status == 502
    assert door.evidence.events()[-1] == "outcome/upstream_too_large"


STREAMS: dict[str, tuple[Callable[[Seen], Response], str]] = {
    "ends without an answer": (events(b": hello\n\n"), "upstream_broke_off"),
    "breaks": (events(b": hello\n\n", then="breaks"), "upstream_broke_off"),
    "falls silent": (events(b": hello\n\n", then="hangs"), "upstream_timeout"),
    "is not JSON": (events(b"data: mary@shop.example\n\n"), "upstream_malformed"),
    "is a batch": (events(b"data: [1]\n\n"), "upstream_malformed"),
    "answers another request": (events({"jsonrpc": "2.0", "id": 8, "result": {}}), "upstream_malformed"),
    "is not UTF-8": (events(b"data: \xff\n\n"), "upstream_malformed"),
    "holds what is blocked": (
        events({"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": "4111 1111 1111 1111"}}),
        "blocked",
    ),
}


@pytest.mark.parametrize("name", STREAMS)
async def test_a_stream_that_goes_wrong_ends_with_a_json_rpc_error_on_record(
    door: Gateway, upstream: Upstream, name: str
) -> None:
    upstream.answer, reason = STREAMS[name]
    async with asyncio.timeout(PATIENCE):
        *_, last = await messages(await door.call())
    assert last["id"] == 7
    assert last["error"]["message"].endswith(".")
    assert "mary" not in str(last)
    assert door.evidence.events() == ["intent/allowed", f"outcome/{reason}"]


async def test_an_event_over_the_limit_ends_the_stream(
    door: Gateway, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT", 1000)
    upstream.answer = events({"jsonrpc": "2.0", "id": ..., "result": {"a": "x" * 2000}})
    [last] = await messages(await door.call())
    assert last["error"]["code"] == 50206


async def test_nothing_after_the_answer_is_handed_on(door: Gateway, upstream: Upstream) -> None:
    answer = {"jsonrpc": "2.0", "id": ..., "result": {}}
    upstream.answer = events(answer, answer, {"jsonrpc": "2.0", "method": "notifications/late"})
    assert len(await messages(await door.call())) == 1
    assert door.evidence.events() == ["intent/allowed", "outcome/succeeded"]


async def test_a_stream_that_may_be_resumed_ends_without_an_error(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = events(b"id: 1\ndata:\n\n")
    assert await messages(await door.call()) == []
    assert door.evidence.events() == ["intent/allowed", "outcome/detached"]


async def test_an_outcome_that_cannot_be_recorded_withholds_the_answer(door: Gateway) -> None:
    door.evidence.faults = [None, None, None, Fault.FAILS_AND_IS_NOT_WRITTEN]  # policy, own list, intent, outcome
    answer = await door.call()
    assert answer.status == 503
    assert message(answer)["error"]["code"] == 50304
    assert "hi" not in message(answer)


async def test_an_outcome_that_cannot_be_recorded_withholds_a_streamed_answer(
    door: Gateway, upstream: Upstream
) -> None:
    upstream.answer = events({"jsonrpc": "2.0", "id": ..., "result": {"a": "hi"}})
    door.evidence.faults = [None, None, None, Fault.FAILS_AND_IS_NOT_WRITTEN]  # policy, own list, intent, outcome
    [last] = await messages(await door.call())
    assert last["error"]["code"] == 50304


async def leave(answer: Answer) -> None:
    """The client takes the first event and goes."""
    assert not isinstance(answer.body, bytes)
    await anext(answer.body)
    await answer.body.aclose()


async def test_a_client_that_leaves_cancels_the_upstream_and_is_on_record(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = events(b": hello\n\n", then="hangs")
    await leave(await door.call(modern=True))
    async with asyncio.timeout(PATIENCE):
        await upstream.seen[0].left.wait()
        await door.evidence.wait_for("outcome/cancelled")


async def test_a_client_that_has_gone_before_the_first_event_is_on_record(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = events(b": hello\n\n", then="hangs")
    answer = await door.call()
    del answer
    async with asyncio.timeout(PATIENCE):
        await upstream.seen[0].left.wait()
        await door.evidence.wait_for("outcome/cancelled")


async def test_progress_arrives_while_the_tool_still_runs(door: Gateway, upstream: Upstream) -> None:
    note = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 1, "progress": 1}}
    upstream.answer = events(note, then="hangs")
    answer = await door.call()
    assert not isinstance(answer.body, bytes)
    async with asyncio.timeout(PATIENCE):
        assert b'"progress":1' in await anext(answer.body)
    await answer.body.aclose()


async def test_a_fault_while_masking_a_stream_is_an_error_and_not_an_answer(
    door: Gateway, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream.answer = events({"jsonrpc": "2.0", "id": ..., "result": {"a": "hi"}})
    answer = await door.call()
    monkeypatch.setattr("gateway.relay.settle", None)
    [last] = await messages(answer)
    assert last["error"]["code"] == -32603
    assert door.evidence.events() == ["intent/allowed", "outcome/internal"]


async def test_results_of_both_kinds_are_told_apart(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = result({"resultType": "input_required", "inputRequests": {}, "requestState": "s"})
    answer = await door.call(modern=True)
    assert message(answer)["result"]["requestState"] == "s"
    assert door.evidence.events()[-1] == "outcome/input_required"


async def test_m15_a_modern_client_that_leaves_while_it_waits_cancels_the_upstream(
    door: Gateway, upstream: Upstream
) -> None:
    upstream.answer = lambda seen: Hanging()
    door.gone = asyncio.Event()
    call = asyncio.create_task(door.call(modern=True, server="open"))
    async with asyncio.timeout(PATIENCE):
        await door.evidence.wait_for("intent/allowed")
        door.gone.set()
        await call
    assert door.evidence.events() == ["intent/allowed", "outcome/client_gone"]
    assert door.evidence.of_calls()[-1]["outcome"] == "cancelled"


async def test_l7_a_legacy_client_that_leaves_cancels_nothing(door: Gateway) -> None:
    door.gone = asyncio.Event()
    door.gone.set()
    assert (await door.call()).status == 200
    assert door.evidence.events() == ["intent/allowed", "outcome/succeeded"]


async def test_a_client_that_stays_is_answered(door: Gateway) -> None:
    door.gone = asyncio.Event()
    assert (await door.call(modern=True)).status == 200


async def test_a_silent_stream_is_kept_alive(
    door: Gateway, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.relay.KEEP_ALIVE", 0.01)
    upstream.answer = events(b'data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n', then="hangs")
    answer = await door.request("GET", b"")
    assert not isinstance(answer.body, bytes)
    async with asyncio.timeout(PATIENCE):
        assert b"list_changed" in await anext(answer.body)
        assert await anext(answer.body) == b":\n\n"
        assert await anext(answer.body) == b":\n\n"
    await answer.body.aclose()


async def test_a_list_that_comes_on_a_resumed_stream_is_filtered_too(door: Gateway, upstream: Upstream) -> None:
    tools = [{"name": "get_customer"}, {"name": "delete_customer"}]
    upstream.answer = events({"jsonrpc": "2.0", "id": 5, "result": {"tools": tools}})
    [listed] = await messages(await door.request("GET", b"", last_event_id="1"))
    assert listed["result"]["tools"] == [{"name": "get_customer"}]


async def test_an_answer_that_comes_on_a_resumed_stream_has_its_outcome_on_record_first(
    door: Gateway, upstream: Upstream
) -> None:
    answered = {"jsonrpc": "2.0", "id": 5, "result": {"content": [{"type": "text", "text": "mary@shop.example"}]}}
    upstream.answer = events(answered)
    [resumed] = await messages(await door.request("GET", b"", last_event_id="1"))
    assert resumed["id"] == 5
    assert door.evidence.events() == ["relayed/allowed", "outcome/succeeded"]
    assert '"request":"5"' in str(door.evidence.of_calls()[-1]["body"])
    assert '"hidden":1' in str(door.evidence.of_calls()[-1]["body"])
    answer = await door.request("GET", b"", last_event_id="1")
    door.evidence.faults = [Fault.FAILS_AND_IS_NOT_WRITTEN]
    [withheld] = await messages(answer)
    assert (withheld["id"], withheld["error"]["code"]) == (5, 50304)


@pytest.mark.parametrize("field", [{"result": 5}, {"error": "mary@shop.example"}, {"result": {}, "error": {}}, {}])
async def test_what_is_no_message_ends_a_resumed_stream(
    door: Gateway, upstream: Upstream, field: dict[str, Any]
) -> None:
    upstream.answer = events({"jsonrpc": "2.0", "id": 5} | field)
    [last] = await messages(await door.request("GET", b""))
    assert last["error"]["code"] == 50205
    assert "mary" not in str(last)


async def test_a_handshake_is_made_with_what_the_gateway_speaks(door: Gateway, upstream: Upstream) -> None:
    answered = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}, "tasks": {}}}
    upstream.answer = result(answered)
    answer = await door.send(
        request("initialize", {"protocolVersion": "2099-01-01", "capabilities": {}}), server="open"
    )
    assert upstream.seen[-1].body["params"]["protocolVersion"] == "2025-11-25"
    assert message(answer)["result"]["capabilities"] == {"tools": {}}
    upstream.answer = result(answered | {"protocolVersion": "2024-11-05"})
    answer = await door.send(
        request("initialize", {"protocolVersion": "2024-11-05", "capabilities": {}}), server="open"
    )
    assert answer.status == 502
