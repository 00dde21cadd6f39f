"""The sealing job: a signed statement over every record since the last one, also when there are none.

Takes the evidence, the container of seals and the key, and adds one seal. The name of a seal is its number and is
created once, so of two jobs at a time one writes; whatever ends a job half-way leaves either no seal or a whole one,
and the next job goes on from there. A seal that cannot be written is counted and logged under a stable id.
"""

import asyncio
import itertools
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.access.signing_keys import SigningKeys
from gateway.evidence.form import row_key
from gateway.evidence.growth import Growth, growth_of
from gateway.evidence.jws import Keys, digest_of, keys_of, text_of
from gateway.evidence.ledger import Ledger, day_of
from gateway.evidence.merkle import Tree
from gateway.evidence.reading import Chain, Evidence, seal_name
from gateway.evidence.statement import MalformedSealError, Statement, message_of, time_of
from gateway.storage.contract import BlobExistsError, BlobStore, SecretUnavailableError, StoreUnavailableError

IDLE = timedelta(hours=8)
"""A session that has been quiet for so long counts as ended; a call that comes later is found all the same."""
_DAY = timedelta(days=1)
_LAST = 99_999_999
_AT_ONCE = 16
"""Chains that are read at the same time."""

_log = logging.getLogger("countersign")


@dataclass(frozen=True, slots=True)
class Job:
    """What one run came to."""

    number: int
    """Of the seal; 0 if none was written."""
    records: int = 0
    broken: int = 0
    """Faults that chains had when they were sealed."""
    is_failed: bool = False
    """No seal was there and none was written."""


class Sealer:
    """Seals the evidence. One job runs at a time in a process; other processes may race."""

    def __init__(
        self,
        evidence: Evidence,
        seals: BlobStore,
        keys: SigningKeys,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._evidence = evidence
        self._seals = seals
        self._keys = keys
        self._now = now
        self._ledger = Ledger(seals)
        self._lock = asyncio.Lock()
        self.failures = 0
        """Jobs that wrote no seal although none was there; `/health` shows it."""

    @property
    def newest(self) -> int:
        """The number of the last seal that is known here; 0 before the first look."""
        return self._ledger.number

    async def seal(self) -> Job:
        """A seal is written, or another job has just written it, or the log says why not."""
        async with self._lock:
            try:
                return await self._seal()
            except (StoreUnavailableError, SecretUnavailableError, MalformedSealError) as error:
                self.failures += 1
                # An alert is set on this id: records without a seal are not proven.
                _log.error("countersign.seal_failed after=%d %s: %s", self._ledger.number, type(error).__name__, error)
                return Job(0, is_failed=True)

    async def _seal(self) -> Job:
        await self._ledger.refresh()
        # Before anything is read: whatever was written earlier is in this seal.
        now = self._now()
        grown = [growth for growth in await self._grown(now) if growth.covered]
        statement = self._statement(grown, now)
        signed = await self._keys.sign(lambda kid: message_of(statement, kid))
        text = text_of(signed.message, signed.signature)
        if not await self._write(statement.number, text):
            _log.info("countersign.seal_written by=another number=%d", statement.number)
            return Job(0)
        _log.info("countersign.seal_written number=%d records=%d", statement.number, statement.records)
        for fault in statement.broken:
            _log.error("countersign.verification_failed sealed broken chain %s", fault)
        return Job(statement.number, statement.records, len(statement.broken))

    async def _write(self, number: int, text: str) -> bool:
        """Whether the seal of that number is this one; else it is another job's."""
        try:
            await self._seals.create(seal_name(number), text.encode())
        except BlobExistsError:
            # Of another job, or of this one: a retry after an answer that was lost finds its own seal.
            await self._ledger.refresh()
            return self._ledger.digest == digest_of(text)
        self._ledger.follow(text)
        return True

    async def _grown(self, now: datetime) -> list[Growth]:
        # A day more on either side: writers have clocks of their own.
        first = min(day_of(self._ledger.end), f"{now - _DAY:%Y%m%d}")
        chains = await self._evidence.chains(first, f"{now + _DAY:%Y%m%d}")
        await self._ledger.reach(f"{now - IDLE - _DAY:%Y%m%d}")
        unsealed = [session for session, writer in chains if self._ledger.sealed((session, writer)) is None]
        if unsealed:
            # No seal covers a chain before its session began.
            await self._ledger.reach(_day_before(min(unsealed)))
        found: list[Growth] = []
        for part in itertools.batched(chains, _AT_ONCE, strict=False):
            found += await asyncio.gather(*map(self._growth, part))
        return found

    async def _growth(self, chain: Chain) -> Growth:
        found = await self._read(chain)
        # Once more, since a store may show a row before the one that was written before it.
        return await self._read(chain) if found.broken else found

    async def _read(self, chain: Chain) -> Growth:
        session, writer = chain
        end = self._ledger.sealed(chain)
        first = row_key(writer, end.sequence + 1 if end else 0)
        return await growth_of(chain, end, self._evidence.rows(session, first, row_key(writer, _LAST)))

    def _statement(self, grown: Sequence[Growth], now: datetime) -> Statement:
        tree, events = Tree(), Counter[str]()
        for growth in grown:
            events.update(growth.events)
            for leaf in growth.leaves:
                tree.add(leaf)
        end, start = time_of(now), self._ledger.end or time_of(now)
        busy = {growth.chain[0] for growth in grown}
        return Statement(
            number=self._ledger.number + 1,
            previous=self._ledger.digest,
            start=start,
            end=max(end, start),
            records=tree.size,
            root=tree.root(),
            chains=tuple(growth.covered for growth in grown if growth.covered),
            events=dict(sorted(events.items())),
            ended=tuple(session for session in self._quiet(start, now) if session not in busy),
            broken=tuple(fault for growth in grown for fault in growth.broken),
        )

    def _quiet(self, start: str, now: datetime) -> list[str]:
        """Sessions that have been quiet for long enough now, and had not when the last seal was made."""
        before = time_of(datetime.fromisoformat(start) - IDLE)
        return self._ledger.quiet_since(before, time_of(now - IDLE))


async def public_keys(keys: SigningKeys) -> Keys:
    """All enabled versions of the key. Raises SecretUnavailableError."""
    return keys_of({"keys": await keys.published()})


def _day_before(session: str) -> str:
    try:
        return f"{datetime.strptime(session[:8], '%Y%m%d').replace(tzinfo=UTC) - _DAY:%Y%m%d}"
    except (ValueError, OverflowError):
        # fail-closed: no session of the gateway's is called so; look at every seal.
        return ""
