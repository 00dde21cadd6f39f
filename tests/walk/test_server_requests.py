"""What a server asks of the client behind the gateway: let through or refused by policy, on record either way."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.evidence import Fault
from tests.fakes.upstream import Upstream, events, result, serving, status, text_result
from tests.walk.rooms import Gateway, gateway, message, messages, request

ASKS = {"jsonrpc": "2.0", "id": "s-1", "method": "elicitation/create", "params": {"message": "mary@shop.example?"}}
SAMPLES = {"jsonrpc": "2.0", "id": "s-2", "method": "sampling/createMessage", "params": {}}
PINGS = {"jsonrpc": "2.0", "id": "s-3", "method": "ping"}
DONE = {"jsonrpc": "2.0", "id": ..., "result": {"content": []}}
CAPABILITIES: dict[str, Any] = {"elicitation": {}, "sampling": {}, "roots": {}}


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(text_result("hi")) as running:
        yield running


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, upstream.url) as opened:
        yield opened


def asked(upstream: Upstream, *questions: dict[str, Any]) -> None:
    """The upstream asks these in the course of a call, then answers; what is told to it is accepted."""
    stream = events(*questions, DONE)
    upstream.answer = lambda seen: (stream if seen.body.get("method") == "tools/call" else status(202))(seen)


async def test_a_question_that_the_policy_allows_reaches_the_client_masked(door: Gateway, upstream: Upstream) -> None:
    asked(upstream, ASKS, PINGS)
    question, ping, _ = await messages(await door.call(server="open"))
    assert (question["id"], question["method"]) == ("s-1", "elicitation/create")
    assert ping["method"] == "ping"
    assert door.evidence.events() == ["intent/allowed", "relayed/allowed", "relayed/allowed", "outcome/succeeded"]
    assert door.evidence.of_calls()[1]["method"] == "elicitation/create"


@pytest.mark.parametrize(("server", "question"), [("records", ASKS), ("open", SAMPLES)])
async def test_a_question_that_it_does_not_allow_is_answered_here_and_on_record(
    door: Gateway, upstream: Upstream, server: str, question: dict[str, Any]
) -> None:
    asked(upstream, question)
    [done] = await messages(await door.call(server=server))
    assert done["id"] == 7
    told = upstream.seen[-1].body
    assert told == {"jsonrpc": "2.0", "id": question["id"], "error": {"code": -32601, "message": "Method not found"}}
    assert "refused/server_request_refused" in door.evidence.events()
    assert door.evidence.events()[-1] == "outcome/succeeded"


@pytest.mark.parametrize("modern", [False, True])
async def test_what_a_server_calls_its_question_is_masked_in_the_record(
    door: Gateway, upstream: Upstream, modern: bool
) -> None:
    asked(upstream, ASKS | {"method": "ask/mary@shop.example"})
    if modern:
        needed = {"q": {"method": "ask/mary@shop.example"}}
        upstream.answer = result({"resultType": "input_required", "inputRequests": needed})
        await door.call(modern=True, server="open")
    else:
        await messages(await door.call(server="open"))
    assert any("server_request_refused" in event for event in door.evidence.events())
    assert "mary@shop.example" not in str(door.evidence.rows)


async def test_a_question_that_cannot_be_recorded_reaches_nobody(door: Gateway, upstream: Upstream) -> None:
    asked(upstream, ASKS)
    answer = await door.call(server="open")
    door.evidence.faults = [Fault.FAILS_AND_IS_NOT_WRITTEN]
    [last] = await messages(answer)
    assert last["error"]["code"] == 50304  # the call was made: to say that it was not would be a lie


async def test_the_clients_answer_goes_back_to_the_server(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = status(202)
    reply = {"jsonrpc": "2.0", "id": "s-1", "result": {"action": "accept", "content": {"yes": True}}}
    assert (await door.send(reply, server="open")).status == 202
    assert upstream.seen[-1].body == reply
    assert door.evidence.events() == ["intent/allowed", "outcome/succeeded"]


async def test_a_server_sees_no_capability_that_the_policy_does_not_let_it_use(
    door: Gateway, upstream: Upstream
) -> None:
    upstream.answer = result({"protocolVersion": "2025-11-25", "capabilities": {}})
    params = {"protocolVersion": "2025-11-25", "capabilities": CAPABILITIES}
    await door.send(request("initialize", params), server="open")
    await door.send(request("initialize", params), server="records")
    assert [seen.body["params"]["capabilities"] for seen in upstream.seen] == [{"elicitation": {}}, {}]


@pytest.mark.parametrize(("server", "code"), [("open", None), ("records", 40308)])
async def test_input_that_a_modern_server_requires_is_relayed_or_refused(
    door: Gateway, upstream: Upstream, server: str, code: int | None
) -> None:
    needed = {"q": {"method": "elicitation/create", "params": {"message": "sure?"}}}
    upstream.answer = result({"resultType": "input_required", "inputRequests": needed, "requestState": "opaque=="})
    answer = message(await door.call(modern=True, server=server))
    assert answer.get("error", {}).get("code") == code
    if code is None:
        assert answer["result"]["requestState"] == "opaque=="
        assert answer["result"]["inputRequests"] == needed
