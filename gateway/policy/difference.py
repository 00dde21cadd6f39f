"""What differs between two policies, as values: where, how, and whether more or less is possible with it. Pure.

`diff` makes them, `diff_fields` says what a difference in one field means. Nothing here decides whether a change
is wanted; that is for the people who approve it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Bearing(StrEnum):
    """What a change does to what is possible, everything else left as it is."""

    LOOSENS = "loosens"
    TIGHTENS = "tightens"
    MAY = "may loosen or tighten"
    """It does both, or nobody can tell from the policy alone."""
    NEITHER = "neither"
    """No call is decided otherwise, and nobody may do or see more or less."""


ORDER = (Bearing.LOOSENS, Bearing.MAY, Bearing.TIGHTENS, Bearing.NEITHER)
"""What people who approve should read first."""


@dataclass(frozen=True, slots=True)
class Said:
    """A difference in one field, said of what it belongs to."""

    bearing: Bearing
    phrase: str


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two policies."""

    where: str
    """Such as `rule read-crm`, `server payroll`, `group hr`, `auditors`."""
    kind: Kind
    bearing: Bearing
    sentence: str
    """Without a full stop. Holds names of secrets, as policies do, and never a secret."""


@dataclass(frozen=True, slots=True)
class Names:
    """Labels of the groups of two policies, by object id."""

    before: Mapping[str, str]
    after: Mapping[str, str]
    moved: Mapping[str, str]
    """From the object id that a label had to the one that it has now. Said once, of the group; hence what names the
    group by that label is taken to be unchanged."""

    def carried(self, ids: Iterable[str]) -> frozenset[str]:
        """Groups of the policy before, with the ids that their labels have now."""
        return frozenset(self.moved.get(each, each) for each in ids)

    def label(self, object_id: str) -> str:
        return self.after.get(object_id) or self.before.get(object_id, object_id)


def names_of(before: Mapping[str, str], after: Mapping[str, str]) -> Names:
    """Of two sections `groups`, by label."""
    moved = {before[label]: after[label] for label in before.keys() & after.keys() if before[label] != after[label]}
    return Names({id_: label for label, id_ in before.items()}, {id_: label for label, id_ in after.items()}, moved)


FLIPPED: Mapping[Bearing, Bearing] = {
    Bearing.LOOSENS: Bearing.TIGHTENS,
    Bearing.TIGHTENS: Bearing.LOOSENS,
    Bearing.MAY: Bearing.MAY,
    Bearing.NEITHER: Bearing.NEITHER,
}
