"""An approval store in memory that keeps the contract, and breaks it in named ways."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum, auto

from gateway.storage.approval_keys import MAX_WAITING, checked_columns, checked_content, checked_id, checked_name
from gateway.storage.contract import Columns, Pointer, RowExistsError, StoreUnavailableError


class Fault(Enum):
    INSERT_FAILS_AND_IS_NOT_WRITTEN = auto()
    INSERT_FAILS_BUT_IS_WRITTEN = auto()
    ANOTHER_WRITER_IS_FIRST = auto()
    """With the very same columns, as another process of the gateway would write it, or with those given."""


class MemoryApprovals:
    """Rows, contents and pointers by name. `faults` are used up by inserts of rows, one by one; `down` and
    `failing` hold until they are lifted."""

    def __init__(self, *faults: Fault | None) -> None:
        self.approvals: dict[str, dict[str, Columns]] = {}
        self.contents: dict[tuple[str, str], bytes] = {}
        self.torn: set[tuple[str, str]] = set()
        """Contents of which not all is there, as a crash leaves them."""
        self.pointers: dict[str, Pointer] = {}
        self.listed: set[str] = set()
        self.faults = list(faults)
        self._failing: list[tuple[str, Fault, Columns | None]] = []
        self._down = False
        self._versions = 0

    @contextmanager
    def down(self) -> Iterator[None]:
        before, self._down = self._down, True
        try:
            yield
        finally:
            self._down = before

    @contextmanager
    def failing(
        self, name: str, fault: Fault = Fault.INSERT_FAILS_AND_IS_NOT_WRITTEN, first: Columns | None = None
    ) -> Iterator[None]:
        """Every write of a row, a content or a key whose name starts so meets the fault.

        `first`: what the other writer's row holds; of a key, `{"approval": ...}`.
        """
        entry = (name, fault, first)
        self._failing.append(entry)
        try:
            yield
        finally:
            self._failing.remove(entry)

    async def insert(self, approval: str, row: str, columns: Columns) -> None:
        checked_id(approval), checked_name(row), checked_columns(columns)
        await self._turn()
        fault, first = self._fault(row)
        stored = self.approvals.get(approval, {})
        if fault is Fault.INSERT_FAILS_AND_IS_NOT_WRITTEN:
            raise StoreUnavailableError("down")
        if row not in stored and fault is Fault.ANOTHER_WRITER_IS_FIRST:
            stored = self._write(approval, row, columns if first is None else first)
        if row in stored:
            raise RowExistsError(dict(stored[row]))
        self._write(approval, row, columns)
        if fault is Fault.INSERT_FAILS_BUT_IS_WRITTEN:
            raise StoreUnavailableError("answer lost")

    async def rows(self, approval: str) -> Mapping[str, Columns]:
        checked_id(approval)
        await self._turn()
        return {name: dict(columns) for name, columns in self.approvals.get(approval, {}).items()}

    async def keep(self, approval: str, name: str, content: bytes) -> None:
        key = (checked_id(approval), checked_name(name))
        checked_content(content)
        await self._turn()
        fault, _ = self._held(name)
        if fault is Fault.INSERT_FAILS_AND_IS_NOT_WRITTEN:
            raise StoreUnavailableError("down")
        if fault is Fault.ANOTHER_WRITER_IS_FIRST:
            self.contents.setdefault(key, content)
        if key in self.contents and key not in self.torn:
            raise RowExistsError({})
        self.contents[key] = content
        self.torn.discard(key)
        if fault is Fault.INSERT_FAILS_BUT_IS_WRITTEN:
            raise StoreUnavailableError("answer lost")

    async def kept(self, approval: str, name: str) -> bytes | None:
        key = (checked_id(approval), checked_name(name))
        await self._turn()
        return None if key in self.torn else self.contents.get(key)

    async def forget(self, approval: str, name: str) -> None:
        key = (checked_id(approval), checked_name(name))
        await self._turn()
        self.contents.pop(key, None)
        self.torn.discard(key)

    async def find(self, key: str) -> Pointer | None:
        checked_name(key)
        await self._turn()
        return self.pointers.get(key)

    async def point(self, key: str, approval: str, instead_of: Pointer | None) -> bool:
        checked_name(key), checked_id(approval)
        await self._turn()
        fault, first = self._held(key)
        if fault is Fault.INSERT_FAILS_AND_IS_NOT_WRITTEN:
            raise StoreUnavailableError("down")
        if fault is Fault.ANOTHER_WRITER_IS_FIRST:
            self._point(key, str((first or {}).get("approval", approval)))
            return False
        stored = self.pointers.get(key)
        if (stored.version if stored else "") != (instead_of.version if instead_of else ""):
            return False
        self._point(key, approval)
        if fault is Fault.INSERT_FAILS_BUT_IS_WRITTEN:
            raise StoreUnavailableError("answer lost")
        return True

    async def enlist(self, approval: str) -> None:
        checked_id(approval)
        await self._turn()
        self.listed.add(approval)

    async def delist(self, approval: str) -> None:
        checked_id(approval)
        await self._turn()
        self.listed.discard(approval)

    async def waiting(self) -> Sequence[str]:
        await self._turn()
        return sorted(self.listed)[:MAX_WAITING]

    async def known(self) -> Sequence[str]:
        await self._turn()
        return sorted(approval for approval, rows in self.approvals.items() if "request" in rows)

    async def close(self) -> None:
        await asyncio.sleep(0)

    def _write(self, approval: str, row: str, columns: Columns) -> dict[str, Columns]:
        stored = self.approvals.setdefault(approval, {})
        stored[row] = dict(columns)
        return stored

    def _point(self, key: str, approval: str) -> None:
        self._versions += 1
        self.pointers[key] = Pointer(approval, f"v{self._versions}")

    def _fault(self, row: str) -> tuple[Fault | None, Columns | None]:
        held = self._held(row)
        return held if held[0] or not self.faults else (self.faults.pop(0), None)

    def _held(self, name: str) -> tuple[Fault | None, Columns | None]:
        found = ((fault, first) for start, fault, first in self._failing if name.startswith(start))
        return next(found, (None, None))

    async def _turn(self) -> None:
        await asyncio.sleep(0)  # a real store gives others a turn here
        if self._down:
            raise StoreUnavailableError("down")
