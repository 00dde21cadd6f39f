"""An evidence store in memory that keeps the contract, and breaks it in named ways."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from typing import Any

from gateway.storage.contract import Columns, RowExistsError, StoreUnavailableError


class Fault(Enum):
    FAILS_AND_IS_NOT_WRITTEN = auto()
    FAILS_BUT_IS_WRITTEN = auto()


class MemoryEvidence:
    """Rows by (partition, row). `faults` are used up one by one; `down` holds until it is lifted."""

    def __init__(self, *faults: Fault | None) -> None:
        self.rows: dict[tuple[str, str], Columns] = {}
        self.faults = list(faults)
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
        await asyncio.sleep(0)  # a real store gives others a turn here
        fault = self.faults.pop(0) if self.faults else None
        if self._down or fault is Fault.FAILS_AND_IS_NOT_WRITTEN:
            raise StoreUnavailableError("down")
        if (partition, row) in self.rows:
            raise RowExistsError(self.rows[partition, row])
        self.rows[partition, row] = dict(columns)
        async with self._written:
            self._written.notify_all()
        if fault is Fault.FAILS_BUT_IS_WRITTEN:
            raise StoreUnavailableError("answer lost")

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
