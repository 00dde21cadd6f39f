"""Group commit: what waits for a chain goes into it together, in order.

Takes a chain and the store, and writes the records at the head of its queue in one transaction, after
their index rows. Each record is settled once it is durable or the store did not confirm. A record that the
store holds although it did not say so is found again by its hash, and is then part of the chain, once. A
row in this writer's place that it never wrote is refused (fail-closed).
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from gateway.evidence.form import FIRST, Fields, chained, row_key
from gateway.evidence.index import rows_before
from gateway.storage.contract import (
    MAX_BATCH,
    BatchRefusedError,
    Columns,
    EvidenceStore,
    RowExistsError,
    StoreUnavailableError,
)

MAX_CHARACTERS = 300_000
"""Of the columns of one transaction: 1.8 MB if each is escaped, and a store takes 4 MiB."""
MAX_ANNOUNCED = 2_000
"""Index rows that a chain remembers; it writes those that it forgot again, which changes nothing."""


@dataclass(slots=True, eq=False)
class Entry:
    """A record on its way into a chain."""

    session: str
    fields: Fields
    chain: "Chain | None" = None
    """The one it was first tried in, and the only one it may come to stand in: it could be there already."""
    waiter: asyncio.Future[None] | None = None
    is_settled: bool = False
    is_written: bool = False

    def succeed(self) -> None:
        self.is_settled = self.is_written = True
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    def fail(self, error: Exception) -> None:
        self.is_settled = True
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_exception(error)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A row that was sent and not confirmed: it may be there."""

    previous: str
    entries: list[Entry]


@dataclass(slots=True, eq=False)
class Chain:
    """The end of one chain of this process, and what waits to be added."""

    session: str
    writer: str
    sequence: int = 0
    previous: str = FIRST
    queue: list[Entry] = field(default_factory=list)
    doubts: dict[str, Doubt] = field(default_factory=dict)
    """By hash. Every row that this process may have put after `previous` and was not told of."""
    announced: set[tuple[str, str]] = field(default_factory=set)
    """Keys of the index rows that are there."""
    task: asyncio.Task[None] | None = None
    """Writes what waits; None while nothing does."""

    def grow(self, digest: str, entries: Sequence[Entry]) -> None:
        self.sequence += 1
        self.previous = digest
        for entry in entries:
            entry.succeed()

    def leave_settled(self) -> None:
        """Those whose fate is known wait no longer."""
        self.queue = [entry for entry in self.queue if not entry.is_settled]


@dataclass(frozen=True, slots=True)
class _Placed:
    entry: Entry
    row: str
    columns: Columns

    @property
    def digest(self) -> str:
        return str(self.columns["hash"])


class Commit:
    """Writes to one store, in transactions as long as the store takes them."""

    def __init__(self, store: EvidenceStore, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._most = MAX_BATCH

    async def next(self, chain: Chain) -> None:
        """The first of those that wait are settled; or the chain knows better where it ends, or how to write."""
        batch = chain.queue[: self._most]
        try:
            await self._announce(chain, batch)
            await self._write(chain, _place(chain, batch))
        except StoreUnavailableError as error:
            for entry in batch:
                # Each waiter gets an error of its own: a traceback belongs to one.
                entry.fail(StoreUnavailableError(str(error)))
        chain.leave_settled()

    async def _announce(self, chain: Chain, batch: Sequence[Entry]) -> None:
        """The index rows of these records are there. fail-closed: without them the records are not written."""
        today = f"{self._now():%Y%m%d}"
        wanted = {
            (partition, row): session
            for entry in batch
            for partition, row, session in rows_before(
                entry.fields, session=chain.session, writer=chain.writer, today=today
            )
            if (partition, row) not in chain.announced
        }
        if not wanted:
            return
        if len(chain.announced) > MAX_ANNOUNCED:
            chain.announced.clear()
        await asyncio.gather(*(self._insert_once(*key, {"session": session}) for key, session in wanted.items()))
        chain.announced |= wanted.keys()

    async def _insert_once(self, partition: str, row: str, columns: Columns) -> None:
        try:
            await self._store.insert(partition, row, columns)
        except RowExistsError:
            return

    async def _write(self, chain: Chain, placed: Sequence[_Placed]) -> None:
        if not placed:
            return
        previous = chain.previous
        for each in placed:
            chain.doubts.setdefault(each.digest, Doubt(previous, [])).entries.append(each.entry)
            previous = each.digest
        try:
            await self._insert(chain.session, placed)
        except RowExistsError:
            await self._find_end(chain)
        except BatchRefusedError:
            self._most = 1
        else:
            # What was sent for these places before and is not there cannot come to be there any more.
            chain.doubts.clear()
            for each in placed:
                chain.grow(each.digest, [each.entry])

    async def _insert(self, session: str, placed: Sequence[_Placed]) -> None:
        if len(placed) == 1:
            await self._store.insert(session, placed[0].row, placed[0].columns)
        else:
            await self._store.insert_all(session, {each.row: each.columns for each in placed})

    async def _find_end(self, chain: Chain) -> None:
        """Rows that the store holds though it never confirmed them are part of the chain now."""
        start = chain.sequence
        first, last = row_key(chain.writer, start), row_key(chain.writer, start + MAX_BATCH - 1)
        found = await self._store.between(chain.session, first, last)
        while (columns := found.get(row_key(chain.writer, chain.sequence))) is not None:
            digest = str(columns.get("hash", ""))
            doubt = chain.doubts.get(digest)
            if doubt is None or doubt.previous != chain.previous:
                # fail-closed: somebody else writes under this writer's name.
                raise StoreUnavailableError("row of another writer")
            chain.grow(digest, doubt.entries)
        if chain.sequence == start:
            raise StoreUnavailableError("a row that is there and cannot be read")


def _place(chain: Chain, batch: Sequence[Entry]) -> list[_Placed]:
    """The rows of these records from the chain's end on, as many as go into one transaction."""
    placed: list[_Placed] = []
    previous, size = chain.previous, 0
    for entry in batch:
        sequence = chain.sequence + len(placed)
        try:
            columns = chained(
                entry.fields, session=chain.session, writer=chain.writer, sequence=sequence, previous=previous
            )
        except ValueError as error:
            entry.fail(error)  # it has no canonical form, and takes no place
            continue
        placed.append(_Placed(entry, row_key(chain.writer, sequence), columns))
        previous = placed[-1].digest
        size += sum(len(str(value)) for value in columns.values())
        if size > MAX_CHARACTERS:
            break
    return placed
