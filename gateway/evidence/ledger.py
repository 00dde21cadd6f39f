"""What the seals cover so far: the last one, and where each chain was sealed last.

Takes the container of seals and reads them from the newest backwards, as far as a day that the caller names; what
was read once is held in memory, since a seal never changes. A newest seal that cannot be read ends it (fail-closed);
an older one is passed over here, and is for verification to find.
"""

import asyncio
from dataclasses import dataclass

from gateway.evidence.jws import digest_of
from gateway.evidence.reading import Chain, seal_name, seal_number
from gateway.evidence.statement import FIRST, MalformedSealError, Statement, parse
from gateway.storage.contract import BlobStore

_AT_ONCE = 16
"""Seals that are read at the same time."""


@dataclass(frozen=True, slots=True)
class End:
    """Where a chain was sealed last."""

    sequence: int
    head: str


def day_of(time: str) -> str:
    return time[:10].replace("-", "")


class Ledger:
    """The seals of one container. Every method may raise StoreUnavailableError or MalformedSealError."""

    def __init__(self, seals: BlobStore) -> None:
        self._seals = seals
        self.number = 0
        """Of the last seal; 0 while there is none."""
        self.digest = FIRST
        self.end = ""
        self._ends: dict[Chain, End] = {}
        self._grown: dict[str, str] = {}
        """By session: the end of the last seal in which it grew."""
        self._oldest = 1
        """Number of the oldest seal that was read."""
        self._since = ""
        """Its start."""

    async def refresh(self) -> None:
        """The last seal is known."""
        if not self.number:
            numbers = [number for name in await self._seals.names() if (number := seal_number(name))]
            if not numbers:
                return
            newest = max(numbers)
            text = await self._text(newest)
            if text is None:
                raise MalformedSealError("the last seal was listed and is not there")
            self._oldest, self._since = newest, parse(text).statement.start
            self.follow(text)
        while (text := await self._text(self.number + 1)) is not None:
            self.follow(text)

    def follow(self, text: str) -> None:
        """That seal is the last one now."""
        statement = parse(text).statement
        self.number, self.digest, self.end = statement.number, digest_of(text), statement.end
        self._since = self._since or statement.start
        for each in statement.chains:
            self._ends[each.session, each.writer] = End(each.last, each.head)
            self._grown[each.session] = statement.end

    async def reach(self, day: str) -> None:
        """Every seal that was made on that day (`yyyymmdd`) or later has been read."""
        while self._oldest > 1 and day_of(self._since) >= day:
            numbers = range(self._oldest - 1, max(0, self._oldest - 1 - _AT_ONCE), -1)
            for number, text in zip(numbers, await asyncio.gather(*map(self._text, numbers)), strict=True):
                self._precede(number, text)

    def sealed(self, chain: Chain) -> End | None:
        """Where it was sealed last, as far as seals were read."""
        return self._ends.get(chain)

    def quiet_since(self, first: str, last: str) -> list[str]:
        """The sessions that grew last in a seal that ended after `first`, and by `last`."""
        return sorted(session for session, end in self._grown.items() if first < end <= last)

    def _precede(self, number: int, text: str | None) -> None:
        self._oldest = number
        try:
            statement: Statement | None = parse(text).statement if text else None
        except MalformedSealError:
            statement = None
        if statement is None:
            return
        self._since = statement.start
        for each in statement.chains:
            self._ends.setdefault((each.session, each.writer), End(each.last, each.head))
            self._grown.setdefault(each.session, statement.end)

    async def _text(self, number: int) -> str | None:
        content = await self._seals.read(seal_name(number))
        return None if content is None else content.decode(errors="replace")
