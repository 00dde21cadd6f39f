"""The evidence of a period, taken out: as JSON Lines, as CSV, as OSCAL, or as a bundle that verifies offline.

Takes what is to be read and an empty folder, and leaves files and a manifest with the SHA-256 of each. It reads
and copies; whether what it copied is whole, `evidence verify --export` says. That somebody takes evidence out
must be on record before this begins.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from gateway.evidence import oscal
from gateway.evidence.bodies import Named, named_in, named_policy, policy_name
from gateway.evidence.controls import Count
from gateway.evidence.export_files import Files, csv_head, csv_line
from gateway.evidence.folder import PAYLOADS, place_of
from gateway.evidence.index import rows_before
from gateway.evidence.jws import digest_of
from gateway.evidence.period import Period, records_of, sealed_rows, seals_of
from gateway.evidence.reading import Evidence, seal_name
from gateway.evidence.told import Told, told

_AT_ONCE = 16
"""Blobs that are read at the same time."""

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
    """Copies of policies that the evidence itself does not hold; each must be one that a record names."""


@dataclass(frozen=True, slots=True)
class Made:
    """What an export holds."""

    files: int
    records: int
    seals: int = 0
    payloads: int = 0
    absent: int = 0
    """Payloads that records name and that are not there: the verification of the bundle tells of each."""
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
    bodies = "none" if order.format is Format.CSV else "small ones, in the field content; of others the digest"
    return Made(files.manifest(_facts(order) | {"records": count, "bodies": bodies}), count)


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
    count, index, policies, bodies = 0, _Index(), set[str](), dict[str, Named]()
    with files.new("records.jsonl") as sink:
        async for row in sealed_rows(evidence, order.period, seals):
            sink.line({name: row[name] for name in ("PartitionKey", "RowKey", "body", "hash") if name in row})
            record = told(row)
            index.take(record)
            policies.add(record["policy"])
            if named := named_in(record.fields):
                bodies.setdefault(place_of(named.name), named)
            count += 1
    with files.new("index.jsonl") as sink:
        for partition, name in sorted(index.rows):
            sink.line({"PartitionKey": partition, "RowKey": name})
    files.folder("seals")
    _write_seals(files, seals)
    files.add("keys.json", json.dumps({"keys": list(keys)}, indent=2) + "\n")
    files.folder(PAYLOADS)
    bodies |= {place_of(named.name): named for named in map(named_policy, policies) if named}
    written = await _bodies(evidence, files, bodies)
    texts, unnamed = _policies(files, order.policies, policies - {""}, written)
    files.add("README.txt", README.format(first=order.period.first, last=order.period.last))
    own = [place for place in bodies if place.startswith(PAYLOADS)]
    kept = len(written.intersection(own))
    facts = {"records": count, "seals": [number for number, _ in seals], "payloads": kept, "policies": texts}
    return Made(files.manifest(_facts(order) | facts), count, len(seals), kept, len(own) - kept, unnamed)


async def _bodies(evidence: Evidence, files: Files, wanted: Mapping[str, Named]) -> set[str]:
    """The blobs that records name lie in the export, as they are: whether as written, verification says."""
    found = set[str]()
    places = sorted(wanted) if evidence.has_payloads else []
    for start in range(0, len(places), _AT_ONCE):
        batch = places[start : start + _AT_ONCE]
        contents = await asyncio.gather(*(evidence.payload(wanted[place].name) for place in batch))
        for place, content in zip(batch, contents, strict=True):
            if content is not None:
                files.add(place, content)
                found.add(place)
    return found


class _Index:
    """The index rows of the records that are exported, so that a person's sessions are found there too."""

    def __init__(self) -> None:
        self.rows: set[tuple[str, str]] = set()

    def take(self, record: Told) -> None:
        today = record["time"][:10].replace("-", "")
        before = rows_before(record.fields, session=record.session, writer=record.writer, today=today)
        self.rows |= {(partition, row) for partition, row, _ in before}


def _policies(
    files: Files, given: Sequence[Path], wanted: set[str], written: set[str]
) -> tuple[dict[str, str], list[Path]]:
    """Every policy that a record names, with its file or nothing; and given copies that no record names."""
    places = {digest: policy_name(digest) for digest in sorted(wanted)}
    named, unnamed = {digest: place if place in written else "" for digest, place in places.items()}, []
    for path in given:
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if digest not in wanted:
            unnamed.append(path)
        elif not named[digest]:
            named[digest] = places[digest]
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
  payloads/       requests and answers that do not fit a record, each named by the SHA-256 that its record has in
                  `payload`; shorter ones stand in their record, in `content`
  policies/       the policies that records name by SHA-256, as far as they were kept, or copies given
  manifest.json   the SHA-256 of every file, and what of all this is here

Seals are whole, so some records are of shortly before or after the period.

Requests and answers are here as masked for everybody: whatever a mask of the policy or a detector found is hidden,
also where the caller saw it. `kept` of a record says how much of a body is here (whole, cut, left_out), `kept_why`
why no more, `original_size` and `original` its bytes and the keyed digest of what it was. No body is kept of calls
that were refused, of lists, and of the notifications and progress events of a stream. To read a session:

  python -m gateway evidence replay SESSION --export FOLDER --bodies all

To verify it, offline, with Python 3.13, a copy of the package `gateway` in the folder that you are in, and the
packages `cryptography` and `rfc8785`:

  python -m gateway evidence verify --export FOLDER

It recomputes every hash, chain, Merkle root and signature, compares each payload and policy with the SHA-256 in its
record and each file with the manifest, and names the first record or payload that is missing, changed, added or
moved. It ends with exit code 0 if there is nothing of the kind.

keys.json came with the bundle. For proof against whoever made it, compare it with the public keys that the
owner of the vault gave you, or give those:

  python -m gateway evidence verify --export FOLDER --keys keys-from-the-vault.json
"""
