"""A few places that many want: each caller gets an equal share of them, by the size of what is worked on there.

Takes who asks and for how much, and gives a place once it is their turn; whoever has one gives it back. The order is
that of weighted fair queueing (Demers, Keshav and Shenker 1989): next is whoever would be done first if all callers
were worked for at once. So whoever asks for little waits for little of each other caller, however much those ask for
and however often. A caller has one place at most, and heavy work all places but one.
"""

import asyncio
import math
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from operator import attrgetter


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """A place that somebody waits for, or has."""

    whose: Hashable
    size: int
    due: float
    """When it would be done if all callers were worked for at once; an order, and no time."""
    given: asyncio.Future[None]


class Turns:
    """The places of one event loop."""

    def __init__(self, places: int, heavy: float = math.inf) -> None:
        self._places = places
        self._heavy = heavy
        self._now = 0.0
        """How much has been done for each caller who has waited all the time."""
        self._waiting: dict[Hashable, deque[Turn]] = {}
        self._given: dict[Hashable, Turn] = {}

    async def take(self, whose: Hashable, size: int = 1) -> Turn:
        """A place is this caller's, who has to give it back."""
        turn = Turn(whose, size, self._after(whose) + size, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(whose, deque()).append(turn)
        self._give()
        try:
            await turn.given
        except asyncio.CancelledError:
            if self._given.get(whose) is turn:
                # The place had been given in the same moment.
                self.give_back(turn)
            else:
                self._forget(turn)
            raise
        return turn

    def give_back(self, turn: Turn) -> None:
        """The place goes to whose turn it is; to nobody where nobody may have it."""
        self._now += turn.size / len(self._given.keys() | self._waiting.keys())
        del self._given[turn.whose]
        self._give()

    def _after(self, whose: Hashable) -> float:
        """What a caller's next turn comes after: the last one that it waits for or has.

        Of one who waits for none nothing is remembered, so that whoever asks for one after the other is never late.
        """
        last = self._waiting[whose][-1] if whose in self._waiting else self._given.get(whose)
        return max(self._now, last.due) if last else self._now

    def _give(self) -> None:
        while len(self._given) < self._places and (turn := self._next()):
            self._forget(turn)
            if not turn.given.done():
                self._given[turn.whose] = turn
                turn.given.set_result(None)

    def _next(self) -> Turn | None:
        is_heavy_at_work = any(turn.size > self._heavy for turn in self._given.values())
        first = [turns[0] for whose, turns in self._waiting.items() if whose not in self._given]
        may = [turn for turn in first if turn.size <= self._heavy or not is_heavy_at_work]
        return min(may, key=attrgetter("due"), default=None)

    def _forget(self, turn: Turn) -> None:
        theirs = self._waiting.get(turn.whose)
        if theirs and turn in theirs:
            theirs.remove(turn)
            if not theirs:
                del self._waiting[turn.whose]
