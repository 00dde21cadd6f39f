"""Calls that other people have to approve: what waits, what is made, what is on record."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from gateway.approvals import rulings
from gateway.approvals.approval import DECISION, State, Verdict, vote_columns
from gateway.approvals.book import Actor
from gateway.approvals.digest import MAX_CALL
from gateway.reasons import Reason
from tests.fakes.approvals import Fault
from tests.fakes.upstream import Seen, Upstream, events, result, serving
from tests.fakes.values import ORIGIN
from tests.walk.approvals import (
    REFUND,
    approve,
    caller,
    legacy,
    meanwhile,
    modern,
    only,
    read,
    told,
    waited_for,
)
from tests.walk.rooms import Gateway, gateway, message, messages, request

DONE = {"content": [{"type": "text", "text": "refunded"}]}


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(result(DONE)) as running:
        yield running


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, upstream.url) as opened:
        yield opened


def rewrite(door: Gateway, old: str, new: str) -> None:
    """Another policy is in force from now on."""
    text = door.policy_file.read_text()
    assert old in text
    door.policy_file.write_text(text.replace(old, new))
    door.clock.advance(2)


@pytest.mark.parametrize("send", [legacy, modern])
async def test_a_call_waits_is_approved_is_made_by_its_repeat_and_the_next_one_waits_again(
    door: Gateway, upstream: Upstream, send: object
) -> None:
    assert callable(send)
    first = await send(door)
    assert first.status == 200
    assert Reason.APPROVAL_PENDING.wire.sentence in told(first)
    asked = await only(door)
    assert f"https://mcp.example.com/requests/{asked.id}" in told(first)
    assert message(first)["result"]["_meta"]["countersign/approval"]["approval"] == asked.id
    assert upstream.seen == []
    assert door.orchestrations.started == [asked.id]

    await approve(door)
    second = await send(door)
    assert message(second)["result"] == DONE
    [seen] = upstream.seen
    assert seen.body["params"]["arguments"] == REFUND

    third = await send(door)
    assert Reason.APPROVAL_PENDING.wire.sentence in told(third)
    assert len(upstream.seen) == 1
    assert len(door.approvals.approvals) == 2
    assert door.evidence.events() == [
        *("approval_requested/allowed", "refused/approval_pending"),
        *("approval_decided/approved", "approval_settled/approved"),
        *("intent/allowed", "approval_consumed/consumed", "outcome/succeeded"),
        *("approval_requested/allowed", "refused/approval_pending"),
    ]


async def test_the_records_of_the_call_name_the_approval_and_who_gave_it(door: Gateway) -> None:
    token = door.tenant.token()
    await legacy(door, token=token)
    asked = await approve(door)
    await legacy(door, token=token)
    rows = {str(row["event"]): row for row in door.evidence.of_calls()}
    for event in ("approval_requested", "approval_decided", "intent", "approval_consumed", "outcome"):
        assert rows[event]["approval"] == asked.id, event
    approver = (await caller(door, "approver")).object_id
    assert (rows["approval_decided"]["approver"], rows["approval_consumed"]["approver"]) == (approver, approver)
    assert rows["approval_decided"]["justification"] == "looked at it"
    assert rows["approval_consumed"]["call"] == rows["intent"]["call"]
    assert len({partition for partition, _ in door.evidence.rows if "policy" not in partition}) == 1
    holding = {row["event"] for row in door.evidence.of_calls() if "in_7" in str(row)}
    assert holding == {"intent"}, "arguments stand in the payload of the intent alone"


@pytest.mark.parametrize("send", [legacy, modern])
async def test_a_call_that_is_approved_while_its_client_waits_completes(
    door: Gateway, upstream: Upstream, send: object
) -> None:
    assert callable(send)
    answer = await meanwhile(door, send(door), Verdict.APPROVE)
    assert message(answer)["result"] == DONE
    assert len(upstream.seen) == 1
    assert "refused" not in " ".join(door.evidence.events())


async def test_a_denial_is_told_without_naming_anybody_and_stands(door: Gateway, upstream: Upstream) -> None:
    answer = await meanwhile(door, legacy(door), Verdict.DENY)
    assert told(answer) == Reason.APPROVAL_DENIED.wire.sentence
    approver = await caller(door, "approver")
    for word in (approver.object_id, approver.name, "looked at it"):
        assert word not in str(answer.body)
    assert told(await legacy(door)) == Reason.APPROVAL_DENIED.wire.sentence
    assert (upstream.seen, len(door.approvals.approvals)) == ([], 1)
    assert door.evidence.events()[-1] == "refused/approval_denied"
    door.calendar.advance(3600)
    assert Reason.APPROVAL_PENDING.wire.sentence in told(await legacy(door))


async def test_an_expired_one_is_asked_for_anew_and_never_used(door: Gateway, upstream: Upstream) -> None:
    await legacy(door)
    door.calendar.advance(3600)
    await legacy(door)
    assert len(door.approvals.approvals) == 2
    await approve(door, await read(door, [*door.approvals.approvals][1]))
    door.calendar.advance(1800)
    await legacy(door)
    assert (len(door.approvals.approvals), upstream.seen) == (3, [])


async def test_one_other_digit_is_another_call_and_leaves_the_approval_as_it_is(
    door: Gateway, upstream: Upstream
) -> None:
    await legacy(door)
    asked = await approve(door)
    told(await legacy(door, REFUND | {"amount": 121}))
    assert upstream.seen == []
    assert (await read(door, asked.id)).state(door.rooms.now()) is State.APPROVED
    assert message(await legacy(door))["result"] == DONE


async def test_another_person_another_client_and_another_server_are_other_calls(
    door: Gateway, upstream: Upstream
) -> None:
    await legacy(door)
    await approve(door)
    other = door.tenant.token("engineer", azp="a9900000-0000-4000-8000-00000000000f")
    told(await legacy(door, token=other))
    crowd = door.tenant.token("engineer", oid="0b1ec700-0000-4000-8000-0000000000ff")
    told(await legacy(door, token=crowd))
    assert (upstream.seen, len(door.approvals.approvals)) == ([], 3)


async def test_a_tool_that_changed_meanwhile_is_not_called(door: Gateway, upstream: Upstream) -> None:
    await legacy(door)
    asked = await approve(door)
    upstream.tools = [{"name": "issue_refund", "description": "Pays anybody."}]
    door.clock.advance(301)
    assert message(await legacy(door))["error"]["code"] == Reason.TOOL_QUARANTINED.wire.code
    assert upstream.seen == []
    assert (await read(door, asked.id)).state(door.rooms.now()) is State.APPROVED


async def test_a_changed_tool_that_may_be_used_has_to_be_approved_as_it_is_now(
    door: Gateway, upstream: Upstream
) -> None:
    rewrite(door, "    mask: [personal]\n", "    mask: [personal]\n    trust: accept\n")
    await legacy(door)
    asked = await approve(door)
    upstream.tools = [{"name": "issue_refund", "description": "Pays anybody."}]
    door.clock.advance(301)
    told(await legacy(door))
    assert upstream.seen == []
    assert len(door.approvals.approvals) == 2
    assert (await read(door, asked.id)).state(door.rooms.now()) is State.APPROVED


async def test_a_policy_that_denies_the_call_meanwhile_leaves_the_approval_unused(
    door: Gateway, upstream: Upstream
) -> None:
    await legacy(door)
    asked = await approve(door)
    before = door.policy_file.read_text()
    rewrite(
        door,
        "rules:\n",
        "rules:\n  - {name: stop, effect: deny, who: anyone, servers: [records], tools: [issue_refund]}\n",
    )
    assert "result" not in message(await legacy(door))
    assert (upstream.seen, (await read(door, asked.id)).spent) == ([], None)
    door.policy_file.write_text(before)
    door.clock.advance(2)
    assert message(await legacy(door))["result"] == DONE


async def test_a_policy_that_asks_for_more_people_meanwhile_refuses_and_leaves_the_approval_unused(
    door: Gateway, upstream: Upstream
) -> None:
    await legacy(door)
    asked = await approve(door)
    rewrite(
        door,
        "    approvers: [approvers]\n    expires: 1h",
        "    approvers: [approvers]\n    people: 2\n    expires: 1h",
    )
    assert told(await legacy(door)) == Reason.APPROVAL_INSUFFICIENT.wire.sentence
    assert (upstream.seen, (await read(door, asked.id)).spent) == ([], None)
    assert door.evidence.events()[-1] == "refused/approval_insufficient"


async def test_the_policy_is_asked_again_after_the_wait(door: Gateway, upstream: Upstream) -> None:
    async def turn() -> None:
        async with asyncio.timeout(5):
            await waited_for(door)
        rewrite(door, "people: 2", "people: 3")
        rewrite(
            door,
            "    tools: [issue_refund]\n    require: {approval: refunds}",
            "    tools: [issue_refund]\n    require: {approval: wires}",
        )
        await approve(door)

    answer, _ = await asyncio.gather(legacy(door), turn())
    assert told(answer) == Reason.APPROVAL_INSUFFICIENT.wire.sentence
    assert upstream.seen == []


async def test_a_denial_that_came_a_moment_after_the_approval_counts(door: Gateway, upstream: Upstream) -> None:
    await legacy(door)
    asked = await approve(door)
    late = replace(asked.votes[0], object_id="another", verdict=Verdict.DENY)
    await door.approvals.insert(asked.id, f"{DECISION}{late.tenant}.{late.object_id}", vote_columns(late))
    assert told(await legacy(door)) == Reason.APPROVAL_DENIED.wire.sentence
    assert upstream.seen == []


async def test_an_unrelated_edit_of_the_policy_voids_nothing(door: Gateway) -> None:
    await legacy(door)
    await approve(door)
    rewrite(door, "slow_*", "slower_*")
    assert message(await legacy(door))["result"] == DONE


async def test_two_rules_ask_for_different_people_and_their_approvals_add_up(door: Gateway, upstream: Upstream) -> None:
    rewrite(door, "tools: [wire_money]", "tools: [wire_money, issue_refund]")
    rewrite(door, "reasons: [requester, approver]", "reasons: [approver]")
    await legacy(door)
    # wires: 2 out of approvers and hr; refunds: 1 out of approvers.
    await approve(door)
    told(await legacy(door))
    await approve(door, account="approver2")
    told(await legacy(door))
    assert upstream.seen == []
    assert (await only(door)).state(door.rooms.now()) is State.PENDING


async def test_of_many_identical_calls_at_once_one_is_made(door: Gateway, upstream: Upstream) -> None:
    await legacy(door)
    await approve(door)
    answers = await asyncio.gather(*(legacy(door) for _ in range(12)))
    made = [answer for answer in answers if "isError" not in message(answer)["result"]]
    assert (len(made), len(upstream.seen)) == (1, 1)
    assert door.evidence.events().count("approval_consumed/consumed") == 1


async def test_identical_calls_within_the_time_that_the_terms_give_use_it_again(
    door: Gateway, upstream: Upstream
) -> None:
    rewrite(door, "    use_within: 30m\n", "    use_within: 30m\n    reuse: 5m\n")
    await legacy(door)
    await approve(door)
    for _ in range(3):
        assert message(await legacy(door))["result"] == DONE
    door.calendar.advance(300)
    told(await legacy(door))
    assert len(upstream.seen) == 3


async def test_a_client_that_asks_for_progress_is_told_while_it_waits(door: Gateway) -> None:
    answer = await modern(door, meta={"progressToken": "p"})
    *progress, last = await messages(answer)
    assert {each["method"] for each in progress} == {"notifications/progress"}
    assert [each["params"]["progress"] for each in progress] == [*range(len(progress))]
    assert {each["params"]["progressToken"] for each in progress} == {"p"}
    assert last["result"]["isError"] is True
    assert door.evidence.events()[-1] == "refused/approval_pending"


@pytest.mark.parametrize("streams", [False, True])
async def test_a_client_that_asks_for_progress_gets_the_result_on_its_stream(
    tmp_path: Path, upstream: Upstream, streams: bool
) -> None:
    if streams:
        upstream.answer = events({"jsonrpc": "2.0", "id": ..., "result": DONE})
    async with gateway(tmp_path, upstream.url) as door:
        waiting = await modern(door, meta={"progressToken": 1})
        reading = asyncio.ensure_future(messages(waiting))
        async with asyncio.timeout(5):
            await waited_for(door)
            await approve(door)
            found = await reading
        assert found[-1]["result"] == DONE
        assert door.evidence.events()[-1] == "outcome/succeeded"


async def test_a_modern_client_that_leaves_withdraws_its_call(door: Gateway, upstream: Upstream) -> None:
    door.gone = asyncio.Event()
    door.gone.set()
    assert told(await modern(door)) == Reason.APPROVAL_WITHDRAWN.wire.sentence
    assert (await only(door)).state(door.rooms.now()) is State.WITHDRAWN
    assert "approval_settled/withdrawn" in door.evidence.events()
    assert upstream.seen == []


async def test_a_legacy_client_that_leaves_does_not(door: Gateway) -> None:
    door.gone = asyncio.Event()
    door.gone.set()
    assert Reason.APPROVAL_PENDING.wire.sentence in told(await legacy(door))
    assert (await only(door)).state(door.rooms.now()) is State.PENDING


async def test_a_request_that_is_cancelled_in_its_session_is_withdrawn(tmp_path: Path) -> None:
    initialized: dict[str, Any] = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "serverInfo": {"name": "s", "version": "1"},
    }

    async with serving(result(initialized)) as upstream, gateway(tmp_path, upstream.url) as door:
        upstream.answer = lambda seen: _with_session(seen, initialized)
        begun = await door.send(request("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}}))
        session: dict[str, Any] = {
            "mcp-session-id": begun.headers["mcp-session-id"],
            "mcp-protocol-version": "2025-11-25",
        }
        held = asyncio.ensure_future(legacy(door, **session))
        async with asyncio.timeout(5):
            while not any(key.startswith("request-") for key in door.approvals.pointers):  # noqa: ASYNC110
                await asyncio.sleep(0)
            cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}}
            await door.send({**cancel, "params": {"requestId": "7"}}, **session)
            assert (await only(door)).settled is None
            await door.send(cancel, **session)
            assert told(await held) == Reason.APPROVAL_WITHDRAWN.wire.sentence
        assert (await only(door)).state(door.rooms.now()) is State.WITHDRAWN


def _with_session(seen: Seen, value: dict[str, Any]) -> Response:
    content = {"jsonrpc": "2.0", "id": seen.body.get("id"), "result": value}
    return JSONResponse(content, headers={"mcp-session-id": "up-1"})


async def test_the_requesters_reason_goes_to_the_approvers_and_not_to_the_server(
    door: Gateway, upstream: Upstream
) -> None:
    await modern(door, meta={"countersign/reason": "ticket 7"})
    assert (await only(door)).reason == "ticket 7"
    await approve(door)
    await modern(door, meta={"countersign/reason": "ticket 8"})
    [seen] = upstream.seen
    assert "ticket" not in json.dumps(seen.body)


async def test_where_a_reason_is_wanted_nobody_is_asked_before_it_is_given(door: Gateway) -> None:
    first = await door.call("wire_money")
    assert Reason.APPROVAL_NEEDS_REASON.wire.sentence in told(first)
    assert (door.orchestrations.started, await door.approvals.waiting()) == ([], [])
    actor = Actor(await caller(door, "engineer"), ORIGIN)
    await door.rooms.approvals.give_reason(await only(door), "invoice 7", actor, door.orchestrations)
    assert len(door.orchestrations.started) == 1
    assert Reason.APPROVAL_PENDING.wire.sentence in told(await door.call("wire_money"))


async def test_a_call_that_nobody_could_read_is_refused(door: Gateway) -> None:
    answer = await legacy(door, {"note": "x" * MAX_CALL})
    assert told(answer) == Reason.APPROVAL_TOO_LARGE.wire.sentence
    assert door.evidence.events() == ["refused/approval_too_large"]


async def test_a_revoked_approval_is_refused_like_a_denied_one(door: Gateway, upstream: Upstream) -> None:
    await legacy(door)
    given = await approve(door)
    await rulings.end(door.rooms.approvals, given, State.REVOKED, Actor(await caller(door, "operator"), ORIGIN))
    assert told(await legacy(door)) == Reason.APPROVAL_DENIED.wire.sentence
    assert upstream.seen == []


async def test_without_the_store_nothing_is_asked_for_and_nothing_is_made(door: Gateway, upstream: Upstream) -> None:
    with door.approvals.down():
        answer = await legacy(door)
    assert (answer.status, message(answer)["error"]["code"]) == (503, Reason.APPROVALS_UNAVAILABLE.wire.code)
    await legacy(door)
    await approve(door)
    with door.approvals.failing("spent"):
        answer = await legacy(door)
    assert answer.status == 503
    assert upstream.seen == []
    assert message(await legacy(door))["result"] == DONE


async def test_an_approval_that_may_be_used_up_is_not_used_again(door: Gateway, upstream: Upstream) -> None:
    await legacy(door)
    await approve(door)
    with door.approvals.failing("spent", Fault.INSERT_FAILS_BUT_IS_WRITTEN):
        assert (await legacy(door)).status == 503
    told(await legacy(door))
    assert upstream.seen == []


async def test_without_orchestrations_nobody_would_be_told_so_nothing_waits(door: Gateway) -> None:
    door.orchestrations.confirms = False
    answer = await legacy(door)
    assert answer.status == 503
    door.orchestrations.confirms = True
    assert Reason.APPROVAL_PENDING.wire.sentence in told(await legacy(door))
    assert len(door.approvals.approvals) == 1
    assert door.evidence.events().count("approval_requested/allowed") == 2


async def test_without_evidence_nothing_waits_and_nothing_is_made(door: Gateway, upstream: Upstream) -> None:
    with door.evidence.down():
        assert (await legacy(door)).status == 503
    assert await door.approvals.waiting() == []
    await legacy(door)
    given = await approve(door)
    with door.evidence.down():
        assert (await legacy(door)).status == 503
    assert (upstream.seen, (await read(door, given.id)).spent) == ([], None)
    assert message(await legacy(door))["result"] == DONE


async def test_without_the_sealing_key_nothing_waits(door: Gateway) -> None:
    del door.secrets["session-key"]
    answer = await legacy(door)
    assert (answer.status, door.approvals.approvals) == (503, {})


async def test_methods_that_have_no_result_for_it_get_an_error(door: Gateway) -> None:
    rewrite(door, '    prompts: ["*"]\n', '    prompts: ["*"]\n    require: {approval: refunds}\n')
    answer = await door.send(request("prompts/get", {"name": "greet"}))
    assert message(answer)["error"]["code"] == Reason.APPROVAL_PENDING.wire.code
    assert message(answer)["error"]["data"]["approval"] == (await only(door)).id


async def test_the_facts_of_an_approval_hold_no_value_of_a_uri_and_not_all_of_a_long_one(door: Gateway) -> None:
    rewrite(
        door, '    resources: ["customer://*"]\n', '    resources: ["customer://*"]\n    require: {approval: refunds}\n'
    )
    answer = await door.send(request("resources/read", {"uri": "customer://mary@shop.example/" + "x" * 8_000}))
    assert message(answer)["error"]["code"] == Reason.APPROVAL_PENDING.wire.code
    facts = door.approvals.approvals[(await only(door)).id]["request"]
    assert "mary@shop.example" not in str(facts)
    assert len(str(facts["target"])) == 1024


async def test_rows_that_cannot_be_read_end_a_stream_with_an_error_on_record(door: Gateway, upstream: Upstream) -> None:
    waiting = await modern(door, meta={"progressToken": "p"})
    async with asyncio.timeout(5):
        asked = await waited_for(door)
        door.approvals.approvals[asked.id]["settled"] = {
            "state": "neither",
            "at": "x",
            "by": "",
            "reason": "",
            "call": "",
        }
        *_, last = await messages(waiting)
    assert last["error"]["code"] == Reason.APPROVALS_UNAVAILABLE.wire.code
    assert door.evidence.events()[-1] == "refused/approvals_unavailable"
    assert upstream.seen == []
