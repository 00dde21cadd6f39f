"""What people and the clock do to an approval, one after the other and all at once."""

import asyncio
import random
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

import pytest

from gateway.approvals import rulings
from gateway.approvals.approval import Approval, State, Verdict
from gateway.approvals.book import SYSTEM
from gateway.reasons import Reason
from gateway.storage.contract import StoreUnavailableError
from gateway.values import CallerKind, Refusal
from tests.fakes import evidence
from tests.fakes.approvals import Fault
from tests.fakes.values import CALLER
from tests.gateway.approvals.desk import TERMS, Desk, actor


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def decide(
    desk: Desk, approval: Approval, name: str, verdict: Verdict = Verdict.APPROVE, **changes: Any
) -> Approval | Reason:
    reason = changes.pop("reason", "fine")
    found = await rulings.decide(desk.book, approval, verdict, reason, actor(name, "leads", **changes))
    return found.reason if isinstance(found, Refusal) else found


async def approved(desk: Desk, **terms: Any) -> Approval:
    found = await decide(desk, await desk.ask(replace(TERMS, **terms)), "ann")
    assert isinstance(found, Approval)
    assert found.state(desk.now) is State.APPROVED
    return found


async def test_one_approval_settles_what_needs_one(desk: Desk) -> None:
    found = await approved(desk)
    assert [(each.object_id, each.reason) for each in found.votes] == [("ann", "fine")]
    assert desk.events()[1:] == [("approval_decided", "approved"), ("approval_settled", "approved")]


async def test_a_denial_settles_it_and_stands(desk: Desk) -> None:
    asked = await desk.ask()
    found = await decide(desk, asked, "ann", Verdict.DENY)
    assert isinstance(found, Approval)
    assert found.state(desk.now) is State.DENIED
    assert await decide(desk, found, "bob") is Reason.APPROVAL_OVER
    assert list(await desk.store.waiting()) == []


async def test_two_people_are_two_people(desk: Desk) -> None:
    asked = await desk.ask(replace(TERMS, people=2))
    first = await decide(desk, asked, "ann")
    assert isinstance(first, Approval)
    assert first.state(desk.now) is State.PENDING
    assert await decide(desk, first, "ann") is Reason.APPROVER_DECIDED
    # The page that she still has open does not know that she has decided.
    assert await decide(desk, asked, "ann") is Reason.APPROVER_DECIDED
    second = await decide(desk, first, "bob")
    assert isinstance(second, Approval)
    assert second.state(desk.now) is State.APPROVED


@pytest.mark.parametrize(
    ("name", "changes", "why"),
    [
        (CALLER.object_id, {}, Reason.APPROVER_IS_REQUESTER),
        ("bot", {"kind": CallerKind.AGENT}, Reason.APPROVER_NOT_A_PERSON),
        ("app", {"kind": CallerKind.APP}, Reason.APPROVER_NOT_A_PERSON),
        ("ann", {"groups_complete": False}, Reason.APPROVER_NOT_ELIGIBLE),
    ],
)
async def test_who_may_not_decide_is_refused_on_record(
    desk: Desk, name: str, changes: dict[str, Any], why: Reason
) -> None:
    asked = await desk.ask()
    assert await decide(desk, asked, name, **changes) is why
    assert desk.events()[1:] == [("approval_refused", "refused")]
    assert list(desk.evidence.rows.values())[-1]["reason"] == why.name.lower()
    assert (await desk.read(asked)).votes == ()


async def test_a_reason_is_wanted_where_the_terms_say_so(desk: Desk) -> None:
    asked = await desk.ask(replace(TERMS, approver_reason=True))
    assert await decide(desk, asked, "ann", reason=" ") is Reason.REASON_MISSING
    assert isinstance(await decide(desk, asked, "ann", reason="checked"), Approval)


async def test_an_expired_one_is_over_although_nothing_ran(desk: Desk) -> None:
    asked = await desk.ask()
    desk.later(seconds=3600)
    assert await decide(desk, asked, "ann") is Reason.APPROVAL_OVER
    assert (await rulings.settle(desk.book, asked)).settled is not None
    assert desk.events()[-1] == ("approval_settled", "expired")


async def test_what_cannot_be_recorded_is_not_decided(desk: Desk) -> None:
    asked = await desk.ask()
    with desk.evidence.down():
        assert await decide(desk, asked, "ann") is Reason.EVIDENCE_UNAVAILABLE
    assert (await desk.read(asked)).votes == ()
    assert isinstance(await decide(desk, asked, "ann"), Approval)


async def test_a_decision_whose_answer_was_lost_counts_once(desk: Desk) -> None:
    asked = await desk.ask(replace(TERMS, people=2))
    desk.store.faults = [Fault.INSERT_FAILS_BUT_IS_WRITTEN]
    with pytest.raises(StoreUnavailableError):
        await decide(desk, asked, "ann")
    assert await decide(desk, await desk.read(asked), "ann") is Reason.APPROVER_DECIDED
    assert len((await desk.read(asked)).votes) == 1


async def test_a_settlement_that_was_not_recorded_is_recorded_later(desk: Desk) -> None:
    asked = await desk.ask()
    desk.evidence.faults = [None, evidence.Fault.FAILS_AND_IS_NOT_WRITTEN]
    settled = await decide(desk, asked, "ann")
    assert isinstance(settled, Approval)
    assert "settled-recorded" not in settled.marks
    assert await rulings.record_settled(desk.book, settled, State.APPROVED)
    assert desk.events()[-1] == ("approval_settled", "approved")


async def test_it_is_used_once(desk: Desk) -> None:
    given = await approved(desk)
    assert await rulings.consume(desk.book, given, "call-2") is None
    again = await rulings.consume(desk.book, given, "call-3")
    assert isinstance(again, Refusal)
    assert again.reason is Reason.APPROVAL_SPENT
    found = await desk.read(given)
    assert found.spent is not None
    assert (found.spent.call, found.state(desk.now)) == ("call-2", State.CONSUMED)
    row = [row for row in desk.evidence.rows.values() if row["event"] == "approval_consumed"]
    assert [(each["call"], each["approver"]) for each in row] == [("call-2", "ann")]


async def test_identical_calls_use_it_again_for_as_long_as_the_terms_say(desk: Desk) -> None:
    given = await approved(desk, reuse=300)
    for _ in range(3):
        assert await rulings.consume(desk.book, given, "call") is None
    desk.later(seconds=300)
    assert isinstance(await rulings.consume(desk.book, given, "call"), Refusal)


async def test_it_is_not_used_when_it_is_too_late_or_was_never_given(desk: Desk) -> None:
    asked = await desk.ask()
    assert isinstance(await rulings.consume(desk.book, asked, "call"), Refusal)
    given = await decide(desk, asked, "ann")
    assert isinstance(given, Approval)
    desk.later(seconds=1800)
    assert isinstance(await rulings.consume(desk.book, given, "call"), Refusal)
    ended = await rulings.end(desk.book, await desk.read(given), State.EXPIRED, SYSTEM)
    assert isinstance(ended, Approval)
    assert desk.events()[-1] == ("approval_ended", "expired")


@pytest.mark.parametrize("state", [State.WITHDRAWN, State.REVOKED])
async def test_what_is_withdrawn_or_revoked_is_neither_decided_nor_used(desk: Desk, state: State) -> None:
    asked = await desk.ask()
    ended = await rulings.end(desk.book, asked, state, actor("olga"), "a mistake")
    assert isinstance(ended, Approval)
    assert await decide(desk, ended, "ann") is Reason.APPROVAL_OVER
    other = Desk()
    given = await approved(other)
    assert isinstance(await rulings.end(other.book, given, state, actor("olga")), Approval)
    assert isinstance(await rulings.consume(other.book, given, "call"), Refusal)
    assert other.events()[-1] == ("approval_ended", state.value)


async def test_what_is_over_is_not_ended_again(desk: Desk) -> None:
    given = await approved(desk)
    await rulings.consume(desk.book, given, "call")
    ended = await rulings.end(desk.book, await desk.read(given), State.REVOKED, actor("olga"))
    assert isinstance(ended, Refusal)
    assert ended.reason is Reason.APPROVAL_OVER
    # One who read it before it was used is too late as well.
    late = await rulings.end(desk.book, given, State.REVOKED, actor("olga"))
    assert isinstance(late, Refusal)


@pytest.mark.parametrize("seed", range(40))
async def test_of_twenty_at_once_one_settles_it_and_one_uses_it(seed: int) -> None:
    """Approvers, deniers, withdrawers, revokers and callers, in every order that chance gives."""
    desk, chance = Desk(), random.Random(seed)
    asked = await desk.ask(replace(TERMS, people=chance.choice([1, 2])))
    used: list[str] = []

    async def use(call: str) -> None:
        for _ in range(chance.randrange(1, 12)):
            await asyncio.sleep(0)
        current = await rulings.settle(desk.book, asked)
        if current.state(desk.now) is State.APPROVED and await rulings.consume(desk.book, current, call) is None:
            used.append(call)

    async def later(steps: Awaitable[object]) -> None:
        for _ in range(chance.randrange(8)):
            await asyncio.sleep(0)
        await steps

    acts: list[Awaitable[object]] = [use(f"call-{n}") for n in range(8)]
    acts += [later(decide(desk, asked, f"yes-{n}")) for n in range(7)]
    acts += [later(decide(desk, asked, f"no-{n}", Verdict.DENY)) for n in range(chance.randrange(3))]
    ends = [state for state in (State.WITHDRAWN, State.REVOKED) if chance.randrange(2)]
    acts += [later(rulings.end(desk.book, asked, state, actor(f"ends-{state}"))) for state in ends]
    chance.shuffle(acts)
    await asyncio.gather(*acts)
    found = await desk.read(asked)
    assert found.settled is not None
    settled = [
        outcome for event, outcome in desk.events() if event == "approval_settled" and outcome == found.settled.state
    ]
    assert len(used) <= 1
    assert (found.spent is not None and found.spent.state is State.CONSUMED) == (len(used) == 1)
    if used:
        assert found.settled.state is State.APPROVED
        assert found.spent is not None
        assert found.spent.call == used[0]
    # Who was too late is on record as refused; of settlements that took effect there is one.
    assert len(settled) == 1 or found.settled.state in (State.WITHDRAWN, State.REVOKED)
    assert [event for event, _ in desk.events()].count("approval_consumed") == len(used)
