"""The API for operators: all grants, and the end of one, of one person's, of one server's, of everyone's."""

from typing import Any

import pytest

from devhost.accounts import ACCOUNTS, GROUPS
from gateway.access import operators
from gateway.access.grant import State
from gateway.reasons import Reason
from tests.fakes.approvals import Fault
from tests.gateway.access.room import DESK, TICKET, Room, assert_refused, told

SWEEP = "/api/grants/revoke"
BECAUSE = {"reason": "an incident"}
ENGINEER = ACCOUNTS["engineer"].object_id


async def listed(room: Room, query: str = "") -> list[str]:
    answer = await room.send("GET", f"/api/grants{query}", token="operator")
    assert answer.status == 200, answer.body
    return [each["id"] for each in told(answer)["grants"]]


async def both(room: Room) -> tuple[str, str]:
    """One grant of the engineer, and one of an application."""
    token = room.gateway.tenant.token("pipeline", groups=[GROUPS["engineering"]])
    return await room.asked(), await room.asked(token=token)


async def test_an_operator_lists_what_stands_and_that_is_on_record(room: Room) -> None:
    first, second = await both(room)
    assert set(await listed(room)) == {first, second}
    assert await listed(room, f"?subject={ENGINEER}&server=records&state=open") == [first]
    assert await listed(room, "?server=open") == await listed(room, "?state=denied") == []
    await room.send("POST", f"/access/{first}/end", {})
    assert await listed(room) == [second]
    assert set(await listed(room, "?state=all")) == {first, second}
    last = room.recorded()[-1]
    assert (last["event"], last["method"], last["detail"]) == ("grants_read", "GET /api/grants", "state all")


async def test_a_long_list_is_cut_and_says_so(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    await room.asked()
    monkeypatch.setattr(operators, "MAX_LISTED", 0)
    found = told(await room.send("GET", "/api/grants", token="operator"))
    assert (found["grants"], found["left_out"], found["unreadable"]) == ([], 1, [])


@pytest.mark.parametrize("query", ["state=gone", "state=", "state=all&state=all", "server=A", "subject=bob", "x=1"])
async def test_a_query_that_cannot_be_read_is_refused(room: Room, query: str) -> None:
    assert_refused(await room.send("GET", f"/api/grants?{query}", token="operator"), Reason.GRANT_LISTING_INVALID)


async def test_an_operator_ends_one(room: Room) -> None:
    first, second = await both(room)
    path = f"/api/grants/{first}/revoke"
    answer = await room.send("POST", path, BECAUSE, token="operator")
    assert (answer.status, told(answer)["state"]) == (200, "revoked")
    assert (await room.state(first), await room.state(second)) == (State.REVOKED, State.OPEN)
    assert room.gateway.orchestrations.woken == [(first, "settled")]
    assert_refused(await room.send("POST", path, BECAUSE, token="operator"), Reason.GRANT_ENDED)
    unknown = await room.send("POST", f"/api/grants/{'f' * 32}/revoke", BECAUSE, token="operator")
    assert_refused(unknown, Reason.GRANT_UNKNOWN)


@pytest.mark.parametrize(
    ("which", "left"),
    [
        ({"subject": ENGINEER}, [State.REVOKED, State.OPEN]),
        ({"subject": ENGINEER, "server": "open"}, [State.OPEN, State.OPEN]),
        ({"server": "records"}, [State.REVOKED, State.REVOKED]),
        ({"all": True}, [State.REVOKED, State.REVOKED]),
    ],
)
async def test_an_operator_ends_those_of_a_person_of_a_server_or_everyones(
    room: Room, which: dict[str, Any], left: list[State]
) -> None:
    grants = await both(room)
    answer = await room.send("POST", SWEEP, which | BECAUSE, token="operator")
    assert (answer.status, told(answer)["failed"]) == (200, [])
    assert [await room.state(each) for each in grants] == left
    assert set(told(answer)["revoked"]) == {
        each for each, state in zip(grants, left, strict=True) if state.name[0] == "R"
    }


async def test_what_waits_is_swept_too_and_what_is_over_stays(room: Room) -> None:
    waits, over = await room.asked(DESK), await room.asked()
    await room.send("POST", f"/access/{over}/end", {})
    assert told(await room.send("POST", SWEEP, {"all": True, **BECAUSE}, token="operator"))["revoked"] == [waits]
    assert await room.state(over) is State.ENDED


@pytest.mark.parametrize(
    "body",
    [
        {},
        BECAUSE,
        {"all": True},
        {"all": False, **BECAUSE},
        {"all": 1, **BECAUSE},
        {"all": True, "server": "records", **BECAUSE},
        {"server": "", **BECAUSE},
        {"server": "records", "subject": "", **BECAUSE},
        {"server": 7, **BECAUSE},
        {"subject": "bob", **BECAUSE},
        {"server": "records", "reason": " "},
        {"server": "records", "reason": "x" * 1001},
        [],
    ],
)
async def test_a_sweep_says_whom_it_means_and_why(room: Room, body: Any) -> None:
    identifier = await room.asked()
    assert_refused(await room.send("POST", SWEEP, body, token="operator"), Reason.GRANT_SWEEP_INVALID)
    assert await room.state(identifier) is State.OPEN


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x", "all": True}, [], {"reason": 1}])
async def test_one_is_ended_with_a_reason_alone(room: Room, body: Any) -> None:
    identifier = await room.asked()
    answer = await room.send("POST", f"/api/grants/{identifier}/revoke", body, token="operator")
    assert_refused(answer, Reason.REVOCATION_INVALID)


async def test_a_sweep_that_fails_in_part_says_so_and_ends_the_others(room: Room) -> None:
    first, second = await both(room)
    with room.gateway.grants.down():
        answer = await room.send("POST", SWEEP, {"all": True, **BECAUSE}, token="operator")
    assert_refused(answer, Reason.GRANTS_UNAVAILABLE)
    await room.gateway.grants.insert("f" * 32, "request", {"from": "another version"})
    with room.gateway.grants.failing("ended", Fault.INSERT_FAILS_AND_IS_NOT_WRITTEN):
        answer = await room.send("POST", SWEEP, {"all": True, **BECAUSE}, token="operator")
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert set(told(answer)["failed"]) == {first, second, "f" * 32}
    answer = await room.send("POST", SWEEP, {"all": True, **BECAUSE}, token="operator")
    assert (set(told(answer)["revoked"]), told(answer)["failed"]) == ({first, second}, ["f" * 32])


@pytest.mark.parametrize("account", ["engineer", "approver", "pipeline", "agent"])
async def test_whoever_is_no_operator_is_refused_on_record(room: Room, account: str) -> None:
    identifier = await room.asked(TICKET)
    for method, path in (("GET", "/api/grants"), ("POST", SWEEP), ("POST", f"/api/grants/{identifier}/revoke")):
        assert_refused(await room.send(method, path, {"all": True, **BECAUSE}, token=account), Reason.OPERATOR_NEEDED)
    assert await room.state(identifier) is State.OPEN
    assert room.refusals() == ["operator_needed"] * 3


async def test_an_application_may_be_an_operator_and_an_agent_never(room: Room) -> None:
    groups = [GROUPS["operators"]]
    application, agent = (room.gateway.tenant.token(name, groups=groups) for name in ("pipeline", "agent"))
    assert (await room.send("GET", "/api/grants", token=application)).status == 200
    assert_refused(await room.send("GET", "/api/grants", token=agent), Reason.OPERATOR_NEEDED)


async def test_a_list_and_a_sweep_that_cannot_be_recorded_do_nothing(room: Room) -> None:
    identifier = await room.asked()
    with room.gateway.evidence.down():
        for method, path in (("GET", "/api/grants"), ("POST", SWEEP), ("POST", f"/api/grants/{identifier}/revoke")):
            body = BECAUSE if path.endswith(f"{identifier}/revoke") else {"all": True, **BECAUSE}
            assert_refused(await room.send(method, path, body, token="operator"), Reason.EVIDENCE_UNAVAILABLE)
    assert await room.state(identifier) is State.OPEN
