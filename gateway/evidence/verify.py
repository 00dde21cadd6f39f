"""Verification: records and seals against each other, without the gateway and without a network. Pure.

Takes public keys, then every seal, then every row in the order of its keys, and gives a Report with each fault and
where it lies. It holds no row: of each chain it knows where it stands, of each seal what it covers. Rows that lie,
seals that lie and rows that are no records are findings; nothing here raises.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.evidence.form import FIRST, row_key
from gateway.evidence.jws import Keys
from gateway.evidence.merkle import leaf_of
from gateway.evidence.reading import Chain, row_of
from gateway.evidence.seal_walk import Sealed, SealWalk, Stretch
from gateway.evidence.sound import Body, Row, body_of, fault_of
from gateway.evidence.statement import time_of
from gateway.evidence.verdict import Finding, Kind, Report, unknown

MAX_FINDINGS = 1_000
"""Faults that a report names; further ones are counted."""
OVERDUE = timedelta(minutes=15)
"""Seals are made every five minutes."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What of the evidence is verified."""

    first_day: str = ""
    """Sessions that began on this day (`yyyymmdd`) or later; empty for all, as `last_day`."""
    last_day: str = ""
    whole: bool = True
    """Every seal since the first is there; else those before the first given are not, and no fault."""
    has_columns: bool = True

    def has(self, session: str) -> bool:
        return session >= self.first_day and (not self.last_day or session[: len(self.last_day)] <= self.last_day)


@dataclass(slots=True)
class _Chain:
    """Where the reading of one chain stands."""

    session: str
    writer: str
    stretches: list[Stretch]
    expected: int = 0
    link: str | None = FIRST
    """Hash of the record before; None if that one is missing or has a fault."""
    at: int = 0
    """Index of the stretch that comes next, or that is being read."""
    is_vouched: bool = True
    """The record before is the head that a seal names; or there is none before."""

    def place(self, sequence: int) -> str:
        return f"{self.session}/{row_key(self.writer, sequence)}"


class Verifier:
    """`seal` for every seal in order, then `row` for every row in order, then `report`."""

    def __init__(self, keys: Keys, scope: Scope = Scope()) -> None:
        self._scope = scope
        self._findings: list[Finding] = []
        self._faults = 0
        self._walk = SealWalk(keys, self._tell, whole=scope.whole, wanted=scope.has)
        self._session = ""
        self._early = ""
        self._open: dict[str, _Chain] = {}
        """The chains of the session that is being read, by writer."""
        self._seen: set[Chain] = set()
        self.records = 0
        self._sealed = self._unsealed = self._late = self._before = 0

    def seal(self, number: int, text: str) -> None:
        self._walk.take(number, text)
        self._early = ""

    def row(self, row: Row) -> None:
        """The next row of the table. Rows of the index are no records."""
        session, key = str(row["PartitionKey"]), str(row["RowKey"])
        if session.startswith("~"):
            return
        if session != self._session:
            self._close()
            self._session = session
        self.records += 1
        place = row_of(key)
        if place is None:
            self._tell(Kind.ADDED, f"{session}/{key}", "no writer gives a record such a name")
            return
        chain = self._open.get(place[0]) or self._opened(session, *place)
        self._take(chain, place[1], row)

    def report(self, *, now: datetime | None = None, announced: Collection[Chain] | None = None) -> Report:
        """The end. With `now`, a last seal that is too old is a fault; `announced` are the chains of the index."""
        self._close()
        for session, writer in sorted(self._walk.stretches.keys() - self._seen):
            last = self._walk.stretches[session, writer][-1].last
            self._missing(_Chain(session, writer, self._walk.stretches[session, writer]), last, "the whole chain")
        for number, sealed in self._walk.seals.items():
            # Where a fault of a record was told, a root that differs for it says nothing more.
            if not sealed.is_partial and (sealed.was_broken or not sealed.is_faulty):
                self._compare(number, sealed)
        self._timely(now)
        silent = None if announced is None else len(set(announced) - self._seen)
        walk = self._walk
        return Report(
            records=self.records,
            chains=len(self._seen),
            seals=walk.count,
            first_seal=walk.first,
            last_seal=walk.last,
            sealed_until=walk.end,
            sealed=self._sealed,
            unsealed=self._unsealed,
            late=self._late,
            silent=silent,
            findings=tuple(self._findings),
            faults=self._faults,
            unknown=tuple(self._unknown(silent, is_live=now is not None)),
        )

    def _opened(self, session: str, writer: str, sequence: int) -> _Chain:
        stretches = self._walk.stretches.get((session, writer), [])
        chain = _Chain(session, writer, stretches)
        if not self._scope.whole and (not stretches or stretches[0].first > 0):
            # What comes before the first seal that is here, is not here either.
            chain.expected = min(sequence, stretches[0].first) if stretches else sequence
            chain.link = FIRST if chain.expected == 0 else None
        self._open[writer] = chain
        self._seen.add((session, writer))
        return chain

    def _take(self, chain: _Chain, sequence: int, row: Row) -> None:
        if sequence < chain.expected:
            self._tell(Kind.ADDED, chain.place(sequence), "is there twice")
            return
        if sequence > chain.expected:
            self._missing(chain, sequence - 1)
            chain.link = None
        while chain.at < len(chain.stretches) and chain.stretches[chain.at].last < sequence:
            chain.at += 1
        stretch = chain.stretches[chain.at] if chain.at < len(chain.stretches) else None
        body, digest = body_of(row), str(row.get("hash", ""))
        place = (chain.session, chain.writer, sequence)
        fault = fault_of(row, body, place, has_columns=self._scope.has_columns)
        if fault is None and chain.link is not None and body.get("previous") != chain.link:
            self._unlinked(chain, sequence, stretch)
        chain.expected, chain.link, chain.is_vouched = sequence + 1, None if fault else digest, False
        if stretch is not None and sequence >= stretch.first:
            self._count_sealed(chain, sequence, stretch, body, digest)
        elif fault is None:
            self._count_unsealed(chain, sequence, stretch, body)
        if fault:
            self._tell(fault[0], chain.place(sequence), fault[1])
            self._mark(stretch)

    def _unlinked(self, chain: _Chain, sequence: int, stretch: Stretch | None) -> None:
        self._mark(stretch)
        if not chain.is_vouched:
            detail = f"is not the record that the next one, {sequence}, names"
            self._tell(Kind.CHANGED, chain.place(sequence - 1), detail)
            return
        kind = Kind.ADDED if stretch is None else Kind.CHANGED
        self._tell(kind, chain.place(sequence), "does not name the record before it")

    def _count_sealed(self, chain: _Chain, sequence: int, stretch: Stretch, body: Body, digest: str) -> None:
        sealed = self._walk.seals[stretch.seal]
        sealed.tree.add(leaf_of(chain.session, row_key(chain.writer, sequence), digest))
        sealed.found[str(body.get("event", ""))] += 1
        self._sealed += 1
        self._late += str(body.get("time", "")) < sealed.early
        if sequence != stretch.last:
            return
        chain.is_vouched = digest == stretch.head
        if not chain.is_vouched and chain.link is not None:
            since = f"or one before it, from {stretch.first} on" if stretch.first < sequence else "as it was written"
            detail = f"is not the head that seal {stretch.seal} names: it was rewritten, {since}"
            self._tell(Kind.CHANGED, chain.place(sequence), detail)
            self._mark(stretch)
            chain.link = None

    def _count_unsealed(self, chain: _Chain, sequence: int, stretch: Stretch | None, body: Body) -> None:
        time = str(body.get("time", ""))
        if stretch is not None or self._is_before(time):
            # Seals that are not here cover it; its chain leads to one that is.
            self._before += 1
            return
        self._unsealed += 1
        self._early = self._early or self._walk.early()
        if time < self._early and "spilled" not in body:
            detail = f"is in no seal, although its time, {time[:40]}, is before the last one"
            self._tell(Kind.ADDED, chain.place(sequence), detail)

    def _is_before(self, time: str) -> bool:
        """Whether a seal that is not here may cover a record of that time."""
        first = self._walk.seals.get(self._walk.first)
        return self._walk.has_hole or (not self._scope.whole and first is not None and time < first.early)

    def _close(self) -> None:
        for chain in self._open.values():
            last = chain.stretches[-1].last if chain.stretches else -1
            if chain.expected <= last:
                self._missing(chain, last, "the end of the chain")
        self._open = {}

    def _missing(self, chain: _Chain, last: int, what: str = "") -> None:
        first = chain.expected
        many = f"{last - first + 1} records, up to {last}" if last > first else "one record"
        self._tell(Kind.MISSING, chain.place(first), f"{many}{f'; {what}' if what else ''}")
        for stretch in chain.stretches:
            if stretch.first <= last and stretch.last >= first:
                self._mark(stretch)

    def _mark(self, stretch: Stretch | None) -> None:
        if stretch is not None:
            self._walk.seals[stretch.seal].is_faulty = True

    def _compare(self, number: int, sealed: Sealed) -> None:
        place = f"seal {number}"
        if sealed.tree.size != sealed.records or +sealed.found != dict(sealed.events):
            detail = f"counts {sealed.records} records, or their events, and there are {sealed.tree.size}"
            self._tell(Kind.COUNT, place, detail)
        elif sealed.tree.root() != sealed.root:
            self._tell(Kind.ROOT, place, "the records are not those that it covers")

    def _timely(self, now: datetime | None) -> None:
        if not self._walk.count and self.records:
            self._tell(Kind.SEAL_MISSING, "seal 1", "there is no seal at all")
        elif now is not None and self._walk.end and self._walk.end < time_of(now - OVERDUE):
            detail = f"is of {self._walk.end}, and nothing was sealed since"
            self._tell(Kind.SEAL_OVERDUE, f"seal {self._walk.last}", detail)

    def _unknown(self, silent: int | None, *, is_live: bool) -> Sequence[str]:
        return unknown(
            unsealed=self._unsealed,
            until=self._walk.end,
            silent=silent,
            before=0 if self._scope.whole else self._walk.first - 1,
            partial=sum(1 for _ in self._walk.unread()),
            late=self._late,
            is_live=is_live,
        )

    def _tell(self, kind: Kind, place: str, detail: str) -> None:
        self._faults += 1
        if len(self._findings) < MAX_FINDINGS:
            self._findings.append(Finding(kind, place, detail))
