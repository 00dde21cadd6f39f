"""Clean: the objects and lists in which nothing was found, so that nobody need visit them.

The levels that were gathered go in, with that in which something was found; identities come out. What is not called
clean is visited: an object that was never gathered is never clean.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import chain
from typing import Any

from gateway.masking.columns import HOLDERS, NUMBERS, Alike, Column, Level
from gateway.values import Json


@dataclass(frozen=True, slots=True)
class Hits:
    """In which strings, numbers and keys something was found, or something else is to be done with them."""

    strings: Mapping[str, object]
    numbers: Mapping[str, object]
    keys: Set[str]


def clean(levels: Sequence[Level], hits: Hits) -> set[int]:
    """The identities of objects and lists in which, however deep, nothing was found.

    They hold for as long as the levels do. Some may be missing, such as those that lie in one of these. The levels are
    in the order in which they were gathered.
    """
    search = _Clean(hits)
    for level in reversed(levels):
        search.rise(level)
    return search.found


class _Clean:
    def __init__(self, hits: Hits) -> None:
        self.found: set[int] = set()
        self._hits = hits
        # To put each object into a table costs more than all else, and where nothing was found, none is asked for.
        self._is_all = True

    def rise(self, level: Level) -> None:
        """From all the holders in a level to those that hold them."""
        hit = [self._hit_rows(alike) for alike in level.alike]
        is_single_hit = not (
            self._hits.keys.isdisjoint(chain.from_iterable(level.single)) and self._is_clean(level.rest)
        )
        are_lists_hit = not self._is_clean(level.items)
        was_all, self._is_all = self._is_all, not (any(hit) or is_single_hit or are_lists_hit)
        if self._is_all:
            return
        if was_all:
            self._name(chain(level.rest.items, level.items.items))
            for alike, rows in zip(level.alike, hit, strict=True):
                for column in alike.columns:
                    self._name([column.items[row] for row in rows] if column.kinds & HOLDERS else [])
        for alike, rows in zip(level.alike, hit, strict=True):
            self._name([holder for row, holder in enumerate(alike.rows) if row not in rows] if rows else alike.rows)
        self._name([] if is_single_hit else level.single)
        self._name(
            [items for items in level.lists if not any(map(self._is_hit, items))] if are_lists_hit else level.lists
        )

    def _name(self, values: Iterable[Any]) -> None:
        self.found.update([id(value) for value in values if type(value) in HOLDERS])

    def _hit_rows(self, alike: Alike) -> Set[int]:
        if not self._hits.keys.isdisjoint(alike.keys):
            return set(range(len(alike.rows)))
        hit: set[int] = set()
        for column in alike.columns:
            if not self._is_clean(column):
                hit.update(self._hit_in(column))
        return hit

    def _hit_in(self, column: Column) -> Iterable[int]:
        if column.kinds == {str}:
            shared = self._hits.strings.keys() & column.rows.keys()
            if len(column.rows) == len(column.items):
                return [column.rows[text] for text in shared]
            return [row for row, text in enumerate(column.items) if text in shared]
        return [row for row, item in enumerate(column.items) if self._is_hit(item)]

    def _is_clean(self, column: Column) -> bool:
        """Seen without a look at each of its members."""
        if (column.kinds & HOLDERS and not self._is_all) or (column.long and self._hits.numbers):
            return False
        return not self._hits.strings.keys() & column.rows.keys()

    def _is_hit(self, item: Json) -> bool:
        kind = type(item)
        if kind is str:
            return item in self._hits.strings
        if kind is dict or kind is list:
            return not self._is_all and id(item) not in self.found
        return kind in NUMBERS and bool(self._hits.numbers) and str(item) in self._hits.numbers
