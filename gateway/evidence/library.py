"""Where the evidence is read from, as promises in prose, and how much of it one look takes.

Takes what somebody chose and gives summaries of sessions, or the rows of one. Every look is bounded, and
says so where it was cut: a reader must not take a part for the whole.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from gateway.events import Event, Outcome
from gateway.evidence import bodies
from gateway.evidence.bodies import Named, is_of
from gateway.evidence.chosen import Chosen
from gateway.evidence.timeline import Body, Timeline
from gateway.evidence.told import Told, told
from gateway.storage.contract import StoreUnavailableError

MAX_SESSIONS = 500
MAX_ROWS = 2_000
"""Of one session."""
MAX_READ = 20_000
"""Rows that are read to list sessions."""
MAX_BODIES = 100
"""Blobs with bodies that are read for one look, unless somebody asks for all."""
NOT_THERE = "The blob that the record names is not there."
NOT_THE_ONE = "What lies there is not shown: it is not what was written, its SHA-256 is another."
UNREADABLE = "What lies there is no document that can be read."
SILENT = "The store did not give it; look again later."

_AT_ONCE = 8
_CALLS = frozenset({Event.INTENT, Event.RELAYED, Event.ANSWERED, Event.REFUSED, Event.OUTCOME})

type Row = Mapping[str, Any]


class Library(Protocol):
    """What replays ask of `reading.Evidence`. Each method raises StoreUnavailableError if it cannot read in time."""

    async def chains(self, first_day: str = "", last_day: str = "") -> Sequence[tuple[str, str]]:
        """Session and writer of every chain that may have grown on these days (`yyyymmdd`)."""

    def rows(self, session: str, first: str = "", last: str = "") -> AsyncIterator[Row]:
        """The rows of a session with their `PartitionKey` and `RowKey`, in the order of the row keys."""

    async def sessions_of(self, tenant: str, subject: str) -> Sequence[str]:
        """The sessions in which this person called, or acted on an approval."""

    async def payload(self, name: str) -> bytes | None:
        """The blob that a record names; None if there is none."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a session holds of that which was chosen."""

    session: str
    first: str
    """Time of the first record that was chosen, as `last`."""
    last: str
    subjects: tuple[str, ...]
    servers: tuple[str, ...]
    targets: tuple[str, ...]
    calls: int
    refused: int
    records: int
    is_cut: bool = False
    """Whether the session has more rows than were read."""


@dataclass(frozen=True, slots=True)
class Survey:
    """The sessions that were chosen, the newest first."""

    sessions: tuple[Summary, ...]
    is_cut: bool = False
    """Whether there may be more than these."""


async def rows_of(library: Library, session: str, limit: int = MAX_ROWS) -> tuple[list[Row], bool]:
    """The first rows of a session, and whether there are more."""
    found: list[Row] = []
    async for row in library.rows(session):
        if len(found) == limit:
            return found, True
        found.append(row)
    return found, False


async def with_bodies(library: Library, found: Timeline, limit: int = MAX_BODIES) -> Timeline:
    """The timeline with the bodies that lie in blobs, up to that many; of each other it says why it is not there."""
    wanted = list(dict.fromkeys(body.blob for entry in found.entries for body in entry.bodies if body.blob))
    read: dict[Named, _Content] = {}
    for start in range(0, min(len(wanted), limit), _AT_ONCE):
        batch = wanted[start : min(start + _AT_ONCE, limit)]
        read |= zip(batch, await asyncio.gather(*(_content(library, each) for each in batch)), strict=True)
    beyond = _Content(fault=f"Not read: the first {limit} blobs are shown at once; choose fewer entries.")

    def shown(body: Body) -> Body:
        content = read.get(body.blob, beyond) if body.blob else _Content(body.text, body.fault)
        return replace(body, text=content.text, fault=content.fault)

    entries = (replace(entry, bodies=tuple(map(shown, entry.bodies))) for entry in found.entries)
    return replace(found, entries=tuple(entries))


@dataclass(frozen=True, slots=True)
class _Content:
    text: str = ""
    fault: str = ""


async def _content(library: Library, named: Named) -> _Content:
    try:
        found = await library.payload(named.name)
    except StoreUnavailableError:
        return _Content(fault=SILENT)
    if found is None:
        return _Content(fault=NOT_THERE)
    if not is_of(named, found):
        return _Content(fault=NOT_THE_ONE)
    return _Content(found.decode()) if bodies.read(found) is not None else _Content(fault=UNREADABLE)


async def survey(library: Library, chosen: Chosen, tenants: Iterable[str]) -> Survey:
    """The sessions with records that fit: of the days, or, where there are none, of the person in these tenants."""
    every = await _named(library, chosen, tenants)
    named, is_cut = every[:MAX_SESSIONS], len(every) > MAX_SESSIONS
    found: list[Summary] = []
    budget = MAX_READ
    for start in range(0, len(named), _AT_ONCE):
        if budget <= 0:
            is_cut = True
            break
        batch = named[start : start + _AT_ONCE]
        async with asyncio.TaskGroup() as group:
            reading = [group.create_task(rows_of(library, session)) for session in batch]
        for session, task in zip(batch, reading, strict=True):
            rows, more = task.result()
            budget -= len(rows)
            found += _summaries(session, map(told, rows), chosen, more=more)
    found.sort(key=lambda each: (each.last, each.session), reverse=True)
    return Survey(tuple(found), is_cut)


async def _named(library: Library, chosen: Chosen, tenants: Iterable[str]) -> list[str]:
    """Ids of the sessions to look into, those that began last first."""
    if chosen.first or chosen.last:
        days = [day.replace("-", "") for day in (chosen.first, chosen.last)]
        return sorted({session for session, _ in await library.chains(*days)}, reverse=True)
    if not chosen.person:
        return []
    found = [await library.sessions_of(tenant, chosen.person) for tenant in sorted(tenants)]
    return sorted({session for sessions in found for session in sessions}, reverse=True)


def _summaries(session: str, rows: Iterable[Told], chosen: Chosen, *, more: bool) -> list[Summary]:
    fitting = [record for record in rows if chosen.covers(record)]
    if not fitting:
        return []
    times = sorted(record["time"] for record in fitting)
    summary = Summary(
        session=session,
        first=times[0],
        last=times[-1],
        subjects=_distinct(record["subject"] for record in fitting),
        servers=_distinct(record["server"] for record in fitting),
        targets=_distinct(record["target"] for record in fitting),
        calls=len({record["call"] for record in fitting if record["event"] in _CALLS} - {""}),
        refused=sum(record["outcome"] == Outcome.REFUSED for record in fitting),
        records=len(fitting),
        is_cut=more,
    )
    return [summary]


def _distinct(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(found) - {""}))
