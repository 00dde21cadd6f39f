"""What is due of an approval, at any time and in any state."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.approvals.agenda import RESULT_KEPT, Agenda, agenda
from gateway.approvals.approval import Approval, Ending, State, stamp
from gateway.policy.document import Notifier, Teams
from gateway.storage.contract import Columns
from gateway.values import ApprovalTerms
from tests.gateway.approvals.desk import START, TERMS, approval, vote

WEEK = replace(TERMS, expires=7 * 86400)
NOTIFIERS: dict[str, tuple[Notifier, ...]] = {"leads": (Teams("a"), Teams("b")), "chiefs": (Teams("b"), Teams("c"))}
APPROVED = Ending(State.APPROVED, START + timedelta(minutes=10))
USABLE_UNTIL = APPROVED.at + timedelta(seconds=TERMS.use_within)


def after(**time: float) -> datetime:
    return START + timedelta(**time)


def marks(*names: str) -> dict[str, Columns]:
    return {name: {"at": stamp(START)} for name in ("started", *names)}


def settled(*names: str, ending: Ending = APPROVED, **changes: Any) -> Approval:
    return approval(settled=ending, marks=marks("settled-recorded", *names), **changes)


def look(known: Approval, now: datetime, notifiers: Mapping[str, tuple[Notifier, ...]] = NOTIFIERS) -> Agenda:
    return agenda(known, notifiers, now)


def written(known: Approval, due: Agenda, now: datetime, failure: str = "") -> Approval:
    """The approval after all that was due has been done."""
    rows = dict(known.marks)
    for stage in due.escalations:
        assert stage.name not in rows
        rows[stage.name] = {"at": stamp(now)}
    for notice in due.notices:
        assert notice.row not in rows, "an attempt that was made is due again"
        rows[notice.row] = {"at": stamp(now), "recorded": 1, **notice.columns(failure)}
    return replace(known, marks=rows)


def test_one_that_was_left_before_its_mark_is_started() -> None:
    assert look(approval(marks={}), START).start


def test_seven_days_without_reminders_are_one_stage_and_one_wait() -> None:
    known = approval(terms=(WEEK,), marks=marks())
    due = look(known, START)
    assert {notice.stage for notice in due.notices} == {"asked"}
    due = look(written(known, due, START), START)
    assert due.is_done
    assert due.wake == known.expires


def test_votes_that_decide_and_a_time_that_is_over_are_settled() -> None:
    known = approval(vote("ann", "leads"), marks=marks())
    assert look(known, after(minutes=2)).settle
    assert look(replace(known, votes=()), after(hours=1)).settle
    assert look(replace(known, votes=()), after(hours=1)).notices == ()


def test_a_settlement_that_is_not_on_record_is_recorded() -> None:
    known = approval(settled=replace(APPROVED, state=State.DENIED), marks=marks())
    assert look(known, after(minutes=20)).record
    assert not look(known, after(minutes=20)).is_done
    assert look(settled(ending=replace(APPROVED, state=State.DENIED)), after(minutes=20)).wake is None


def test_an_approved_one_waits_until_it_can_no_longer_be_used_and_then_expires() -> None:
    due = look(settled(), after(minutes=20))
    assert (due.is_done, due.wake, due.event, due.run, due.forget) == (True, USABLE_UNTIL, "settled", False, ())
    assert look(settled(), USABLE_UNTIL).expire


@pytest.mark.parametrize("state", [State.DENIED, State.EXPIRED, State.WITHDRAWN, State.REVOKED])
def test_one_that_is_over_is_forgotten(state: State) -> None:
    due = look(settled(ending=replace(APPROVED, state=state)), after(minutes=20))
    assert (due.wake, due.forget) == (None, ("call",))


def test_a_used_one_is_forgotten() -> None:
    due = look(settled(spent=Ending(State.CONSUMED, after(minutes=11))), after(minutes=20))
    assert (due.wake, due.forget) == (None, ("call",))


def test_a_task_runs_once_it_is_approved() -> None:
    assert not look(approval(marks=marks("task")), START).run
    assert look(settled("task"), after(minutes=20)).run
    assert not look(settled(), after(minutes=20)).run


def test_a_task_that_nobody_approved_is_over() -> None:
    due = look(settled("task", ending=replace(APPROVED, state=State.DENIED)), after(minutes=20))
    assert (due.wake, due.run, due.forget) == (None, False, ("call", "result"))


CONSUMED = Ending(State.CONSUMED, after(minutes=11))


def test_a_task_waits_for_the_answer_that_its_server_asks_for_and_goes_on_with_it() -> None:
    asked = settled("task", "leg-1", "asked-1", spent=CONSUMED)
    due = look(asked, after(minutes=20))
    assert (due.run, due.event, due.wake) == (False, "answered-1", USABLE_UNTIL + RESULT_KEPT)
    answered = settled("task", "leg-1", "asked-1", "answered-1", spent=CONSUMED)
    assert look(answered, after(minutes=20)).run


@pytest.mark.parametrize("state", [State.CONSUMED, State.REVOKED, State.EXPIRED])
def test_a_leg_without_a_result_or_a_question_is_looked_into_each_minute_until_its_time_is_over(state: State) -> None:
    for names in (("leg-1",), ("leg-1", "asked-1", "answered-1", "leg-2")):
        begun = settled("task", *names, spent=replace(CONSUMED, state=state))
        due = look(begun, after(minutes=20))
        assert (due.run, due.wake, due.event) == (True, after(minutes=21), "settled")
        due = look(begun, USABLE_UNTIL + RESULT_KEPT)
        assert (due.run, due.wake, due.forget) == (False, None, ("call", "result"))


def test_the_result_of_a_task_is_kept_for_an_hour_and_its_call_is_not() -> None:
    ended = settled("task", "leg-1", "result", spent=CONSUMED)
    due = look(ended, after(minutes=20))
    assert (due.wake, due.forget) == (USABLE_UNTIL + RESULT_KEPT, ("call",))
    due = look(ended, USABLE_UNTIL + RESULT_KEPT)
    assert (due.wake, due.forget) == (None, ("call", "result"))


def test_an_approval_that_others_used_leaves_its_task_nothing_to_run() -> None:
    due = look(settled("task", spent=CONSUMED), after(minutes=20))
    assert (due.wake, due.run) == (None, False)


def test_an_approval_that_was_revoked_while_its_task_waits_runs_no_further_leg() -> None:
    revoked = Ending(State.REVOKED, after(minutes=12))
    answered = settled("task", "leg-1", "asked-1", "answered-1", spent=revoked)
    assert not look(answered, after(minutes=20)).run


durations = st.sampled_from([0, 60, 90, 600, 3600, 7200])
terms = st.builds(
    ApprovalTerms,
    name=st.just("t"),
    approvers=st.sets(st.sampled_from(["leads", "chiefs", "hr"]), min_size=1).map(frozenset),
    expires=st.sampled_from([7201, 86400]),
    use_within=st.just(60),
    remind=durations,
    escalate_after=durations,
    escalate_to=st.sets(st.sampled_from(["leads", "chiefs", "hr"]), min_size=1).map(frozenset),
)
steps = st.lists(st.tuples(st.sampled_from([0, 1, 29, 30, 61, 600, 5000, None]), st.booleans()), max_size=40)


@given(st.lists(terms, min_size=1, max_size=3), steps)
def test_nothing_is_due_twice_and_the_next_look_is_in_the_future(of: list[ApprovalTerms], moves: Any) -> None:
    known, now = approval(terms=tuple(of), marks=marks()), START
    told: set[tuple[str, str]] = set()
    for seconds, fails in moves:
        due = look(known, now)
        if due.settle:
            assert now >= known.expires
            return
        assert due.wake is not None
        assert now < due.wake <= known.expires
        assert len({notice.target for notice in due.notices}) == len(due.notices), "one is told twice at once"
        assert told.isdisjoint((notice.stage, notice.target) for notice in due.notices)
        assert all(notice.attempt <= 6 for notice in due.notices)
        told |= set() if fails else {(notice.stage, notice.target) for notice in due.notices}
        known = written(known, due, now, "timeout" if fails else "")
        again = look(known, now)
        assert again.is_done
        assert again.wake is not None
        assert now < again.wake
        now = again.wake if seconds is None else now + timedelta(seconds=seconds)


@given(st.lists(terms, min_size=1, max_size=3))
def test_whoever_looks_only_when_told_to_misses_no_stage(of: list[ApprovalTerms]) -> None:
    known, now = approval(terms=tuple(of), marks=marks()), START
    stages: set[str] = set()
    wanted = {f"reminder-{at}" for each in of if each.remind for at in range(each.remind, 7201, each.remind)}
    while now < min(after(seconds=7200.5), known.expires):
        due = look(known, now)
        stages |= {notice.stage for notice in due.notices}
        known = written(known, due, now)
        wake = look(known, now).wake
        assert wake is not None
        now = wake
    # A group without a notifier is told of nothing but the first stage, and escalation goes before a reminder.
    if all(each.approvers & {"leads", "chiefs"} for each in of) and not any(each.escalate_after for each in of):
        assert stages == {"asked"} | wanted
    assert {name for name in known.marks if name.startswith("escalated")} or not any(each.escalate_after for each in of)
