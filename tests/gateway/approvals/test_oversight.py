"""What operators do with approvals: all of them are found, and one is revoked in any race."""

import asyncio
from dataclasses import replace

import pytest

from gateway.approvals import oversight, rulings
from gateway.approvals.approval import Approval, Ending, State, Verdict, ending_columns
from gateway.approvals.book import Actor
from gateway.approvals.evidence import NOBODY
from gateway.reasons import Reason
from gateway.storage.contract import StoreUnavailableError
from gateway.values import Refusal
from tests.fakes.approvals import Fault
from tests.gateway.approvals.desk import TERMS, Desk, actor

OPERATOR = Actor(None, NOBODY, operator="olga")


async def revoke(desk: Desk, approval: Approval) -> Approval | Refusal:
    return await oversight.revoke(desk.book, approval, "stolen account", OPERATOR)


async def test_the_survey_has_the_newest_first_and_only_the_states_that_were_asked_for() -> None:
    desk = Desk()
    first = await desk.ask(digest="1" * 64)
    desk.later(minutes=1)
    second = await desk.ask(digest="2" * 64)
    await rulings.decide(desk.book, first, Verdict.DENY, "no", actor("ann", "leads"))

    async def found(state: str, server: str = "") -> list[str]:
        survey = await oversight.survey(desk.book, oversight.STATES[state], server)
        return [approval.id for approval in survey.approvals]

    assert await found("all") == [second.id, first.id]
    assert await found("open") == await found("pending") == [second.id]
    assert await found("denied") == [first.id]
    assert await found("all", "other") == []


async def test_one_that_identical_calls_may_use_again_is_open_after_its_first_use() -> None:
    desk = Desk()
    asked = await desk.ask(replace(TERMS, reuse=600))
    approved = await rulings.decide(desk.book, asked, Verdict.APPROVE, "", actor("ann", "leads"))
    assert isinstance(approved, Approval)
    assert await rulings.consume(desk.book, approved, "call-2") is None
    assert [each.id for each in (await oversight.survey(desk.book, oversight.OPEN)).approvals] == [asked.id]


async def test_a_row_that_cannot_be_read_hides_no_other_approval() -> None:
    desk = Desk()
    asked = await desk.ask()
    await desk.store.insert("f" * 32, "request", {"from": "another version"})
    found = await oversight.survey(desk.book, oversight.OPEN)
    assert ([each.id for each in found.approvals], found.unreadable) == ([asked.id], ("f" * 32,))


async def test_more_than_are_read_at_once_are_all_found() -> None:
    desk = Desk()
    for number in range(40):
        await desk.ask(digest=f"{number:064}")
    assert len((await oversight.survey(desk.book, oversight.OPEN)).approvals) == 40


async def test_a_store_that_is_down_or_slow_is_no_empty_list(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    await desk.ask()
    with desk.store.down(), pytest.raises(StoreUnavailableError):
        await oversight.survey(desk.book, oversight.OPEN)
    monkeypatch.setattr(oversight, "PATIENCE", 0)
    with pytest.raises(StoreUnavailableError):
        await oversight.survey(desk.book, oversight.OPEN)


async def test_a_revocation_is_on_record_with_its_operator_before_it_takes_effect() -> None:
    desk = Desk()
    asked = await desk.ask()
    with desk.evidence.down():
        refused = await revoke(desk, asked)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.EVIDENCE_UNAVAILABLE
    assert (await desk.read(asked)).state(desk.now) is State.PENDING
    ended = await revoke(desk, asked)
    assert isinstance(ended, Approval)
    assert ended.state(desk.now) is State.REVOKED
    assert desk.events()[-1] == ("approval_settled", "revoked")
    assert '"operator":"olga"' in str(list(desk.evidence.rows.values())[-1]["body"])


async def test_one_that_is_approved_at_the_same_moment_is_revoked_all_the_same() -> None:
    desk = Desk()
    asked = await desk.ask()
    approved = ending_columns(Ending(State.APPROVED, desk.now))
    with desk.store.failing("settled", Fault.ANOTHER_WRITER_IS_FIRST, approved):
        ended = await revoke(desk, asked)
    assert isinstance(ended, Approval), ended
    assert ended.state(desk.now) is State.REVOKED
    assert await rulings.consume(desk.book, ended, "call-2") is not None


async def test_one_that_is_over_stays_as_it_is() -> None:
    desk = Desk()
    asked = await desk.ask()
    denied = ending_columns(Ending(State.DENIED, desk.now))
    with desk.store.failing("settled", Fault.ANOTHER_WRITER_IS_FIRST, denied):
        refused = await revoke(desk, asked)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.APPROVAL_OVER
    assert (await desk.read(asked)).state(desk.now) is State.DENIED


async def test_of_ten_operators_one_revokes() -> None:
    desk = Desk()
    asked = await desk.ask()
    ended = await asyncio.gather(*(revoke(desk, asked) for _ in range(10)))
    assert sum(isinstance(each, Approval) for each in ended) == 1
    assert (await desk.read(asked)).state(desk.now) is State.REVOKED
