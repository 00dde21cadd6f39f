"""The hash chains of this process: one for each session it writes to.

`append` adds a record to its session's chain, durably, or raises; sequence numbers have no gaps. A
chain is written by this process alone, so it lives in memory: after a restart, or when a quiet
session was dropped to bound memory, the session goes on in a new chain with a new writer name.
"""

import asyncio
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

from gateway.evidence.form import FIRST, Fields, chained, row_key
from gateway.storage.contract import EvidenceStore, RowExistsError, StoreUnavailableError

MAX_CHAINS = 10_000
"""Sessions kept in memory, about 1 KB each."""


@dataclass(slots=True)
class _Chain:
    writer: str
    sequence: int = 0
    previous: str = FIRST
    doubtful: set[str] = field(default_factory=set)
    """Hashes of records for this place that the store did not confirm: one of them may be there."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def advance(self, digest: str) -> None:
        self.sequence += 1
        self.previous = digest
        self.doubtful.clear()


class Chains:
    """Appends records to the evidence. Safe for concurrent use in one event loop."""

    def __init__(self, store: EvidenceStore, *, limit: int = MAX_CHAINS) -> None:
        self._store = store
        self._limit = limit
        self._process = secrets.token_hex(6)
        self._opened = 0
        self._chains: OrderedDict[str, _Chain] = OrderedDict()

    async def append(self, session: str, fields: Fields) -> None:
        """The record is durable at the end of its session's chain. Raises StoreUnavailableError.

        After that error the record may or may not be there. Either way the next append finds out
        and goes on from it, so the chain stays whole.
        """
        chain = self._chain(session)
        async with chain.lock:
            if not await self._place(chain, session, fields):
                # The place was taken by our own earlier record, now known to be there: the next one is free.
                await self._place(chain, session, fields)

    async def _place(self, chain: _Chain, session: str, fields: Fields) -> bool:
        columns = chained(
            fields, session=session, writer=chain.writer, sequence=chain.sequence, previous=chain.previous
        )
        digest = str(columns["hash"])
        row = row_key(chain.writer, chain.sequence)
        try:
            await self._store.insert(session, row, columns)
        except RowExistsError as taken:
            found = str(taken.columns.get("hash", ""))
            if found != digest and found not in chain.doubtful:
                # fail-closed: somebody else writes under this writer's name.
                raise StoreUnavailableError("row of another writer") from taken
            chain.advance(found)
            return found == digest
        except (StoreUnavailableError, asyncio.CancelledError):
            chain.doubtful.add(digest)
            raise
        chain.advance(digest)
        return True

    def _chain(self, session: str) -> _Chain:
        chain = self._chains.get(session)
        if chain is None:
            self._opened += 1
            chain = self._chains[session] = _Chain(writer=f"{self._process}.{self._opened}")
            self._drop_quiet()
        self._chains.move_to_end(session)
        return chain

    def _drop_quiet(self) -> None:
        while len(self._chains) > self._limit:
            oldest = next(iter(self._chains))
            if self._chains[oldest].lock.locked():
                return
            del self._chains[oldest]
