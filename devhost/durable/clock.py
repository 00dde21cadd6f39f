"""The time by which timers fire: the machine's, which a test may advance.

Takes moments and what to do at each; calls it once, in order of the moments. There is one timer of
the event loop however many wait, and none while nothing waits. An advance holds until the process
ends: the next one starts by the machine's time again.
"""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

LEG = 86400.0  # seconds: the loop's own timers reach no further than a day, nor should a changed wall clock


class Clock:
    def __init__(self) -> None:
        self._ahead = timedelta()
        self._waiting: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._next: asyncio.TimerHandle | None = None

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def at(self, moment: datetime, action: Callable[[], None]) -> None:
        """The action is called at that moment, or soon when it has passed."""
        heapq.heappush(self._waiting, (moment, next(self._order), action))
        self._set()

    def advance(self, by: timedelta) -> None:
        """It is that much later, and what was due until now has been called."""
        self._ahead += by
        self._fire()

    @property
    def waiting(self) -> int:
        """How many actions wait."""
        return len(self._waiting)

    def close(self) -> None:
        """Nothing will be called any more."""
        self._waiting.clear()
        self._set()

    def _fire(self) -> None:
        now = self.now()
        while self._waiting and self._waiting[0][0] <= now:
            heapq.heappop(self._waiting)[2]()
        self._set()

    def _set(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if self._waiting:
            left = (self._waiting[0][0] - self.now()).total_seconds()
            self._next = asyncio.get_running_loop().call_later(min(max(left, 0), LEG), self._fire)
