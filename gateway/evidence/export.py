"""The evidence of a period, taken out: as JSON Lines, as CSV, as OSCAL, or as a bundle that verifies offline.

Takes what is to be read and an empty folder, and leaves files and a manifest with the SHA-256 of each. It reads
and copies; whether what it copied is whole, `evidence verify --export` says. That somebody takes evidence out
must be on record before this begins.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from gateway.evidence import oscal
from gateway.evidence.controls import Count
from gateway.evidence.export_files import Files, csv_head, csv_line
from gateway.evidence.index import rows_before
from gateway.evidence.period import Period, records_of, sealed_rows, seals_of
from gateway.evidence.reading import Evidence, seal_name
from gateway.evidence.statement import digest_of
from gateway.evidence.told import Told, told

type KeySet = Sequence[Mapping[str, Any]]


class Format(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"
    BUNDLE = "bundle"
    OSCAL = "oscal"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be taken out, and where to."""

    period: Period
    format: Format
    folder: Path
    made: datetime
    policies: Sequence[Path] = ()
    """Copies of policies, for the bundle; each must be one that a record names."""


@dataclass(frozen=True, slots=True)
class Made:
    """What an export holds."""

    files: int
    records: int
    seals: int = 0
    unnamed: Sequence[Path] = ()
    """Policies that no record names; they were left out."""


async def export(evidence: Evidence, keys: Callable[[], Awaitable[KeySet]], order: Order) -> Made:
    """The folder is filled. Raises FolderTakenError, StoreUnavailableError, SecretUnavailableError."""
    files = Files(order.folder)
    if order.format is Format.BUNDLE:
        return await _bundle(evidence, await keys(), order, files)
    if order.format is Format.OSCAL:
        return await _oscal(evidence, order, files)
    count = 0
    with files.new(f"records.{order.format}") as sink:
        if order.format is Format.CSV:
            sink.write(csv_head())
        async for row in records_of(evidence, order.period):
            record, digest = told(row), str(row.get("hash", ""))
            if order.format is Format.CSV:
                sink.write(csv_line(record, digest))
            else:
                sink.line({**record.fields, "session": record.session, "row": record.row, "hash": digest})
            count += 1
    return Made(files.manifest(_facts(order) | {"records": count}), count)


async def _oscal(evidence: Evidence, order: Order, files: Files) -> Made:
    count = Count()
    async for row in records_of(evidence, order.period):
        count.take(told(row))
    seals = await seals_of(evidence, order.period)
    notes = [oscal.SealNote(seal_name(number), digest_of(text)) for number, text in seals]
    period = oscal.Period(order.period.begins, order.period.ends, _time(order.made), notes)
    files.add("assessment-results.json", json.dumps(oscal.assessment_results(count, period), indent=2) + "\n")
    _write_seals(files, seals)
    return Made(files.manifest(_facts(order) | {"records": count.records}), count.records, len(seals))


async def _bundle(evidence: Evidence, keys: KeySet, order: Order, files: Files) -> Made:
    seals = await seals_of(evidence, order.period)
    count, index, policies = 0, _Index(), set[str]()
    with files.new("records.jsonl") as sink:
        async for row in sealed_rows(evidence, order.period, seals):
            sink.line({name: row[name] for name in ("PartitionKey", "RowKey", "body", "hash") if name in row})
            record = told(row)
            index.take(record)
            policies.add(record["policy"])
            count += 1
    with files.new("index.jsonl") as sink:
        for partition, name in sorted(index.rows):
            sink.line({"PartitionKey": partition, "RowKey": name})
    files.folder("seals")
    _write_seals(files, seals)
    files.add("keys.json", json.dumps({"keys": list(keys)}, indent=2) + "\n")
    named, unnamed = _policies(files, order.policies, policies - {""})
    files.add("README.txt", README.format(first=order.period.first, last=order.period.last))
    facts = {"records": count, "seals": [number for number, _ in seals], "policies": named}
    return Made(files.manifest(_facts(order) | facts), count, len(seals), unnamed)


class _Index:
    """The index rows of the records that are exported, so that a person's sessions are found there too."""

    def __init__(self) -> None:
        self.rows: set[tuple[str, str]] = set()

    def take(self, record: Told) -> None:
        today = record["time"][:10].replace("-", "")
        before = rows_before(record.fields, session=record.session, writer=record.writer, today=today)
        self.rows |= {(partition, row) for partition, row, _ in before}


def _policies(files: Files, given: Sequence[Path], wanted: set[str]) -> tuple[dict[str, str], list[Path]]:
    """Every policy that a record names, with the file of its copy or nothing; and copies that no record names."""
    named, unnamed = dict.fromkeys(sorted(wanted), ""), []
    for path in given:
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if digest not in wanted:
            unnamed.append(path)
        elif not named[digest]:
            named[digest] = f"policies/{digest}.yaml"
            files.add(named[digest], content)
    return named, unnamed


def _write_seals(files: Files, seals: Sequence[tuple[int, str]]) -> None:
    for number, text in seals:
        files.add(f"seals/{seal_name(number)}", text)


def _facts(order: Order) -> dict[str, object]:
    period = {"first": order.period.first, "last": order.period.last}
    return {"v": 1, "made": _time(order.made), "format": order.format.value, "period": period}


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


README = """\
Evidence of Countersign, {first} to {last} (UTC)

  records.jsonl   every record of the period, one a line; `body` is what was hashed, `hash` its SHA-256
  index.jsonl     which chain grew on which day, and which sessions a person is in
  seals/          signed statements over all records: Merkle root, heads of all chains, link to the seal before
  keys.json       public keys of the seals (JWKS)
  policies/       the policies that records name by SHA-256, as far as copies were given
  manifest.json   the SHA-256 of every file, and what of all this is here

Seals are whole, so some records are of shortly before or after the period. Arguments and results of calls are
not part of the records.

To verify it, offline, with Python 3.13, a copy of the package `gateway` in the folder that you are in, and the
packages `cryptography` and `rfc8785`:

  python -m gateway evidence verify --export FOLDER

It recomputes every hash, chain, Merkle root and signature, compares each file with the manifest, and names the
first record that is missing, changed, added or moved. It ends with exit code 0 if there is nothing of the kind.

keys.json came with the bundle. For proof against whoever made it, compare it with the public keys that the
owner of the vault gave you, or give those:

  python -m gateway evidence verify --export FOLDER --keys keys-from-the-vault.json
"""
