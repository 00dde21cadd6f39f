"""How the cost of verifying and of the auditors' looks grows with the records; and of memory with the sessions.

Takes numbers of records, writes an export of each, and gives seconds of processor time. What is asked is asked as the
commands ask it, offline; in the table the same reads go by its keys, and the table's own time is Azure's.
"""

import asyncio
import json
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from bench.relay_stores import RecentEvidence
from bench.verify import OF_A_SESSION, write
from gateway.evidence.chain import Chains
from gateway.evidence.checking import check
from gateway.evidence.chosen import Chosen
from gateway.evidence.folder import INDEX, RECORDS, Folder
from gateway.evidence.form import FILTERS
from gateway.evidence.index import day_partition, day_row
from gateway.evidence.jws import keys_of
from gateway.evidence.library import Library, rows_of, survey
from gateway.evidence.period import Period, records_of
from gateway.evidence.verify import Scope

RECORDS_OF = (1_000, 3_000, 10_000, 100_000)
SESSIONS = (10, 100, 1_000, 10_000)
DAY = "2026-11-23"
FIELDS = {name: f"{name}-0b1ec700-0000-4000-8000-000000000001" for name in FILTERS} | {"event": "intent"}


@dataclass(frozen=True, slots=True)
class Records:
    count: int
    megabytes: float
    """Of the records' file."""
    seconds: dict[str, float]
    """Of processor time, by what was asked."""


def export(folder: Path, records: int) -> Folder:
    """An export with so many records of one day, and its index."""
    folder.mkdir()
    write(folder, records)
    sessions = [f"20261123-{number:032x}" for number in range(records // OF_A_SESSION)]
    rows = ({"PartitionKey": day_partition("20261123"), "RowKey": day_row(each, "w.1")} for each in sessions)
    (folder / INDEX).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Folder(folder)


async def verified(found: Folder) -> None:
    report = await check(found, keys_of(found.keys()), Scope(whole=False, has_columns=True))
    if not report.is_whole:
        raise RuntimeError("the export of the bench is not whole")


async def replayed(found: Library) -> None:
    rows, _ = await rows_of(found, "20261123-" + f"{0:032x}")
    if len(rows) != OF_A_SESSION:
        raise RuntimeError(f"a session has {len(rows)} rows")


async def listed(found: Library) -> None:
    if not (await survey(found, Chosen(first=DAY, last=DAY), ())).sessions:
        raise RuntimeError("no session was found")


async def exported(found: Folder) -> None:
    rows = [row async for row in records_of(found, Period(DAY, DAY))]
    if not rows:
        raise RuntimeError("no record was found")


ASKED: dict[str, Callable[[Folder], Awaitable[None]]] = {
    "verify": verified,
    "replay of a session": replayed,
    "list of a day's sessions": listed,
    "records of a day": exported,
}


def by_records(folder: Path) -> list[Records]:
    """Each number of records, written, verified and looked at."""
    found = []
    for count in RECORDS_OF:
        export(folder / str(count), count)
        seconds = {name: asyncio.run(_took(ask, Folder(folder / str(count)))) for name, ask in ASKED.items()}
        found.append(Records(count, (folder / str(count) / RECORDS).stat().st_size / 1e6, seconds))
    return found


async def _took(ask: Callable[[Folder], Awaitable[None]], found: Folder) -> float:
    began = time.process_time()
    await ask(found)
    return time.process_time() - began


@dataclass(frozen=True, slots=True)
class Sessions:
    count: int
    held: int
    """Bytes, once each session has a record."""
    microseconds: float
    """Of processor time for one more record of any of them."""


def by_sessions() -> list[Sessions]:
    """Chains of that many sessions in one process; it keeps `chain.MAX_CHAINS` of them."""
    return [asyncio.run(_sessions(count)) for count in SESSIONS]


async def _sessions(count: int) -> Sessions:
    store = RecentEvidence()
    chains = Chains(store)
    names = [f"20261123-{number:032x}" for number in range(count)]
    began = time.process_time()
    for name in names:
        await chains.append(name, FIELDS)
    took = time.process_time() - began
    again = Chains(_Nowhere())
    tracemalloc.start(1)
    before, _ = tracemalloc.get_traced_memory()
    for name in names:
        await again.append(name, FIELDS)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return Sessions(count, after - before, took / count * 1e6)


class _Nowhere(RecentEvidence):
    """Keeps nothing, so that only what the gateway keeps is counted."""

    async def insert_all(self, partition: str, rows: object) -> None:
        await asyncio.sleep(0)
