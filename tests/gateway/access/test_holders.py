"""The API for whoever is to have access: what is asked for, seen and ended by whom, and the token."""

from datetime import timedelta
from typing import Any

import pytest

from devhost.accounts import ACCOUNTS, GROUPS
from gateway.access import session_token
from gateway.access.grant import State
from gateway.access.holders import MAX_BODY
from gateway.reasons import Reason
from gateway.values import Caller
from tests.gateway.access.room import DESK, TICKET, Room, assert_refused, told


async def test_what_a_condition_approves_is_open_at_once(room: Room) -> None:
    answer = await room.send("POST", "/access/requests", TICKET)
    found = told(answer)
    assert (answer.status, found["state"], found["seconds"]) == (201, "open", 600)
    assert found["page"] == f"https://mcp.example.com/access/{found['id']}"
    assert found["starts"] < found["ends"]
    assert answer.headers["cache-control"] == "no-store"
    assert [row["event"] for row in room.recorded()] == ["grant_requested", "grant_opened"]


async def test_what_people_approve_waits_and_opens_when_they_have(room: Room) -> None:
    answer = await room.send("POST", "/access/requests", DESK)
    found = told(answer)
    assert (answer.status, found["state"], found["starts"], found["ends"]) == (201, "pending", None, None)
    await room.approve(found["id"])
    seen = await room.send("GET", f"/access/requests/{found['id']}")
    assert (seen.status, told(seen)["state"]) == (200, "open")
    assert room.recorded()[-1]["event"] == "grants_read"


async def test_a_start_is_laid_ahead(room: Room) -> None:
    starts = room.gateway.rooms.now() + timedelta(hours=1)
    identifier = await room.asked(DESK | {"starts": starts.isoformat()})
    await room.approve(identifier)
    assert await room.state(identifier) is State.SCHEDULED


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"minutes": 61}, Reason.GRANT_DURATION),
        ({"minutes": 0}, Reason.GRANT_DURATION),
        # Its end would lie before its start.
        ({"minutes": -10}, Reason.GRANT_DURATION),
        ({"starts": "2020-01-01T00:00:00Z"}, Reason.GRANT_START),
        ({"starts": "2199-01-01T00:00:00Z"}, Reason.GRANT_START),
        ({"reason": ""}, Reason.REASON_MISSING),
        ({"reason": " \n"}, Reason.REASON_MISSING),
        ({"reason": "x" * 1001}, Reason.REASON_MISSING),
        ({"grant": "ticket", "reason": ""}, Reason.REASON_MISSING),
        ({"grant": "ticket", "reason": "please"}, Reason.GRANT_NOT_OFFERED),
        ({"grant": "other"}, Reason.GRANT_NOT_OFFERED),
        ({"server": "open"}, Reason.GRANT_NOT_OFFERED),
        ({"server": "elsewhere"}, Reason.GRANT_NOT_OFFERED),
        ({"subject": ACCOUNTS["approver"].object_id}, Reason.GRANT_FOR_ANOTHER),
    ],
)
async def test_what_may_not_be_asked_for_is_refused_on_record(
    room: Room, changes: dict[str, Any], reason: Reason
) -> None:
    asked = DESK | changes
    assert_refused(await room.send("POST", "/access/requests", asked), reason)
    last = room.recorded()[-1]
    assert (last["event"], last["reason"], last["outcome"]) == ("grant_refused", reason.name.lower(), "refused")
    assert (last["server"], last["target"]) == (asked["server"], asked["grant"])
    assert last["approver"] == ACCOUNTS["engineer"].object_id
    assert room.gateway.grants.approvals == {}


async def test_oneself_may_be_named(room: Room) -> None:
    assert await room.asked(TICKET | {"subject": ACCOUNTS["engineer"].object_id.upper()})


async def test_the_same_is_not_asked_for_twice(room: Room) -> None:
    await room.asked()
    assert_refused(await room.send("POST", "/access/requests", TICKET), Reason.GRANT_HELD)
    assert room.refusals() == ["grant_held"]


@pytest.mark.parametrize("account", ["outsider", "approver", "pipeline", "agent"])
async def test_whoever_the_policy_does_not_offer_it_to_is_refused(room: Room, account: str) -> None:
    assert_refused(await room.send("POST", "/access/requests", TICKET, token=account), Reason.GRANT_NOT_OFFERED)


@pytest.mark.parametrize("account", ["pipeline", "agent"])
async def test_applications_and_agents_may_ask_where_the_policy_lets_them(room: Room, account: str) -> None:
    token = room.gateway.tenant.token(account, groups=[GROUPS["engineering"]])
    assert await room.state(await room.asked(token=token)) is State.OPEN


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", Reason.NOT_JSON),
        (b'{"server": "records", "server": "open"}', Reason.NOT_JSON),
        (None, Reason.BODY_TOO_LARGE),
        (DESK | {"reason": "x" * MAX_BODY}, Reason.BODY_TOO_LARGE),
        ([], Reason.ACCESS_REQUEST_INVALID),
        ({}, Reason.ACCESS_REQUEST_INVALID),
        (DESK | {"seconds": 600}, Reason.ACCESS_REQUEST_INVALID),
        (DESK | {"minutes": 1.5}, Reason.ACCESS_REQUEST_INVALID),
        (DESK | {"minutes": True}, Reason.ACCESS_REQUEST_INVALID),
        (DESK | {"minutes": "10"}, Reason.ACCESS_REQUEST_INVALID),
        (DESK | {"minutes": 10**12}, Reason.ACCESS_REQUEST_INVALID),
        (DESK | {"server": "Records and more"}, Reason.ACCESS_REQUEST_INVALID),
        (DESK | {"grant": 7}, Reason.ACCESS_REQUEST_INVALID),
        (DESK | {"starts": "tomorrow"}, Reason.ACCESS_REQUEST_INVALID),
        (DESK | {"starts": "2026-11-23T12:00:00"}, Reason.ACCESS_REQUEST_INVALID),
        (DESK | {"starts": None}, Reason.ACCESS_REQUEST_INVALID),
        (DESK | {"subject": "bob"}, Reason.ACCESS_REQUEST_INVALID),
        (DESK | {"force": True}, Reason.ACCESS_REQUEST_INVALID),
    ],
)
async def test_a_request_is_strict_json(room: Room, body: Any, reason: Reason) -> None:
    assert_refused(await room.send("POST", "/access/requests", body), reason)
    assert room.refusals() == [reason.name.lower()]


@pytest.mark.parametrize("account", ["engineer", "approver", "operator"])
async def test_the_holder_those_who_decide_and_operators_see_a_grant(room: Room, account: str) -> None:
    identifier = await room.asked(DESK)
    found = await room.send("GET", f"/access/requests/{identifier}", token=account)
    assert (found.status, told(found)["reason"]) == (200, "the customer waits")
    last = room.recorded()[-1]
    assert (last["event"], last["approver"]) == ("grants_read", ACCOUNTS[account].object_id)


@pytest.mark.parametrize("account", ["outsider", "auditor", "pipeline", "agent"])
async def test_to_others_it_looks_like_none(room: Room, account: str) -> None:
    identifier = await room.asked()
    for method, path, body in (
        ("GET", "/access/requests/{}", b""),
        ("POST", "/access/{}/end", {"reason": "x"}),
        ("POST", "/access/{}/token", b""),
    ):
        theirs = await room.send(method, path.format(identifier), body, token=account)
        assert_refused(theirs, Reason.GRANT_UNKNOWN)
        assert theirs.body == (await room.send(method, path.format("f" * 32), body, token=account)).body
    assert await room.state(identifier) is State.OPEN
    rows = room.recorded()[-6:]
    assert {row["reason"] for row in rows} == {"grant_unknown"}
    assert [row["grant"] for row in rows] == [identifier, "f" * 32] * 3


async def test_the_holder_gives_it_back(room: Room) -> None:
    identifier = await room.asked()
    ended = await room.send("POST", f"/access/{identifier}/end", {"reason": "done"})
    assert (ended.status, told(ended)["state"], told(ended)["ended"]["reason"]) == (200, "ended", "done")
    assert room.gateway.orchestrations.woken == [(identifier, "settled")]
    assert_refused(await room.send("POST", f"/access/{identifier}/end", {}), Reason.GRANT_ENDED)


async def test_the_holder_withdraws_what_waits(room: Room) -> None:
    identifier = await room.asked(DESK)
    ended = await room.send("POST", f"/access/{identifier}/end", {})
    assert (ended.status, told(ended)["state"]) == (200, "withdrawn")


@pytest.mark.parametrize("account", ["approver", "operator"])
async def test_others_take_it_back_with_a_reason_and_are_not_named_to_the_holder(room: Room, account: str) -> None:
    identifier = await room.asked(DESK)
    await room.approve(identifier)
    path = f"/access/{identifier}/end"
    assert_refused(await room.send("POST", path, {"reason": " "}, token=account), Reason.REASON_MISSING)
    assert await room.state(identifier) is State.OPEN
    ended = await room.send("POST", path, {"reason": "the laptop is lost"}, token=account)
    assert (ended.status, told(ended)["state"]) == (200, "revoked")
    seen = await room.send("GET", f"/access/requests/{identifier}")
    assert ACCOUNTS[account].object_id not in str(seen.body)
    assert told(seen)["ended"]["reason"] == "the laptop is lost"


@pytest.mark.parametrize("body", [[], {"reason": 7}, {"reason": "x", "at": "now"}, {"reason": "x" * 1001}])
async def test_an_end_is_strict_json(room: Room, body: Any) -> None:
    identifier = await room.asked()
    assert_refused(await room.send("POST", f"/access/{identifier}/end", body), Reason.GRANT_ENDING_INVALID)
    assert await room.state(identifier) is State.OPEN


async def test_the_holder_of_an_open_grant_gets_a_token_that_is_on_record(room: Room) -> None:
    identifier = await room.asked()
    answer = await room.send("POST", f"/access/{identifier}/token")
    found = told(answer)
    assert (answer.status, found.keys()) == (200, {"access_token", "token_type", "expires_in"})
    assert (found["token_type"], 590 < found["expires_in"] <= 600) == ("Bearer", True)
    rooms, now = room.gateway.rooms, room.gateway.rooms.now().timestamp()
    caller = await session_token.verify(found["access_token"], "records", rooms.settings, rooms.signing, now)
    assert isinstance(caller, Caller)
    assert (caller.grant, caller.object_id) == (identifier, ACCOUNTS["engineer"].object_id)
    last = room.recorded()[-1]
    assert (last["event"], last["issued"], last["grant"]) == ("grant_token", caller.token_id, identifier)
    assert found["access_token"] not in str(room.gateway.evidence.rows)


async def test_a_session_token_asks_for_nothing(room: Room) -> None:
    identifier = await room.asked()
    token = told(await room.send("POST", f"/access/{identifier}/token"))["access_token"]
    for method, path in (("POST", f"/access/{identifier}/token"), ("POST", "/access/requests")):
        answer = await room.send(method, path, DESK, token=token)
        assert answer.status == 401
        assert "www-authenticate" in answer.headers


@pytest.mark.parametrize("account", ["approver", "operator"])
async def test_nobody_else_gets_a_token_not_even_who_may_end_it(room: Room, account: str) -> None:
    identifier = await room.asked()
    assert_refused(await room.send("POST", f"/access/{identifier}/token", token=account), Reason.GRANT_UNKNOWN)


async def test_without_an_open_grant_there_is_no_token(room: Room) -> None:
    pending, path = await room.asked(DESK), "/access/{}/token"
    assert_refused(await room.send("POST", path.format(pending)), Reason.GRANT_NOT_OPEN)
    gone = await room.asked()
    room.gateway.calendar.advance(601)
    assert_refused(await room.send("POST", path.format(gone)), Reason.GRANT_NOT_OPEN)
    assert room.refusals() == ["grant_not_open"] * 2


async def test_a_token_that_cannot_be_recorded_is_not_handed_out(room: Room) -> None:
    identifier = await room.asked()
    with room.gateway.evidence.down():
        answer = await room.send("POST", f"/access/{identifier}/token")
    assert_refused(answer, Reason.EVIDENCE_UNAVAILABLE)


async def test_what_cannot_be_recorded_is_neither_shown_nor_done(room: Room) -> None:
    identifier = await room.asked()
    with room.gateway.evidence.down():
        for method, path, body in (
            ("GET", f"/access/requests/{identifier}", b""),
            ("POST", f"/access/{identifier}/end", {}),
            ("POST", "/access/requests", DESK),
        ):
            assert_refused(await room.send(method, path, body), Reason.EVIDENCE_UNAVAILABLE)
    assert await room.state(identifier) is State.OPEN
