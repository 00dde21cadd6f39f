"""Who is told of a pending approval, at which stage, and what came of each attempt. Pure.

Takes an approval, the policy's notifiers and the time, and gives the notices that are due and when the
next one will be. A notifier is told of the newest stage alone, once, however many groups it serves, so
that one that comes late does not remind five times; a failed attempt is made again a few times and is
visible from then on. It sends nothing.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.approvals import seats
from gateway.approvals.approval import Approval
from gateway.policy.document import Email, Notifier, Teams
from gateway.storage.contract import Columns
from gateway.values import ApprovalTerms

ASKED, ESCALATED, REMINDER = "asked", "escalated", "reminder"
BACKOFF = (30, 120, 600, 1800, 3600)
"""Seconds after each failed attempt; after the last one the notice is given up."""
NO_NOTIFIER = "no notifier"
"""The failure of a group that the policy names no way to."""

TOLD, FAILED = "told", "failed"
_NOTICE, _RECORDED = "notice-", "recorded-"


@dataclass(frozen=True, slots=True)
class Stage:
    """A moment from which on groups are to be told."""

    name: str
    """`asked`, `reminder-<seconds since then>`, `escalated`; two terms that remind at one time share a stage."""
    at: datetime
    groups: frozenset[str]

    @property
    def is_escalation(self) -> bool:
        return self.name.startswith(ESCALATED)


@dataclass(frozen=True, slots=True)
class Notice:
    """One attempt to tell the members of groups."""

    stage: str
    groups: frozenset[str]
    notifier: Notifier | None
    """None: the policy has none for this group, which is on record once."""
    attempt: int

    @property
    def target(self) -> str:
        return _target(self.notifier, self.groups)

    @property
    def row(self) -> str:
        """The row that says what came of it."""
        return f"{_NOTICE}{self.stage}-{self.target}-{self.attempt}"

    def columns(self, failure: str) -> dict[str, str | int]:
        """What that row holds; `failure` is the kind of it, empty where they were told."""
        return {
            "stage": self.stage,
            "target": self.target,
            "attempt": self.attempt,
            "groups": ",".join(sorted(self.groups)),
            "way": way(self.notifier),
            "outcome": FAILED if failure else TOLD,
            "detail": failure,
        }


@dataclass(frozen=True, slots=True)
class FailedNotice:
    """Somebody who could not be told, and has not been since."""

    stage: str
    groups: tuple[str, ...]
    way: str
    """`teams` with the name of its secret, or `email` with the addresses; empty where there is none."""
    at: datetime
    detail: str
    """The kind of failure, never its text."""


@dataclass(frozen=True, slots=True)
class Notices:
    due: tuple[Notice, ...]
    next: datetime | None
    """When another one will be due, as far as the clock alone decides."""


def notices(
    approval: Approval, notifiers: Mapping[str, tuple[Notifier, ...]], started: datetime, now: datetime
) -> Notices:
    """What is due of an approval that was asked for at `started` and is pending."""
    tried = _tried(approval)
    due: list[Notice] = []
    later = _coming(approval, started, now)
    for target, (stage, groups, notifier) in _newest(begun(approval, started, now), notifiers).items():
        attempts = tried.get((stage.name, target), [])
        if notifier is None and any(each == target for _, each in tried):
            continue
        at = _next_attempt(attempts, now)
        if at is not None and at <= now:
            due.append(Notice(stage.name, groups, notifier, len(attempts) + 1))
        elif at is not None:
            later.append(at)
    return Notices(tuple(due), min(later, default=None))


def begun(approval: Approval, started: datetime, now: datetime) -> list[Stage]:
    """The stages that have begun, in order; of each one's reminders the newest alone."""
    found: dict[str, Stage] = {}
    earliest = min((each.escalate_after for each in approval.request.terms if each.escalate_after), default=0)
    for terms in approval.request.terms:
        for stage in _begun(terms, approval.request.created, started, earliest):
            if stage.at <= now and stage.is_escalation:
                _add(found, stage)
        _add(found, Stage(ASKED, started, terms.approvers))
        if reminder := _reminder(terms, approval.request.created, started, now):
            _add(found, reminder)
    return sorted(found.values(), key=lambda stage: (stage.at, stage.is_escalation))


def unrecorded(approval: Approval) -> dict[str, Columns]:
    """Rows of attempts that are not on record, because the evidence could not be written at the time."""
    return {
        name: columns
        for name, columns in _rows(approval)
        if not columns["recorded"] and recorded_mark(name) not in approval.marks
    }


def recorded_mark(row: str) -> str:
    """The mark that says that such a row is on record by now."""
    return _RECORDED + row


def failed_notices(approval: Approval) -> tuple[FailedNotice, ...]:
    """Those who could not be told and have not been told since, for people to see; the latest first."""
    last: dict[str, Columns] = {}
    for _, columns in sorted(_rows(approval), key=lambda row: str(row[1]["at"])):
        last[str(columns["target"])] = columns
    failed = [_failed(columns) for columns in last.values() if columns["outcome"] == FAILED]
    return tuple(sorted(failed, key=lambda notice: notice.at, reverse=True))


def way(notifier: Notifier | None) -> str:
    """Whom a notice goes to, for people to read."""
    match notifier:
        case Teams(webhook=webhook):
            return f"teams {webhook}"
        case Email(to=to):
            return f"email {', '.join(to)}"
        case None:
            return ""


def _begun(terms: ApprovalTerms, created: datetime, started: datetime, earliest: int) -> Iterable[Stage]:
    if terms.escalate_after:
        # Terms may escalate at different times, each of which is a stage and a mark of its own.
        name = ESCALATED if terms.escalate_after == earliest else f"{ESCALATED}-{terms.escalate_after}"
        at = max(started, created + timedelta(seconds=terms.escalate_after))
        yield Stage(name, at, terms.escalate_to)


def _reminder(terms: ApprovalTerms, created: datetime, started: datetime, now: datetime) -> Stage | None:
    pace = timedelta(seconds=terms.remind)
    if not pace or now < started + pace:
        return None
    passed = (now - started) // pace * pace
    at = started + passed
    return Stage(f"{REMINDER}-{passed // timedelta(seconds=1)}", at, seats.groups_of(terms, created, at))


def _add(found: dict[str, Stage], stage: Stage) -> None:
    known = found.get(stage.name)
    found[stage.name] = Stage(stage.name, stage.at, stage.groups | known.groups) if known else stage


def _coming(approval: Approval, started: datetime, now: datetime) -> list[datetime]:
    """When the next stages begin."""
    found = []
    for terms in approval.request.terms:
        if terms.remind:
            pace = timedelta(seconds=terms.remind)
            found.append(started + ((now - started) // pace + 1) * pace)
        if terms.escalate_after:
            found.append(approval.request.created + timedelta(seconds=terms.escalate_after))
    return [at for at in found if at > now]


type _Told = dict[str, tuple[Stage, frozenset[str], Notifier | None]]


def _newest(stages: Iterable[Stage], notifiers: Mapping[str, tuple[Notifier, ...]]) -> _Told:
    """By target: the newest stage that it is told of."""
    newest: _Told = {}
    for stage in stages:
        found: defaultdict[Notifier | str, set[str]] = defaultdict(set)
        for group in sorted(stage.groups):
            for notifier in notifiers.get(group) or (group,):
                found[notifier].add(group)
        for key, groups in found.items():
            one, told = None if isinstance(key, str) else key, frozenset(groups)
            newest[_target(one, told)] = (stage, told, one)
    return newest


def _target(notifier: Notifier | None, groups: frozenset[str]) -> str:
    match notifier:
        case Teams(webhook=webhook):
            parts = ["teams", webhook]
        case Email(endpoint=endpoint, sender=sender, to=to):
            parts = ["email", endpoint, sender, *to]
        case None:
            parts = ["group", *sorted(groups)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _next_attempt(attempts: list[Columns], now: datetime) -> datetime | None:
    """When the next one is to be made; None: they were told, or it was given up."""
    if not attempts:
        return now
    if len(attempts) > len(BACKOFF) or any(each["outcome"] == TOLD for each in attempts):
        return None
    return _at(attempts[-1]) + timedelta(seconds=BACKOFF[len(attempts) - 1])


def _tried(approval: Approval) -> dict[tuple[str, str], list[Columns]]:
    """By stage and target: the attempts so far, in their order."""
    found: defaultdict[tuple[str, str], list[Columns]] = defaultdict(list)
    for _, columns in sorted(_rows(approval), key=lambda row: int(row[1]["attempt"])):
        found[str(columns["stage"]), str(columns["target"])].append(columns)
    return found


def _rows(approval: Approval) -> Iterable[tuple[str, Columns]]:
    return ((name, columns) for name, columns in approval.marks.items() if name.startswith(_NOTICE))


def _failed(columns: Columns) -> FailedNotice:
    return FailedNotice(
        stage=str(columns["stage"]),
        groups=tuple(str(columns["groups"]).split(",")),
        way=str(columns["way"]),
        at=_at(columns),
        detail=str(columns["detail"]),
    )


def _at(columns: Columns) -> datetime:
    return datetime.fromisoformat(str(columns["at"]))
