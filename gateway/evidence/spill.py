"""Records of what has happened already, kept until the store takes them.

Takes the outcome of a call that was made and could not be recorded, and tries again, in the background and
ever more slowly, until it is durable; a listener hears how it stands. It changes nothing for the client, whose
answer is withheld. It lies in memory: an instance has no disk that outlives it. When the process ends before the
store is back, the intent stays without an outcome, and says that what became of the call is not known.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from gateway.evidence.commit import Entry
from gateway.storage.contract import StoreUnavailableError

MAX_RECORDS = 1_000
MAX_CHARACTERS = 4_000_000
"""Of all records together; what comes when either bound is reached is lost, and counted."""
AT_ONCE = 100
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
"""Seconds between two attempts; each pause is twice the last, until one succeeds."""

_log = logging.getLogger("countersign")


class Spill:
    """What waits to be written late. For use in one event loop."""

    def __init__(
        self,
        put: Callable[[Entry], Awaitable[None]],
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        limit: int = MAX_RECORDS,
    ) -> None:
        self._put = put
        self._pause = pause
        self._limit = limit
        self._waiting: dict[Entry, int] = {}
        self._task: asyncio.Task[None] | None = None
        self.listener: Callable[[int, int], None] = _nobody
        """Hears how many records wait, and how many were lost, whenever it grows, is tried in vain, or is empty."""
        self.lost = 0
        """Records for which there was no room."""

    def __len__(self) -> int:
        return len(self._waiting)

    def keep(self, entry: Entry) -> bool:
        """The record is tried again until it is durable, with `spilled: 1` and its own time; False: it is lost."""
        size = sum(len(str(value)) for value in entry.fields.values())
        if len(self._waiting) >= self._limit or sum(self._waiting.values()) + size > MAX_CHARACTERS:
            self.lost += 1
            _log.error("countersign.spill lost=%d waiting=%d", self.lost, len(self._waiting))
            self.listener(len(self._waiting), self.lost)
            return False
        entry.fields = {**entry.fields, "spilled": 1}
        self._waiting[entry] = size
        _log.error("countersign.spill waiting=%d", len(self._waiting))
        self.listener(len(self._waiting), self.lost)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._retry())
        return True

    async def _retry(self) -> None:
        pause = FIRST_PAUSE
        while self._waiting:
            await self._pause(pause)
            oldest = list(self._waiting)[:AT_ONCE]
            written = await asyncio.gather(*map(self._try, oldest))
            pause = FIRST_PAUSE if any(written) else min(pause * 2, LONGEST_PAUSE)
            self.listener(len(self._waiting), self.lost)
        _log.warning("countersign.spill_empty")

    async def _try(self, entry: Entry) -> bool:
        try:
            await self._put(entry)
        except StoreUnavailableError:
            self._waiting[entry] = self._waiting.pop(
                entry
            )  # behind the others, so that one that cannot be written holds up none
            return False
        del self._waiting[entry]
        return True


def _nobody(_waiting: int, _lost: int) -> None:
    return
