"""Visits: in which objects and lists something was found, and at which of their members, so that nobody need look at
the others.

The levels that were gathered go in, with that in which something was found; what is to be visited comes out. What was
never gathered is not in there, and is to be visited whole.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from gateway.masking.columns import HOLDERS, NUMBERS, Alike, Column, Level
from gateway.values import Json

type Steps = Sequence[Any]
"""Keys of an object or indices of a list, in its order."""

_CLEAN: Steps = ()
_SOON_ASKED = frozenset({str, bool, type(None)})
"""What a table of strings may be asked for: a number is not, since many may be chosen that collide."""


@dataclass(frozen=True, slots=True)
class Hits:
    """In which strings, numbers and keys something was found, or something else is to be done with them."""

    strings: Mapping[str, object]
    numbers: Mapping[str, object]
    keys: Set[str]


def visits(levels: Sequence[Level], hits: Hits) -> dict[int, Steps]:
    """By the identity of objects and lists the members in which, however deep, something was found; none if it is
    clean. What has no entry is visited whole, or lies in what is not visited.

    The identities hold for as long as the levels do. The levels are in the order in which they were gathered.
    """
    search = _Visits(hits)
    for level in reversed(levels):
        search.found |= search.of(level)
    return search.found


class _Visits:
    def __init__(self, hits: Hits) -> None:
        self.found: dict[int, Steps] = {}
        """Of the levels below."""
        self._hits = hits

    def of(self, level: Level) -> dict[int, Steps]:
        here: dict[int, Steps] = {}
        for alike in level.alike:
            self._in_columns(alike, here)
        self._in_lists(level, here)
        if self._is_hit_in(level.rest) or not all(map(self._hits.keys.isdisjoint, level.single)):
            for holder in level.single:
                here[id(holder)] = [key for key, item in holder.items() if key in self._hits.keys or self._is_hit(item)]
        # A column's own are visited by its rows' entries alone; these may be asked for one by one.
        self._name_clean(level.rest, here)
        self._name_clean(level.items, here)
        return here

    def _name_clean(self, column: Column, here: dict[int, Steps]) -> None:
        if not (column.kinds & HOLDERS and (self.found or here)):
            return
        here |= {id(item): _CLEAN for item in column.items if type(item) in HOLDERS and id(item) not in self.found}

    def _in_columns(self, alike: Alike, here: dict[int, Steps]) -> None:
        is_first = True
        for key, column in zip(alike.keys, alike.columns, strict=True):
            rows = range(len(alike.rows)) if key in self._hits.keys else self._hit(column)
            holders = [id(alike.rows[row]) for row in rows]
            if is_first:
                # Most have no other entry, so that all of a column share one.
                here |= dict.fromkeys(holders, (key,))
                is_first = not holders
                continue
            for holder in holders:
                steps = here.get(holder, ())
                if type(steps) is not list:
                    here[holder] = [*steps, key]
                elif steps[-1] is not key:
                    steps.append(key)

    def _in_lists(self, level: Level, here: dict[int, Steps]) -> None:
        which, begin, end = -1, 0, 0
        steps: list[int] = []
        for position in self._hit(level.items):
            if position >= end:
                while position >= end:
                    which += 1
                    begin, end = end, end + len(level.lists[which])
                here[id(level.lists[which])] = steps = []
            steps.append(position - begin)

    def _hit(self, column: Column) -> Sequence[int]:
        """Where in the column something was found, or lies in what is there."""
        if not self._is_hit_in(column):
            return ()
        if column.kinds <= _SOON_ASKED:
            strings = self._hits.strings
            return [row for row, item in enumerate(column.items) if item in strings]
        if column.kinds <= HOLDERS:
            found = self.found
            return [row for row, item in enumerate(column.items) if found.get(id(item))]
        return [row for row, item in enumerate(column.items) if self._is_hit(item)]

    def _is_hit_in(self, column: Column) -> bool:
        """False if it is soon seen that there is nothing."""
        if (column.kinds & HOLDERS and self.found) or (column.long and self._hits.numbers):
            return True
        return not self._hits.strings.keys().isdisjoint(column.strings.keys())

    def _is_hit(self, item: Json) -> bool:
        kind = type(item)
        if kind is str:
            return item in self._hits.strings
        if kind is dict or kind is list:
            return bool(self.found.get(id(item)))
        return kind in NUMBERS and bool(self._hits.numbers) and str(item) in self._hits.numbers
