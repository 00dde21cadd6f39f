"""What runs when access ends: streams that are closed, calls that finish or are cancelled, and their records."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response, StreamingResponse

from gateway.access.grant import Grant, State
from gateway.access.session_token import Bounds, Issued, issue
from gateway.answer import Answer
from gateway.approvals.book import Actor
from gateway.reasons import Reason
from gateway.rooms import Pace
from tests.fakes.upstream import Hanging, Seen, Upstream, events, result, serving, status
from tests.fakes.values import ORIGIN
from tests.walk.approvals import approve, caller, read, told, waited_for
from tests.walk.rooms import MODERN_META, Gateway, gateway, message, request
from tests.walk.test_grants import grant

PATIENCE = 5
"""Seconds in which a stream has to be closed; a test that takes longer counts as hanging."""
CANCELS, FINISHES = "restart_host", "read_vault"
"""Tools whose access cancels what runs when it ends, and lets it finish."""
KIND = {CANCELS: "ticket", FINISHES: "desk"}
NOTE = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 1, "progress": 1}}
DONE = {"jsonrpc": "2.0", "id": ..., "result": {"content": []}}


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(result({})) as running:
        yield running


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, upstream.url) as opened:
        yield opened


def only_requests(answer: Callable[[Seen], Response]) -> Callable[[Seen], Response]:
    """Requests are answered so; what is told to the server is accepted."""
    return lambda seen: (status(202) if str(seen.body.get("method")).startswith("notifications/") else answer)(seen)


class Waiting(Response):
    """An answer that is sent once it may be."""

    def __init__(self, answer: Response, until: asyncio.Event) -> None:
        super().__init__()
        self._answer, self._until = answer, until

    async def __call__(self, *scope: Any) -> None:
        await self._until.wait()
        await self._answer(*scope)


def paused(answer: Callable[[Seen], Response], go: asyncio.Event) -> Callable[[Seen], Response]:
    """The stream's first message at once, the others once they may go."""

    async def chunks(stream: AsyncIterable[Any]) -> AsyncIterator[Any]:
        async for each in stream:
            yield each
            await go.wait()

    def answered(seen: Seen) -> Response:
        found = answer(seen)
        assert isinstance(found, StreamingResponse)
        found.body_iterator = chunks(found.body_iterator)
        return found

    return answered


async def end(door: Gateway, held: Grant, state: State = State.REVOKED) -> None:
    found = await door.rooms.grants.end(held, state, Actor(await caller(door, "operator"), ORIGIN), "enough")
    assert isinstance(found, Grant)


async def chunk(answer: Answer) -> str:
    assert not isinstance(answer.body, bytes), "no stream"
    return (await anext(answer.body)).decode()


async def rest(answer: Answer) -> str:
    assert not isinstance(answer.body, bytes), "no stream"
    return "".join([each.decode() async for each in answer.body])


async def token_of(door: Gateway, held: Grant) -> str:
    person = await caller(door, "engineer")
    assert held.ends is not None
    bounds = Bounds("records", held.id, held.ends, person.groups)
    issued = await issue(person, bounds, door.rooms.settings, door.rooms.signing, door.rooms.now())
    assert isinstance(issued, Issued)
    return issued.token.reveal()


async def no_task_is_left() -> None:
    """Returns once nothing that the gateway began runs any more; the caller bounds the wait."""
    while _running():  # noqa: ASYNC110 - a task that ends has no bell
        await asyncio.sleep(0.001)


def _running() -> list[str]:
    """Tasks that run code of the gateway; `_wrap_awaitable` is the wait for an event of an upstream."""
    tasks = [repr(task) for task in asyncio.all_tasks() - {asyncio.current_task()}]
    return [task for task in tasks if "/gateway/" in task.replace("/tests/", "") or "_wrap_awaitable" in task]


def outcome(door: Gateway) -> dict[str, Any]:
    [row] = [row for row in door.evidence.of_calls() if row["event"] == "outcome"]
    return dict(row)


@pytest.mark.parametrize("modern", [False, True])
async def test_a_stream_of_an_answer_is_closed_when_its_access_is_revoked_and_the_next_call_refused(
    door: Gateway, upstream: Upstream, modern: bool
) -> None:
    upstream.answer = only_requests(events(NOTE, then="hangs"))
    held = await grant(door)
    answer = await door.call(CANCELS, modern=modern)
    assert '"progress":1' in await chunk(answer)
    await end(door, held)
    async with asyncio.timeout(PATIENCE):
        closed = await rest(answer)
        await upstream.seen[0].left.wait()
        await no_task_is_left()
    assert '"code":40345' in closed
    assert '"id":7' in closed
    assert (outcome(door)["outcome"], outcome(door)["reason"]) == ("cancelled", "grant_cut_off")
    assert '"grant_over":1' in str(outcome(door)["body"])
    assert f"{held.id} is revoked" in str(outcome(door)["body"])
    cancelled = [seen.body["params"]["requestId"] for seen in upstream.seen[1:]]
    assert cancelled == ([] if modern else [7])  # the modern era cancels by closing
    assert Reason.GRANT_NEEDED.wire.sentence in told(await door.call(CANCELS, modern=modern))


@pytest.mark.parametrize("modern", [False, True])
async def test_a_call_that_is_not_answered_yet_is_cancelled_and_its_caller_told(
    door: Gateway, upstream: Upstream, modern: bool
) -> None:
    upstream.answer = only_requests(lambda _: Hanging())
    held = await grant(door)
    running = asyncio.create_task(door.call(CANCELS, modern=modern))
    async with asyncio.timeout(PATIENCE):
        await door.evidence.wait_for("intent/allowed")
        await end(door, held)
        assert Reason.GRANT_CUT_OFF.wire.sentence in told(await running)
        await no_task_is_left()
    assert (outcome(door)["outcome"], outcome(door)["reason"]) == ("cancelled", "grant_cut_off")
    assert [seen.body["method"] for seen in upstream.seen[1:]] == ([] if modern else ["notifications/cancelled"])


async def test_a_server_that_does_not_take_the_cancellation_keeps_nobody_waiting(
    door: Gateway, upstream: Upstream
) -> None:
    upstream.answer = lambda _: Hanging()
    held = await grant(door)
    running = asyncio.create_task(door.call(CANCELS))
    async with asyncio.timeout(PATIENCE):
        await door.evidence.wait_for("intent/allowed")
        await end(door, held)
        assert Reason.GRANT_CUT_OFF.wire.sentence in told(await running)


async def test_a_call_that_may_finish_does_and_its_record_says_that_its_access_was_over(
    door: Gateway, upstream: Upstream
) -> None:
    go = asyncio.Event()
    upstream.answer = lambda seen: Waiting(result({"content": []})(seen), go)
    held = await grant(door, kind="desk")
    running = asyncio.create_task(door.call(FINISHES))
    async with asyncio.timeout(PATIENCE):
        await door.evidence.wait_for("intent/allowed")
        await end_seen(door, held)
        go.set()
        assert message(await running)["result"] == {"content": []}
        await no_task_is_left()
    assert outcome(door)["outcome"] == "succeeded"
    assert '"grant_over":1' in str(outcome(door)["body"])
    assert message(await door.call(FINISHES))["error"]["code"] == -32602


async def test_a_stream_that_may_finish_does_too(door: Gateway, upstream: Upstream) -> None:
    go = asyncio.Event()
    upstream.answer = paused(events(NOTE, DONE), go)
    held = await grant(door, kind="desk")
    answered = await door.call(FINISHES)
    async with asyncio.timeout(PATIENCE):
        await chunk(answered)
        await end_seen(door, held)
        go.set()
        assert '"result"' in await rest(answered)
        await no_task_is_left()
    assert (outcome(door)["outcome"], '"grant_over":1' in str(outcome(door)["body"])) == ("succeeded", True)


async def end_seen(door: Gateway, held: Grant) -> None:
    """The access is revoked, and whoever watches has seen it; the caller bounds the wait."""
    looked, rows, own = asyncio.Event(), door.grants.rows, asyncio.current_task()

    async def seen(identifier: str) -> Any:
        found = await rows(identifier)
        if identifier == held.id and "ended" in found and asyncio.current_task() is not own:
            looked.set()
        return found

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(door.grants, "rows", seen)
        await end(door, held)
        await looked.wait()


async def test_a_call_that_ends_before_its_access_says_nothing_of_it(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = events(NOTE, DONE)
    await grant(door)
    assert '"result"' in await rest(await door.call(CANCELS))
    assert "grant_over" not in str(outcome(door)["body"])
    async with asyncio.timeout(PATIENCE):
        await no_task_is_left()


async def test_a_client_that_leaves_leaves_no_watcher_behind(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = events(NOTE, then="hangs")
    await grant(door)
    answer = await door.call(CANCELS, modern=True)
    await chunk(answer)
    assert not isinstance(answer.body, bytes)
    async with asyncio.timeout(PATIENCE):
        await answer.body.aclose()
        await door.evidence.wait_for("outcome/cancelled")
        await no_task_is_left()
    assert "grant_over" not in str(outcome(door)["body"])


async def test_a_request_that_is_given_up_leaves_no_watcher_behind(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = lambda _: Hanging()
    await grant(door)
    running = asyncio.create_task(door.call(CANCELS))
    async with asyncio.timeout(PATIENCE):
        await door.evidence.wait_for("intent/allowed")
        running.cancel()
        await asyncio.wait({running})
        await no_task_is_left()


async def test_the_clock_ends_a_stream_although_nobody_looks_at_the_store(door: Gateway, upstream: Upstream) -> None:
    door.rooms = replace(door.rooms, pace=Pace(watch=100))
    upstream.answer = only_requests(events(NOTE, then="hangs"))
    await grant(door, 600)
    door.calendar.advance(599.7)
    answer = await door.call(CANCELS)
    async with asyncio.timeout(PATIENCE):
        assert '"code":40345' in await rest(answer)
    assert outcome(door)["reason"] == "grant_cut_off"


async def test_while_the_store_does_not_answer_a_stream_runs_on_until_the_end_that_is_known(
    door: Gateway, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.relay.KEEP_ALIVE", 0.1)
    upstream.answer = only_requests(events(NOTE, then="hangs"))
    await grant(door, 600)
    answer = await door.call(CANCELS)
    await chunk(answer)
    with door.grants.down():
        async with asyncio.timeout(PATIENCE):
            assert await chunk(answer) == ":\n\n"  # five looks later
            refused = await door.call(CANCELS)
            assert message(refused)["error"]["code"] == Reason.GRANTS_UNAVAILABLE.wire.code
            door.calendar.advance(600)
            assert '"code":40345' in await rest(answer)


async def test_a_store_that_hangs_delays_the_end_by_nothing(
    door: Gateway, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hangs(_identifier: str) -> Any:
        await asyncio.Event().wait()

    upstream.answer = only_requests(events(NOTE, then="hangs"))
    await grant(door, 600)
    door.calendar.advance(599.5)
    answer = await door.call(CANCELS)
    await chunk(answer)
    monkeypatch.setattr(door.grants, "rows", hangs)
    async with asyncio.timeout(PATIENCE):
        assert '"code":40345' in await rest(answer)


@pytest.mark.parametrize("kind", ["ticket", "desk"])
async def test_a_stream_of_a_session_token_is_closed_with_its_access_whatever_calls_may_do(
    door: Gateway, upstream: Upstream, kind: str
) -> None:
    changed = b'data: {"jsonrpc":"2.0","method":"notifications/resources/list_changed"}\n\n'
    upstream.answer = events(changed, then="hangs")
    held = await grant(door, kind=kind)
    token = await token_of(door, held)
    answer = await door.request("GET", b"", token=token)
    await chunk(answer)
    await end(door, held)
    async with asyncio.timeout(PATIENCE):
        assert '"code":40342' in await rest(answer)
        await upstream.seen[0].left.wait()
        await no_task_is_left()
    assert (outcome(door)["outcome"], outcome(door)["reason"]) == ("cancelled", "grant_over")
    refused = await door.request("GET", b"", token=token)
    assert message(refused)["error"]["code"] == Reason.GRANT_OVER.wire.code


async def test_a_subscription_of_a_session_token_is_closed_with_its_access(door: Gateway, upstream: Upstream) -> None:
    acknowledged = {"jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged", "params": {}}
    upstream.answer = events(acknowledged, then="hangs")
    held = await grant(door)
    headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": "subscriptions/listen"}
    body = request("subscriptions/listen", {"notifications": {}, "_meta": MODERN_META})
    answer = await door.send(body, token=await token_of(door, held), **headers)
    await chunk(answer)
    door.calendar.advance(600)
    async with asyncio.timeout(PATIENCE):
        closed = await rest(answer)
        await upstream.seen[0].left.wait()
    assert ('"code":40342' in closed, '"id":7' in closed) == (True, True)


async def test_a_stream_without_access_of_its_own_is_not_watched(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = events(NOTE, then="hangs")
    answer = await door.call("get_customer")
    await chunk(answer)
    assert not any("watch.py" in task for task in _running())
    assert not isinstance(answer.body, bytes)
    await answer.body.aclose()


async def test_access_that_ends_while_people_decide_on_a_call_under_it_is_not_open_any_more(
    door: Gateway, upstream: Upstream
) -> None:
    both = door.policy_file.read_text().replace("{grant: ticket}", "{grant: ticket, approval: refunds}")
    door.policy_file.write_text(both)
    await grant(door, 600)
    running = asyncio.ensure_future(door.call(CANCELS))
    async with asyncio.timeout(PATIENCE):
        approval = await waited_for(door)
        door.calendar.advance(600)
        await approve(door, await read(door, approval.id))
        assert Reason.GRANT_NEEDED.wire.sentence in told(await running)
    assert upstream.seen == []
