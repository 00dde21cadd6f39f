"""An evidence store in memory that keeps the contract, and breaks it in named ways."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum, auto
from typing import Any

from gateway.evidence.index import is_index
from gateway.storage.contract import MAX_BATCH, BatchRefusedError, Columns, RowExistsError, StoreUnavailableError


class Fault(Enum):
    FAILS_AND_IS_NOT_WRITTEN = auto()
    FAILS_BUT_IS_WRITTEN = auto()
    IS_WRITTEN_AND_SENT_AGAIN = auto()
    """The answer was lost, the client library repeated the request, and the store says that the row exists."""
    IS_WRITTEN_LATE = auto()
    """The store gave up waiting; the rows arrive right before the next request, if their places are free then."""


class MemoryEvidence:
    """Records by (partition, row), and index rows apart from them.

    `faults` are used up one by one by writes of records, `index_faults` by those of index rows and `read_faults`
    by reading; `down` holds until it is lifted. `takes_batches` is False for a store that refuses them.
    """

    def __init__(self, *faults: Fault | None, takes_batches: bool = True) -> None:
        self.rows: dict[tuple[str, str], Columns] = {}
        self.index: dict[tuple[str, str], Columns] = {}
        self.faults = list(faults)
        self.index_faults: list[Fault | None] = []
        self.read_faults: list[Fault | None] = []
        self.takes_batches = takes_batches
        self.batches: list[int] = []
        """How many records each transaction that was committed had."""
        self._late: list[tuple[str, dict[str, Columns]]] = []
        self._down = False
        self._written = asyncio.Condition()

    @contextmanager
    def down(self) -> Iterator[None]:
        self._down = True
        try:
            yield
        finally:
            self._down = False

    async def insert(self, partition: str, row: str, columns: Columns) -> None:
        await self._write(partition, {row: columns})

    async def insert_all(self, partition: str, rows: Mapping[str, Columns]) -> None:
        assert 0 < len(rows) <= MAX_BATCH
        if not self.takes_batches:
            await asyncio.sleep(0)
            raise BatchRefusedError
        await self._write(partition, rows)
        self.batches.append(len(rows))

    async def between(self, partition: str, first: str, last: str) -> Mapping[str, Columns]:
        await asyncio.sleep(0)
        if self._down or (self.read_faults and self.read_faults.pop(0)):
            raise StoreUnavailableError("down")
        self._arrive()
        return {
            row: columns for (where, row), columns in self.rows.items() if where == partition and first <= row <= last
        }

    async def _write(self, partition: str, rows: Mapping[str, Columns]) -> None:
        await asyncio.sleep(0)  # a real store gives others a turn here
        kept, faults = (self.index, self.index_faults) if is_index(partition) else (self.rows, self.faults)
        fault = faults.pop(0) if faults else None
        if self._down or fault is Fault.FAILS_AND_IS_NOT_WRITTEN:
            raise StoreUnavailableError("down")
        self._arrive()
        if fault is Fault.IS_WRITTEN_LATE:
            self._late.append((partition, {row: dict(columns) for row, columns in rows.items()}))
            raise StoreUnavailableError("slow")
        if taken := next((row for row in rows if (partition, row) in kept), None):
            raise RowExistsError(kept[partition, taken] if len(rows) == 1 else {}, taken)
        kept |= {(partition, row): dict(columns) for row, columns in rows.items()}
        async with self._written:
            self._written.notify_all()
        if fault is Fault.FAILS_BUT_IS_WRITTEN:
            raise StoreUnavailableError("answer lost")
        if fault is Fault.IS_WRITTEN_AND_SENT_AGAIN:
            raise RowExistsError({}, next(iter(rows)))

    def _arrive(self) -> None:
        """What was under way is there now, all of it or, where a place is taken, nothing."""
        late, self._late = self._late, []
        for partition, rows in late:
            kept = self.index if is_index(partition) else self.rows
            if not any((partition, row) in kept for row in rows):
                kept |= {(partition, row): columns for row, columns in rows.items()}

    async def close(self) -> None:
        return

    def events(self) -> list[str]:
        """`event/outcome` or `event/reason` of every record of a call, in the order of writing."""
        return [f"{row['event']}/{row.get('reason', row.get('outcome'))}" for row in self.of_calls()]

    def of_calls(self) -> list[Columns]:
        """The rows of calls that callers made: not those about the policy and tools, nor of the gateway's own lists."""
        rows = self.rows.values()
        return [row for row in rows if row["event"] not in ("policy", "tool") and '"cause":' not in str(row["body"])]

    def of_tools(self) -> list[Any]:
        """The bodies of the rows about tools."""
        return [json.loads(str(row["body"])) for row in self.rows.values() if row["event"] == "tool"]

    def of_lists(self) -> list[Columns]:
        """The rows of the gateway's own lists."""
        return [row for row in self.rows.values() if '"cause":' in str(row["body"])]

    async def wait_for(self, event: str) -> None:
        """Returns once such a record has been written; the caller bounds the wait."""
        async with self._written:
            await self._written.wait_for(lambda: event in self.events())
