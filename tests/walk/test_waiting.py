"""The ways in which a client waits for people, and what a server asks in the middle of an approved call."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from gateway.answer import Answer
from gateway.approvals.approval import State
from gateway.approvals.rounds import KEY, LAST, PREFIX
from gateway.reasons import Reason
from tests.fakes.upstream import Seen, Upstream, events, result, serving
from tests.walk.approvals import REFUND, URL_CLIENT, approve, deny, legacy, modern, only, read, told, waited_for
from tests.walk.rooms import Gateway, gateway, message, messages, request

DONE = {"content": [{"type": "text", "text": "refunded"}]}
ACCEPTED = {KEY: {"action": "accept"}}


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(result(DONE)) as running:
        yield running


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, upstream.url) as opened:
        yield opened


async def begin(door: Gateway, **options: Any) -> dict[str, Any]:
    """The first answer to a client that lets its person open pages."""
    answer = await modern(door, meta=URL_CLIENT, **options)
    found: dict[str, Any] = message(answer)["result"]
    assert found["resultType"] == "input_required", found
    return found


async def come_back(door: Gateway, state: str, **options: Any) -> Answer:
    """The client's next round."""
    return await modern(door, meta=URL_CLIENT, requestState=state, **{"inputResponses": ACCEPTED} | options)


async def test_a_client_that_opens_pages_is_sent_to_the_requesters_page_at_once(door: Gateway) -> None:
    first = await begin(door)
    asked = first["inputRequests"][KEY]
    assert asked["method"] == "elicitation/create"
    assert asked["params"]["mode"] == "url"
    assert asked["params"]["url"] == f"https://mcp.example.com/requests/{(await only(door)).id}"
    assert first["requestState"].startswith(PREFIX)
    assert "isError" not in first
    assert door.evidence.events() == ["approval_requested/allowed", "refused/approval_pending"]


async def test_it_comes_back_waits_and_gets_the_result(door: Gateway, upstream: Upstream) -> None:
    state = (await begin(door))["requestState"]
    later = message(await come_back(door, state))["result"]
    assert later["resultType"] == "input_required"
    assert "inputRequests" not in later
    waiting = asyncio.ensure_future(come_back(door, later["requestState"], inputResponses={}))
    await approve(door)
    assert message(await waiting)["result"] == DONE
    [seen] = upstream.seen
    assert "requestState" not in seen.body["params"]
    assert "inputResponses" not in seen.body["params"]


async def test_before_the_client_gives_up_it_is_told_to_repeat_the_call(door: Gateway) -> None:
    state = (await begin(door))["requestState"]
    for _ in range(LAST - 1):
        state = message(await come_back(door, state))["result"]["requestState"]
    assert Reason.APPROVAL_PENDING.wire.sentence in told(await come_back(door, state))
    await approve(door)
    assert message(await modern(door))["result"] == DONE


async def test_a_replayed_state_is_refused(door: Gateway, upstream: Upstream) -> None:
    state = (await begin(door))["requestState"]
    await come_back(door, state)
    await approve(door)
    again = await come_back(door, state)
    assert (again.status, message(again)["error"]["code"]) == (400, -32602)
    assert door.evidence.events()[-1] == "refused/request_state"
    assert upstream.seen == []


@pytest.mark.parametrize("account", ["crowd", "approver2"])
async def test_anothers_state_is_refused(door: Gateway, upstream: Upstream, account: str) -> None:
    door.policy_file.write_text(door.policy_file.read_text().replace("who: {groups: [engineering]}", "who: anyone"))
    state = (await begin(door))["requestState"]
    await approve(door)
    other = door.tenant.token("engineer", oid="0b1ec700-0000-4000-8000-0000000000ff")
    for token in (other, account):
        answer = await come_back(door, state, token=token)
        assert message(answer)["error"]["code"] in (-32602, Reason.GROUPS_UNAVAILABLE.wire.code)
    assert upstream.seen == []


@pytest.mark.parametrize("state", [PREFIX, PREFIX + "AAAA", PREFIX + "é", PREFIX + "x" * 5000])
async def test_a_state_that_was_not_made_here_is_refused(door: Gateway, state: str) -> None:
    answer = await come_back(door, state)
    assert message(answer)["error"]["code"] == -32602
    assert door.approvals.approvals == {}


async def test_a_state_is_for_exactly_its_call(door: Gateway, upstream: Upstream) -> None:
    state = (await begin(door))["requestState"]
    await approve(door)
    answer = await come_back(door, state, arguments=REFUND | {"amount": 121})
    assert message(answer)["error"]["code"] == -32602
    assert upstream.seen == []
    assert (await only(door)).state(door.rooms.now()) is State.APPROVED


@pytest.mark.parametrize("action", ["decline", "cancel"])
async def test_whoever_declines_to_open_the_page_withdraws_the_call(door: Gateway, action: str) -> None:
    state = (await begin(door))["requestState"]
    answer = await come_back(door, state, inputResponses={KEY: {"action": action}})
    assert told(answer) == Reason.APPROVAL_WITHDRAWN.wire.sentence
    assert (await only(door)).state(door.rooms.now()) is State.WITHDRAWN


async def test_a_denial_ends_the_rounds(door: Gateway) -> None:
    state = (await begin(door))["requestState"]
    waiting = asyncio.ensure_future(come_back(door, state))
    await deny(door)
    assert told(await waiting) == Reason.APPROVAL_DENIED.wire.sentence


async def test_a_round_after_its_approval_ended_asks_for_nothing_new(door: Gateway) -> None:
    state = (await begin(door))["requestState"]
    door.calendar.advance(3600)
    assert told(await come_back(door, state)) == Reason.APPROVAL_SPENT.wire.sentence
    assert len(door.approvals.approvals) == 1


async def test_a_round_that_needs_no_approval_any_more_goes_on_without_the_gateways_state(
    door: Gateway, upstream: Upstream
) -> None:
    state = (await begin(door))["requestState"]
    door.policy_file.write_text(door.policy_file.read_text().replace("    require: {approval: refunds}\n", ""))
    door.clock.advance(2)
    assert message(await come_back(door, state))["result"] == DONE
    assert "requestState" not in upstream.seen[0].body["params"]


async def test_rounds_survive_a_new_key_as_long_as_the_old_one_is_kept(door: Gateway) -> None:
    state = (await begin(door))["requestState"]
    door.secrets["session-key"] = "B" * 43 + "," + door.secrets["session-key"]
    door.clock.advance(301)
    waiting = asyncio.ensure_future(come_back(door, state))
    await approve(door)
    assert message(await waiting)["result"] == DONE


INITIALIZED = {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {"name": "s", "version": "1"}}


def initializes(seen: Seen) -> Response:
    value = INITIALIZED if seen.body.get("method") == "initialize" else DONE
    content = {"jsonrpc": "2.0", "id": seen.body.get("id"), "result": value}
    return JSONResponse(content, headers={"mcp-session-id": "up-1"})


async def session(door: Gateway, capabilities: dict[str, Any]) -> str:
    params = {
        "protocolVersion": "2025-11-25",
        "capabilities": capabilities,
        "clientInfo": {"name": "c", "version": "1"},
    }
    begun = await door.send(request("initialize", params))
    return str(begun.headers["mcp-session-id"])


async def test_a_client_of_2025_11_25_that_opens_pages_is_told_which_once(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = initializes
    headers: dict[str, Any] = {"mcp-session-id": await session(door, {"elicitation": {"form": {}, "url": {}}})}
    headers["mcp-protocol-version"] = "2025-11-25"
    error = message(await legacy(door, None, **headers))["error"]
    assert error["code"] == -32042
    [asked] = error["data"]["elicitations"]
    approval = await only(door)
    assert asked["mode"] == "url"
    assert asked["elicitationId"] == approval.id
    assert asked["url"] == f"https://mcp.example.com/requests/{approval.id}"
    assert "inputRequests" not in asked
    assert door.evidence.events()[-1] == "refused/page_needed"
    # The client repeats the call: it waits a little, and is not sent to the same page again.
    assert Reason.APPROVAL_PENDING.wire.sentence in told(await legacy(door, None, **headers))
    await approve(door)
    assert message(await legacy(door, None, **headers))["result"] == DONE


@pytest.mark.parametrize(
    ("capabilities", "version"),
    [({"elicitation": {}}, "2025-11-25"), ({}, "2025-11-25"), ({"elicitation": {"url": {}}}, "2025-06-18")],
)
async def test_other_legacy_clients_wait_a_little_and_repeat(
    door: Gateway, upstream: Upstream, capabilities: dict[str, Any], version: str
) -> None:
    upstream.answer = initializes
    headers: dict[str, Any] = {"mcp-session-id": await session(door, capabilities), "mcp-protocol-version": version}
    assert Reason.APPROVAL_PENDING.wire.sentence in told(await legacy(door, None, **headers))


ASKS = {
    "resultType": "input_required",
    "requestState": "upstream-state-1",
    "inputRequests": {"confirm": {"method": "elicitation/create", "params": {"mode": "form", "message": "Sure?"}}},
}
ANSWERS = {"confirm": {"action": "accept", "content": {"sure": True}}}


def asks_once(seen: Seen) -> Response:
    value = DONE if "requestState" in seen.body.get("params", {}) else ASKS
    return JSONResponse({"jsonrpc": "2.0", "id": seen.id, "result": value})


def with_answers(door: Gateway, answers: str) -> None:
    text = door.policy_file.read_text()
    text = text.replace("    reasons: [approver]\n  wires", f"    reasons: [approver]\n    answers: {answers}\n  wires")
    door.policy_file.write_text(
        text.replace("    mask: [personal]\n  open", "    mask: [personal]\n    client_features: [elicitation]\n  open")
    )


async def test_what_the_caller_answers_in_mid_call_needs_an_approval_of_its_own(
    door: Gateway, upstream: Upstream
) -> None:
    with_answers(door, "new_approval")
    upstream.answer = asks_once
    await modern(door)
    await approve(door)
    assert message(await modern(door))["result"]["resultType"] == "input_required"
    answered: dict[str, Any] = {"requestState": "upstream-state-1", "inputResponses": ANSWERS}
    assert Reason.APPROVAL_PENDING.wire.sentence in told(await modern(door, **answered))
    assert (len(upstream.seen), len(door.approvals.approvals)) == (1, 2)
    second = await read(door, [*door.approvals.approvals][1])
    await approve(door, second)
    other = {"confirm": {"action": "accept", "content": {"sure": False}}}
    told(await modern(door, **answered | {"inputResponses": other}))
    assert message(await modern(door, **answered))["result"] == DONE
    assert upstream.seen[-1].body["params"]["inputResponses"] == ANSWERS


async def test_where_the_policy_says_so_the_answers_are_covered_once(door: Gateway, upstream: Upstream) -> None:
    with_answers(door, "covered")
    upstream.answer = asks_once
    await modern(door)
    first = await approve(door)
    await modern(door)
    answered: dict[str, Any] = {"requestState": "upstream-state-1", "inputResponses": ANSWERS}
    # Not for another state, nor for other arguments.
    told(await modern(door, requestState="forged", inputResponses=ANSWERS))
    told(await modern(door, arguments=REFUND | {"amount": 1}, **answered))
    assert len(upstream.seen) == 1
    assert message(await modern(door, **answered))["result"] == DONE
    rows = [row for row in door.evidence.of_calls() if row["event"] == "intent"]
    assert [row["approval"] for row in rows] == [first.id, first.id]
    told(await modern(door, **answered))
    assert len(upstream.seen) == 2


async def test_answers_are_covered_only_for_as_long_as_the_call_could_be_made(
    door: Gateway, upstream: Upstream
) -> None:
    with_answers(door, "covered")
    upstream.answer = asks_once
    await modern(door)
    await approve(door)
    await modern(door)
    door.calendar.advance(1800)
    told(await modern(door, requestState="upstream-state-1", inputResponses=ANSWERS))
    assert len(upstream.seen) == 1


async def test_a_round_of_the_gateway_keeps_what_was_answered_to_the_server(door: Gateway, upstream: Upstream) -> None:
    with_answers(door, "new_approval")
    upstream.answer = asks_once
    await modern(door)
    await approve(door)
    await modern(door)
    state = (await begin(door, requestState="upstream-state-1", inputResponses=ANSWERS))["requestState"]
    waiting = asyncio.ensure_future(come_back(door, state))
    await approve(door, await waited_for(door))
    assert message(await waiting)["result"] == DONE
    assert upstream.seen[-1].body["params"]["inputResponses"] == ANSWERS
    assert upstream.seen[-1].body["params"]["requestState"] == "upstream-state-1"


QUESTION = {"jsonrpc": "2.0", "id": 99, "method": "elicitation/create", "params": {"message": "Sure?"}}


@pytest.mark.parametrize(("answers", "reaches"), [("covered", True), ("new_approval", False)])
async def test_a_legacy_server_asks_in_an_approved_call_only_where_the_answers_are_covered(
    door: Gateway, upstream: Upstream, answers: str, reaches: bool
) -> None:
    with_answers(door, answers)
    answer = events(QUESTION, {"jsonrpc": "2.0", "id": ..., "result": DONE})
    upstream.answer = lambda seen: (
        answer(seen) if seen.body.get("method") == "tools/call" else Response(status_code=202)
    )
    await legacy(door)
    await approve(door)
    found = await messages(await legacy(door))
    assert (QUESTION["id"] in [each["id"] for each in found]) is reaches
    assert found[-1]["result"] == DONE
    told_back = [seen for seen in upstream.seen if "error" in seen.body]
    assert bool(told_back) is not reaches
