"""One row of the table, read: what its record says. Pure.

Takes the columns of a row and gives the fields of its record, out of the body that was hashed; a body that
cannot be read leaves the other columns, and is told. It proves nothing: that is for `verify`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.evidence.form import FILTERS

INDEX = "~"
"""What the partitions of index rows begin with; they hold no records."""


@dataclass(frozen=True, slots=True)
class Told:
    """A record as its row has it."""

    session: str
    row: str
    fields: Mapping[str, str | int]
    is_whole: bool = True
    """Whether the body could be read."""

    def __getitem__(self, name: str) -> str:
        """A field as text; empty where the record has none."""
        return str(self.fields.get(name, ""))

    @property
    def writer(self) -> str:
        return self.row.rpartition("-")[0]

    @property
    def sequence(self) -> int:
        last = self.row.rpartition("-")[2]
        return int(last) if last.isascii() and last.isdigit() else -1

    @property
    def at(self) -> datetime | None:
        return moment_of(self["time"])


def told(row: Mapping[str, Any]) -> Told:
    """What the row says. Never raises, whatever somebody has put there."""
    session, key = str(row.get("PartitionKey", "")), str(row.get("RowKey", ""))
    body = _body(row.get("body"))
    if body is not None:
        return Told(session, key, body)
    kept = {name: row[name] for name in FILTERS if isinstance(row.get(name), str | int)}
    return Told(session, key, kept, is_whole=False)


def records(rows: Iterable[Mapping[str, Any]]) -> Iterator[Told]:
    """Those of the rows that are records."""
    return (told(row) for row in rows if not str(row.get("PartitionKey", "")).startswith(INDEX))


def in_order(found: Iterable[Told]) -> list[Told]:
    """By time; those of one writer in the order of their numbers where their times are the same."""
    return sorted(found, key=lambda record: (record["time"], record.writer, record.sequence))


def moment_of(text: str) -> datetime | None:
    """The time that is written there, if it is one with a zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _body(body: object) -> dict[str, str | int] | None:
    try:
        found = json.loads(body) if isinstance(body, str) else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    return {name: value for name, value in found.items() if isinstance(value, str | int)}
