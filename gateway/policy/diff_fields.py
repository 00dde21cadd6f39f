"""What it means that one field of a policy differs: comparisons, each for one sort of field. Pure.

A comparison takes the field's value before and after, and the names of groups, and gives what is to be said of it;
nothing where it means the same. Sets are compared whatever the order in which they are written.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

from gateway.policy import expression
from gateway.policy.condition import Condition
from gateway.policy.difference import FLIPPED, Bearing, Names, Said
from gateway.policy.duration import spelled

type Compare = Callable[[Any, Any, Names], Iterable[Said]]
type Spell = Callable[[Any], str]


def listed(what: str, more: Bearing, *, spell: Spell = str) -> Compare:
    """Of things in a list. `more`: the bearing of a further one."""

    def compare(before: Collection[Any], after: Collection[Any], _names: Names) -> Iterator[Said]:
        yield from _entries(what, more, _spelled(before, spell), _spelled(after, spell))

    return compare


def grouped(what: str, more: Bearing) -> Compare:
    """Of groups by object id, told by their labels."""

    def compare(before: Collection[str], after: Collection[str], names: Names) -> Iterator[Said]:
        yield from _entries(what, more, names.carried(before), frozenset(after), names.label)

    return compare


def narrowing(what: str, *, are_groups: bool = False) -> Compare:
    """Of a list that leaves out whoever is not in it, except that an empty one leaves out nobody."""

    def compare(before: Collection[str], after: Collection[str], names: Names) -> Iterator[Said]:
        old = names.carried(before) if are_groups else frozenset(map(str, before))
        new = frozenset(map(str, after))
        label = names.label if are_groups else str
        if bool(old) == bool(new):
            yield from _entries(what, Bearing.LOOSENS, old, new, label)
        elif new:
            yield Said(Bearing.TIGHTENS, f"{what}: now only {joined(map(label, new))} (was: any)")
        else:
            yield Said(Bearing.LOOSENS, f"{what}: now any (was: only {joined(map(label, old))})")

    return compare


def amount(what: str, more: Bearing, *, spell: Spell = spelled, none: str = "", none_is_most: bool = False) -> Compare:
    """Of a number. `none` is what 0 or nothing means, which may be more than any number."""

    def value(found: float | None) -> float:
        return float("inf") if not found and none_is_most else found or 0

    def said(found: float | None) -> str:
        return none if none and not found else spell(found)

    def compare(before: float | None, after: float | None, _names: Names) -> Iterator[Said]:
        if before != after:
            bearing = more if value(after) > value(before) else FLIPPED[more]
            yield Said(bearing, f"{what} is now {said(after)} (was: {said(before)})")

    return compare


def flag(yes: str, no: str, bearing: Bearing) -> Compare:
    """Of something that is so or is not. `bearing` is that of `yes`."""

    def compare(before: bool, after: bool, _names: Names) -> Iterator[Said]:
        if before != after:
            yield Said(bearing if after else FLIPPED[bearing], yes if after else no)

    return compare


def ranked(what: str, order: Sequence[Collection[str]], *, unsure: Collection[str] = ()) -> Compare:
    """Of a word. XX."""
    ranks = {word: rank for rank, words in enumerate(order) for word in words}

    def compare(before: str, after: str, _names: Names) -> Iterator[Said]:
        if before == after:
            return
        old, new = ranks.get(before, 0), ranks.get(after, 0)
        bearing = Bearing.TIGHTENS if new > old else Bearing.LOOSENS
        is_unsure = old == new or before in unsure or after in unsure
        yield Said(Bearing.MAY if is_unsure else bearing, f"{what} is now {after} (was: {before})")

    return compare


def spelt(what: str, bearing: Bearing, spell: Spell = str, note: str = "") -> Compare:
    """Of a value whose changes all have the same bearing."""

    def compare(before: Any, after: Any, _names: Names) -> Iterator[Said]:
        old, new = spell(before), spell(after)
        if old != new:
            yield Said(bearing, f"{what} is now {new} (was: {old}){note}")

    return compare


def required(what: str, spell: Callable[[Any, Names], str]) -> Compare:
    """Of a duty that is named, or none: with it less is possible. What the name stands for is compared elsewhere."""

    def name(found: Any) -> str:
        return found if isinstance(found, str) else found.name if found else ""

    def compare(before: Any, after: Any, names: Names) -> Iterator[Said]:
        old, new = name(before), name(after)
        if old == new:
            return
        if not old:
            yield Said(Bearing.TIGHTENS, f"now needs {what} {spell(after, names)}")
        elif not new:
            yield Said(Bearing.LOOSENS, f"needs no {what} any more (was: {spell(before, names)})")
        else:
            phrase = f"now needs {what} {spell(after, names)} (was: {spell(before, names)})"
            yield Said(Bearing.MAY, phrase)

    return compare


def conditional(what: str, having: Bearing) -> Compare:
    """Of a condition. `having` is the bearing of one where there was none."""

    def compare(before: Condition | None, after: Condition | None, _names: Names) -> Iterator[Said]:
        if _words(before) == _words(after):
            return
        if before is None or after is None:
            bearing = having if before is None else FLIPPED[having]
            phrase = f"now has the condition {what}: {_line(after)}" if after else ""
            yield Said(bearing, phrase or f"has no condition {what} any more (was: {_line(before)})")
        else:
            yield Said(Bearing.MAY, f"its condition {what} is now {_line(after)} (was: {_line(before)})")

    return compare


def joined(texts: Iterable[str]) -> str:
    return ", ".join(sorted(texts))


def _line(condition: Condition | None) -> str:
    return " ".join(condition.text.split()) if condition else ""


def _words(condition: Condition | None) -> tuple[str, ...]:
    """Without blanks and comments."""
    return expression.read(condition.text).words if condition else ()


def _spelled(found: Iterable[Any], spell: Spell) -> frozenset[str]:
    return frozenset(map(spell, found))


def _entries(
    what: str, more: Bearing, before: frozenset[str], after: frozenset[str], label: Spell = str
) -> Iterator[Said]:
    added, gone = joined(map(label, after - before)), joined(map(label, before - after))
    if added and gone:
        yield Said(_both(more), f"{what}: now also {added}; no longer {gone}")
    elif added:
        yield Said(more, f"{what}: now also {added}")
    elif gone:
        yield Said(FLIPPED[more], f"{what}: no longer {gone}")


def _both(more: Bearing) -> Bearing:
    return Bearing.NEITHER if more is Bearing.NEITHER else Bearing.MAY
