"""Evidence in an export: a folder with records, index, seals and public keys.

Takes the folder and gives what `reading.Evidence` promises, with the standard library alone. Lines may stand in any
order. A folder without records or seals is no export; a line that is no row is given as a row without a name, for
verification to tell of.
"""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from hashlib import file_digest
from operator import itemgetter
from pathlib import Path
from typing import Any

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
        for row in self._records():
            key = str(row["RowKey"])
            if row["PartitionKey"] == session and key >= first and (not last or key <= last):
                yield row

    async def records(self, first_day: str = "", last_day: str = "") -> AsyncIterator[Columns]:
        for row in self._records():
            session = str(row["PartitionKey"])
            if not is_index(session) and _is_within(session, first_day, last_day):
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

    def _records(self) -> Iterator[Columns]:
        path = self._path / RECORDS
        return _rows(path) if _is_in_order(path) else _sorted_rows(path)

    def _index(self) -> list[Columns]:
        path = self._path / INDEX
        return list(_rows(path)) if path.exists() else []


def place_of(name: str) -> str:
    """Where in an export a payload lies that has this name in its container."""
    return name if name.startswith(POLICIES) else f"{PAYLOADS}/{name.rpartition('/')[2]}"


def read_json(path: Path) -> Any:
    """What the file holds. Raises StoreUnavailableError."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise StoreUnavailableError(f"{path} cannot be read ({type(error).__name__})") from None


def _rows(path: Path) -> Iterator[Columns]:
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                yield _row(line, number)
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


def _is_in_order(path: Path) -> bool:
    previous = ("", "")
    for row in _rows(path):
        key = _key(row)
        if key < previous:
            return False
        previous = key
    return True


def _sorted_rows(path: Path) -> Iterator[Columns]:
    """In the order of keys, of which alone all are held at a time."""
    places: list[tuple[tuple[str, str], int, int]] = []
    offset = 0
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            places.append((_key(_row(line, number)), offset, number))
            offset += len(line)
    with path.open("rb") as lines:
        for _, start, number in sorted(places, key=itemgetter(0)):
            lines.seek(start)
            yield _row(lines.readline(), number)


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
