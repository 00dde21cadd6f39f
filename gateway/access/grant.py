"""What a grant is: who may use what on which server, from when until when, and how it ended. Pure.

Takes the rows of one grant, which are added once and never changed, and gives the grant as of now. Its
state is not stored: it follows from which rows there are and what time it is, so that access ends at
its end although nothing runs. The times are those that one process wrote; another compares them with
its own clock, so that the two may differ by as much as the clocks of two instances do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from gateway.approvals.approval import HALF_ASKED, stamp
from gateway.storage.contract import Columns
from gateway.values import Caller, CallerKind

METHOD = "access/request"
"""Stands for the method in the approval of a grant."""


class State(StrEnum):
    PENDING = "pending"
    """Asked for; nobody has approved it yet."""
    SCHEDULED = "scheduled"
    """Approved, and its start lies ahead."""
    OPEN = "open"
    EXPIRED = "expired"
    """Its time is over, or nobody approved it in time."""
    ENDED = "ended"
    """The holder gave it back."""
    REVOKED = "revoked"
    """An approver or an operator took it back."""
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    """The holder took the request back."""
    FULL = "full"
    """It was approved while as many were open as may be at once."""


USED = "used"
"""The mark of a grant under which a call was made."""
OVER = frozenset(State) - {State.PENDING, State.SCHEDULED, State.OPEN}


@dataclass(frozen=True, slots=True)
class Request:
    """The facts of a grant, written when it was asked for."""

    created: datetime
    tenant: str
    subject: str
    kind: CallerKind
    client: str
    name: str
    """What people call the holder; for people to read."""
    server: str
    grant: str
    """Name of the terms."""
    seconds: int
    """How long it is to last."""
    starts: datetime | None
    """When; None: as soon as it is approved."""
    reason: str
    session: str
    """The session that it, and every call under it, is recorded under."""
    policy: str
    needs_people: bool
    """Whether an approval of the same id has to be given first."""
    extends: str
    """Id of the grant whose end this moves; empty if none."""
    latest: datetime | None
    """The end that an extension can reach at most; None for a grant of its own."""
    at_once: int
    remind: int
    cancels_calls: bool
    source: str
    trace: str


@dataclass(frozen=True, slots=True)
class Span:
    """From when until when."""

    starts: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Ending:
    state: State
    at: datetime
    by: str = ""
    """Object id of the person who ended it, or the name of an operator; empty where the clock did."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """One grant, as of when its rows were read."""

    id: str
    request: Request
    opened: Span | None
    """As it was approved; None before that."""
    extended: tuple[datetime, ...]
    """Later ends."""
    ended: Ending | None
    marks: Mapping[str, Columns]
    """All other rows, by name."""

    @property
    def ends(self) -> datetime | None:
        """When it is over by the clock; None before it was approved."""
        return None if self.opened is None else max((self.opened.ends, *self.extended))

    @property
    def is_asked(self) -> bool:
        """Whether it was asked for on record."""
        return "asked" in self.marks

    @property
    def is_recorded(self) -> bool:
        """Whether its opening is on record; before that it opens nothing (fail-closed)."""
        return "recorded" in self.marks

    def state(self, now: datetime) -> State:
        if self.ended is not None:
            return self.ended.state
        if not self.is_asked and now >= self.request.created + HALF_ASKED:
            # A process ended in the middle of asking; it must not stand in the way of the next request.
            return State.EXPIRED
        if self.opened is None or self.ends is None or not self.is_recorded:
            return State.PENDING
        if now >= self.ends:
            return State.EXPIRED
        return State.OPEN if now >= self.opened.starts else State.SCHEDULED

    def is_held_by(self, caller: Caller) -> bool:
        return (self.request.tenant, self.request.subject) == (caller.tenant, caller.object_id)


def request_columns(request: Request) -> dict[str, str | int]:
    """The row `request`."""
    columns = {field.name: getattr(request, field.name) for field in fields(request)}
    times = {name: _stamp(columns[name]) for name in ("created", "starts", "latest")}
    flags = {name: int(columns[name]) for name in ("needs_people", "cancels_calls")}
    return columns | times | flags | {"kind": request.kind.value}


def span_columns(span: Span) -> dict[str, str | int]:
    """The row `opened`."""
    return {"starts": stamp(span.starts), "ends": stamp(span.ends)}


def ending_columns(ending: Ending) -> dict[str, str | int]:
    """The row `ended`."""
    return {"state": ending.state.value, "at": stamp(ending.at), "by": ending.by, "reason": ending.reason}


def from_rows(identifier: str, rows: Mapping[str, Columns]) -> Grant | None:
    """The grant; None if there is none. Raises ValueError or KeyError on rows that this code has not written."""
    if "request" not in rows:
        return None
    opened, ended = rows.get("opened"), rows.get("ended")
    return Grant(
        id=identifier,
        request=_request(rows["request"]),
        opened=Span(_time(opened["starts"]), _time(opened["ends"])) if opened else None,
        extended=tuple(sorted(_time(each["ends"]) for name, each in rows.items() if name.startswith(EXTENDED))),
        ended=Ending(State(str(ended["state"])), _time(ended["at"]), str(ended["by"]), str(ended["reason"]))
        if ended
        else None,
        marks={name: each for name, each in rows.items() if name not in _READ and not name.startswith(EXTENDED)},
    )


EXTENDED = "extended-"
_READ = frozenset({"request", "opened", "ended"})


def _request(columns: Columns) -> Request:
    known = {field.name: columns[field.name] for field in fields(Request)}
    return Request(
        **known  # type: ignore[arg-type]
        | {
            "created": _time(columns["created"]),
            "kind": CallerKind(str(columns["kind"])),
            "starts": _time(columns["starts"]) if columns["starts"] else None,
            "latest": _time(columns["latest"]) if columns["latest"] else None,
            "needs_people": bool(columns["needs_people"]),
            "cancels_calls": bool(columns["cancels_calls"]),
        }
    )


def _stamp(moment: datetime | None) -> str:
    return "" if moment is None else stamp(moment)


def _time(text: str | int) -> datetime:
    return datetime.fromisoformat(str(text))
