"""The files of an export: written once, each with its SHA-256, which the manifest lists.

Takes names and lines and writes them into a new folder; a folder that holds anything is refused, so that no
export is mixed with another. A spreadsheet that opens the CSV must find text and no formula in it.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gateway.evidence.form import FILTERS
from gateway.evidence.told import Told

MANIFEST = "manifest.json"
COLUMNS = ("session", "row", *FILTERS, "masks", "hidden", "detail", "operator", "hash")
"""Of the CSV, in this order; what else a record says is in the JSON Lines."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|")


class FolderTakenError(Exception):
    """The folder is there and not empty, or cannot be made."""


class Sink:
    """One file that is being written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, content: str | bytes) -> None:
        data = content.encode() if isinstance(content, str) else content
        self._file.write(data)
        self._hash.update(data)
        self.size += len(data)

    def line(self, value: Mapping[str, object]) -> None:
        """One line of JSON Lines."""
        self.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


class Files:
    """A folder that is filled file by file."""

    def __init__(self, folder: Path) -> None:
        """Raises FolderTakenError."""
        self._folder = folder
        self._done: dict[str, dict[str, object]] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            is_taken = any(folder.iterdir())
        except OSError as error:
            raise FolderTakenError(f"{folder} cannot be made ({type(error).__name__})") from None
        if is_taken:
            raise FolderTakenError(f"{folder} is not empty; name a new folder")

    @contextmanager
    def new(self, name: str) -> Iterator[Sink]:
        """A file, which is in the manifest once it is closed. `name` may have one folder in it."""
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        with path.open("xb") as file:
            sink = Sink(file)
            yield sink
        self._done[name] = {"sha256": sink.digest, "bytes": sink.size}

    def add(self, name: str, content: str | bytes) -> None:
        with self.new(name) as sink:
            sink.write(content)

    def folder(self, name: str) -> None:
        """The folder is there, even if nothing comes to lie in it."""
        (self._folder / name).mkdir()

    def manifest(self, facts: Mapping[str, object]) -> int:
        """The manifest is written, last; how many files it lists."""
        whole = {**facts, "files": dict(sorted(self._done.items()))}
        (self._folder / MANIFEST).write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n")
        return len(self._done)


def csv_line(record: Told, digest: str) -> str:
    """One record as a line of CSV (RFC 4180)."""
    cells = {"session": record.session, "row": record.row, "hash": digest}
    return _csv([cells.get(name) or record[name] for name in COLUMNS])


def csv_head() -> str:
    return _csv(COLUMNS)


def _csv(cells: "list[str] | tuple[str, ...]") -> str:
    line = io.StringIO()
    csv.writer(line).writerow([guarded(cell) for cell in cells])
    return line.getvalue()


def guarded(cell: str) -> str:
    """The text, which no spreadsheet takes for a formula; an apostrophe before it says that it is text."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell
