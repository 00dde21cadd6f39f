"""What is to be done about an approval now, and when to look again. Pure.

Takes an approval as of now, the policy's notifiers and the time; gives what is due and, as long as the
approval is not over, a moment in the future. It follows from the rows alone, so that whoever looks,
however late and however often, does what is left to do and nothing twice that a row says was done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.approvals import seats
from gateway.approvals.approval import Approval, State
from gateway.approvals.book import CALL
from gateway.approvals.notices import Notice, Stage, begun, notices, unrecorded
from gateway.approvals.orchestrations import SETTLED
from gateway.policy.document import Notifier
from gateway.storage.contract import Columns

LOOK = timedelta(seconds=60)
"""Until the next look where something should have happened that nobody tells of."""
RESULT_KEPT = timedelta(hours=1)
"""For which a task's result can be fetched after the approval could have been used."""
TASK, RESULT, STARTED, SETTLED_RECORDED = "task", "result", "started", "settled-recorded"


@dataclass(frozen=True, slots=True)
class Agenda:
    """What is due, in the order in which it is to be done."""

    wake: datetime | None
    """When to look again; None: the approval is over."""
    event: str = SETTLED
    """What may wake one earlier."""
    run: bool = False
    """The call of a task is to be made, or to be gone on with."""
    start: bool = False
    """The mark `started` is missing: whoever began this one ended before it was set."""
    settle: bool = False
    record: bool = False
    """The settlement is not on record."""
    expire: bool = False
    """The approval was given, and not used in time."""
    escalations: tuple[Stage, ...] = ()
    unrecorded: Mapping[str, Columns] | None = None
    """Attempts to tell somebody, by row, that are not on record."""
    notices: tuple[Notice, ...] = ()
    forget: tuple[str, ...] = ()
    """Sealed contents that nobody needs any more."""

    @property
    def is_done(self) -> bool:
        """Whether nothing is due but to forget."""
        due = (self.start, self.settle, self.record, self.expire, self.escalations, self.unrecorded, self.notices)
        return not any(due)


def agenda(approval: Approval, notifiers: Mapping[str, tuple[Notifier, ...]], now: datetime) -> Agenda:
    """The agenda of an approval that was asked for on record."""
    if approval.settled is None:
        return _unsettled(approval, notifiers, now)
    record, missing = SETTLED_RECORDED not in approval.marks, unrecorded(approval)
    state, until = approval.state(now), approval.usable_until
    if state is State.EXPIRED and approval.spent is None and until is not None:
        return Agenda(now + LOOK, expire=True, record=record, unrecorded=missing)
    kept = until + RESULT_KEPT if until is not None and TASK in approval.marks else now
    wake, event, run, forget = _after(approval, state, kept, now)
    return Agenda(wake, event, run, record=record, unrecorded=missing, forget=forget)


def _unsettled(approval: Approval, notifiers: Mapping[str, tuple[Notifier, ...]], now: datetime) -> Agenda:
    if not approval.is_started:
        return Agenda(now + LOOK, start=True)
    if seats.outcome(approval, now) is not None:
        return Agenda(now + LOOK, settle=True, unrecorded=unrecorded(approval))
    started = datetime.fromisoformat(str(approval.marks[STARTED]["at"]))
    found = notices(approval, notifiers, started, now)
    escalations = (stage for stage in begun(approval, started, now) if stage.is_escalation)
    return Agenda(
        wake=min(found.next, approval.expires) if found.next else approval.expires,
        escalations=tuple(stage for stage in escalations if stage.name not in approval.marks),
        unrecorded=unrecorded(approval),
        notices=found.due,
    )


type _Next = tuple[datetime | None, str, bool, tuple[str, ...]]


def _after(approval: Approval, state: State, kept: datetime, now: datetime) -> _Next:
    """Wake, event, run and forget of an approval that is settled; `kept`: until when its task is of interest."""
    if TASK in approval.marks and RESULT not in approval.marks and now < kept:
        legs = _numbers(approval, "leg-")
        # Without a first leg, whoever used the approval was not the task.
        if legs or state is State.APPROVED:
            return _task(approval, state, kept, now)
    if state is State.APPROVED:
        return approval.usable_until, SETTLED, False, ()
    if RESULT in approval.marks and now < kept:
        return kept, SETTLED, False, (CALL,)
    return None, SETTLED, False, (CALL, RESULT) if TASK in approval.marks else (CALL,)


def _task(approval: Approval, state: State, kept: datetime, now: datetime) -> _Next:
    legs, asked, answered = (_numbers(approval, name) for name in ("leg-", "asked-", "answered-"))
    wanted = {number + 1 for number in answered} | ({1} if state is State.APPROVED else set())
    may_begin = state in (State.APPROVED, State.CONSUMED) and wanted - legs
    # Whoever began a leg and left neither a result nor a question has ended: what it did has to be found out.
    if may_begin or legs - asked:
        return min(now + LOOK, kept), SETTLED, True, ()
    waits = min(asked - answered, default=0)
    return kept, f"answered-{waits}" if waits else SETTLED, False, ()


def _numbers(approval: Approval, prefix: str) -> set[int]:
    """The numbers of the marks of that kind: `leg-1`, `asked-1`, `answered-1`."""
    found = (name.removeprefix(prefix) for name in approval.marks if name.startswith(prefix))
    return {int(number) for number in found if number.isdecimal()}
