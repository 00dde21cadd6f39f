"""The book of approvals, over a store and an evidence that fail in named ways."""

import asyncio
import json
from dataclasses import replace

import pytest

from gateway.approvals.approval import MAX_REASON, Approval, State
from gateway.approvals.book import CALL, Actor, is_identifier
from gateway.reasons import Reason
from gateway.storage.contract import StoreUnavailableError
from gateway.values import Refusal
from tests.fakes.approvals import Fault
from tests.fakes.values import CALLER, ORIGIN
from tests.gateway.approvals.desk import REQUEST, SEALED, TERMS, Desk, actor


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_an_identical_call_finds_the_approval_that_was_asked_for(desk: Desk) -> None:
    asked = await desk.ask()
    found, pointer = await desk.book.find(REQUEST.digest)
    assert found is not None and pointer is not None
    assert (found.id, pointer.approval, found.state(desk.now)) == (asked.id, asked.id, State.PENDING)
    assert await desk.book.find("f" * 64) == (None, None)


async def test_it_is_on_record_before_anybody_is_told(desk: Desk) -> None:
    await desk.ask(reason="ticket 7, mail ann@example.com")
    assert desk.events() == [("approval_requested", "allowed")]
    (row,) = desk.evidence.rows.values()
    assert (row["approval"], row["subject"]) == (desk.orchestrations.started[0], CALLER.object_id)
    assert "ticket 7" in str(row["justification"])
    assert "ann@example.com" not in str(row)


async def test_without_a_record_nobody_is_told_and_a_repeat_makes_good_for_it(desk: Desk) -> None:
    made = await desk.book.request(REQUEST, SEALED, "", None)
    assert isinstance(made, Approval)
    with desk.evidence.down():
        refusal = await desk.book.start(made, desk.orchestrations)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.EVIDENCE_UNAVAILABLE
    assert (desk.orchestrations.started, await desk.store.waiting()) == ([], [])
    assert await desk.book.start(made, desk.orchestrations) is None
    assert desk.orchestrations.started == [made.id]
    assert list(await desk.store.waiting()) == [made.id]


async def test_one_whose_orchestration_cannot_be_started_is_not_started(desk: Desk) -> None:
    made = await desk.book.request(REQUEST, SEALED, "", None)
    assert isinstance(made, Approval)
    desk.orchestrations.reachable = False
    refusal = await desk.book.start(made, desk.orchestrations)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.APPROVALS_UNAVAILABLE
    assert not (await desk.read(made)).is_started


async def test_to_start_it_again_changes_nothing(desk: Desk) -> None:
    asked = await desk.ask()
    assert await desk.book.start(asked, desk.orchestrations) is None
    assert desk.orchestrations.started == [asked.id]
    assert len(desk.events()) == 1


async def test_twenty_identical_calls_at_once_ask_for_one_approval(desk: Desk) -> None:
    async def ask() -> str:
        found, pointer = await desk.book.find(REQUEST.digest)
        made = found or await desk.book.request(REQUEST, SEALED, "", pointer)
        assert isinstance(made, Approval), made
        return made.id

    assert len({*await asyncio.gather(*(ask() for _ in range(20)))}) == 1
    assert len([name for name in desk.store.contents if name[1] == CALL]) == 1


async def test_the_call_that_waits_is_sealed_and_bound_to_its_approval(desk: Desk) -> None:
    one, other = await desk.ask(), await desk.ask(digest="f" * 64)
    opened = await desk.book.call_of(one)
    assert opened is not None
    assert opened.call == SEALED.call
    assert b"get_customer" not in desk.store.contents[one.id, CALL]
    desk.store.contents[one.id, CALL] = desk.store.contents[other.id, CALL]
    assert await desk.book.call_of(one) is None


async def test_without_the_sealing_key_nothing_is_asked_for(desk: Desk) -> None:
    desk.key = Refusal(Reason.SESSION_KEY_UNAVAILABLE, "no such secret")
    made = await desk.book.request(REQUEST, SEALED, "", None)
    assert isinstance(made, Refusal)
    assert made.reason is Reason.APPROVALS_UNAVAILABLE
    assert desk.store.approvals == {}


async def test_where_the_requester_has_to_say_why_nobody_is_told_before(desk: Desk) -> None:
    asked = await desk.ask(replace(TERMS, requester_reason=True))
    assert (asked.lacks_reason, desk.orchestrations.started, desk.events()) == (True, [], [])
    given = await desk.book.give_reason(asked, " ticket 7 ", actor(CALLER.object_id), desk.orchestrations)
    assert isinstance(given, Approval)
    assert (given.reason, desk.orchestrations.started) == ("ticket 7", [asked.id])
    again = await desk.book.give_reason(given, "another", actor(CALLER.object_id), desk.orchestrations)
    assert isinstance(again, Refusal)
    assert (await desk.read(asked)).reason == "ticket 7"


@pytest.mark.parametrize("text", ["", "  ", "x" * (MAX_REASON + 1)])
async def test_an_empty_or_endless_reason_is_none(desk: Desk, text: str) -> None:
    asked = await desk.ask(replace(TERMS, requester_reason=True))
    refused = await desk.book.give_reason(asked, text, actor(CALLER.object_id), desk.orchestrations)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.REASON_MISSING


async def test_one_that_is_over_takes_no_reason_and_does_not_start(desk: Desk) -> None:
    asked = await desk.ask(replace(TERMS, requester_reason=True))
    desk.later(seconds=3600)
    refused = await desk.book.give_reason(asked, "ticket 7", actor(CALLER.object_id), desk.orchestrations)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.APPROVAL_OVER
    assert desk.orchestrations.started == []


async def test_that_somebody_looked_is_on_record_once(desk: Desk) -> None:
    asked = await desk.ask()
    assert await desk.book.view(asked, actor("ann", "leads")) is None
    assert await desk.book.view(await desk.read(asked), actor("ann", "leads")) is None
    assert desk.events()[1:] == [("approval_viewed", "allowed")]
    row = list(desk.evidence.rows.values())[-1]
    assert (row["approver"], row["token"], row["source"]) == ("ann", CALLER.token_id, ORIGIN.source)


async def test_nothing_is_shown_that_cannot_be_recorded_as_seen(desk: Desk) -> None:
    asked = await desk.ask()
    with desk.evidence.down():
        refusal = await desk.book.view(asked, actor("ann", "leads"))
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.EVIDENCE_UNAVAILABLE


async def test_an_attempt_on_nothing_is_on_record_too(desk: Desk) -> None:
    refusal = await desk.book.refuse(None, Refusal(Reason.APPROVAL_UNKNOWN), actor("ann"), "b" * 32)
    assert refusal.reason is Reason.APPROVAL_UNKNOWN
    ((partition, _), row), *_ = desk.evidence.rows.items()
    assert (partition, row["approval"], row["approver"]) == ("20261123-approvals", "b" * 32, "ann")


async def test_an_id_from_outside_that_is_none_never_reaches_the_store_or_the_record(desk: Desk) -> None:
    for text in ("", "../x", "A" * 32, "a" * 31, "a" * 33, "é" * 32):
        assert not is_identifier(text)
        assert await desk.book.read(text) is None
    await desk.book.refuse(None, Refusal(Reason.APPROVAL_UNKNOWN), actor("ann"), "<script>")
    assert "script" not in json.dumps([dict(row) for row in desk.evidence.rows.values()])


async def test_a_store_that_loses_its_answer_is_told_and_the_repeat_goes_on(desk: Desk) -> None:
    desk.store.faults = [Fault.INSERT_FAILS_BUT_IS_WRITTEN]
    with pytest.raises(StoreUnavailableError):
        await desk.ask()
    assert (await desk.ask()).is_started
    assert len(desk.events()) == 1


async def test_who_acts_from_the_command_line_is_on_record_by_name(desk: Desk) -> None:
    asked = await desk.ask()
    await desk.book.refuse(asked, Refusal(Reason.APPROVAL_OVER), Actor(None, ORIGIN, operator="olga"))
    assert json.loads(str(list(desk.evidence.rows.values())[-1]["body"]))["operator"] == "olga"
