"""Asking for access: what the policy offers, and whether people are asked."""

from dataclasses import replace
from typing import Any

from devhost.accounts import ACCOUNTS, GROUPS, TENANT
from gateway.access.ask import ask
from gateway.access.grant import Grant, State
from gateway.access.request import Wish
from gateway.approvals.book import Actor
from gateway.policy.source import PolicySource
from gateway.reasons import Reason
from gateway.values import Caller, Refusal
from tests.fakes.policies import policy_text
from tests.fakes.values import CALLER, ORIGIN
from tests.gateway.access.room import Room

ENGINEER = replace(
    CALLER, tenant=TENANT, object_id=ACCOUNTS["engineer"].object_id, groups=frozenset({GROUPS["engineering"]})
)


async def asked(room: Room, caller: Caller = ENGINEER, **wish: Any) -> Grant | Reason:
    usual: dict[str, Any] = {"server": "records", "grant": "desk", "seconds": 600, "reason": "CHG123456"}
    running = room.gateway
    actor = Actor(caller, ORIGIN)
    found = await ask(Wish(**usual | wish), caller, actor, running.rooms, running.orchestrations)
    return found.reason if isinstance(found, Refusal) else found


def under(room: Room, *changes: tuple[str, str]) -> None:
    """The gateway goes on under a changed policy."""
    text = policy_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    room.gateway.policy_file.write_text(text)
    room.gateway.rooms = replace(room.gateway.rooms, policy=PolicySource(room.gateway.policy_file))


async def test_people_are_asked_unless_a_condition_approves(room: Room) -> None:
    waits, opens = await asked(room), await asked(room, grant="ticket")
    assert isinstance(waits, Grant)
    assert isinstance(opens, Grant)
    now = room.gateway.rooms.now()
    assert (waits.state(now), opens.state(now)) == (State.PENDING, State.OPEN)
    assert await room.gateway.rooms.approvals.read(waits.id) is not None
    assert await room.gateway.rooms.approvals.read(opens.id) is None


async def test_where_a_condition_does_not_hold_people_are_asked_if_there_are_any(room: Room) -> None:
    under(
        room,
        (
            'approves: grant.reason.matches("^CHG[0-9]{6}")',
            'approves: grant.reason.matches("^CHG[0-9]{6}")\n    approval: access',
        ),
    )
    waits = await asked(room, grant="ticket", reason="please")
    assert isinstance(waits, Grant)
    assert waits.request.needs_people


async def test_what_neither_people_nor_a_condition_open_leaves_nothing_behind(room: Room) -> None:
    assert await asked(room, grant="ticket", reason="please") is Reason.GRANT_NOT_OFFERED
    assert await asked(room, grant="ticket", reason="") is Reason.REASON_MISSING
    assert room.gateway.grants.approvals == {}
    assert room.refusals() == ["grant_not_offered", "reason_missing"]


async def test_where_the_approval_asks_for_the_requesters_reason_one_is_needed(room: Room) -> None:
    under(room, ("    at_once: 2\n", "    at_once: 2\n    reason: optional\n"))
    assert isinstance(await asked(room, reason=""), Grant)
    under(
        room,
        ("    at_once: 2\n", "    reason: optional\n"),
        ("expires: 1h\n    reasons: [approver]\ngrants", "expires: 1h\n    reasons: [requester]\ngrants"),
    )
    other = replace(ENGINEER, object_id=ACCOUNTS["auditor"].object_id)
    assert await asked(room, other, reason="") is Reason.REASON_MISSING


async def test_groups_that_the_token_leaves_out_are_asked_for(room: Room) -> None:
    unknown = replace(ENGINEER, groups=frozenset(), groups_complete=False)
    assert isinstance(await asked(room, unknown), Grant)
    room.gateway.graph.has_no_identity = True
    assert await asked(room, replace(unknown, object_id=ACCOUNTS["auditor"].object_id)) is Reason.GROUPS_UNAVAILABLE
    assert room.refusals() == ["groups_unavailable"]


async def test_without_a_policy_nothing_is_offered(room: Room) -> None:
    await room.gateway.rooms.policy.current()
    room.gateway.rooms.policy._policy = None  # as of a process that never had a good one
    assert await asked(room) is Reason.POLICY_UNAVAILABLE
    assert room.refusals() == ["policy_unavailable"]
