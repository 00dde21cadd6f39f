"""How long the evidence store takes for a write. Nothing of what is written goes further."""

import time
from collections.abc import Awaitable, Callable, Mapping

from gateway.storage.contract import Columns, EvidenceStore, StoreUnavailableError


class TimedStore:
    """The store; `tell` hears the seconds of each write, and whether it was confirmed; not of one that was in vain."""

    def __init__(self, store: EvidenceStore, tell: Callable[[float, bool], None]) -> None:
        self._store = store
        self._tell = tell

    async def insert(self, partition: str, row: str, columns: Columns) -> None:
        await self._timed(self._store.insert(partition, row, columns))

    async def insert_all(self, partition: str, rows: Mapping[str, Columns]) -> None:
        await self._timed(self._store.insert_all(partition, rows))

    async def between(self, partition: str, first: str, last: str) -> Mapping[str, Columns]:
        return await self._store.between(partition, first, last)

    async def close(self) -> None:
        await self._store.close()

    async def _timed(self, writing: Awaitable[None]) -> None:
        began = time.perf_counter()
        try:
            await writing
        except StoreUnavailableError:
            self._tell(time.perf_counter() - began, False)
            raise
        self._tell(time.perf_counter() - began, True)
