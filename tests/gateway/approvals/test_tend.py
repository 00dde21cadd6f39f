"""An approval that is looked after, step by step, also while its stores and its people's channels are down."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.approvals import rulings
from gateway.approvals.approval import Approval, State, Verdict
from gateway.approvals.notices import failed_notices
from gateway.approvals.tend import OVER, tend
from gateway.values import Refusal
from tests.fakes.approvals import Fault as StoreFault
from tests.gateway.approvals.desk import actor
from tests.gateway.approvals.tending import DAY, HOUR, HR, LEADS, OPERATORS, Fault, Tending, tending


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Tending]:
    async with asyncio.timeout(30), tending(tmp_path) as opened:
        yield opened


async def look(bench: Tending, known: Approval) -> dict[str, Any]:
    return await tend(known.id, bench.rooms)


def seconds_left(bench: Tending, step: dict[str, Any]) -> int:
    """Until the next look."""
    return round((datetime.fromisoformat(step["wake"]) - bench.now()) / timedelta(seconds=1))


async def approve(bench: Tending, known: Approval) -> Approval:
    found = await rulings.decide(bench.rooms.approvals, known, Verdict.APPROVE, "fine", actor("ann", LEADS))
    assert isinstance(found, Approval), found
    return found


async def test_the_approvers_are_told_once_and_that_is_on_record(bench: Tending) -> None:
    known = await bench.ask(expires=7 * DAY)
    step = await look(bench, known)
    assert (seconds_left(bench, step), step["event"], step["run"]) == (7 * DAY, "settled", False)
    assert await look(bench, known) == step
    assert bench.channels.posted() == ["/leads Approval needed"]
    assert bench.events() == ["requested/allowed", "notified/succeeded"]
    (told,) = bench.bodies("approval_notified")
    assert (told["stage"], told["way"], told["groups"], told["attempt"]) == ("asked", "teams leads-channel", LEADS, 1)


async def test_reminders_and_an_escalation_come_at_their_times(bench: Tending) -> None:
    known = await bench.ask(expires=4 * HOUR, remind=HOUR, escalate_after=90 * 60, escalate_to=frozenset({OPERATORS}))
    waits = []
    for _ in range(4):
        step = await look(bench, known)
        waits.append(seconds_left(bench, step))
        bench.later(waits[-1])
    assert waits == [3600, 1800, 1800, 3600]
    assert sorted(bench.channels.posted()) == sorted(
        [
            "/leads Approval needed",
            "/leads Reminder, approval needed",
            *("/leads Escalated to you, approval needed", "/operators Escalated to you, approval needed"),
            *("/leads Reminder, approval needed", "/operators Reminder, approval needed"),
        ]
    )
    assert bench.events().count("escalated/allowed") == 1
    assert bench.bodies("approval_escalated")[0]["groups"] == OPERATORS
    assert "escalated" in (await bench.read(known.id)).marks


async def test_a_channel_that_fails_is_on_record_and_tried_again_and_the_approval_goes_on(bench: Tending) -> None:
    bench.channels.fault = Fault.THROTTLES
    known = await bench.ask()
    for wait in (30, 120, 600):
        step = await look(bench, known)
        assert seconds_left(bench, step) == wait
        bench.later(wait)
    (failed,) = failed_notices(await bench.read(known.id))
    assert (failed.detail, failed.way) == ("status 429", "teams leads-channel")
    bench.channels.fault = None
    await look(bench, known)
    assert failed_notices(await bench.read(known.id)) == ()
    assert bench.events() == ["requested/allowed", *["notified/failed"] * 3, "notified/succeeded"]
    assert bench.bodies("approval_notified")[0]["detail"] == "status 429"
    assert (await approve(bench, await bench.read(known.id))).state(bench.now()) is State.APPROVED


async def test_a_group_that_nobody_can_be_told_of_is_on_record_once(bench: Tending) -> None:
    known = await bench.ask(approvers=frozenset({HR}), remind=600)
    await look(bench, known)
    bench.later(600)
    await look(bench, known)
    assert bench.events() == ["requested/allowed", "notified/failed"]
    assert failed_notices(await bench.read(known.id))[0].detail == "no notifier"


async def test_an_undecided_one_expires_on_record_and_nothing_of_its_call_is_left(bench: Tending) -> None:
    known = await bench.ask()
    await look(bench, known)
    assert (bench.gateway.approvals.contents, bench.gateway.approvals.listed) != ({}, set())
    bench.later(HOUR)
    assert await look(bench, known) == OVER
    assert await look(bench, known) == OVER
    assert bench.events()[-1] == "settled/expired"
    assert (bench.gateway.approvals.contents, bench.gateway.approvals.listed) == ({}, set())


async def test_votes_that_nobody_settled_are_settled(bench: Tending) -> None:
    known = await bench.ask()
    with bench.gateway.approvals.failing("settled"), pytest.raises(Exception, match="down"):
        await approve(bench, known)
    step = await look(bench, known)
    assert seconds_left(bench, step) == HOUR
    assert (await bench.read(known.id)).state(bench.now()) is State.APPROVED
    assert bench.events()[-1] == "settled/approved"


async def test_an_approved_one_that_is_not_used_in_time_expires(bench: Tending) -> None:
    known = await approve(bench, await bench.ask(use_within=600))
    step = await look(bench, known)
    assert seconds_left(bench, step) == 600
    bench.later(600)
    assert await look(bench, known) == OVER
    assert bench.events()[-2:] == ["settled/approved", "ended/expired"]
    assert (await bench.read(known.id)).state(bench.now()) is State.EXPIRED
    assert bench.gateway.approvals.contents == {}


async def test_nobody_is_told_of_one_that_was_decided_meanwhile(bench: Tending) -> None:
    known = await approve(bench, await bench.ask())
    await look(bench, known)
    assert bench.channels.posts == []


async def test_a_task_is_to_be_run_once_it_is_approved(bench: Tending) -> None:
    known = await bench.ask()
    await bench.rooms.approvals.mark(known, "task")
    assert not (await look(bench, known))["run"]
    await approve(bench, await bench.read(known.id))
    step = await look(bench, known)
    assert (step["run"], seconds_left(bench, step)) == (True, 60)


async def test_the_call_and_the_result_of_a_task_are_forgotten_in_their_time(bench: Tending) -> None:
    book = bench.rooms.approvals
    known = await bench.ask()
    await book.mark(known, "task")
    known = await approve(bench, await bench.read(known.id))
    await book.store.keep(known.id, "result", b"sealed")
    assert await rulings.consume(book, known, "call-2") is None
    for mark in ("leg-1", "result"):
        await book.mark(known, mark)
    assert seconds_left(bench, await look(bench, known)) == 2 * HOUR
    assert {name for _, name in bench.gateway.approvals.contents} == {"result"}
    bench.later(2 * HOUR)
    assert await look(bench, known) == OVER
    assert bench.gateway.approvals.contents == {}


async def test_what_was_kept_for_a_task_that_was_denied_is_forgotten(bench: Tending) -> None:
    book = bench.rooms.approvals
    known = await bench.ask()
    for mark in ("task", "caller-2000000000"):
        await book.mark(known, mark)
    await book.store.keep(known.id, "caller-2000000000", b"sealed")
    found = await rulings.decide(book, await bench.read(known.id), Verdict.DENY, "no", actor("ann", LEADS))
    assert isinstance(found, Approval)
    assert await look(bench, known) == OVER
    assert bench.gateway.approvals.contents == {}


async def test_one_that_was_left_before_its_mark_is_told_of(bench: Tending) -> None:
    known = await bench.ask()
    del bench.gateway.approvals.approvals[known.id]["started"]
    await look(bench, known)
    assert (await bench.read(known.id)).is_started
    assert bench.channels.posted() == ["/leads Approval needed"]


async def test_without_a_policy_one_looks_again(bench: Tending) -> None:
    known = await bench.ask()
    bench.gateway.policy_file.write_text("version: 0")
    step = await look(bench, known)
    assert (seconds_left(bench, step), step["event"], step["run"]) == (60, "", False)
    assert bench.channels.posts == []


async def test_an_id_of_nothing_is_over(bench: Tending) -> None:
    assert await tend("0" * 32, bench.rooms) == OVER
    assert await tend("../no-id", bench.rooms) == OVER


async def test_a_store_that_is_down_is_looked_at_again_and_loses_nothing(bench: Tending) -> None:
    known = await bench.ask()
    with bench.gateway.approvals.down():
        assert seconds_left(bench, await look(bench, known)) == 60
    assert seconds_left(bench, await look(bench, known)) == HOUR
    assert bench.channels.posted() == ["/leads Approval needed"]


async def test_while_the_evidence_is_down_nobody_is_told_again_and_again(bench: Tending) -> None:
    known = await bench.ask(escalate_after=600, escalate_to=frozenset({OPERATORS}))
    with bench.gateway.evidence.down():
        for _ in range(4):
            assert seconds_left(bench, await look(bench, known)) == 60
            bench.later(60)
    assert bench.channels.posted() == ["/leads Approval needed"]
    assert bench.events() == ["requested/allowed"]
    await look(bench, known)
    await look(bench, known)
    assert bench.events() == ["requested/allowed", "notified/succeeded"]
    bench.later(HOUR)
    with bench.gateway.evidence.down():
        assert seconds_left(bench, await look(bench, known)) == 60
    assert await look(bench, known) == OVER
    assert bench.events()[-1] == "settled/expired"


async def test_an_escalation_that_cannot_be_recorded_waits(bench: Tending) -> None:
    known = await bench.ask(escalate_after=600, escalate_to=frozenset({OPERATORS}))
    await look(bench, known)
    bench.later(600)
    with bench.gateway.evidence.down():
        await look(bench, known)
    assert "escalated" not in (await bench.read(known.id)).marks
    await look(bench, known)
    assert "escalated" in (await bench.read(known.id)).marks


ROWS = ("notice-asked", "notice-escalated", "escalated", "settled", "settled-recorded", "spent")


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("fault", StoreFault)
@pytest.mark.parametrize("is_approved", [False, True])
async def test_a_write_that_fails_is_made_up_for_at_the_next_look(
    bench: Tending, row: str, fault: StoreFault, *, is_approved: bool
) -> None:
    known = await bench.ask(escalate_after=600, escalate_to=frozenset({OPERATORS}))
    for seconds in (0, 600):
        bench.later(seconds)
        with bench.gateway.approvals.failing(row, fault):
            await look(bench, known)
        await look(bench, known)
    if is_approved:
        await approve(bench, await bench.read(known.id))
    bench.later(HOUR)
    with bench.gateway.approvals.failing(row, fault):
        await look(bench, known)
    bench.later(HOUR)
    assert await look(bench, known) == OVER
    ended = await bench.read(known.id)
    assert ended.state(bench.now()) is State.EXPIRED
    assert "settled-recorded" in ended.marks
    posted = bench.channels.posted()
    assert set(posted) == {
        "/leads Approval needed",
        "/leads Escalated to you, approval needed",
        "/operators Escalated to you, approval needed",
    }
    # Twice at worst, where the row could not be written after the message had been sent.
    assert all(posted.count(one) <= 2 for one in posted)
    assert {"settled/approved" if is_approved else "settled/expired", "escalated/allowed"} <= set(bench.events())


async def test_many_at_once_do_each_thing_on_record_and_end_with_the_same_rows(bench: Tending) -> None:
    known = await bench.ask(use_within=600)
    await asyncio.gather(*(look(bench, known) for _ in range(5)))
    assert set(bench.channels.posted()) == {"/leads Approval needed"}
    await approve(bench, known)
    bench.later(600)
    await asyncio.gather(*(look(bench, known) for _ in range(5)))
    assert await look(bench, known) == OVER
    rows = bench.gateway.approvals.approvals[known.id]
    assert rows["spent"]["state"] == "expired"


async def test_an_approval_that_is_withdrawn_is_over(bench: Tending) -> None:
    known = await bench.ask()
    found = await rulings.end(bench.rooms.approvals, known, State.WITHDRAWN, actor("erin"))
    assert not isinstance(found, Refusal)
    bench.gateway.approvals.listed.add(known.id)  # whoever ended it did not get to delist it
    assert await look(bench, known) == OVER
    assert (bench.gateway.approvals.contents, bench.gateway.approvals.listed) == ({}, set())
