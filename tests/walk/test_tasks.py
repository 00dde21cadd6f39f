"""Calls that wait for people as tasks (the extension io.modelcontextprotocol/tasks of 2026-07-28)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response

from devhost.accounts import ACCOUNTS
from devhost.graph import Fault as Unavailable
from gateway.approvals import rulings
from gateway.approvals.approval import State
from gateway.approvals.book import Actor
from gateway.reasons import Reason
from tests.fakes.approvals import Fault
from tests.fakes.upstream import Seen, Upstream, events, result, serving, status
from tests.fakes.values import ORIGIN
from tests.walk.approvals import REFUND, approve, caller, deny, modern, only, read
from tests.walk.rooms import MODERN_META, Gateway, gateway, message, request
from tests.walk.tasks import (
    ASKS,
    DECLARED,
    DONE,
    EXTENSION,
    UNDECLARED,
    begin,
    cover_answers,
    get,
    reason_of,
    rewrite,
    run_now,
    said,
    send,
)

ACKNOWLEDGED = {"resultType": "complete"}
OTHER_CLIENT = {"azp": "a9900000-0000-4000-8000-00000000000f"}


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(result(DONE)) as running:
        yield running


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, upstream.url) as opened:
        yield opened


async def test_a_call_becomes_a_task_that_is_made_once_it_is_approved(door: Gateway, upstream: Upstream) -> None:
    created = message(await modern(door, meta=DECLARED))["result"]
    asked = await only(door)
    page = f"https://mcp.example.com/requests/{asked.id}"
    assert (created["resultType"], created["taskId"], created["status"]) == ("task", asked.id, "working")
    assert created["statusMessage"].endswith(f"Status: {page}")
    assert created["pollIntervalMs"] == 5000
    # An hour to decide, half an hour to use it, and an hour to fetch the result.
    assert created["ttlMs"] == pytest.approx(2.5 * 3600 * 1000, abs=2000)
    assert created["createdAt"].endswith("Z")
    assert upstream.seen == []

    waiting = await get(door, asked.id)
    assert (waiting["resultType"], waiting["status"], waiting["taskId"]) == ("complete", "working", asked.id)
    await approve(door)
    assert (await get(door, asked.id))["status"] == "working"
    await run_now(door, asked.id)
    done = await get(door, asked.id)
    assert (done["status"], done["result"]) == ("completed", DONE)
    assert done["lastUpdatedAt"] > done["createdAt"]
    [seen] = upstream.seen
    assert seen.body["params"]["arguments"] == REFUND
    assert EXTENSION.keys().isdisjoint(str(seen.body))
    assert [event for event in door.evidence.events() if "answered" not in event] == [
        *("approval_requested/allowed", "refused/approval_pending"),
        *("approval_decided/approved", "approval_settled/approved"),
        *("intent/allowed", "approval_consumed/consumed", "outcome/succeeded"),
    ]
    assert door.evidence.events().count("answered/allowed") == 3


async def test_a_result_is_masked_as_for_a_live_caller(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = result({"content": [{"type": "text", "text": "mail mary@shop.example"}]})
    task = await begin(door)
    await approve(door)
    await run_now(door, task)
    found = await get(door, task)
    assert "mary@shop.example" not in str(found)
    assert found["result"]["content"][0]["text"] == "mail [hidden:email]"
    assert b"mail" not in b"".join(door.approvals.contents.values())


async def test_an_answer_on_a_stream_is_collected(door: Gateway, upstream: Upstream) -> None:
    progress = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 1, "progress": 1}}
    asks = {"jsonrpc": "2.0", "id": "s-1", "method": "elicitation/create", "params": {}}
    upstream.answer = lambda seen: (
        events(progress, asks, {"jsonrpc": "2.0", "id": ..., "result": DONE})
        if seen.body.get("method") == "tools/call"
        else status(202)
    )(seen)
    cover_answers(door)
    task = await begin(door)
    await approve(door)
    await run_now(door, task)
    assert (await get(door, task))["result"] == DONE
    assert upstream.seen[-1].body["error"]["code"] == -32601  # nobody is there to answer on a stream
    assert door.evidence.events().count("outcome/succeeded") == 1


async def test_an_error_of_the_upstream_is_a_failed_task(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = lambda seen: status(
        200, {"jsonrpc": "2.0", "id": seen.id, "error": {"code": -32603, "message": "mary@shop.example is unknown"}}
    )(seen)
    task = await begin(door)
    await approve(door)
    await run_now(door, task)
    found = await get(door, task)
    assert (found["status"], found["error"]["code"]) == ("failed", -32603)
    assert "mary@shop.example" not in str(found)
    assert "result" not in found
    assert found["statusMessage"].startswith("The call ended with an error.")


async def test_an_upstream_that_breaks_off_is_a_failed_task(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = events(then="breaks")
    task = await begin(door)
    await approve(door)
    await run_now(door, task)
    assert (await get(door, task))["error"]["code"] == Reason.UPSTREAM_BROKE_OFF.wire.code


async def test_an_error_of_the_tool_is_a_completed_task(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = result({"content": [], "isError": True})
    task = await begin(door)
    await approve(door)
    await run_now(door, task)
    assert (await get(door, task))["status"] == "completed"


async def test_a_denial_completes_the_task_without_naming_anybody(door: Gateway, upstream: Upstream) -> None:
    task = await begin(door)
    await deny(door)
    await run_now(door, task)
    found = await get(door, task)
    assert said(found) == Reason.APPROVAL_DENIED.wire.sentence
    approver = await caller(door, "approver")
    for word in (approver.object_id, approver.name, "looked at it"):
        assert word not in str(found)
    assert upstream.seen == []


async def test_a_task_that_nobody_decides_on_in_time_is_completed_with_an_error(door: Gateway) -> None:
    task = await begin(door)
    door.calendar.advance(3600)
    assert said(await get(door, task)) == Reason.APPROVAL_EXPIRED.wire.sentence


async def test_a_task_that_is_not_made_in_time_is_never_made(door: Gateway, upstream: Upstream) -> None:
    task = await begin(door)
    await approve(door)
    door.calendar.advance(1800)
    await run_now(door, task)
    assert said(await get(door, task)) == Reason.APPROVAL_SPENT.wire.sentence
    assert upstream.seen == []


async def test_a_task_that_an_operator_revokes_is_completed_with_an_error(door: Gateway) -> None:
    task = await begin(door)
    await rulings.end(door.rooms.approvals, await only(door), State.REVOKED, Actor(None, ORIGIN, "olga"))
    assert said(await get(door, task)) == Reason.APPROVAL_DENIED.wire.sentence


async def test_a_task_is_forgotten_an_hour_after_it_could_have_been_made(door: Gateway) -> None:
    task = await begin(door)
    await approve(door)
    await run_now(door, task)
    door.calendar.advance(1790 + 3600)
    assert (await get(door, task))["status"] == "completed"
    door.calendar.advance(20)
    assert reason_of(await send(door, "get", task)) is Reason.TASK_UNKNOWN


async def test_an_identical_call_gets_the_same_task_until_it_is_approved_and_then_the_result(
    door: Gateway, upstream: Upstream
) -> None:
    task = await begin(door)
    assert await begin(door) == task
    await approve(door)
    assert message(await modern(door, meta=DECLARED))["result"] == DONE
    await run_now(door, task)
    assert said(await get(door, task)) == Reason.TASK_SPENT.wire.sentence
    assert len(upstream.seen) == 1


async def test_without_the_extension_no_task_is_made(door: Gateway) -> None:
    answer = message(await modern(door))["result"]
    assert answer["resultType"] == "complete"
    assert "task" not in (await only(door)).marks


async def test_a_task_is_made_durable_before_it_is_told(door: Gateway) -> None:
    with door.approvals.failing("task"):
        assert message(await modern(door, meta=DECLARED))["error"]["code"] == 50307
    with door.evidence.down():
        assert message(await modern(door, meta=DECLARED))["error"]["code"] == 50303


async def test_a_call_that_is_approved_while_its_task_is_made_is_woken(door: Gateway) -> None:
    await modern(door)
    asked = await only(door)
    insert = door.approvals.insert

    async def approve_first(approval: str, row: str, columns: Any) -> None:
        if row == "task":
            await approve(door, asked)
        await insert(approval, row, columns)

    door.approvals.insert = approve_first  # type: ignore[method-assign]
    assert await begin(door) == asked.id
    assert door.orchestrations.woken == [(asked.id, "settled")]


async def test_a_call_that_is_long_approved_and_not_made_wakes_its_orchestration_when_it_is_asked_for(
    door: Gateway,
) -> None:
    task = await begin(door)
    await approve(door)
    await get(door, task)
    assert door.orchestrations.woken == []
    door.calendar.advance(11)
    await get(door, task)
    assert door.orchestrations.woken == [(task, "settled")]


# Who may ask.


@pytest.mark.parametrize("method", ["get", "update", "cancel"])
async def test_a_request_that_does_not_declare_the_extension_is_told_what_is_missing(
    door: Gateway, method: str
) -> None:
    task = await begin(door)
    answer = await send(door, method, task, meta=UNDECLARED, inputResponses={})
    assert (answer.status, reason_of(answer)) == (400, Reason.TASKS_UNDECLARED)
    error = message(answer)["error"]
    assert (error["code"], error["data"]) == (-32021, {"requiredCapabilities": {"extensions": EXTENSION}})
    assert door.evidence.events()[-1] == "refused/tasks_undeclared"
    assert (await only(door)).state(door.rooms.now()) is State.PENDING


@pytest.mark.parametrize("method", ["get", "update", "cancel"])
async def test_another_callers_task_is_as_unknown_as_none_and_both_are_on_record(door: Gateway, method: str) -> None:
    task = await begin(door)
    strangers: list[dict[str, Any]] = [
        {"token": door.tenant.token("engineer", oid="0b1ec700-0000-4000-8000-0000000000ff")},
        {"token": door.tenant.token("engineer", **OTHER_CLIENT)},
        {"server": "open"},
    ]
    for stranger in strangers:
        answer = await send(door, method, task, inputResponses={}, **stranger)
        invented = await send(door, method, "0" * 32, inputResponses={})
        if "server" in stranger:  # nothing on that server can become a task
            assert reason_of(answer) is Reason.METHOD_UNKNOWN
            continue
        assert (answer.status, message(answer)) == (invented.status, message(invented))
        assert reason_of(answer) is Reason.TASK_UNKNOWN
        assert door.evidence.events()[-2:] == ["refused/task_unknown"] * 2
    assert (await only(door)).state(door.rooms.now()) is State.PENDING


async def test_an_id_is_looked_up_as_it_is(door: Gateway) -> None:
    for odd in ("x", "../a", "A" * 32, "0" * 5000, "é" * 32):
        named = odd if odd.isascii() else "=?base64?w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqQ==?="
        headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tasks/get", "mcp-name": named}
        body = request("tasks/get", {"taskId": odd, "_meta": DECLARED})
        answer = await door.send(body, **headers)
        assert message(answer)["error"]["code"] in (-32602, -32020), odd


async def test_an_approval_that_nobody_made_a_task_of_is_none(door: Gateway) -> None:
    await modern(door)
    assert reason_of(await send(door, "get", (await only(door)).id)) is Reason.TASK_UNKNOWN


async def test_where_nothing_needs_an_approval_the_methods_are_unknown(door: Gateway) -> None:
    for method in ("get", "update", "cancel"):
        answer = await send(door, method, "0" * 32, server="open")
        assert (answer.status, reason_of(answer)) == (404, Reason.METHOD_UNKNOWN)
    assert set(door.evidence.events()) == {"refused/method_unknown"}


async def test_a_task_is_answered_also_when_the_policy_has_no_approvals_any_more(door: Gateway) -> None:
    task = await begin(door)
    await approve(door)
    await run_now(door, task)
    for name in ("refunds", "wires"):
        rewrite(door, f"    require: {{approval: {name}}}\n", "")
    assert (await get(door, task))["result"] == DONE
    assert reason_of(await send(door, "get", "0" * 32)) is Reason.METHOD_UNKNOWN


async def test_a_caller_who_lost_access_is_told_nothing(door: Gateway) -> None:
    task = await begin(door)
    answer = await send(door, "get", task, token=door.tenant.token("engineer", groups=[]))
    assert message(answer)["error"]["code"] == Reason.NO_ACCESS.wire.code


async def test_nothing_is_told_that_cannot_be_recorded(door: Gateway) -> None:
    task = await begin(door)
    with door.evidence.down():
        assert message(await send(door, "get", task))["error"]["code"] == 50303
        assert message(await send(door, "cancel", task))["error"]["code"] == 50303
    assert (await only(door)).state(door.rooms.now()) is State.PENDING
    with door.approvals.down():
        assert message(await send(door, "get", task))["error"]["code"] == 50307


# tasks/cancel.


async def test_a_task_that_waits_is_withdrawn_by_its_cancellation(door: Gateway, upstream: Upstream) -> None:
    task = await begin(door)
    assert message(await send(door, "cancel", task))["result"] == ACKNOWLEDGED
    found = await get(door, task)
    assert (found["status"], "result" in found, "error" in found) == ("cancelled", False, False)
    assert "approval_settled/withdrawn" in door.evidence.events()
    assert door.orchestrations.woken == [(task, "settled")]
    await run_now(door, task)
    assert message(await send(door, "cancel", task))["result"] == ACKNOWLEDGED
    assert upstream.seen == []


async def test_a_task_that_is_approved_and_not_made_is_withdrawn_too(door: Gateway, upstream: Upstream) -> None:
    task = await begin(door)
    await approve(door)
    await send(door, "cancel", task)
    await run_now(door, task)
    assert (await get(door, task))["status"] == "cancelled"
    assert upstream.seen == []


async def test_a_task_that_is_made_is_only_acknowledged(door: Gateway) -> None:
    task = await begin(door)
    await approve(door)
    await run_now(door, task)
    assert message(await send(door, "cancel", task))["result"] == ACKNOWLEDGED
    assert (await get(door, task))["status"] == "completed"


# tasks/update.


async def asked_back(door: Gateway, upstream: Upstream, *asks: dict[str, Any]) -> str:
    """A task whose server asks back in mid-call, as often as there are questions, and then is done."""
    turns = iter([*asks, DONE])

    def take_turns(seen: Seen) -> Response:
        return result(next(turns))(seen)

    upstream.answer = take_turns
    cover_answers(door)
    task = await begin(door)
    await approve(door)
    await run_now(door, task)
    return task


async def test_what_the_server_asks_in_mid_call_goes_to_the_caller_and_back(door: Gateway, upstream: Upstream) -> None:
    task = await asked_back(door, upstream, ASKS, ASKS | {"requestState": "s-2"})
    first = await get(door, task)
    assert (first["status"], first["inputRequests"]) == ("input_required", {"1.why": ASKS["inputRequests"]["why"]})
    reply = {"action": "accept", "content": {"text": "because"}}
    answered = await send(door, "update", task, inputResponses={"1.why": reply, "never": reply})
    assert message(answered)["result"] == ACKNOWLEDGED
    assert door.orchestrations.woken == [(task, "answered-1")]
    assert (await get(door, task))["status"] == "working"
    await run_now(door, task)
    second = upstream.seen[1].body
    assert (second["params"]["inputResponses"], second["params"]["requestState"]) == ({"why": reply}, "s-1")
    assert second["params"]["arguments"] == REFUND
    assert second["id"] != upstream.seen[0].id

    assert [*(await get(door, task))["inputRequests"]] == ["2.why"]  # no key comes twice
    await send(door, "update", task, inputResponses={"1.why": reply})  # answered already, so it counts for nothing
    assert (await get(door, task))["status"] == "input_required"
    await send(door, "update", task, inputResponses={"2.why": reply})
    await run_now(door, task)
    assert (await get(door, task))["result"] == DONE
    assert upstream.seen[2].body["params"]["requestState"] == "s-2"
    assert len(upstream.seen) == 3
    assert door.evidence.events().count("approval_consumed/consumed") == 1
    assert door.evidence.events().count("intent/allowed") == 3
    assert {name for _, name in door.approvals.contents} == {"call", "result"}


async def test_questions_may_be_answered_one_by_one(door: Gateway, upstream: Upstream) -> None:
    question = ASKS["inputRequests"]["why"]
    task = await asked_back(door, upstream, ASKS | {"inputRequests": {"a": question, "b": question}})
    await send(door, "update", task, inputResponses={"1.b": {"action": "decline"}})
    found = await get(door, task)
    assert (found["status"], [*found["inputRequests"]]) == ("input_required", ["1.a"])
    await run_now(door, task)
    assert len(upstream.seen) == 1
    await send(door, "update", task, inputResponses={"1.a": {"action": "accept"}, "1.b": {"action": "accept"}})
    await run_now(door, task)
    sent = upstream.seen[1].body["params"]["inputResponses"]
    assert sent == {"a": {"action": "accept"}, "b": {"action": "decline"}}


async def test_answers_are_kept_sealed(door: Gateway, upstream: Upstream) -> None:
    task = await asked_back(door, upstream, ASKS)
    await send(door, "update", task, inputResponses={"1.why": {"content": {"text": "because"}}})
    assert b"because" not in b"".join(door.approvals.contents.values())
    assert "because" not in str(door.approvals.approvals) + str(door.evidence.rows)


async def test_a_server_that_only_wants_to_be_called_again_is(door: Gateway, upstream: Upstream) -> None:
    task = await asked_back(door, upstream, {"resultType": "input_required", "requestState": "later"})
    await run_now(door, task)
    assert (await get(door, task))["result"] == DONE
    assert upstream.seen[1].body["params"]["requestState"] == "later"
    assert "inputResponses" not in upstream.seen[1].body["params"]


async def test_a_server_that_always_asks_again_is_given_up(door: Gateway, upstream: Upstream) -> None:
    again = {"resultType": "input_required", "requestState": "later"}
    task = await asked_back(door, upstream, *[again] * 20)
    for _ in range(20):
        await run_now(door, task)
    assert (await get(door, task))["error"]["code"] == Reason.UPSTREAM_MALFORMED.wire.code
    assert len(upstream.seen) == 10


@pytest.mark.parametrize("asks", [ASKS, {"resultType": "input_required", "requestState": "later"}])
async def test_a_server_that_asks_where_answers_are_not_covered_is_refused(
    door: Gateway, upstream: Upstream, asks: dict[str, Any]
) -> None:
    upstream.answer = result(asks)
    rewrite(door, "    mask: [personal]\n", "    mask: [personal]\n    client_features: [elicitation]\n")
    task = await begin(door)
    await approve(door)
    await run_now(door, task)
    found = await get(door, task)
    assert (found["status"], found["error"]["code"]) == ("failed", Reason.SERVER_REQUEST_REFUSED.wire.code)
    assert len(upstream.seen) == 1


async def test_answers_that_come_too_late_are_not_sent(door: Gateway, upstream: Upstream) -> None:
    task = await asked_back(door, upstream, ASKS)
    door.calendar.advance(1800)
    await send(door, "update", task, inputResponses={"1.why": {}})
    await run_now(door, task)
    assert said(await get(door, task)) == Reason.APPROVAL_SPENT.wire.sentence
    assert len(upstream.seen) == 1


@pytest.mark.parametrize("responses", [None, [], "x", {"1.why": "yes"}])
async def test_answers_have_the_form_of_answers(door: Gateway, responses: Any) -> None:
    task = await begin(door)
    assert reason_of(await send(door, "update", task, inputResponses=responses)) is Reason.PARAMS_INVALID


async def test_an_answer_to_nothing_is_acknowledged_and_ignored(door: Gateway) -> None:
    task = await begin(door)
    assert message(await send(door, "update", task, inputResponses={"1.why": {}}))["result"] == ACKNOWLEDGED
    assert (await get(door, task))["status"] == "working"
    assert [*(await only(door)).marks] == ["started", "task"]


# What clients and servers are told of the extension.


async def test_discover_declares_the_extension_where_a_call_can_become_a_task(
    door: Gateway, upstream: Upstream
) -> None:
    upstream.answer = result({"supportedVersions": ["2026-07-28"], "capabilities": {"extensions": {"a/b": {}}}})
    headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": "server/discover"}
    for server, expected in (("records", {"extensions": EXTENSION}), ("open", {})):
        answer = await door.send(request("server/discover", {"_meta": MODERN_META}), server=server, **headers)
        assert message(answer)["result"]["capabilities"] == expected
    assert "tasks" not in str(upstream.seen)


async def test_a_server_hears_nothing_of_tasks(door: Gateway, upstream: Upstream) -> None:
    capabilities = {"extensions": {**EXTENSION, "a/b": {"c": 1}}}
    meta = DECLARED | {"io.modelcontextprotocol/clientCapabilities": capabilities}
    wanted = {"notifications": {"taskIds": ["0" * 32], "toolsListChanged": True}, "_meta": meta}
    headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": "subscriptions/listen"}
    await door.send(request("subscriptions/listen", wanted), **headers)
    params = upstream.seen[-1].body["params"]
    assert params["notifications"] == {"toolsListChanged": True}
    assert params["_meta"]["io.modelcontextprotocol/clientCapabilities"] == {"extensions": {"a/b": {"c": 1}}}


async def test_who_listens_for_tasks_without_declaring_the_extension_is_told_what_is_missing(
    door: Gateway, upstream: Upstream
) -> None:
    wanted = {"notifications": {"taskIds": ["0" * 32]}, "_meta": UNDECLARED}
    headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": "subscriptions/listen"}
    answer = await door.send(request("subscriptions/listen", wanted), **headers)
    assert reason_of(answer) is Reason.TASKS_UNDECLARED
    assert upstream.seen == []
    await door.send(request("subscriptions/listen", wanted), server="open", **headers)
    assert upstream.seen[-1].body["params"]["notifications"] == {}


async def test_a_task_of_the_upstreams_own_does_not_reach_the_client(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = result({"resultType": "task", "taskId": "x", "status": "working"})
    answer = await door.call(modern=True)
    assert message(answer)["error"]["code"] == Reason.UPSTREAM_MALFORMED.wire.code
    assert door.evidence.events()[-1] == "outcome/upstream_malformed"


# Whose groups count.


async def test_of_the_callers_tokens_the_newest_is_kept(door: Gateway) -> None:
    now = int(door.calendar().timestamp())
    task = await begin(door, token=door.tenant.token("engineer", exp=now + 600))
    for lifetime in (1000, 3000, 3100, 5000, 2000):
        await get(door, task, token=door.tenant.token("engineer", exp=now + lifetime))
    assert [name for _, name in door.approvals.contents if name.startswith("caller-")] == [f"caller-{now + 5000}"]
    # Each one that was kept is a row; one that lives hardly longer is not.
    assert [name for name in (await only(door)).marks if name.startswith("caller-")] == [
        f"caller-{now + 3000}",
        f"caller-{now + 5000}",
    ]


async def test_groups_that_the_newest_token_no_longer_has_do_not_count(door: Gateway, upstream: Upstream) -> None:
    now = int(door.calendar().timestamp())
    task = await begin(door, token=door.tenant.token("engineer", exp=now + 600))
    everybody = "{name: all, effect: allow, who: anyone, servers: [records], tools: [get_customer]}"
    rewrite(door, "rules:\n", f"rules:\n  - {everybody}\n")
    await get(door, task, token=door.tenant.token("engineer", exp=now + 5000, groups=[]))
    await approve(door)
    await run_now(door, task)
    assert said(await get(door, task)) == Reason.TARGET_HIDDEN.wire.sentence
    assert upstream.seen == []
    assert (await only(door)).spent is None


@pytest.mark.parametrize("is_member", [True, False])
async def test_past_the_end_of_every_token_the_directory_says_who_the_caller_is(
    door: Gateway, upstream: Upstream, is_member: bool
) -> None:
    rewrite(door, "    expires: 1h\n    use_within: 30m", "    expires: 8h\n    use_within: 8h")
    task = await begin(door)
    await approve(door)
    door.calendar.advance(3 * 3600)
    if not is_member:
        door.graph.directory.members[ACCOUNTS["engineer"].object_id].clear()
    await run_now(door, task)
    found = await get(door, task)
    assert (found["status"], len(upstream.seen)) == ("completed", int(is_member))
    if not is_member:
        assert said(found) == Reason.NO_ACCESS.wire.sentence


async def test_a_directory_that_does_not_answer_leaves_the_call_for_later(door: Gateway, upstream: Upstream) -> None:
    rewrite(door, "    expires: 1h\n    use_within: 30m", "    expires: 8h\n    use_within: 8h")
    task = await begin(door)
    await approve(door)
    door.calendar.advance(3 * 3600)
    door.graph.directory.fail(Unavailable.DOWN)
    await run_now(door, task)
    assert (await get(door, task))["status"] == "working"
    door.graph.directory.fail(None)
    door.clock.advance(60)
    await run_now(door, task)
    assert (await get(door, task))["result"] == DONE
    assert len(upstream.seen) == 1


async def test_many_polls_and_runs_at_once_make_one_call(door: Gateway, upstream: Upstream) -> None:
    task = await begin(door)
    await approve(door)

    async def run_or_find_it_taken() -> None:
        try:
            await run_now(door, task)
        except Exception as error:  # noqa: BLE001
            assert type(error).__name__ == "TakenError"

    await asyncio.gather(*(run_or_find_it_taken() for _ in range(5)), *(get(door, task) for _ in range(5)))
    assert len(upstream.seen) == 1
    assert (await get(door, task))["status"] == "completed"


async def test_an_answer_that_another_writer_kept_first_is_the_result(door: Gateway) -> None:
    task = await begin(door)
    await approve(door)
    with door.approvals.failing("result", Fault.ANOTHER_WRITER_IS_FIRST):
        await run_now(door, task)
    assert (await get(door, task))["result"] == DONE
    assert (await read(door, task)).marks["result"]["status"] == "completed"
