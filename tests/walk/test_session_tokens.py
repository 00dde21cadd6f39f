"""Calls with a session token: what it opens, and everything that it does not."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.access import session_token
from gateway.access.api import serve as serve_access
from gateway.access.grant import Grant, State
from gateway.access.session_token import LIFETIME, Bounds, Issued
from gateway.access.signing_keys import FRESH
from gateway.approvals.api import serve as serve_operator
from gateway.approvals.book import Actor
from gateway.pages.request import PageRequest
from gateway.pages.serve import serve as serve_page
from gateway.reasons import Reason
from tests.fakes.signing import base64url
from tests.fakes.upstream import Upstream, result, serving
from tests.fakes.values import ORIGIN
from tests.walk.approvals import caller, told
from tests.walk.rooms import Gateway, gateway, message
from tests.walk.test_grants import DONE, grant, restart


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(result(DONE)) as running:
        yield running


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, upstream.url) as opened:
        yield opened


async def token_for(door: Gateway, held: Grant, account: str = "engineer", **claims: object) -> Issued:
    policy = await door.rooms.policy.current()
    assert policy is not None
    assert held.ends is not None
    bounds = Bounds(held.request.server, held.id, held.ends, frozenset(policy.groups.values()))
    rooms, person = door.rooms, await caller(door, account, **claims)
    issued = await session_token.issue(person, bounds, rooms.settings, rooms.signing, rooms.now())
    assert isinstance(issued, Issued)
    return issued


def refused(door: Gateway) -> dict[str, Any]:
    """The record of the last refusal."""
    rows = [row for row in door.evidence.of_calls() if row["event"] == "refused"]
    found: dict[str, Any] = json.loads(str(rows[-1]["body"]))
    return found


async def test_it_opens_what_its_grant_opens_and_both_tokens_are_on_record(door: Gateway, upstream: Upstream) -> None:
    held = await grant(door)
    issued = await token_for(door, held)
    assert message(await restart(door, token=issued.token.reveal()))["result"] == DONE
    bodies = [json.loads(str(row["body"])) for row in door.evidence.of_calls() if row["event"] in ("intent", "outcome")]
    person = await caller(door, "engineer")
    assert [body["token"] for body in bodies] == [issued.token_id] * 2
    assert [body["subject"] for body in bodies] == [person.object_id] * 2
    assert [body["grant"] for body in bodies] == [held.id] * 2
    assert all(body["issued"] for body in bodies)
    assert issued.token.reveal() not in str(upstream.seen) + str(door.evidence.rows)


async def test_an_entra_token_works_as_ever_and_has_no_issuing_token_on_record(door: Gateway) -> None:
    await grant(door)
    assert message(await restart(door))["result"] == DONE
    assert "issued" not in str(door.evidence.of_calls())


async def test_it_opens_nothing_else_that_its_holder_holds(door: Gateway, upstream: Upstream) -> None:
    await grant(door, kind="ticket")
    issued = await token_for(door, await grant(door, kind="desk"))
    assert message(await door.call("read_vault", token=issued.token.reveal()))["result"] == DONE
    assert Reason.GRANT_NEEDED.wire.sentence in told(await restart(door, token=issued.token.reveal()))
    assert len(upstream.seen) == 1


async def test_it_is_of_no_use_to_anybody_but_the_holder_of_its_grant(door: Gateway, upstream: Upstream) -> None:
    issued = await token_for(door, await grant(door), oid="0b1ec700-0000-4000-8000-0000000000ff")
    answer = await restart(door, token=issued.token.reveal())
    assert "result" not in message(answer)
    assert upstream.seen == []


async def test_it_is_refused_at_another_server(door: Gateway, upstream: Upstream) -> None:
    token = (await token_for(door, await grant(door))).token.reveal()
    answer = await door.call(server="open", token=token)
    assert (answer.status, refused(door)["reason"]) == (401, "token_audience")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert upstream.seen == []


async def test_with_a_changed_byte_it_is_refused(door: Gateway, upstream: Upstream) -> None:
    token = (await token_for(door, await grant(door))).token.reveal()
    for index in (0, len(token) // 2, len(token) - 1):
        changed = token[:index] + ("A" if token[index] != "A" else "B") + token[index + 1 :]
        assert (await restart(door, token=changed)).status == 401
    assert upstream.seen == []


async def test_it_is_refused_after_its_own_end_and_after_the_grants(door: Gateway, upstream: Upstream) -> None:
    token = (await token_for(door, await grant(door, LIFETIME + 600))).token.reveal()
    door.calendar.advance(LIFETIME - 5)
    assert message(await restart(door, token=token))["result"] == DONE
    door.calendar.advance(5)
    assert (await restart(door, token=token)).status == 401
    assert refused(door)["reason"] == "token_expired"
    assert len(upstream.seen) == 1


async def test_it_is_refused_once_the_grant_was_revoked_and_so_is_all_that_needs_none(
    door: Gateway, upstream: Upstream
) -> None:
    held = await grant(door)
    token = (await token_for(door, held)).token.reveal()
    await door.rooms.grants.end(held, State.REVOKED, Actor(await caller(door, "operator"), ORIGIN), "enough")
    for tool in ("restart_host", "get_customer"):
        assert (await door.call(tool, token=token)).status == 403
        assert refused(door)["reason"] == "grant_over"
    assert upstream.seen == []


async def test_it_is_refused_within_a_minute_once_its_key_is_rotated_out(door: Gateway, upstream: Upstream) -> None:
    held = await grant(door)
    token = (await token_for(door, held)).token.reveal()
    door.key.rotate()
    door.clock.advance(FRESH)
    assert message(await restart(door, token=token))["result"] == DONE
    door.key.rotate(disable_old=True)
    door.clock.advance(FRESH)
    assert (await restart(door, token=token)).status == 401
    assert refused(door)["reason"] == "token_key_unknown"
    assert message(await restart(door, token=(await token_for(door, held)).token.reveal()))["result"] == DONE


async def test_without_the_vault_it_cannot_be_checked_and_entras_still_can(door: Gateway) -> None:
    token = (await token_for(door, await grant(door))).token.reveal()
    door.key.reachable = False
    door.clock.advance(FRESH)
    answer = await restart(door, token=token)
    assert (answer.status, refused(door)["reason"]) == (503, "identity_unavailable")
    assert message(await restart(door))["result"] == DONE


async def test_nobody_else_signs_in_the_gateways_name(door: Gateway, upstream: Upstream) -> None:
    token = (await token_for(door, await grant(door))).token.reveal()
    none = base64url(json.dumps({"typ": "at+jwt", "alg": "none"}).encode())
    forged = [f"{none}.{token.split('.')[1]}.", door.tenant.token(iss="https://mcp.example.com")]
    for each in forged:
        assert (await restart(door, token=each)).status == 401
        assert refused(door)["reason"] == "token_algorithm"
    assert upstream.seen == []


@pytest.mark.parametrize("path", ["/api/approvals", "/api/approvals/0123456789abcdef0123456789abcdef"])
async def test_the_operators_api_takes_none(door: Gateway, path: str) -> None:
    token = (await token_for(door, await grant(door), "operator")).token.reveal()
    request = PageRequest("GET", path, "", (("authorization", f"Bearer {token}"),), b"")
    answer = await serve_operator(request, ORIGIN, door.rooms, door.orchestrations)
    assert answer.status == 401
    [row] = [row for row in door.evidence.rows.values() if row["event"] == "approval_refused"]
    assert (row["reason"], "subject" in row) == ("token_issuer", False)


async def test_the_pages_take_none(door: Gateway) -> None:
    token = (await token_for(door, await grant(door), "operator")).token.reveal()
    request = PageRequest("GET", "/approvals", "", (("authorization", f"Bearer {token}"),), b"")
    answer = await serve_page(request, ORIGIN, door.rooms, door.orchestrations)
    assert (answer.status, answer.headers["location"]) == (303, "/sign-in?to=/approvals")


async def test_it_does_not_ask_for_another(door: Gateway) -> None:
    held = await grant(door)
    path = f"/access/{held.id}/token"
    statuses = {}
    for token in (door.tenant.token("engineer"), (await token_for(door, held)).token.reveal()):
        sent = (("authorization", f"Bearer {token}"), ("content-type", "application/json"))
        request = PageRequest("POST", path, "", sent, b"")
        statuses[token] = (await serve_access(request, ORIGIN, door.rooms, door.orchestrations)).status
    assert list(statuses.values()) == [200, 401]
