"""The rows of the evidence store in memory, as they are read."""

from collections.abc import AsyncIterator

from gateway.storage.contract import Columns, StoreUnavailableError
from tests.fakes.evidence import MemoryEvidence


class MemoryRows:
    """What a MemoryEvidence holds. `is_down` is its fault; `has_index` is False for a store of before the index."""

    def __init__(self, store: MemoryEvidence) -> None:
        self.store = store
        self.is_down = False
        self.has_index = True

    async def rows(self, partition: str, first: str = "", last: str = "") -> AsyncIterator[Columns]:
        for row in self._all():
            key = str(row["RowKey"])
            if row["PartitionKey"] == partition and key >= first and (not last or key <= last):
                yield row

    async def between(self, first: str, before: str, *, keys_only: bool = False) -> AsyncIterator[Columns]:
        for row in self._all():
            if first <= str(row["PartitionKey"]) < before:
                yield {name: row[name] for name in ("PartitionKey", "RowKey")} if keys_only else row

    async def close(self) -> None:
        return

    def _all(self) -> list[Columns]:
        if self.is_down:
            raise StoreUnavailableError("down")
        everything = self.store.rows | (self.store.index if self.has_index else {})
        return [
            {"PartitionKey": where, "RowKey": row, **columns} for (where, row), columns in sorted(everything.items())
        ]
