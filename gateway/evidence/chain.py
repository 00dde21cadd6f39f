"""The hash chains of this process: one for each session it writes to.

`append` adds a record to its session's chain, durably, or raises; sequence numbers have no gaps. A
chain is written by this process alone, so it lives in memory: after a restart, or when a quiet
session was dropped to bound memory, the session goes on in a new chain with a new writer name.
Records that arrive while one is being written are written together after it (`commit`).
"""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime

from gateway.evidence.commit import Chain, Commit, Entry
from gateway.evidence.form import Fields
from gateway.storage.contract import EvidenceStore, StoreUnavailableError

MAX_CHAINS = 10_000
"""Sessions kept in memory, about 1 KB each."""
MAX_DOUBTS = 1_000
"""Unconfirmed rows that a chain remembers; after so many the session goes on in a new chain."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Chains:
    """Appends records to the evidence. Safe for concurrent use in one event loop."""

    def __init__(
        self, store: EvidenceStore, *, limit: int = MAX_CHAINS, now: Callable[[], datetime] = _utc_now
    ) -> None:
        self._commit = Commit(store, now)
        self._limit = limit
        self._process = secrets.token_hex(6)
        self._opened = 0
        self._chains: OrderedDict[str, Chain] = OrderedDict()

    async def append(self, session: str, fields: Fields) -> None:
        """The record is durable at the end of its session's chain. Raises StoreUnavailableError.

        After that error the record may or may not be there. Either way the next append finds out
        and goes on from it, so the chain stays whole. A record is written even if whoever asked for
        it was cancelled meanwhile: others may have been promised a place after it.
        """
        await self.put(Entry(session, fields))

    async def put(self, entry: Entry) -> None:
        """As `append`; and an entry that failed may be put again, and then stands there once all the same.

        Its fields may have gained something by then. One that turns out to stand there as it was stays so.
        """
        if entry.is_written:
            return
        chain = entry.chain = entry.chain or self._chain(entry.session)
        waiter = entry.waiter = asyncio.get_running_loop().create_future()
        entry.is_settled = False
        chain.queue.append(entry)
        if chain.task is None:
            chain.task = asyncio.create_task(self._drain(chain))
        await waiter

    async def _drain(self, chain: Chain) -> None:
        try:
            while chain.queue:
                await self._commit.next(chain)
        finally:
            chain.task = None
            for entry in chain.queue:  # only where this task itself was ended
                entry.fail(StoreUnavailableError("interrupted"))
            chain.queue.clear()
            if len(chain.doubts) > MAX_DOUBTS and self._chains.get(chain.session) is chain:
                del self._chains[chain.session]

    def _chain(self, session: str) -> Chain:
        chain = self._chains.get(session)
        if chain is None:
            self._opened += 1
            chain = self._chains[session] = Chain(session, f"{self._process}.{self._opened}")
            self._drop_quiet()
        self._chains.move_to_end(session)
        return chain

    def _drop_quiet(self) -> None:
        while len(self._chains) > self._limit:
            oldest = next(iter(self._chains))
            if self._chains[oldest].task is not None:
                return
            del self._chains[oldest]
