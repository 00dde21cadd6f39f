"""Logs of instances on disk: one file for each, one line for each change, none ever rewritten.

Takes records and gives them back after a crash at any point: a line that was cut off is as if it had
never been, and a log begins whole or not at all. Lines outlive the process at once; `settle` makes
them outlive the machine. It knows nothing of what the records say; one process at a time has a folder.
"""

import asyncio
import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self
from urllib.parse import quote

import orjson

from devhost.durable.instance import Record

_SUFFIX = ".jsonl"


class Store:
    def __init__(self, folder: Path) -> None:
        """The folder exists and is this process's alone. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        # The lock goes with the process, however it ends.
        self._lock = (folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise OSError(f"another host uses {folder}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.close()

    def begin(self, instance: str, record: Record) -> None:
        """The log has this record alone; whatever it had before is gone in the same moment."""
        path = self._path(instance)
        draft = path.with_suffix(".draft")
        draft.write_bytes(_line(record))
        draft.replace(path)

    def append(self, instance: str, record: Record) -> None:
        """The log ends with this record."""
        with self._path(instance).open("ab") as log:
            log.write(_line(record))

    def remove(self, instance: str) -> None:
        """There is no such log."""
        self._path(instance).unlink(missing_ok=True)

    async def settle(self, instance: str) -> None:
        """What the log has now, or that it is gone, outlives the machine."""
        await asyncio.to_thread(self._settle, self._path(instance))

    def _settle(self, path: Path) -> None:
        for there in (path, self._folder):
            try:
                handle = os.open(there, os.O_RDONLY)
            except FileNotFoundError:
                continue
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def load(self) -> Iterator[Sequence[Record]]:
        """Each log. A line that a crash cut off is taken out of its file, or the next would be spoilt."""
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            whole, _, rest = path.read_bytes().rpartition(b"\n")
            if rest:
                os.truncate(path, len(whole) + bool(whole))
            yield [orjson.loads(line) for line in whole.splitlines()]

    def _path(self, instance: str) -> Path:
        # The name is for people; the digest keeps long and odd ids apart.
        digest = hashlib.sha256(instance.encode()).hexdigest()[:16]
        return self._folder / f"{quote(instance, safe='')[:80]}-{digest}{_SUFFIX}"


def _line(record: Record) -> bytes:
    return orjson.dumps(record) + b"\n"
