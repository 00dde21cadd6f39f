"""What a reviewer is told of grants, for programs and for people: who held what, from when until when. Pure.

Takes grants as of now and gives those that were asked for as plain values: a line of the list, or the
whole story. What people wrote is masked as it is on record. The state is that of the rows and the clock, so
that access which is over is told as over whether or not anything has written that down.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway import mask
from gateway.access.grant import USED, Ending, Grant, State
from gateway.access.reminder import REMINDED
from gateway.approvals import seats
from gateway.approvals.approval import Approval
from gateway.approvals.story import told_time
from gateway.record import EVERYTHING
from gateway.storage.contract import Columns

CURRENT = frozenset({State.PENDING, State.SCHEDULED, State.OPEN})
"""Of these something may still come."""
STATES = {"current": CURRENT, "all": frozenset(State)} | {state.value: frozenset({state}) for state in State}
"""What a reviewer may ask for, by name."""

_TOLD = ("groups", "way", "outcome", "detail", "ends")
"""Columns of marks."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which grants are asked for; whatever is empty chooses all."""

    states: frozenset[State] = STATES["all"]
    server: str = ""
    holder: str = ""
    """Object id."""
    first: datetime | None = None
    """Those that were open at this time or later."""
    before: datetime | None = None
    """Those that were open before this time."""
    unused: bool = False
    """Those that were open, and under which no call was made."""

    def covers(self, grant: Grant, now: datetime) -> bool:
        request = grant.request
        return (
            grant.state(now) in self.states
            and self.server in ("", request.server)
            and self.holder.lower() in ("", request.subject.lower())
            and self._covers_time(grant, now)
            and not (self.unused and (held(grant, now) is None or USED in grant.marks))
        )

    def _covers_time(self, grant: Grant, now: datetime) -> bool:
        if self.first is None and self.before is None:
            return True
        if (span := held(grant, now)) is None:
            return False
        starts, ends = span
        is_late = self.before is not None and starts >= self.before
        return not is_late and (self.first is None or ends > self.first)


def held(grant: Grant, now: datetime) -> tuple[datetime, datetime] | None:
    """From when until when access was open, or will be as it stands; None if it was not open by now."""
    if grant.opened is None or grant.ends is None or not grant.is_recorded or now < grant.opened.starts:
        return None
    ends = min(grant.ends, grant.ended.at) if grant.ended else grant.ends
    return (grant.opened.starts, ends) if ends > grant.opened.starts else None


def summary(grant: Grant, now: datetime, approval: Approval | None = None) -> dict[str, Any]:
    """The grant as a line of the list; `approval` is that of the same id, where people are asked."""
    request, state = grant.request, grant.state(now)
    starts = grant.opened.starts if grant.opened else request.starts
    until = {State.SCHEDULED: starts, State.OPEN: grant.ends}.get(state)
    span = held(grant, now)
    ends = span[1] if span else grant.ends
    return {
        "id": grant.id,
        "state": state.value,
        "holder": {
            "name": request.name,
            "tenant": request.tenant,
            "object_id": request.subject,
            "kind": request.kind.value,
            "client": request.client,
        },
        "server": request.server,
        "grant": request.grant,
        "extends": request.extends or None,
        "reason": _masked(request.reason),
        "asked": told_time(request.created),
        "seconds": request.seconds,
        "starts": told_time(starts) if starts else None,
        "ends": told_time(ends) if ends else None,
        "until": told_time(until) if until else None,
        "left_seconds": max(int((until - now) / timedelta(seconds=1)), 0) if until else None,
        "held_seconds": int((min(span[1], now) - span[0]) / timedelta(seconds=1)) if span else 0,
        "used": USED in grant.marks,
        "reminded": any(name.startswith(REMINDED) for name in grant.marks),
        "ended": _ending(grant.ended),
        "waits": _waits(approval, now) if state is State.PENDING and approval else None,
    }


def story(grant: Grant, now: datetime, approval: Approval | None = None) -> dict[str, Any]:
    """All that is known of the grant but the calls under it, which its session in the evidence tells."""
    request = grant.request
    return summary(grant, now, approval) | {
        "opened_by": _opened_by(grant, approval),
        "extended_to": [told_time(ends) for ends in grant.extended],
        "latest": told_time(request.latest) if request.latest else None,
        "at_once": request.at_once,
        "remind_seconds": request.remind,
        "cancels_calls": request.cancels_calls,
        "marks": [_mark(name, columns) for name, columns in sorted(grant.marks.items(), key=_by_time)],
        "session": request.session,
        "policy": request.policy,
        "source": request.source,
        "trace": request.trace,
    }


def _waits(approval: Approval, now: datetime) -> dict[str, Any]:
    needed = sum(each.people for each in approval.request.terms)
    return {
        "state": approval.state(now).value,
        "until": told_time(approval.expires),
        "approved": needed - seats.lacking(approval.request.terms, approval),
        "needed": needed,
    }


def _opened_by(grant: Grant, approval: Approval | None) -> str:
    """Who let it open: `rule`, or object ids with commas; empty where it did not open."""
    if grant.opened is None:
        return ""
    voters = approval.votes if approval and grant.request.needs_people else ()
    return ",".join(vote.object_id for vote in voters) if grant.request.needs_people else "rule"


def _ending(ending: Ending | None) -> dict[str, str] | None:
    if ending is None:
        return None
    return {
        "state": ending.state.value,
        "at": told_time(ending.at),
        "by": ending.by,
        "reason": _masked(ending.reason),
    }


def _mark(name: str, columns: Columns) -> dict[str, Any]:
    told = {column: columns[column] for column in _TOLD if columns.get(column, "") != ""}
    at = str(columns.get("at", ""))
    return {"name": name, "at": told_time(datetime.fromisoformat(at)) if at else ""} | told


def _by_time(mark: tuple[str, Columns]) -> tuple[str, str]:
    return str(mark[1].get("at", "")), mark[0]


def _masked(text: str) -> str:
    return mask.mask_text(text, EVERYTHING) if text else ""
