"""What an operator is told of an approval, for programs and for people. Pure.

Takes an approval as of now and gives plain values: a line of the list, or the whole story. What people
wrote and the target of the call are masked as they are on record, and of the other rows only named
columns are told, so that no argument of the call is among them, whatever a row may hold one day.
"""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from gateway import mask
from gateway.approvals import seats
from gateway.approvals.approval import Approval, Ending, State, Vote
from gateway.approvals.notices import failed_notices
from gateway.record import EVERYTHING
from gateway.storage.contract import Columns

_TOLD = ("stage", "attempt", "groups", "way", "outcome", "detail", "call")
"""Columns of marks."""


def summary(approval: Approval, now: datetime) -> dict[str, Any]:
    """The approval as a line of the list."""
    request, state = approval.request, approval.state(now)
    needed = sum(each.people for each in request.terms)
    until = {State.PENDING: approval.expires, State.APPROVED: approval.usable_until}.get(state)
    return {
        "id": approval.id,
        "state": state.value,
        "started": approval.is_started,
        "requester": {
            "name": request.name,
            "tenant": request.tenant,
            "object_id": request.subject,
            "kind": request.kind.value,
            "client": request.client,
        },
        "server": request.server,
        "method": request.method,
        "target": _masked(request.target),
        "asked": told_time(request.created),
        "until": told_time(until) if until else None,
        "approved": needed - seats.lacking(request.terms, approval),
        "needed": needed,
        "failed_notices": [
            {"stage": each.stage, "groups": list(each.groups), "way": each.way, "at": told_time(each.at)}
            | {"detail": each.detail}
            for each in failed_notices(approval)
        ],
    }


def story(approval: Approval, now: datetime) -> dict[str, Any]:
    """All that is known of the approval but the call's arguments."""
    request = approval.request
    return summary(approval, now) | {
        "reason": None if approval.reason is None else _masked(approval.reason),
        "terms": [
            {name: sorted(value) if isinstance(value, frozenset) else value for name, value in asdict(each).items()}
            for each in request.terms
        ],
        "votes": [_vote(each) for each in approval.votes],
        "settled": _ending(approval.settled),
        "spent": _ending(approval.spent),
        "marks": [_mark(name, columns) for name, columns in sorted(approval.marks.items(), key=_by_time)],
        "policy": request.policy,
        "rules": request.rules.split(","),
        "definition": request.definition,
        "digest": request.digest,
        "session": request.session,
        "call": request.call,
        "source": request.source,
        "trace": request.trace,
    }


def told_time(moment: datetime) -> str:
    """A time in UTC, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _vote(vote: Vote) -> dict[str, Any]:
    return {
        "name": vote.name,
        "tenant": vote.tenant,
        "object_id": vote.object_id,
        "verdict": vote.verdict.value,
        "at": told_time(vote.at),
        "groups": sorted(vote.groups),
        "reason": _masked(vote.reason),
    }


def _ending(ending: Ending | None) -> dict[str, Any] | None:
    if ending is None:
        return None
    known = {"state": ending.state.value, "at": told_time(ending.at), "by": ending.by}
    return known | {"reason": _masked(ending.reason), "call": ending.call}


def _mark(name: str, columns: Columns) -> dict[str, Any]:
    told = {column: columns[column] for column in _TOLD if columns.get(column, "") != ""}
    at = str(columns.get("at", ""))
    return {"name": name, "at": told_time(datetime.fromisoformat(at)) if at else ""} | told


def _by_time(mark: tuple[str, Columns]) -> tuple[str, str]:
    return str(mark[1].get("at", "")), mark[0]


def _masked(text: str) -> str:
    return mask.mask_text(text, EVERYTHING) if text else ""
