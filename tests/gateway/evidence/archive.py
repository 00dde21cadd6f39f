"""Evidence that is recorded and sealed as in production, and a way to tamper with it and verify it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import rfc8785

from gateway.access.signing_keys import SigningKeys
from gateway.events import Event, Outcome
from gateway.evidence.bodies import blob_name
from gateway.evidence.chain import Chains
from gateway.evidence.form import FILTERS, columns_of
from gateway.evidence.jws import Keys
from gateway.evidence.reading import Stored, seal_number
from gateway.evidence.sealing import Sealer, public_keys
from gateway.evidence.statement import time_of
from gateway.evidence.verdict import Report
from gateway.evidence.verify import Scope, Verifier
from tests.fakes.blobs import MemoryBlobs
from tests.fakes.clock import Clock
from tests.fakes.evidence import MemoryEvidence
from tests.fakes.evidence_rows import MemoryRows
from tests.fakes.signing import MemoryKey

BEGIN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

WHOLE = Scope()

type Rows = dict[tuple[str, str], dict[str, Any]]
"""Columns by partition and row."""


class Archive:
    """The stores, the key and the time of one gateway."""

    def __init__(self, *, begin: datetime = BEGIN) -> None:
        self.store = MemoryEvidence()
        self.rows = MemoryRows(self.store)
        self.seals = MemoryBlobs()
        self.key = MemoryKey()
        self.now = begin
        self.clock = Clock()
        self.evidence = Stored(self.rows, self.seals)
        self.signing = SigningKeys(self.key, self.clock)
        self.writer = Chains(self.store, now=self._time)
        self.sealer = self.another_sealer()

    def another_sealer(self) -> Sealer:
        """As in another process."""
        return Sealer(self.evidence, self.seals, self.signing, self._time)

    def another_writer(self) -> Chains:
        return Chains(self.store, now=self._time)

    async def record(self, session: str, chains: Chains | None = None, /, **fields: Any) -> None:
        self.advance(seconds=1)
        known: dict[str, str | int] = {"time": time_of(self.now), "event": "intent", "outcome": "allowed"}
        await (chains or self.writer).append(session, known | fields)

    async def seal(self) -> int:
        """Five minutes later."""
        self.advance(minutes=5)
        return (await self.sealer.seal()).number

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)
        self.clock.advance(timedelta(**by).total_seconds())

    async def keys(self) -> Keys:
        return await public_keys(self.signing)

    def table(self) -> Rows:
        """A copy, to tamper with."""
        return {key: dict(columns) for key, columns in self.store.rows.items()}

    def texts(self) -> dict[int, str]:
        """The seals, likewise."""
        return {seal_number(name) or 0: content.decode() for name, content in self.seals.blobs.items()}

    def _time(self) -> datetime:
        return self.now


class Kept(Archive):
    """An archive with bodies."""

    def __init__(self) -> None:
        super().__init__()
        self.payloads = MemoryBlobs()
        self.evidence = Stored(self.rows, self.seals, self.payloads)

    async def body(self, text: str, **fields: Any) -> str:
        """A record with a body behind it; gives the name of the blob."""
        content = json.dumps({"v": 1, "message": {"text": text}}).encode()
        digest = hashlib.sha256(content).hexdigest()
        await self.record("20261123-one", **({"kept": "whole", "payload": digest} | fields))
        name = blob_name(self.now.isoformat(), digest)
        self.payloads.blobs[name] = content
        return name


def verified(
    rows: Rows, seals: Mapping[int, str], keys: Keys, scope: Scope = WHOLE, now: datetime | None = None
) -> Report:
    verifier = Verifier(keys, scope)
    for number in sorted(seals):
        verifier.seal(number, seals[number])
    for (session, row), columns in sorted(rows.items()):
        if scope.has(session):
            verifier.row({"PartitionKey": session, "RowKey": row, **columns})
    return verifier.report(now=now)


def told(report: Report) -> set[tuple[str, str]]:
    """Kind and place of every fault."""
    return {(str(each.kind), each.place) for each in report.findings}


def row_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """A row whose columns and hash are those of its body."""
    canonical = rfc8785.dumps(dict(body))
    return columns_of(body) | {"body": canonical.decode(), "hash": hashlib.sha256(canonical).hexdigest()}


def body_of(columns: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(columns["body"])
    return found


def full_record(event: Event) -> dict[str, str | int]:
    """A record of that kind with every field that has a column, and some that have none."""
    outcomes = list(Outcome)
    filled: dict[str, str | int] = {name: f"{name} of {event}" for name in FILTERS if name != "time"}
    return filled | {
        "event": event,
        "outcome": outcomes[list(Event).index(event) % len(outcomes)],
        "message": "request",
        "hidden": 3,
        "detail": "a control character\x07 and an umlaut ü",
    }


async def recorded(events: Iterable[Event] = tuple(Event)) -> Archive:
    """Three sessions, four chains, every kind of record, and four seals, by two versions of the key."""
    archive = Archive()
    another = archive.another_writer()
    for number, event in enumerate(events):
        await archive.record("20261123-one", **full_record(event))
        await archive.record(f"20261123-{'two' if number % 2 else 'three'}", **full_record(event))
        await archive.record("20261123-one", another, **full_record(event))
        if number % 10 == 4:
            await archive.seal()
        if number == 5:
            archive.key.rotate()
            archive.advance(minutes=2)
    await archive.seal()
    return archive
