"""Calls that need access which is asked for: made while it is open, refused before and after, one session."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.access.grant import Grant, State
from gateway.access.request import Asked, Wish
from gateway.answer import Answer
from gateway.approvals.book import Actor
from gateway.grant import PREFIX
from gateway.reasons import Reason
from tests.fakes.upstream import Upstream, result, serving
from tests.fakes.values import ORIGIN
from tests.walk.approvals import URL_CLIENT, approve, caller, read, told
from tests.walk.rooms import MODERN_META, Gateway, gateway, message, request
from tests.walk.test_waiting import initializes, session

DONE = {"content": [{"type": "text", "text": "restarted"}]}
TOOL = "restart_host"


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(result(DONE)) as running:
        yield running


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, upstream.url) as opened:
        yield opened


async def grant(
    door: Gateway, seconds: int = 600, kind: str = "ticket", account: str = "engineer", people: bool = False
) -> Grant:
    """Access of that kind on the server `records`."""
    policy, person = await door.rooms.policy.current(), await caller(door, account)
    assert policy is not None
    wish = Wish("records", kind, seconds, reason="CHG123456")
    asked = Asked(wish, policy.grants[kind], policy.digest, people, door.rooms.now())
    found = await door.rooms.grants.ask(asked, person, Actor(person, ORIGIN), door.orchestrations)
    assert isinstance(found, Grant), found
    return found


async def restart(door: Gateway, **options: Any) -> Answer:
    return await door.call(TOOL, arguments={"host": "a"}, **options)


async def modern(door: Gateway, **params: Any) -> Answer:
    """The call of a client that opens pages."""
    sent = {"name": TOOL, "arguments": {"host": "a"}, **params}
    headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": TOOL}
    return await door.send(request("tools/call", sent | {"_meta": MODERN_META | URL_CLIENT}), **headers)


async def test_without_access_a_call_is_told_where_to_ask(door: Gateway, upstream: Upstream) -> None:
    answer = await restart(door)
    assert Reason.GRANT_NEEDED.wire.sentence in told(answer)
    assert "https://mcp.example.com/access?server=records&grant=ticket" in told(answer)
    assert upstream.seen == []
    assert door.evidence.events() == ["refused/grant_needed"]


async def test_with_access_the_call_is_made_and_recorded_in_its_session(door: Gateway, upstream: Upstream) -> None:
    held = await grant(door)
    assert message(await restart(door))["result"] == DONE
    rows = [row for row in door.evidence.of_calls() if row["event"] in ("intent", "outcome")]
    assert [row["grant"] for row in rows] == [held.id, held.id]
    assert {partition for partition, _ in door.evidence.rows} >= {held.request.session}
    of_it = [
        str(row["event"]) for (partition, _), row in door.evidence.rows.items() if partition == held.request.session
    ]
    assert of_it == ["grant_requested", "grant_opened", "intent", "outcome"]


async def test_the_first_call_marks_it_as_used_and_no_call_fails_for_want_of_the_mark(
    door: Gateway, upstream: Upstream
) -> None:
    held = await grant(door)
    with door.grants.failing("used"):
        assert message(await restart(door))["result"] == DONE
    assert "used" not in door.grants.approvals[held.id]
    for _ in range(2):
        assert message(await restart(door))["result"] == DONE
        assert "used" in door.grants.approvals[held.id]


async def test_it_ends_with_the_clock_and_not_a_moment_later(door: Gateway, upstream: Upstream) -> None:
    await grant(door, 600)
    door.calendar.advance(590)
    assert message(await restart(door))["result"] == DONE
    door.calendar.advance(10)
    assert Reason.GRANT_NEEDED.wire.sentence in told(await restart(door))
    assert len(upstream.seen) == 1


@pytest.mark.parametrize("state", [State.ENDED, State.REVOKED])
async def test_it_ends_at_the_next_call_after_it_was_ended(door: Gateway, upstream: Upstream, state: State) -> None:
    held = await grant(door)
    assert message(await restart(door))["result"] == DONE
    await door.rooms.grants.end(held, state, Actor(await caller(door, "operator"), ORIGIN), "enough")
    assert Reason.GRANT_NEEDED.wire.sentence in told(await restart(door))
    assert len(upstream.seen) == 1


async def test_it_is_for_its_holder_its_server_and_its_kind(door: Gateway, upstream: Upstream) -> None:
    held = await grant(door, kind="desk")
    assert Reason.GRANT_NEEDED.wire.sentence in told(await restart(door))
    other = door.tenant.token("engineer", oid="0b1ec700-0000-4000-8000-0000000000ff")
    answer = await door.call("read_vault", token=other)
    assert "restarted" not in str(answer.body)
    assert message(await door.call("read_vault"))["result"] == DONE
    assert held.request.grant == "desk"


async def test_access_that_people_approve_opens_the_next_call(door: Gateway, upstream: Upstream) -> None:
    held = await grant(door, kind="desk", people=True)
    first = await door.call("read_vault")
    assert "result" not in message(first) or "isError" in message(first)["result"]
    await approve(door, await read(door, held.id))
    assert message(await door.call("read_vault"))["result"] == DONE


async def test_a_store_that_does_not_answer_opens_nothing(door: Gateway, upstream: Upstream) -> None:
    await grant(door)
    with door.grants.down():
        answer = await restart(door)
    assert (answer.status, message(answer)["error"]["code"]) == (503, Reason.GRANTS_UNAVAILABLE.wire.code)
    assert upstream.seen == []


async def test_other_calls_need_none_and_are_not_recorded_in_its_session(door: Gateway) -> None:
    held = await grant(door)
    await door.call()
    rows = [row for row in door.evidence.of_calls() if row["event"] == "intent"]
    assert "grant" not in rows[0]
    assert held.request.session not in {partition for (partition, _), row in door.evidence.rows.items() if row in rows}


async def test_a_client_that_opens_pages_is_sent_there_and_its_one_call_goes_through(
    door: Gateway, upstream: Upstream
) -> None:
    first = message(await modern(door))["result"]
    assert first["resultType"] == "input_required"
    [asked] = first["inputRequests"].values()
    assert asked["params"]["url"] == "https://mcp.example.com/access?server=records&grant=ticket"
    assert first["requestState"].startswith(PREFIX)
    later = message(await modern(door, requestState=first["requestState"]))["result"]
    assert "inputRequests" not in later
    waiting = asyncio.ensure_future(modern(door, requestState=later["requestState"]))
    await grant(door)
    assert message(await waiting)["result"] == DONE
    assert "requestState" not in upstream.seen[0].body["params"]
    assert door.evidence.events()[0] == "refused/grant_needed"


@pytest.mark.parametrize("state", [PREFIX, PREFIX + "AAAA", PREFIX + "x" * 600])
async def test_a_state_that_was_not_made_here_is_refused(door: Gateway, state: str) -> None:
    await grant(door)
    assert message(await modern(door, requestState=state))["error"]["code"] == -32602


async def test_anothers_state_is_refused(door: Gateway) -> None:
    state = message(await modern(door))["result"]["requestState"]
    other = door.tenant.token("engineer", oid="0b1ec700-0000-4000-8000-0000000000ff")
    headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": TOOL}
    sent = {"name": TOOL, "arguments": {}, "requestState": state, "_meta": MODERN_META}
    assert message(await door.send(request("tools/call", sent), token=other, **headers))["error"]["code"] == -32602


async def test_a_client_of_2025_11_25_learns_the_page_from_an_error(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = initializes
    headers: dict[str, Any] = {"mcp-session-id": await session(door, {"elicitation": {"url": {}}})}
    headers["mcp-protocol-version"] = "2025-11-25"
    error = message(await restart(door, **headers))["error"]
    assert error["code"] == -32042
    assert error["data"]["elicitations"][0]["url"] == "https://mcp.example.com/access?server=records&grant=ticket"
    await grant(door)
    assert "result" in message(await restart(door, **headers))
