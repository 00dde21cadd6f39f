"""Whole calls of a caller who asks for more than the policy's limits allow: told so, on record, and no more."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response

from gateway.answer import Answer
from gateway.approvals.approval import Verdict
from gateway.limits import PAUSE, Limits
from gateway.reasons import Reason
from tests.fakes.clock import Clock
from tests.fakes.policies import policy_text
from tests.fakes.upstream import Hanging, Seen, Upstream, events, result, serving, text_result
from tests.walk.approvals import approve, legacy, meanwhile, modern, only
from tests.walk.rooms import Gateway, gateway, message, messages, request
from tests.walk.tasks import DECLARED, DONE, get, run_now
from tests.walk.test_calls import begin

ERAS = pytest.mark.parametrize("modern", [False, True])
PATIENCE = 5
"""Seconds in which a place has to be given back; a test that takes longer counts as hanging."""
NOTE = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "x" * 600}}
FINAL = {"jsonrpc": "2.0", "id": ..., "result": {"content": [{"type": "text", "text": "done"}]}}


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(text_result("done")) as running:
        yield running


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, upstream.url) as opened:
        yield opened


def limit(door: Gateway, upstream: Upstream, numbers: str, servers: str = "'*'") -> Clock:
    """The policy has one limit for everybody; gives the clock that its buckets go by."""
    limits = f"limits:\n  gentle: {{who: anyone, servers: [{servers}], {numbers}}}\n"
    door.policy_file.write_text(policy_text(upstream.url) + limits)
    clock = Clock()
    door.rooms = replace(door.rooms, limits=Limits(clock))
    return clock


def error(answer: Answer) -> tuple[int, int]:
    return answer.status, message(answer)["error"]["code"]


TOO_FAST, TOO_MANY, SPENT = (
    (429, reason.wire.code) for reason in (Reason.TOO_FAST, Reason.TOO_MANY_OPEN, Reason.SESSION_SPENT)
)


@ERAS
async def test_a_caller_that_comes_too_often_is_told_when_to_come_back_and_then_served(
    door: Gateway, upstream: Upstream, modern: bool
) -> None:
    clock = limit(door, upstream, "requests_per_second: 0.5, burst: 2")
    assert [(await door.call(modern=modern)).status for _ in range(2)] == [200, 200]
    answer = await door.call(modern=modern)
    assert error(answer) == TOO_FAST
    assert answer.headers["retry-after"] == "2"
    assert answer.headers["ratelimit-policy"] == '"requests";q=2;w=4'
    assert answer.headers["ratelimit"] == '"requests";r=0;t=2'
    assert message(answer)["error"]["data"]["retryAfter"] == 2
    assert "gentle" not in f"{answer.headers} {answer.body!r}"
    assert (await door.call(modern=modern, token="pipeline")).status != 429
    clock.advance(2)
    assert (await door.call(modern=modern)).status == 200
    assert len(upstream.seen) == 3


async def test_a_refusal_by_a_limit_is_on_record_with_who_where_which_number_and_the_policy(
    door: Gateway, upstream: Upstream
) -> None:
    limit(door, upstream, "requests_per_second: 0.5")
    for _ in range(2):
        await door.call()
    *_, row = door.evidence.of_calls()
    assert (row["event"], row["reason"], row["subject"]) == (
        "refused",
        "too_fast",
        door.evidence.of_calls()[0]["subject"],
    )
    body = json.loads(str(row["body"]))
    assert body["detail"] == "limit gentle: requests_per_second 0.5, burst 1"
    assert (body["server"], body["target"], len(body["policy"])) == ("records", "get_customer", 64)


async def test_a_flood_of_refusals_fills_no_evidence(door: Gateway, upstream: Upstream) -> None:
    clock = limit(door, upstream, "requests_per_second: 0.001, burst: 1")
    await door.call()
    assert {error(await door.call()) for _ in range(50)} == {TOO_FAST}
    assert door.evidence.events() == ["intent/allowed", "outcome/succeeded", "refused/too_fast"]
    assert door.rooms.limits.omitted == 49
    clock.advance(PAUSE)
    await door.call()
    assert "49 more were refused since the last record" in str(door.evidence.of_calls()[-1]["body"])


async def test_a_refusal_that_has_to_be_recorded_and_cannot_be_is_told_as_that(
    door: Gateway, upstream: Upstream
) -> None:
    limit(door, upstream, "requests_per_second: 0.5")
    await door.call()
    with door.evidence.down():
        assert (await door.call()).status == 503


async def test_what_the_policy_refuses_counts_too(door: Gateway, upstream: Upstream) -> None:
    limit(door, upstream, "requests_per_second: 0.5, burst: 2")
    assert message(await door.call("delete_customer"))["error"]["code"] == -32602
    assert message(await door.call("delete_customer"))["error"]["code"] == -32602
    assert error(await door.call()) == TOO_FAST


async def test_nothing_is_asked_of_an_upstream_or_of_people_for_a_call_too_many(
    door: Gateway, upstream: Upstream
) -> None:
    limit(door, upstream, "requests_per_second: 0.5")
    await door.request("GET", b"")
    listed, seen = len(upstream.listed), len(upstream.seen)
    assert error(await legacy(door)) == TOO_FAST
    assert (len(upstream.listed), len(upstream.seen)) == (listed, seen)
    assert not door.approvals.approvals


@ERAS
async def test_a_call_holds_its_place_until_it_is_answered(door: Gateway, upstream: Upstream, modern: bool) -> None:
    limit(door, upstream, "concurrent: 1")
    await door.call()
    arrived, until = asyncio.Event(), asyncio.Event()
    upstream.answer = held_back(text_result("late"), arrived, until)
    async with asyncio.timeout(PATIENCE):
        first = asyncio.create_task(door.call(modern=modern))
        await arrived.wait()
        answer = await door.call(modern=modern)
        assert error(answer) == TOO_MANY
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["ratelimit-policy"] == '"concurrent";q=1;qu="concurrent-requests"'
        assert (await door.call(modern=modern, token="pipeline")).status != 429
        until.set()
        assert (await first).status == 200
        assert (await door.call(modern=modern)).status == 200


def held_back(
    answer: Callable[[Seen], Response], arrived: asyncio.Event, until: asyncio.Event
) -> Callable[[Seen], Response]:
    class Waiting(Response):
        def __init__(self, seen: Seen) -> None:
            super().__init__()
            self._answer = answer(seen)

        async def __call__(self, *scope: Any) -> None:
            arrived.set()
            await until.wait()
            await self._answer(*scope)

    return Waiting


@ERAS
@pytest.mark.parametrize("is_read_to_its_end", [True, False])
async def test_a_stream_holds_its_place_until_it_ends_or_its_client_leaves(
    door: Gateway, upstream: Upstream, modern: bool, is_read_to_its_end: bool
) -> None:
    limit(door, upstream, "concurrent: 1")
    upstream.answer = events(NOTE, FINAL)
    answer = await door.call(modern=modern)
    assert not isinstance(answer.body, bytes)
    await anext(answer.body)
    assert error(await door.call(modern=modern)) == TOO_MANY
    if is_read_to_its_end:
        assert [chunk async for chunk in answer.body]
    await answer.body.aclose()
    upstream.answer = text_result("done")
    assert (await door.call(modern=modern)).status == 200


async def test_a_client_that_leaves_before_the_answer_gives_its_place_back(door: Gateway, upstream: Upstream) -> None:
    limit(door, upstream, "concurrent: 1")
    await door.call()
    upstream.answer = lambda _: Hanging()
    door.gone = asyncio.Event()
    door.gone.set()
    async with asyncio.timeout(PATIENCE):
        await door.call(modern=True)
    assert door.evidence.events()[-1] == "outcome/client_gone"
    door.gone, upstream.answer = None, text_result("done")
    assert (await door.call(modern=True)).status == 200


async def test_a_call_that_is_cancelled_on_its_way_gives_its_place_back(door: Gateway, upstream: Upstream) -> None:
    limit(door, upstream, "concurrent: 1")
    await door.call()
    arrived = asyncio.Event()
    upstream.answer = held_back(text_result("never"), arrived, asyncio.Event())
    async with asyncio.timeout(PATIENCE):
        task = asyncio.create_task(door.call())
        await arrived.wait()
        task.cancel()
        await asyncio.wait({task})
    upstream.answer = text_result("done")
    assert (await door.call()).status == 200


async def test_a_stream_that_only_listens_takes_no_place_of_a_call(door: Gateway, upstream: Upstream) -> None:
    limit(door, upstream, "concurrent: 1")
    upstream.answer = events(NOTE, then="hangs")
    listening = await door.request("GET", b"", accept="text/event-stream")
    assert not isinstance(listening.body, bytes)
    await anext(listening.body)
    assert error(await door.request("GET", b"", accept="text/event-stream")) == TOO_MANY
    upstream.answer = text_result("done")
    assert (await door.call()).status == 200
    await listening.body.aclose()
    upstream.answer = events(NOTE)
    again = await door.request("GET", b"", accept="text/event-stream")
    assert again.status == 200
    assert not isinstance(again.body, bytes)
    await again.body.aclose()


async def test_a_session_makes_so_many_calls_and_another_one_begins_anew(door: Gateway, upstream: Upstream) -> None:
    limit(door, upstream, "calls_per_session: 2")
    held = await begin(door, upstream)
    upstream.answer = text_result("done")
    assert [(await door.call(mcp_session_id=held)).status for _ in range(2)] == [200, 200]
    answer = await door.call(mcp_session_id=held)
    assert error(answer) == SPENT
    assert "retry-after" not in answer.headers
    assert answer.headers["ratelimit-policy"] == '"session";q=2'
    upstream.answer = result({"tools": []})
    assert (await door.send(request("tools/list"), mcp_session_id=held)).status == 200
    upstream.answer = text_result("done")
    assert (await door.call()).status == 200  # of the sign-in's session


@ERAS
async def test_an_answer_above_the_bound_is_withheld_and_on_record(
    door: Gateway, upstream: Upstream, modern: bool
) -> None:
    limit(door, upstream, "result_bytes: 1KiB")
    upstream.answer = text_result("secret" * 200)
    answer = await door.call(modern=modern)
    assert error(answer) == (200, Reason.RESULT_TOO_LARGE.wire.code)
    assert "secret" not in str(answer.body)
    assert door.evidence.events() == ["intent/allowed", "outcome/result_too_large"]
    assert [row["outcome"] for row in door.evidence.rows.values()][-1] == "withheld"
    upstream.answer = text_result("x" * 600)
    assert "result" in message(await door.call(modern=modern))


async def test_a_list_is_no_result_of_a_call(door: Gateway, upstream: Upstream) -> None:
    limit(door, upstream, "result_bytes: 1KiB")
    upstream.answer = result({"tools": [{"name": "get_customer", "description": "x" * 2000}]})
    assert "result" in message(await door.send(request("tools/list")))


@ERAS
async def test_the_events_of_a_stream_count_together(door: Gateway, upstream: Upstream, modern: bool) -> None:
    limit(door, upstream, "result_bytes: 1KiB")
    upstream.answer = events(NOTE, FINAL)
    assert [each.get("id") for each in await messages(await door.call(modern=modern))] == [None, 7]
    upstream.answer = events(NOTE, NOTE, FINAL)
    *_, last = await messages(await door.call(modern=modern))
    assert last["error"]["code"] == Reason.RESULT_TOO_LARGE.wire.code
    assert door.evidence.events()[-1] == "outcome/result_too_large"


async def test_on_a_stream_that_listens_each_event_counts_for_itself(door: Gateway, upstream: Upstream) -> None:
    limit(door, upstream, "result_bytes: 1KiB")
    upstream.answer = events(*[NOTE] * 5)
    assert len(await messages(await door.request("GET", b"", accept="text/event-stream"))) == 5
    large = {**NOTE, "params": {"level": "info", "data": "x" * 2000}}
    upstream.answer = events(NOTE, large, NOTE)
    first, last = await messages(await door.request("GET", b"", accept="text/event-stream"))
    assert first == NOTE
    assert last["error"]["code"] == Reason.RESULT_TOO_LARGE.wire.code


@pytest.mark.parametrize("send", [legacy, modern])
async def test_a_call_that_waits_for_people_counts_once(door: Gateway, upstream: Upstream, send: Any) -> None:
    limit(door, upstream, "requests_per_second: 0.001, burst: 1, concurrent: 1, calls_per_session: 1")
    answer = await meanwhile(door, send(door), Verdict.APPROVE)
    assert "isError" not in message(answer)["result"]
    assert error(await send(door))[0] == 429


async def test_a_call_that_still_waits_is_none_of_its_sessions_calls(door: Gateway, upstream: Upstream) -> None:
    limit(door, upstream, "calls_per_session: 1")
    token = door.tenant.token()
    assert message(await legacy(door, token=token))["result"]["isError"] is True
    await approve(door)
    assert "isError" not in message(await legacy(door, token=token))["result"]
    assert error(await legacy(door, token=token)) == SPENT


async def test_a_task_is_made_once_people_have_approved_whatever_its_caller_has_used_by_then(
    door: Gateway, upstream: Upstream
) -> None:
    upstream.answer = result(DONE)
    clock, token = limit(door, upstream, "requests_per_second: 0.5, calls_per_session: 1"), door.tenant.token()
    await modern(door, meta=DECLARED, token=token)
    clock.advance(60)
    assert [(await door.call(modern=True, token=token)).status for _ in range(2)] == [200, 429]
    asked = await only(door)
    await approve(door)
    await run_now(door, asked.id)
    assert len(upstream.seen) == 2
    clock.advance(60)
    assert (await get(door, asked.id))["result"] == DONE


async def test_a_limit_is_for_its_own_servers(door: Gateway, upstream: Upstream) -> None:
    limit(door, upstream, "requests_per_second: 0.001, burst: 1", servers="open")
    assert [(await door.call()).status for _ in range(3)] == [200] * 3
    assert [(await door.call(server="open")).status for _ in range(2)] == [200, 429]


async def test_a_limit_that_the_policy_drops_is_gone_at_the_next_call(door: Gateway, upstream: Upstream) -> None:
    limit(door, upstream, "requests_per_second: 0.001, burst: 1")
    assert [(await door.call()).status for _ in range(2)] == [200, 429]
    door.policy_file.write_text(policy_text(upstream.url))
    door.clock.advance(2)
    assert (await door.call()).status == 200
