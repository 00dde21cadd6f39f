"""A policy is proposed by one person, approved by two others, and then in force; and by nobody otherwise."""

import hashlib

import pytest

from gateway.approvals.approval import Verdict
from gateway.proposals.proposal import State
from gateway.proposals.propose import REPLAYED
from tests.gateway.proposals.room import Room, told


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def test_a_policy_that_two_others_approve_is_in_force(room: Room) -> None:
    text = room.text.replace("wire_money", "send_money")
    identifier = await room.proposed(text)
    assert await room.in_force() == (0, digest(room.text))
    await room.decide(identifier, "approvers")
    await room.tend(identifier)
    assert await room.in_force() == (0, digest(room.text))
    await room.decide(identifier, "hr")
    step = await room.tend(identifier)
    assert step["wake"] == ""
    assert await room.in_force() == (1, digest(text))
    found = await room.found(identifier)
    assert (found.state, found.ended and found.ended.number) == (State.IN_FORCE, 1)
    events = [event for event, _ in room.recorded()]
    assert [event for event in events if event.startswith("policy_")] == ["policy_proposed", "policy_enforced"]
    assert events.count("approval_decided") == 2


async def test_a_policy_that_is_denied_is_not(room: Room) -> None:
    identifier = await room.proposed(room.text.replace("wire_money", "send_money"))
    await room.decide(identifier, "approvers", verdict=Verdict.DENY)
    await room.tend(identifier)
    assert (await room.found(identifier)).state is State.DENIED
    assert await room.in_force() == (0, digest(room.text))


async def test_of_two_that_would_replace_the_same_policy_one_does(room: Room) -> None:
    first = await room.proposed(room.text.replace("wire_money", "send_money"))
    second = await room.proposed(room.text.replace("wire_money", "move_money"))
    for identifier in (first, second):
        await room.decide(identifier, "approvers", "hr")
    await room.tend(second)
    await room.tend(first)
    assert (await room.found(second)).state is State.IN_FORCE
    assert (await room.found(first)).state is State.STALE
    assert await room.in_force() == (1, digest(room.text.replace("wire_money", "move_money")))


async def test_one_that_another_has_overtaken_is_over_before_people_decide(room: Room) -> None:
    first = await room.proposed(room.text.replace("wire_money", "send_money"))
    second = await room.proposed(room.text.replace("wire_money", "move_money"))
    await room.decide(second, "approvers", "hr")
    await room.tend(second)
    await room.tend(first)
    assert (await room.found(first)).state is State.STALE


async def test_the_policy_says_line_and_column_of_a_mistake(room: Room) -> None:
    answer = await room.propose(room.text.replace("effect: allow", "effect: perhaps", 1))
    assert answer.status == 422
    assert "line" in told(answer)["mistakes"][0]


@pytest.mark.parametrize(("account", "status"), [("engineer", 403), ("agent", 403), ("outsider", 403)])
async def test_nobody_else_proposes(room: Room, account: str, status: int) -> None:
    answer = await room.propose(room.text.replace("wire_money", "send_money"), token=account)
    assert answer.status == status
    assert "policy_proposal_refused" in [event for event, _ in room.recorded()]


async def test_people_are_shown_what_it_loosens_and_which_calls_it_would_have_decided_otherwise(room: Room) -> None:
    gateway = room.gateway
    assert (await gateway.call("get_customer")).status in (200, 502)
    identifier = await room.proposed(
        room.text.replace('tools: ["get_*", "slow_*"]', 'tools: ["slow_*", delete_customer]')
    )
    approval = await gateway.rooms.approvals.read(identifier)
    assert approval is not None
    sealed = await gateway.rooms.approvals.call_of(approval)
    assert sealed is not None
    shown = sealed.call.params["arguments"]
    assert any("delete_customer" in line and "get_*" in line for line in shown["what changes"])
    assert any(line.startswith("+") and "delete_customer" in line for line in shown["line by line"])
    [total, line, *others] = shown[REPLAYED]
    assert "1 would be decided otherwise" in total
    assert "get_customer" in line
    assert others == []
    assert "evidence_read" in [event for event, _ in room.recorded()]


async def test_calls_that_cannot_be_replayed_now_are_told_as_such(room: Room) -> None:
    room.gateway.read_rows.is_down = True
    identifier = await room.proposed(room.text.replace("wire_money", "send_money"))
    approval = await room.gateway.rooms.approvals.read(identifier)
    sealed = await room.gateway.rooms.approvals.call_of(approval) if approval else None
    assert sealed is not None
    assert "could not be replayed now" in sealed.call.params["arguments"][REPLAYED][0]


@pytest.mark.parametrize("reason", ["", " ", "x" * 1001])
async def test_whoever_withdraws_says_why_in_so_many_words(room: Room, reason: str) -> None:
    identifier = await room.proposed(room.text.replace("wire_money", "send_money"))
    answer = await room.send("POST", f"/api/policies/{identifier}/withdraw", {"reason": reason})
    assert answer.status == 400
    assert (await room.found(identifier)).state is State.PENDING


@pytest.mark.parametrize("more", ["# x\n" * 4001, f"# {'x' * 200_001}\n"])
async def test_a_change_that_nobody_could_read_is_refused(room: Room, more: str) -> None:
    answer = await room.propose(room.text + more)
    assert answer.status == 413
