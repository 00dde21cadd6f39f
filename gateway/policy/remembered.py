"""What a policy says of a call whoever makes it, remembered so that it is worked out once for each tool.

Takes keys that begin with a server and end with a target's name, and what follows from them; gives it back for as long
as there is room. A caller may name targets without end, so that both the names and what follows are bounded, and what
is lost is worked out again. It belongs to one policy, and another policy never sees it.
"""

from collections.abc import Hashable

MAX_ITEMS = 50_000
"""Of all that follows, together; each takes about 100 bytes."""
MAX_NAME = 256
"""Characters of a method and a target that are remembered; calls with longer ones work it out anew."""

type Key = tuple[Hashable, ...]


class Remembered[Item]:
    """The answers of one policy. May be used from any thread."""

    def __init__(self) -> None:
        self._known: dict[Key, tuple[Item, ...]] = {}
        self._room = MAX_ITEMS

    def find(self, key: Key) -> tuple[Item, ...] | None:
        """What was kept for exactly this key."""
        return self._known.get(key)

    def keep(self, key: Key, name: str, items: tuple[Item, ...]) -> None:
        """It is known from now on, unless it is too long; everything else is forgotten where there is no room."""
        size = len(items) + 1
        if len(name) > MAX_NAME or size > MAX_ITEMS:
            return
        if size > self._room:
            self._known, self._room = {}, MAX_ITEMS
        self._room -= size
        self._known[key] = items
