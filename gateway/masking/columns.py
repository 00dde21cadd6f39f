"""Columns: many objects with the same keys, read key by key, as the records of a large answer are.

Values go in, level by level, and the strings, numbers and keys in them come out. To ask a column costs a fraction of
asking each of its members.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple

from gateway.jsontext import MAX_DEPTH, Number, respell
from gateway.values import Json

_ALIKE = 16
"""Objects with the same keys that are worth columns."""
_FEW = 256
"""Values, with all that they hold, that are not."""
HOLDERS: frozenset[type] = frozenset({dict, list})
_PLAIN: frozenset[type] = frozenset({int, float})
NUMBERS = _PLAIN | {Number}


class TooDeepError(ValueError):
    """A value is nested deeper than any that `jsontext.parse` returns."""


class Column(NamedTuple):
    items: Sequence[Json]
    kinds: Set[type]
    strings: Mapping[str, None]
    """Each once."""
    long: Sequence[str]
    """Its numbers that are searched."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Objects with the same keys in the same order."""

    keys: tuple[str, ...]
    rows: list[dict[str, Json]]
    columns: list[Column]


class Holders(NamedTuple):
    """What holds other values, of one level."""

    objects: list[list[dict[str, Json]]]
    """Those of one column together, since they are mostly alike."""
    lists: list[list[Json]]


class Level(NamedTuple):
    alike: list[Alike]
    single: list[dict[str, Json]]
    rest: Column
    """Of all the single objects."""
    lists: list[list[Json]]
    items: Column
    """Of all the lists."""


@dataclass(slots=True)
class Leaves:
    """What lies in some values, each once."""

    least_number: int
    """The least number that is searched."""
    strings: dict[str, None] = field(default_factory=dict)
    numbers: dict[str, None] = field(default_factory=dict)
    """As they are spelled: the hash of a whole number is no secret, so that many may collide."""
    keys: dict[str, None] = field(default_factory=dict)
    levels: list[Level] = field(default_factory=list)
    """From the outermost to the innermost, of what is worth columns."""
    roots: list[list[Json]] = field(default_factory=list)
    """The outermost lists, kept so that nothing else comes to have their identity."""

    def gather(self, values: list[Json], has_exponents: bool = False) -> None:
        """All that lies in the values is in the leaves; what has exponents, as of `jsontext.Data`, is respelled.

        Raises TooDeepError.
        """
        if self._is_little(values, has_exponents):
            return
        holders = Holders([], [values])
        levels: list[Level] = []
        for _ in range(MAX_DEPTH + 2):
            if not (holders.objects or holders.lists):
                self.roots.append(values)
                self.levels += levels
                return
            level = _level(holders, self.least_number)
            levels.append(level)
            holders = self._taken(level)
            for holder in _with_small_floats(level) if has_exponents else ():
                respell(holder)
        raise TooDeepError

    def _is_little(self, values: list[Json], has_exponents: bool) -> bool:
        """Whether all of it was so little that each could be asked, which is sooner done than columns are laid out."""
        left = _FEW
        level: list[Any] = [values]
        for _ in range(MAX_DEPTH + 2):
            below: list[Any] = []
            for holder in level:
                left -= len(holder)
                if left < 0:
                    return False
                below += self._sorted(holder)
                if has_exponents:
                    respell(holder)
            if not below:
                return True
            level = below
        raise TooDeepError

    def _sorted(self, holder: Any) -> list[Any]:
        """What in it holds others."""
        below: list[Any] = []
        items = holder
        if type(holder) is dict:
            self.keys.update(dict.fromkeys(holder))
            items = holder.values()
        for item in items:
            kind = type(item)
            if kind is str:
                self.strings[item] = None
            elif kind is dict or kind is list:
                below.append(item)
            elif kind in NUMBERS:
                self.numbers |= dict.fromkeys(_long([item], {kind}, self.least_number))
        return below

    def _taken(self, level: Level) -> Holders:
        """What its holders hold."""
        self.keys |= dict.fromkeys(chain.from_iterable([*(group.keys for group in level.alike), *level.single]))
        below = Holders([], [])
        for column in (level.items, level.rest, *chain.from_iterable([group.columns for group in level.alike])):
            self.strings |= column.strings
            self.numbers |= dict.fromkeys(column.long)
            _hold(column, below)
        return below


def _level(holders: Holders, least_number: int) -> Level:
    groups, single = _grouped(holders.objects)
    alike = [
        Alike(keys, rows, [column_of(items, least_number) for items in _columns(keys, rows)]) for keys, rows in groups
    ]
    rest = column_of(list(chain.from_iterable([holder.values() for holder in single])), least_number)
    return Level(alike, single, rest, holders.lists, column_of(list(chain.from_iterable(holders.lists)), least_number))


def column_of(items: Sequence[Any], least_number: int) -> Column:
    kinds = set(map(type, items))
    texts = items if len(kinds) == 1 else [item for item in items if type(item) is str]
    strings: dict[str, None] = dict.fromkeys(texts) if str in kinds else {}
    return Column(items, kinds, strings, _long(items, kinds, least_number) if kinds & NUMBERS else ())


def _long(items: Sequence[Any], kinds: Set[type], least: int) -> list[str]:
    if kinds <= _PLAIN and max(items) < least:
        return []
    long = [str(item) for item in items if type(item) in _PLAIN and item >= least]
    if Number in kinds:
        # To put a fraction into a table costs more than to see that it is one.
        shortest = len(str(least))
        spelled = [item.text for item in items if type(item) is Number]
        whole = [number for number in spelled if len(number) >= shortest and number.find(".", 0, shortest) < 0]
        long += filter(_may_be_whole, whole)
    return long


def _may_be_whole(number: str) -> bool:
    return number.isdecimal() or number.rstrip("0")[-1:] == "."


type _Group = tuple[tuple[str, ...], list[Any]]


def _grouped(runs: list[list[dict[str, Json]]]) -> tuple[list[_Group], list[dict[str, Json]]]:
    """Those that are worth columns, by their keys, and the others."""
    groups: list[_Group] = []
    by_keys: dict[tuple[str, ...], list[Any]] = {}
    for run in runs:
        keys = tuple(run[0])
        if len(run) >= _ALIKE and _all_have(run, keys):
            groups.append((keys, run))
            continue
        for holder in run:
            by_keys.setdefault(tuple(holder), []).append(holder)
    groups += [(keys, rows) for keys, rows in by_keys.items() if len(rows) >= _ALIKE]
    return groups, list(chain.from_iterable([rows for rows in by_keys.values() if len(rows) < _ALIKE]))


def _all_have(objects: list[dict[str, Json]], keys: tuple[str, ...]) -> bool:
    """These keys in this order, and no others."""
    # No object has a key twice, so that in a row of keys that repeats itself each begins where the next does.
    return tuple(objects[-1]) == keys and list(chain.from_iterable(objects)) == list(keys) * len(objects)


def _columns(keys: Sequence[str], rows: Iterable[dict[str, Json]]) -> list[list[Json]]:
    items = list(chain.from_iterable(map(dict.values, rows)))
    return [items[column :: len(keys)] for column in range(len(keys))]


def _hold(column: Column, below: Holders) -> None:
    items: Iterable[Any] = column.items
    if dict in column.kinds:
        below.objects.append(list(items) if len(column.kinds) == 1 else [item for item in items if type(item) is dict])
    if list in column.kinds:
        below.lists.extend(items if len(column.kinds) == 1 else [item for item in items if type(item) is list])


def _with_small_floats(level: Level) -> Iterator[Any]:
    """At least the holders that have some."""
    for column, holders in ((level.rest, level.single), (level.items, level.lists)):
        yield from holders if float in column.kinds else ()
    for group in level.alike:
        for column in group.columns:
            if float in column.kinds and not (column.kinds <= _PLAIN and min(column.items) >= 1e-4):
                small = [row for row, item in enumerate(column.items) if type(item) is float and -1e-4 < item < 1e-4]
                yield from [group.rows[row] for row in small]
