"""How evidence is read, wherever it lies: chains, rows, sessions of a person, seals.

Takes days (`yyyymmdd`, in UTC) and names and gives rows as they are stored, in the order of their keys; it judges
none. `Stored` reads the table and the container of the gateway, `folder.Folder` an export. Whatever does not answer
is StoreUnavailableError, in the middle of an iteration too.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from gateway.evidence.index import DAY, PREFIX, chain_of, day_partition, person_partition
from gateway.storage.contract import BlobStore, Columns, EvidenceRows, StoreUnavailableError

type Chain = tuple[str, str]
"""Session and writer."""

SEALS = "seals"
PAYLOADS = "payloads"
"""Name of the container."""

_ROW = re.compile(r"([0-9A-Za-z._]+)-([0-9]{8})")
_SEAL = re.compile(r"([0-9]{10})\.jws")
_AT_ONCE = 16
"""Seals that are read at the same time."""


class Evidence(Protocol):
    """Recorded evidence. An empty day leaves that end open."""

    has_columns: bool
    """Whether rows have the columns that repeat the body; an export has not."""
    has_payloads: bool
    """Whether the bodies that records name can be read here."""

    async def chains(self, first_day: str = "", last_day: str = "") -> Sequence[Chain]:
        """Every chain that may have grown on these days, in order."""

    def rows(self, session: str, first: str = "", last: str = "") -> AsyncIterator[Columns]:
        """The records of one session; from one row key to another, both included, where these are named."""

    def records(self, first_day: str = "", last_day: str = "") -> AsyncIterator[Columns]:
        """The records of all sessions that began on these days."""

    async def sessions_of(self, tenant: str, subject: str) -> Sequence[str]:
        """The sessions of one person, in the order of their days."""

    async def last_seal(self) -> int:
        """The number of the newest seal; 0 if there is none."""

    def seals(self, first: int = 1) -> AsyncIterator[tuple[int, str]]:
        """Number and text of the seals from that number on, in order."""

    async def payload(self, name: str) -> bytes | None:
        """What lies under the name that a record gives (`bodies.named_in`); None if nothing does."""

    async def payload_names(self) -> Sequence[str]:
        """The names of all payloads."""


def row_of(key: str) -> tuple[str, int] | None:
    """Writer and sequence number of a record's row key; None if no writer makes such a key."""
    found = _ROW.fullmatch(key)
    return (found[1], int(found[2])) if found else None


def seal_name(number: int) -> str:
    """The name of the blob, and of the file in an export."""
    return f"{number:010d}.jws"


def seal_number(name: str) -> int | None:
    found = _SEAL.fullmatch(name)
    return int(found[1]) if found else None


class Stored:
    """Evidence in the gateway's own stores."""

    has_columns = True

    def __init__(self, rows: EvidenceRows, seals: BlobStore, payloads: BlobStore | None = None) -> None:
        self._rows = rows
        self._seals = seals
        self._payloads = payloads
        self.has_payloads = payloads is not None

    async def chains(self, first_day: str = "", last_day: str = "") -> Sequence[Chain]:
        found: set[Chain] = set()
        indexed = _end(last_day)
        days = (day_partition(first_day), day_partition(_end(last_day)))
        async for row in self._rows.between(*days, keys_only=True):
            found.add(chain_of(str(row["RowKey"])))
            indexed = min(indexed, str(row["PartitionKey"]).removeprefix(DAY))
        # Records that are older than the index are found by the day on which their session began.
        async for row in self._rows.between(first_day, indexed, keys_only=True):
            place = row_of(str(row["RowKey"]))
            if place is not None:
                found.add((str(row["PartitionKey"]), place[0]))
        return sorted(found)

    async def rows(self, session: str, first: str = "", last: str = "") -> AsyncIterator[Columns]:
        async for row in self._rows.rows(session, first, last):
            yield row

    async def records(self, first_day: str = "", last_day: str = "") -> AsyncIterator[Columns]:
        async for row in self._rows.between(first_day, _end(last_day)):
            yield row

    async def sessions_of(self, tenant: str, subject: str) -> Sequence[str]:
        return [str(row["RowKey"]) async for row in self._rows.rows(person_partition(tenant, subject))]

    async def last_seal(self) -> int:
        return max(await self._numbers(), default=0)

    async def seals(self, first: int = 1) -> AsyncIterator[tuple[int, str]]:
        wanted = [number for number in await self._numbers() if number >= first]
        for start in range(0, len(wanted), _AT_ONCE):
            part = wanted[start : start + _AT_ONCE]
            for number, text in zip(part, await asyncio.gather(*map(self._seal, part)), strict=True):
                yield number, text

    async def payload(self, name: str) -> bytes | None:
        if self._payloads is None:
            raise StoreUnavailableError("payloads are not opened")
        return await self._payloads.read(name)

    async def payload_names(self) -> Sequence[str]:
        names = [] if self._payloads is None else await self._payloads.names()
        # The doctor's probes are no payloads.
        return [name for name in names if not name.startswith(PREFIX)]

    async def _numbers(self) -> list[int]:
        return sorted(number for name in await self._seals.names() if (number := seal_number(name)) is not None)

    async def _seal(self, number: int) -> str:
        content = await self._seals.read(seal_name(number))
        if content is None:
            raise StoreUnavailableError("a seal was listed and cannot be read")
        return content.decode(errors="replace")


def _end(last_day: str) -> str:
    """Before this lie the partitions of that day; and before the index, if no day is named."""
    return f"{last_day}{PREFIX}"
