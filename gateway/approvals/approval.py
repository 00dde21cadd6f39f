"""What an approval is: who asked for which call, who said what, and how it ended. Pure.

Takes the rows of one approval, which are added once and never changed, and gives the approval as of
now. Its state is not stored: it follows from which rows there are and what time it is, so that an
approval expires although nothing runs, and two writers who race for one row cannot both win.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from gateway.storage.contract import Columns
from gateway.values import ApprovalTerms, Caller, CallerKind


class State(StrEnum):
    PENDING = "pending"
    """People may decide."""
    APPROVED = "approved"
    """Enough people have approved, and the call may be made."""
    DENIED = "denied"
    EXPIRED = "expired"
    """Not decided, or not used, in time."""
    WITHDRAWN = "withdrawn"
    """The requester cancelled."""
    REVOKED = "revoked"
    """An operator ended it."""
    CONSUMED = "consumed"
    """The call was made."""


MOVES: Mapping[State, frozenset[State]] = {
    State.PENDING: frozenset({State.APPROVED, State.DENIED, State.EXPIRED, State.WITHDRAWN, State.REVOKED}),
    State.APPROVED: frozenset({State.CONSUMED, State.EXPIRED, State.WITHDRAWN, State.REVOKED}),
} | {state: frozenset() for state in State if state not in (State.PENDING, State.APPROVED)}
"""Every move that there is. Those out of PENDING are the row `settled`, those out of APPROVED the row `spent`."""


class Verdict(StrEnum):
    APPROVE = "approve"
    DENY = "deny"


MAX_REASON = 1000
"""Characters of what a person gives as a reason."""
HALF_ASKED = timedelta(minutes=1)
"""After which what was not asked for on record never will be."""


@dataclass(frozen=True, slots=True)
class Vote:
    """What one person decided."""

    tenant: str
    object_id: str
    verdict: Verdict
    at: datetime
    groups: frozenset[str]
    """Those of the approvers' groups that the person was in."""
    reason: str
    name: str
    """For people to read."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How an approval was settled or spent."""

    state: State
    at: datetime
    by: str = ""
    """Object id of the person who ended it, or the name of an operator; empty where the votes or the clock did."""
    reason: str = ""
    call: str = ""
    """The call that consumed it."""


@dataclass(frozen=True, slots=True)
class Request:
    """The facts of an approval, written when it was asked for. Nothing of the arguments is among them."""

    created: datetime
    tenant: str
    subject: str
    kind: CallerKind
    client: str
    name: str
    server: str
    era: str
    method: str
    target: str
    definition: str
    """SHA-256 of the tool's definition."""
    digest: str
    """Of exactly this call: `approvals.digest`."""
    session: str
    """The session that it is recorded under."""
    call: str
    """Id of the call that asked."""
    policy: str
    rules: str
    terms: tuple[ApprovalTerms, ...]
    masks: str
    """Names of the masks of the rules that allow the call and of its server, with commas."""
    source: str
    trace: str


@dataclass(frozen=True, slots=True)
class Approval:
    """One approval, as of when its rows were read."""

    id: str
    request: Request
    votes: tuple[Vote, ...]
    """In the order of their times."""
    reason: str | None
    """Why the requester wants it; None as long as nothing was said."""
    settled: Ending | None
    spent: Ending | None
    marks: Mapping[str, Columns]
    """All other rows, by name."""

    @property
    def expires(self) -> datetime:
        """Until when people may decide."""
        return self.request.created + timedelta(seconds=min(each.expires for each in self.request.terms))

    @property
    def usable_until(self) -> datetime | None:
        """Until when an approved call may be made; None if it is not approved."""
        if self.settled is None or self.settled.state is not State.APPROVED:
            return None
        return self.settled.at + timedelta(seconds=self.reuse or min(each.use_within for each in self.request.terms))

    @property
    def reuse(self) -> int:
        """Seconds for which identical calls may use it; 0: once."""
        return min(each.reuse for each in self.request.terms)

    @property
    def covers_answers(self) -> bool:
        return all(each.covers_answers for each in self.request.terms)

    @property
    def lacks_reason(self) -> bool:
        """Whether nobody may be asked yet, because the requester has not said why."""
        return self.reason is None and any(each.requester_reason for each in self.request.terms)

    @property
    def is_started(self) -> bool:
        """Whether it was asked for on record, and people are being told."""
        return "started" in self.marks

    def state(self, now: datetime) -> State:
        if self.spent is not None:
            return self.spent.state
        if self.settled is None:
            return State.EXPIRED if now >= self.expires else State.PENDING
        if self.usable_until is not None and now >= self.usable_until:
            return State.EXPIRED
        return self.settled.state

    def is_asked_by(self, caller: Caller) -> bool:
        return (self.request.tenant, self.request.subject) == (caller.tenant, caller.object_id)


def request_columns(request: Request) -> dict[str, str | int]:
    """The row `request`."""
    columns = {field.name: getattr(request, field.name) for field in fields(request)}
    terms = [{name: _plain(value) for name, value in asdict(each).items()} for each in request.terms]
    return columns | {"created": stamp(request.created), "kind": request.kind.value, "terms": json.dumps(terms)}


def vote_columns(vote: Vote) -> dict[str, str | int]:
    """The row `decision-...` of one person."""
    columns = {field.name: getattr(vote, field.name) for field in fields(vote)}
    said = {"verdict": vote.verdict.value, "at": stamp(vote.at), "groups": ",".join(sorted(vote.groups))}
    return columns | said


def ending_columns(ending: Ending) -> dict[str, str | int]:
    """The row `settled` or `spent`."""
    columns = {field.name: getattr(ending, field.name) for field in fields(ending)}
    return columns | {"state": ending.state.value, "at": stamp(ending.at)}


def from_rows(identifier: str, rows: Mapping[str, Columns]) -> Approval | None:
    """The approval; None if there is none. Raises ValueError or KeyError on rows that this code has not written."""
    if "request" not in rows:
        return None
    votes = [_vote(columns) for name, columns in rows.items() if name.startswith(DECISION)]
    return Approval(
        id=identifier,
        request=_request(rows["request"]),
        votes=tuple(sorted(votes, key=lambda vote: (vote.at, vote.object_id))),
        reason=str(rows["reason"]["text"]) if "reason" in rows else None,
        settled=_ending(rows.get("settled")),
        spent=_ending(rows.get("spent")),
        marks={name: columns for name, columns in rows.items() if not name.startswith(DECISION) and name not in _READ},
    )


DECISION = "decision-"
_READ = frozenset({"request", "reason", "settled", "spent"})


def stamp(moment: datetime) -> str:
    """A time as rows hold it: UTC, with microseconds, so that texts sort as times do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else value


def _request(columns: Columns) -> Request:
    known = {field.name: columns[field.name] for field in fields(Request)}
    terms = tuple(_terms(each) for each in json.loads(str(columns["terms"])))
    created, kind = datetime.fromisoformat(str(columns["created"])), CallerKind(str(columns["kind"]))
    return Request(**known | {"created": created, "kind": kind, "terms": terms})  # type: ignore[arg-type]


def _terms(found: Mapping[str, Any]) -> ApprovalTerms:
    known: dict[str, Any] = {name: frozenset(each) if isinstance(each, list) else each for name, each in found.items()}
    return ApprovalTerms(**known)


def _vote(columns: Columns) -> Vote:
    return Vote(
        tenant=str(columns["tenant"]),
        object_id=str(columns["object_id"]),
        verdict=Verdict(str(columns["verdict"])),
        at=datetime.fromisoformat(str(columns["at"])),
        groups=frozenset(filter(None, str(columns["groups"]).split(","))),
        reason=str(columns["reason"]),
        name=str(columns["name"]),
    )


def _ending(columns: Columns | None) -> Ending | None:
    if columns is None:
        return None
    return Ending(
        state=State(str(columns["state"])),
        at=datetime.fromisoformat(str(columns["at"])),
        by=str(columns["by"]),
        reason=str(columns["reason"]),
        call=str(columns["call"]),
    )
