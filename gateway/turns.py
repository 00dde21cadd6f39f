"""A few places that many want: they are given out by turns, to one caller after the other, whoever came first.

Takes who asks, and gives a place once it is their turn; whoever has one gives it back. So a caller who asks for a
hundred waits for most of them, and the next caller for one of those at most.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Hashable


class Turns:
    """The places of one event loop."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()

    async def take(self, whose: Hashable) -> None:
        """A place is this caller's, who has to give it back."""
        if self._free and not self._waiting:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(whose, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                # The place had been given in the same moment.
                self.give_back()
            raise

    def give_back(self) -> None:
        """The place goes to the caller whose turn it is; to nobody where nobody waits."""
        while self._waiting:
            whose, theirs = self._waiting.popitem(last=False)
            turn = theirs.popleft()
            if theirs:
                self._waiting[whose] = theirs
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
