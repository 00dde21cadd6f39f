"""The evidence of a period: which seals belong to it, and which records these cover.

Takes days and gives seals and rows so that what is given can be verified by itself: whole seals, each with all
records that it covers, and what is in no seal yet. So some records are of shortly before or after the days.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from gateway.evidence.reading import Chain, Evidence, row_of
from gateway.evidence.statement import MalformedSealError, Statement, parse
from gateway.evidence.told import Told, told
from gateway.storage.contract import Columns

STRIDE = 2_000
"""Seals between two looks backwards for where a period begins: a week of them."""
_LATE = timedelta(hours=1)
"""How long after a day its last records are sealed at the latest, where nothing failed."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days in UTC, `yyyy-mm-dd`, both included."""

    first: str
    last: str

    @property
    def days(self) -> tuple[str, str]:
        return self.first.replace("-", ""), self.last.replace("-", "")

    @property
    def begins(self) -> str:
        return f"{self.first}T00:00:00Z"

    @property
    def ends(self) -> str:
        """The first moment that is not in it any more."""
        return f"{date.fromisoformat(self.last) + timedelta(days=1)}T00:00:00Z"

    @property
    def sealed_by(self) -> str:
        """Seals that begin after this cover nothing of it, unless something failed."""
        return f"{self.ends[:10]}T{_LATE.seconds // 3600:02}:00:00Z"

    def has(self, record: Told) -> bool:
        return self.first <= record["time"][:10] <= self.last


async def seals_of(evidence: Evidence, period: Period) -> list[tuple[int, str]]:
    """Number and text of the seals that may cover records of the period, without a gap."""
    start = await evidence.last_seal()
    while start > 1 and not await _ends_before(evidence, start, period.begins):
        start = max(1, start - STRIDE)
    found: list[tuple[int, str]] = []
    async for number, text in evidence.seals(max(1, start)):
        statement = _statement(text)
        if statement is not None and statement.start > period.sealed_by and statement.number > 1:
            break
        if found or statement is None or statement.end >= period.begins:
            found.append((number, text))
    return found


async def records_of(evidence: Evidence, period: Period) -> AsyncIterator[Columns]:
    """The rows of all records of the period, by session."""
    for session in sorted({session for session, _ in await evidence.chains(*period.days)}):
        async for row in evidence.rows(session):
            if period.has(told(row)):
                yield row


async def sealed_rows(evidence: Evidence, period: Period, seals: Sequence[tuple[int, str]]) -> AsyncIterator[Columns]:
    """The rows that the seals cover, and those of the period beside them, in the order of their keys."""
    stretches = _stretches(seals)
    sessions = {session for session, _ in await evidence.chains(*period.days)} | {session for session, _ in stretches}
    for session in sorted(sessions):
        rows = [row async for row in evidence.rows(session)]
        spans = {writer: span for (name, writer), span in stretches.items() if name == session}
        for row in rows:
            _widen(spans, row, period)
        for row in rows:
            if _is_within(spans, row):
                yield row


def _widen(spans: dict[str, tuple[int, int]], row: Columns, period: Period) -> None:
    """A chain is taken out in one piece: from the first record that belongs here to the last."""
    place = row_of(str(row["RowKey"]))
    if place is not None and period.has(told(row)):
        writer, sequence = place
        first, last = spans.get(writer, (sequence, sequence))
        spans[writer] = (min(first, sequence), max(last, sequence))


def _is_within(spans: dict[str, tuple[int, int]], row: Columns) -> bool:
    place = row_of(str(row["RowKey"]))
    if place is None:
        # Verification tells of it.
        return True
    first, last = spans.get(place[0], (1, 0))
    return first <= place[1] <= last


def _stretches(seals: Sequence[tuple[int, str]]) -> dict[Chain, tuple[int, int]]:
    """First and last sequence number that the seals cover of each chain."""
    found: dict[Chain, tuple[int, int]] = {}
    for _, text in seals:
        statement = _statement(text)
        for each in statement.chains if statement else ():
            first = found.get((each.session, each.writer), (each.first, 0))[0]
            found[each.session, each.writer] = (first, each.last)
    return found


async def _ends_before(evidence: Evidence, number: int, moment: str) -> bool:
    async for _, text in evidence.seals(number):
        statement = _statement(text)
        return statement is not None and statement.end < moment
    return False


def _statement(text: str) -> Statement | None:
    try:
        return parse(text).statement
    except MalformedSealError:
        return None
