"""Who is told, at which stage, and how often it is tried."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from gateway.approvals.approval import Approval, stamp
from gateway.approvals.notices import (
    BACKOFF,
    Notice,
    Notices,
    begun,
    failed_notices,
    notices,
    recorded_mark,
    unrecorded,
)
from gateway.policy.document import Email, Notifier, Teams
from gateway.storage.contract import Columns
from gateway.values import ApprovalTerms
from tests.gateway.approvals.desk import START, TERMS, approval

CHANNEL, OTHER = Teams("leads-channel"), Teams("chiefs-channel")
MAIL = Email("https://contoso.communication.azure.com", "donotreply@contoso.com", ("leads@contoso.com",))
NOTIFIERS: dict[str, tuple[Notifier, ...]] = {"leads": (CHANNEL, MAIL), "chiefs": (OTHER,), "all": (CHANNEL,)}

LONG = replace(TERMS, expires=7 * 86400)


class Waiting:
    """An approval that waits, and what was written of it."""

    def __init__(self, *terms: ApprovalTerms, notifiers: Mapping[str, tuple[Notifier, ...]] = NOTIFIERS) -> None:
        self.terms, self.notifiers = terms or (LONG,), notifiers
        self.marks: dict[str, Columns] = {"started": {"at": stamp(START)}}

    def approval(self) -> Approval:
        return approval(terms=self.terms, marks=self.marks)

    def look(self, after: float) -> Notices:
        return notices(self.approval(), self.notifiers, START, START + timedelta(seconds=after))

    def due(self, after: float) -> list[tuple[str, Notifier | None, int]]:
        return [(each.stage, each.notifier, each.attempt) for each in self.look(after).due]

    def tell(self, after: float, failure: str = "", **columns: Any) -> None:
        """What is due has been done, with that result."""
        for each in self.look(after).due:
            self.write(each, after, failure, **columns)

    def write(self, notice: Notice, after: float, failure: str = "", **columns: Any) -> None:
        at = stamp(START + timedelta(seconds=after))
        self.marks[notice.row] = {"at": at, "recorded": 1, **notice.columns(failure), **columns}

    def next(self, after: float) -> float | None:
        at = self.look(after).next
        return (at - START).total_seconds() if at else None


def test_every_notifier_of_the_approvers_is_told_once() -> None:
    waiting = Waiting()
    assert waiting.due(0) == [("asked", CHANNEL, 1), ("asked", MAIL, 1)]
    waiting.tell(0)
    assert waiting.look(0) == Notices((), None)
    assert waiting.due(6 * 86400) == []


def test_a_notifier_that_two_groups_share_is_told_once_and_for_both() -> None:
    waiting = Waiting(replace(LONG, approvers=frozenset({"leads", "all"})))
    (channel, mail) = sorted(waiting.look(0).due, key=lambda notice: isinstance(notice.notifier, Email))
    assert (sorted(channel.groups), sorted(mail.groups)) == (["all", "leads"], ["leads"])


def test_a_group_without_a_notifier_is_on_record_once() -> None:
    waiting = Waiting(replace(LONG, approvers=frozenset({"hr"}), remind=3600))
    assert waiting.due(0) == [("asked", None, 1)]
    waiting.tell(0, "no notifier")
    assert waiting.due(3600) == []
    (failed,) = failed_notices(waiting.approval())
    assert (failed.groups, failed.way, failed.detail) == (("hr",), "", "no notifier")
    waiting.notifiers = {"hr": (OTHER,)}
    assert waiting.due(3601) == [("reminder-3600", OTHER, 1)]


def test_a_failed_attempt_is_made_again_at_growing_intervals_and_then_given_up() -> None:
    waiting = Waiting(notifiers={"leads": (CHANNEL,)})
    after = 0.0
    for number, pause in enumerate(BACKOFF, 1):
        assert waiting.due(after) == [("asked", CHANNEL, number)]
        waiting.tell(after, "timeout")
        assert waiting.next(after) == after + pause
        assert waiting.due(after + pause - 1) == []
        after += pause
    waiting.tell(after, "status 500")
    assert waiting.look(after + 86400) == Notices((), None)
    (failed,) = failed_notices(waiting.approval())
    assert (failed.stage, failed.way, failed.detail) == ("asked", "teams leads-channel", "status 500")


def test_one_that_was_told_after_a_failure_is_no_longer_a_failed_notice() -> None:
    waiting = Waiting(notifiers={"leads": (CHANNEL,)})
    waiting.tell(0, "timeout")
    assert len(failed_notices(waiting.approval())) == 1
    waiting.tell(30)
    assert failed_notices(waiting.approval()) == ()


def test_reminders_come_at_their_times_and_a_late_one_comes_alone() -> None:
    waiting = Waiting(replace(LONG, remind=1800), notifiers={"leads": (CHANNEL,)})
    waiting.tell(0)
    assert waiting.next(0) == 1800
    assert waiting.due(1799) == []
    assert waiting.due(1800) == [("reminder-1800", CHANNEL, 1)]
    waiting.tell(1800)
    assert waiting.next(1800) == 3600
    assert waiting.due(5 * 3600) == [("reminder-18000", CHANNEL, 1)]


def test_a_new_stage_takes_the_place_of_attempts_that_failed() -> None:
    waiting = Waiting(replace(LONG, remind=60), notifiers={"leads": (CHANNEL,)})
    waiting.tell(0, "timeout")
    waiting.tell(59, "timeout")
    assert waiting.due(60) == [("reminder-60", CHANNEL, 1)]
    waiting.tell(60)
    assert waiting.due(119) == []


def test_those_who_are_escalated_to_are_told_then_and_reminded_from_then_on() -> None:
    terms = replace(LONG, remind=3600, escalate_after=5400, escalate_to=frozenset({"chiefs"}))
    waiting = Waiting(terms, notifiers={"leads": (CHANNEL,), "chiefs": (OTHER,)})
    waiting.tell(0)
    waiting.tell(3600)
    assert waiting.next(3600) == 5400
    assert waiting.due(5400) == [("escalated", OTHER, 1)]
    waiting.tell(5400)
    assert waiting.due(7200) == [("reminder-7200", CHANNEL, 1), ("reminder-7200", OTHER, 1)]


def test_terms_that_escalate_at_different_times_have_a_stage_each_and_remind_together() -> None:
    one = replace(LONG, remind=3600, escalate_after=3600, escalate_to=frozenset({"chiefs"}))
    other = replace(one, name="wires", remind=1800, escalate_after=7200, escalate_to=frozenset({"all"}))
    waiting = Waiting(one, other)
    stages = begun(waiting.approval(), START, START + timedelta(hours=2))
    assert [stage.name for stage in stages] == ["asked", "escalated", "reminder-7200", "escalated-7200"]
    assert stages[2].groups == {"leads", "chiefs", "all"}


def test_an_attempt_that_is_not_on_record_is_known_until_it_is() -> None:
    waiting = Waiting(notifiers={"leads": (CHANNEL,)})
    (notice,) = waiting.look(0).due
    waiting.write(notice, 0, recorded=0)
    assert set(unrecorded(waiting.approval())) == {notice.row}
    waiting.marks[recorded_mark(notice.row)] = {"at": stamp(START)}
    assert unrecorded(waiting.approval()) == {}
