"""What a proposal is: which policy somebody wants in place of which, and what has become of it. Pure.

Takes the rows of one proposal, which are added once and never changed, and gives the proposal as of now. People
decide on the approval of the same id; here is only what that comes to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from gateway.approvals.approval import stamp
from gateway.storage.contract import Columns
from gateway.values import Caller, CallerKind

METHOD = "policy/change"
"""Stands for the method in the approval of a proposal."""


class State(StrEnum):
    PENDING = "pending"
    """Nobody, or not enough people, have decided; or it is about to take effect."""
    IN_FORCE = "in_force"
    """It took effect. Whether it still is the newest version is another question."""
    DENIED = "denied"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    STALE = "stale"
    """It was approved after another one had replaced the policy that it would have replaced."""


@dataclass(frozen=True, slots=True)
class Request:
    """The facts of a proposal, written when it was made."""

    created: datetime
    tenant: str
    subject: str
    kind: CallerKind
    client: str
    name: str
    """What people call whoever proposes; for people to read."""
    digest: str
    """SHA-256 of the proposed text."""
    before: str
    """That of the policy that was in force."""
    reason: str
    session: str
    """The session that it is recorded under."""
    source: str
    trace: str


@dataclass(frozen=True, slots=True)
class Ending:
    state: State
    at: datetime
    number: int = 0
    """Of the version that it became."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposal, as of when its rows were read."""

    id: str
    request: Request
    ended: Ending | None
    marks: Mapping[str, Columns]
    """All other rows, by name."""

    @property
    def state(self) -> State:
        return self.ended.state if self.ended is not None else State.PENDING

    def is_of(self, caller: Caller) -> bool:
        return (self.request.tenant, self.request.subject) == (caller.tenant, caller.object_id)


def request_columns(request: Request) -> dict[str, str | int]:
    """The row `request`."""
    columns = {field.name: getattr(request, field.name) for field in fields(request)}
    return columns | {"created": stamp(request.created), "kind": request.kind.value}


def ending_columns(ending: Ending) -> dict[str, str | int]:
    """The row `ended`."""
    return {"state": ending.state.value, "at": stamp(ending.at), "number": ending.number}


def from_rows(identifier: str, rows: Mapping[str, Columns]) -> Proposal | None:
    """The proposal; None if there is none. Raises ValueError or KeyError on rows that this code has not written."""
    if "request" not in rows:
        return None
    ended = rows.get("ended")
    return Proposal(
        id=identifier,
        request=_request(rows["request"]),
        ended=Ending(State(str(ended["state"])), _time(ended["at"]), int(ended["number"])) if ended else None,
        marks={name: each for name, each in rows.items() if name not in ("request", "ended")},
    )


def _request(columns: Columns) -> Request:
    known = {field.name: columns[field.name] for field in fields(Request)}
    return Request(**known | {"created": _time(columns["created"]), "kind": CallerKind(str(columns["kind"]))})  # type: ignore[arg-type]


def _time(text: str | int) -> datetime:
    return datetime.fromisoformat(str(text))
