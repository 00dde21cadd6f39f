"""Evidence in memory, for a run of any length: it keeps the contract, and what is old is dropped.

The fakes of the tests keep every row, which would be measured as memory of the gateway.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from gateway.storage.contract import BlobExistsError, Columns, RowExistsError

ROWS = 10_000
BLOBS = 200


class RecentEvidence:
    """The newest rows. A key is known to be taken for as long as its row is kept."""

    def __init__(self) -> None:
        self._rows: OrderedDict[tuple[str, str], Columns] = OrderedDict()
        self.written = 0

    async def insert(self, partition: str, row: str, columns: Columns) -> None:
        await self.insert_all(partition, {row: columns})

    async def insert_all(self, partition: str, rows: Mapping[str, Columns]) -> None:
        await asyncio.sleep(0)  # a real store gives others a turn here
        for row in rows:
            if (partition, row) in self._rows:
                raise RowExistsError({} if len(rows) > 1 else self._rows[partition, row], row)
        for row, columns in rows.items():
            self._rows[partition, row] = columns
        self.written += len(rows)
        while len(self._rows) > ROWS:
            self._rows.popitem(last=False)

    async def between(self, partition: str, first: str, last: str) -> Mapping[str, Columns]:
        await asyncio.sleep(0)
        return {
            row: columns for (where, row), columns in self._rows.items() if where == partition and first <= row <= last
        }

    async def close(self) -> None:
        return


class RecentBlobs:
    """The newest blobs."""

    def __init__(self, *_opened_with: object) -> None:
        self._blobs: OrderedDict[str, bytes] = OrderedDict()

    async def create(self, name: str, content: bytes) -> None:
        await asyncio.sleep(0)
        if name in self._blobs:
            raise BlobExistsError(name)
        self._blobs[name] = content
        while len(self._blobs) > BLOBS:
            self._blobs.popitem(last=False)

    async def read(self, name: str) -> bytes | None:
        await asyncio.sleep(0)
        return self._blobs.get(name)

    async def names(self, prefix: str = "") -> Sequence[str]:
        await asyncio.sleep(0)
        return sorted(name for name in self._blobs if name.startswith(prefix))

    async def close(self) -> None:
        return
