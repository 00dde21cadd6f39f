"""Evidence in an export: a folder with records, index, seals and public keys.

Takes the folder and gives what `reading.Evidence` promises, with the standard library alone. Lines may stand in any
order. A folder without records or seals is no export; a line that is no row is given as a row without a name, for
verification to tell of.
"""

import json
from array import array
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import file_digest
from itertools import batched
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO

from gateway.evidence.bodies import POLICIES
from gateway.evidence.index import DAY, chain_of, is_index, person_partition
from gateway.evidence.reading import Chain, seal_name, seal_number
from gateway.evidence.verdict import Finding, Kind
from gateway.storage.contract import Columns, StoreUnavailableError

RECORDS, INDEX, SEALS, KEYS, MANIFEST = "records.jsonl", "index.jsonl", "seals", "keys.json", "manifest.json"
PAYLOADS = "payloads"
"""Folder of the bodies, without the folders of days that blobs have: `payloads/<sha-256>.json`."""


class Folder:
    """An export that is read as `reading.Evidence`."""

    has_columns = False
    has_payloads = True

    def __init__(self, path: Path) -> None:
        """Raises StoreUnavailableError if the folder is no export."""
        self._path = path
        missing = [name for name in (RECORDS, SEALS) if not (path / name).exists()]
        if missing:
            raise StoreUnavailableError(f"{path} has no {' and no '.join(missing)}")

    async def chains(self, first_day: str = "", last_day: str = "") -> Sequence[Chain]:
        days = [row for row in self._index() if str(row["PartitionKey"]).startswith(DAY)]
        return sorted(
            {
                chain_of(str(row["RowKey"]))
                for row in days
                if _is_within(str(row["PartitionKey"]).removeprefix(DAY), first_day, last_day)
            }
        )

    async def rows(self, session: str, first: str = "", last: str = "") -> AsyncIterator[Columns]:
        for row in self._rows([session]):
            key = str(row["RowKey"])
            if key >= first and (not last or key <= last):
                yield row

    async def records(self, first_day: str = "", last_day: str = "") -> AsyncIterator[Columns]:
        every = sorted(self._sessions)
        for row in self._rows(name for name in every if not is_index(name) and _is_within(name, first_day, last_day)):
            yield row

    async def sessions_of(self, tenant: str, subject: str) -> Sequence[str]:
        partition = person_partition(tenant, subject)
        return sorted(str(row["RowKey"]) for row in self._index() if row["PartitionKey"] == partition)

    async def last_seal(self) -> int:
        return max(self._numbers(), default=0)

    async def seals(self, first: int = 1) -> AsyncIterator[tuple[int, str]]:
        for number in self._numbers():
            if number >= first:
                yield number, _text(self._path / SEALS / seal_name(number))

    async def payload(self, name: str) -> bytes | None:
        path = self._path / place_of(name)
        if not path.is_file():
            return None
        try:
            return path.read_bytes()
        except OSError as error:
            raise StoreUnavailableError(f"{path} cannot be read ({type(error).__name__})") from None

    async def payload_names(self) -> Sequence[str]:
        """As they lie here: days are not known."""
        return sorted(f"{PAYLOADS}/{file.name}" for file in (self._path / PAYLOADS).glob("*"))

    def keys(self) -> Any:
        """The key set of the export itself. Raises StoreUnavailableError."""
        return read_json(self._path / KEYS)

    def altered(self) -> Iterator[Finding]:
        """Files that are not as the manifest says; none if there is no manifest. Raises StoreUnavailableError."""
        if not (self._path / MANIFEST).exists():
            return
        manifest = read_json(self._path / MANIFEST)
        files = manifest.get("files") if isinstance(manifest, dict) else None
        for name, digest in sorted(files.items()) if isinstance(files, dict) else ():
            found = _digest(self._path / name)
            if found is None:
                yield Finding(Kind.FILE, name, "is not there")
            elif found != (digest.get("sha256") if isinstance(digest, dict) else digest):
                yield Finding(Kind.FILE, name, "is not the one that the manifest names")

    def _numbers(self) -> list[int]:
        names = (file.name for file in (self._path / SEALS).iterdir())
        return sorted(number for name in names if (number := seal_number(name)) is not None)

    @cached_property
    def _sessions(self) -> "dict[str, _Lines]":
        """Where the lines of each session are: kept, as whoever looks into every session asks for each by itself."""
        found: dict[str, _Lines] = {}
        start, before = 0, None
        with _opened(self._path / RECORDS) as file:
            for number, line in enumerate(file, 1):
                session, key = _key(_row(line, number))
                lines = found.get(session) or found.setdefault(session, _Lines())
                lines.add(key, start, number, continues=session == before)
                start, before = start + len(line), session
        return found

    def _rows(self, sessions: Iterable[str]) -> Iterator[Columns]:
        """The rows of these sessions, each in the order of their keys."""
        with _opened(self._path / RECORDS) as file:
            for session in sessions:
                lines = self._sessions.get(session)
                yield from lines.rows(file) if lines else ()

    def _index(self) -> list[Columns]:
        path = self._path / INDEX
        if not path.exists():
            return []
        with _opened(path) as file:
            return [_row(line, number) for number, line in enumerate(file, 1)]


@dataclass(slots=True)
class _Lines:
    """Where the lines of one session are, of which nothing else is held."""

    stretches: "array[int]" = field(default_factory=lambda: array("q"))
    """Of lines one after the other: where the first begins, which number it has, how many they are."""
    last: str = ""
    in_order: bool = True

    def add(self, key: str, start: int, number: int, *, continues: bool) -> None:
        """The next line, by its row key. `continues` says that it follows the one before."""
        self.in_order = self.in_order and key >= self.last
        self.last = key
        if continues:
            self.stretches[-1] += 1
        else:
            self.stretches.extend((start, number, 1))

    def rows(self, file: BinaryIO) -> Iterator[Columns]:
        """In the order of their keys."""
        if self.in_order:
            yield from (row for row, _, _ in self._read(file))
            return
        places = sorted(((_key(row), start, number) for row, start, number in self._read(file)), key=itemgetter(0))
        for _, start, number in places:
            file.seek(start)
            yield _row(file.readline(), number)

    def _read(self, file: BinaryIO) -> Iterator[tuple[Columns, int, int]]:
        for start, first, count in batched(self.stretches, 3, strict=True):
            file.seek(start)
            place = start
            for number, line in zip(range(first, first + count), file, strict=False):
                yield _row(line, number), place, number
                place += len(line)


def place_of(name: str) -> str:
    """Where in an export a payload lies that has this name in its container."""
    return name if name.startswith(POLICIES) else f"{PAYLOADS}/{name.rpartition('/')[2]}"


def read_json(path: Path) -> Any:
    """What the file holds. Raises StoreUnavailableError."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise StoreUnavailableError(f"{path} cannot be read ({type(error).__name__})") from None


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file. Raises StoreUnavailableError, later too, if it cannot be read."""
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise StoreUnavailableError(f"{path} cannot be read ({type(error).__name__})") from None


def _row(line: bytes, number: int) -> Columns:
    try:
        row = json.loads(line)
        if isinstance(row["PartitionKey"], str) and isinstance(row["RowKey"], str):
            return row  # type: ignore[no-any-return]  # verification looks at the rest
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    return {"PartitionKey": "", "RowKey": f"line {number}"}


def _key(row: Columns) -> tuple[str, str]:
    return str(row["PartitionKey"]), str(row["RowKey"])


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError as error:
        raise StoreUnavailableError(f"{path} cannot be read ({type(error).__name__})") from None


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as content:
            return file_digest(content, "sha256").hexdigest()
    except OSError:
        return None


def _is_within(text: str, first_day: str, last_day: str) -> bool:
    return text >= first_day and (not last_day or text[: len(last_day)] <= last_day)
