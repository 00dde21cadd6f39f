"""A container in memory that keeps the contract of blobs, and breaks it in named ways."""

import asyncio
from collections.abc import Sequence
from enum import Enum, auto

from gateway.storage.contract import BlobExistsError, StoreUnavailableError


class BlobFault(Enum):
    FAILS_AND_IS_NOT_WRITTEN = auto()
    FAILS_BUT_IS_WRITTEN = auto()
    IS_WRITTEN_AND_SENT_AGAIN = auto()
    """The answer was lost, the client library repeated the request, and the store says that the blob exists."""
    ENDS_BEFORE = auto()
    """The process is ended before anything is sent."""
    ENDS_AFTER = auto()
    """The process is ended right after the blob is there."""


class ProcessEndedError(BaseException):
    """What no job survives."""


class MemoryBlobs:
    """Blobs by name. `faults` are used up one by one by `create`; while `is_down` nothing answers."""

    def __init__(self, *faults: BlobFault | None) -> None:
        self.blobs: dict[str, bytes] = {}
        self.faults = list(faults)
        self.is_down = False
        self.reads = 0

    async def create(self, name: str, content: bytes) -> None:
        await asyncio.sleep(0)  # a real store gives others a turn here
        fault = self.faults.pop(0) if self.faults else None
        if fault is BlobFault.ENDS_BEFORE:
            raise ProcessEndedError
        if self.is_down or fault is BlobFault.FAILS_AND_IS_NOT_WRITTEN:
            raise StoreUnavailableError("down")
        if name in self.blobs:
            raise BlobExistsError(name)
        self.blobs[name] = content
        if fault is BlobFault.ENDS_AFTER:
            raise ProcessEndedError
        if fault is BlobFault.FAILS_BUT_IS_WRITTEN:
            raise StoreUnavailableError("answer lost")
        if fault is BlobFault.IS_WRITTEN_AND_SENT_AGAIN:
            raise BlobExistsError(name)

    async def read(self, name: str) -> bytes | None:
        await asyncio.sleep(0)
        self._answer()
        self.reads += 1
        return self.blobs.get(name)

    async def names(self, prefix: str = "") -> Sequence[str]:
        await asyncio.sleep(0)
        self._answer()
        return sorted(name for name in self.blobs if name.startswith(prefix))

    async def close(self) -> None:
        return

    def _answer(self) -> None:
        if self.is_down:
            raise StoreUnavailableError("down")
