"""A proposal takes effect once, on record, whatever ends a process or a store in the middle."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from gateway.approvals.approval import State as ApprovalState
from gateway.approvals.approval import Verdict
from gateway.approvals.book import SYSTEM
from gateway.proposals.proposal import State
from gateway.proposals.register import MEANWHILE
from gateway.proposals.version import PREFIX
from gateway.reasons import Reason
from gateway.values import Refusal
from tests.fakes.blobs import MemoryBlobs, ProcessEndedError
from tests.fakes.evidence import Fault
from tests.gateway.proposals.room import Room, told


def changed(room: Room) -> str:
    return room.text.replace("wire_money", "send_money")


class Ending:
    """Ends the process at one of its writes, before or after the store took it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: Room, at: int, *, is_written: bool) -> None:
        self.left, self.is_written, self.happened = at, is_written, False
        gateway = room.gateway
        proposals = gateway.rooms.proposals
        writes: list[tuple[Any, str]] = [
            (proposals.store, "insert"),
            (gateway.approvals, "insert"),
            (proposals.versions._blobs, "create"),
            (gateway.approvals, "forget"),
        ]
        for store, name in writes:
            monkeypatch.setattr(store, name, self._ending(getattr(store, name)))

    def _ending(self, write: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def ended(*arguments: Any, **options: Any) -> Any:
            self.left -= 1
            if self.left or self.happened:
                return await write(*arguments, **options)
            self.happened = True
            if self.is_written:
                await write(*arguments, **options)
            raise ProcessEndedError

        return ended


@pytest.mark.parametrize("is_written", [False, True])
@pytest.mark.parametrize("at", range(1, 7))
async def test_it_is_in_force_once_wherever_a_process_ended(
    room: Room, monkeypatch: pytest.MonkeyPatch, at: int, is_written: bool
) -> None:
    identifier = await room.proposed(changed(room))
    await room.decide(identifier, "approvers", "hr")
    ending = Ending(monkeypatch, room, at, is_written=is_written)
    with pytest.raises(ProcessEndedError):
        await room.tend(identifier)
    assert ending.happened
    await assert_in_force_once(room, identifier)


@pytest.mark.parametrize("fault", [Fault.FAILS_AND_IS_NOT_WRITTEN, Fault.FAILS_BUT_IS_WRITTEN])
@pytest.mark.parametrize("at", range(3))
async def test_it_is_in_force_once_whichever_record_failed(room: Room, at: int, fault: Fault) -> None:
    identifier = await room.proposed(changed(room))
    await room.decide(identifier, "approvers", "hr")
    room.gateway.evidence.faults = [*[None] * at, *[fault] * 4]
    await room.tend(identifier)
    room.gateway.evidence.faults = []
    await assert_in_force_once(room, identifier)


async def assert_in_force_once(room: Room, identifier: str) -> None:
    """After the next look at the proposal."""
    room.gateway.calendar.advance(MEANWHILE.total_seconds() + 1)
    await room.tend(identifier)
    found = await room.found(identifier)
    assert (found.state, found.ended and found.ended.number) == (State.IN_FORCE, 1)
    assert await room.in_force() == (1, hashlib.sha256(changed(room).encode()).hexdigest())
    blobs = room.gateway.rooms.proposals.versions._blobs
    assert len(await blobs.names(PREFIX)) == 1
    events = [event for event, _ in room.recorded()]
    assert "policy_enforced" in events
    assert "policy_proposal_ended" not in events


async def test_what_cannot_be_recorded_does_not_take_effect(room: Room) -> None:
    identifier = await room.proposed(changed(room))
    await room.decide(identifier, "approvers", "hr")
    with room.gateway.evidence.down():
        step = await room.tend(identifier)
    assert step["wake"]
    assert (await room.in_force())[0] == 0
    room.gateway.calendar.advance(MEANWHILE.total_seconds() + 1)
    await room.tend(identifier)
    assert (await room.in_force())[0] == 1


async def test_a_proposal_that_cannot_be_recorded_is_none(room: Room) -> None:
    with room.gateway.evidence.down():
        answer = await room.propose(changed(room))
    assert answer.status == 503
    assert told(answer)["error"]["code"] == Reason.EVIDENCE_UNAVAILABLE.wire.code
    assert await room.gateway.rooms.approvals.store.waiting() == []


async def test_the_text_that_was_proposed_is_kept_as_evidence(room: Room) -> None:
    text = changed(room)
    await room.proposed(text)
    kept = room.gateway.payloads.blobs
    assert kept[f"policies/{hashlib.sha256(text.encode()).hexdigest()}.yaml"] == text.encode()


async def test_a_row_of_a_proposal_that_somebody_changed_makes_no_other_policy(room: Room) -> None:
    """What takes effect is the sealed text, and what it replaces is sealed with it."""
    identifier = await room.proposed(changed(room))
    store = room.gateway.rooms.proposals.store
    row = dict(store.approvals[identifier]["request"])  # type: ignore[attr-defined]
    store.approvals[identifier]["request"] = row | {"digest": "0" * 64}  # type: ignore[attr-defined]
    await room.decide(identifier, "approvers", "hr")
    await room.tend(identifier)
    assert await room.in_force() == (1, hashlib.sha256(changed(room).encode()).hexdigest())


async def test_a_sealed_text_that_somebody_replaced_does_not_take_effect(room: Room) -> None:
    identifier, other = await room.proposed(changed(room)), await room.proposed(room.text + "# another\n")
    contents = room.gateway.approvals.contents
    contents[identifier, "policy"] = contents[other, "policy"]
    await room.decide(identifier, "approvers", "hr")
    step = await room.tend(identifier)
    assert step["wake"]
    assert (await room.in_force())[0] == 0


async def test_one_vote_fewer_is_not_enough_and_the_proposer_has_none(room: Room) -> None:
    identifier = await room.proposed(changed(room))
    await room.decide(identifier, "approvers")
    await room.decide(identifier, "approvers")  # the same person again
    await room.tend(identifier)
    assert (await room.found(identifier)).state is State.PENDING
    assert (await room.in_force())[0] == 0


async def test_one_on_which_nobody_decides_expires(room: Room) -> None:
    identifier = await room.proposed(changed(room))
    room.gateway.calendar.advance(4 * 3600 + 1)
    step = await room.tend(identifier)
    assert (await room.found(identifier)).state is State.EXPIRED
    assert step["wake"] == ""
    assert ("policy_proposal_ended", "expired") in room.recorded()


async def test_one_that_is_withdrawn_is_over_for_those_who_decide_too(room: Room) -> None:
    identifier = await room.proposed(changed(room))
    answer = await room.send("POST", f"/api/policies/{identifier}/withdraw", {"reason": "wrong ticket"})
    assert told(answer)["state"] == "withdrawn"
    approval = await room.gateway.rooms.approvals.read(identifier)
    assert approval is not None
    assert approval.state(room.gateway.rooms.now()) is ApprovalState.WITHDRAWN
    again = await room.send("POST", f"/api/policies/{identifier}/withdraw", {"reason": "wrong ticket"})
    assert told(again)["error"]["code"] == Reason.PROPOSAL_OVER.wire.code


async def test_one_that_is_over_cannot_be_ended_again(room: Room) -> None:
    identifier = await room.proposed(changed(room))
    await room.decide(identifier, "approvers", verdict=Verdict.DENY)
    await room.tend(identifier)
    found = await room.found(identifier)
    ended = await room.gateway.rooms.proposals.withdraw(found, ApprovalState.REVOKED, SYSTEM, "late")
    assert isinstance(ended, Refusal)
    assert ended.reason is Reason.PROPOSAL_OVER


async def test_a_denied_one_leaves_nothing_of_its_text_in_the_state(room: Room) -> None:
    identifier = await room.proposed(changed(room))
    await room.decide(identifier, "approvers", verdict=Verdict.DENY)
    await room.tend(identifier)
    assert not [name for approval, name in room.gateway.approvals.contents if approval == identifier]


async def test_versions_that_cannot_be_read_stop_changes_and_keep_what_is_in_force(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    identifier = await room.proposed(changed(room))
    await room.decide(identifier, "approvers", "hr")
    blobs = room.gateway.rooms.proposals.versions._blobs
    assert isinstance(blobs, MemoryBlobs)
    blobs.is_down = True
    assert (await room.tend(identifier))["wake"] <= (room.gateway.rooms.now() + timedelta(seconds=60)).isoformat()
    assert "countersign.policy_change_failed" in caplog.text
    assert (await room.in_force())[1] == hashlib.sha256(room.text.encode()).hexdigest()
