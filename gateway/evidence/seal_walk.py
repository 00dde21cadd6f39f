"""The chain of seals, checked link by link, and what each says about which chain. Pure.

Takes the seals in the order of their numbers and the public keys; tells of every seal that is missing, was replaced,
cannot be read, or is signed by nobody known. What a faulty seal says is taken for what it is worth: its records are
compared with it all the same, so that one fault does not hide another.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.evidence.jws import Keys, digest_of
from gateway.evidence.merkle import Tree
from gateway.evidence.reading import Chain
from gateway.evidence.statement import FIRST, MalformedSealError, Seal, Statement, is_signed, parse, time_of
from gateway.evidence.verdict import Kind

GRACE = timedelta(minutes=2)
"""How much older than its place among the seals a record may be: clocks differ, and a write takes a while."""

type Tell = Callable[[Kind, str, str], None]


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one seal covers of a chain."""

    seal: int
    first: int
    last: int
    head: str


@dataclass(slots=True)
class Sealed:
    """A seal, and what the records that were read say it should be."""

    records: int
    root: str
    events: Mapping[str, int]
    early: str
    """Records of before this time should have been in the seal before."""
    was_broken: bool = False
    """It says that it covers chains with faults, whose links do not lead to its heads."""
    tree: Tree = field(default_factory=Tree)
    found: Counter[str] = field(default_factory=Counter)
    is_partial: bool = False
    """It covers chains that are not being read."""
    is_faulty: bool = False
    """A fault of one of its records has been told."""


class SealWalk:
    """Reads seals; afterwards `seals` and `stretches` say what they cover."""

    def __init__(self, keys: Keys, tell: Tell, *, whole: bool, wanted: Callable[[str], bool]) -> None:
        """`whole`: the first seal must be number 1. `wanted` says of a session whether its records are read."""
        self._keys = keys
        self._tell = tell
        self._wanted = wanted
        self.first = 0
        self.last = 0
        self.count = 0
        self.end = ""
        self.seals: dict[int, Sealed] = {}
        self.stretches: dict[Chain, list[Stretch]] = {}
        self._expected = 1 if whole else 0
        """0: whichever comes first."""
        self._digest = FIRST if whole else ""
        """Of the seal before; empty if it is not known."""
        self._is_whole = whole
        self._hole = 0
        """The last number whose statement is not known."""

    def take(self, number: int, text: str) -> None:
        """The next seal, by the number that it is stored under."""
        self.count += 1
        self.first, self.last = self.first or number, number
        if self._expected and number > self._expected:
            names = f"{self._expected} to {number - 1} are" if number - self._expected > 1 else f"{self._expected} is"
            self._tell(Kind.SEAL_MISSING, f"seal {self._expected}", f"{names} not there, and {number} is")
            self._digest, self._hole = "", number - 1
        self._expected = number + 1
        try:
            seal = parse(text)
        except MalformedSealError as error:
            self._tell(Kind.SEAL_UNREADABLE, f"seal {number}", str(error))
            self._hole = number
        else:
            self._check(number, seal)
            self._keep(number, seal.statement)
        self._digest = digest_of(text)

    @property
    def has_hole(self) -> bool:
        """A seal is missing or cannot be read, so that what it covers is not known."""
        return self._hole > 0

    def early(self) -> str:
        """A record that is older should have been in the last seal."""
        return time_of(datetime.fromisoformat(self.end) - GRACE) if self.end else ""

    def _check(self, number: int, seal: Seal) -> None:
        statement, place = seal.statement, f"seal {number}"
        if statement.number != number:
            self._tell(Kind.SEAL_REPLACED, place, f"says that it is number {statement.number}")
        key = self._keys.get(seal.kid)
        if key is None:
            self._tell(Kind.UNKNOWN_KEY, place, f"is signed by key version {seal.kid[:64]!r}, which is not known")
        elif not is_signed(seal, key):
            self._tell(Kind.SEAL_SIGNATURE, place, f"was not signed by key version {seal.kid[:64]!r} as it is")
        if self._digest and statement.previous != self._digest:
            what = f"is not the one that seal {number} names; one of the two was replaced"
            if number == 1:
                self._tell(Kind.SEAL_REPLACED, place, "names a seal before it, and is the first")
            else:
                self._tell(Kind.SEAL_REPLACED, f"seal {number - 1}", what)

    def _keep(self, number: int, statement: Statement) -> None:
        self.end = max(self.end, statement.end)
        early = time_of(datetime.fromisoformat(statement.start) - GRACE) if number > 1 else ""
        sealed = self.seals[number] = Sealed(
            statement.records, statement.root, statement.events or {}, early, bool(statement.broken)
        )
        for each in statement.chains:
            if not self._wanted(each.session):
                sealed.is_partial = True
                continue
            stretches = self.stretches.setdefault((each.session, each.writer), [])
            self._follow(number, f"{each.session}/{each.writer}", stretches, each.first)
            stretches.append(Stretch(number, each.first, each.last, each.head))

    def _follow(self, number: int, place: str, stretches: list[Stretch], first: int) -> None:
        """The new stretch begins where the last one ended."""
        expected = stretches[-1].last + 1 if stretches else 0
        before = stretches[-1].seal if stretches else 0
        is_known = (bool(stretches) or self._is_whole) and self._hole <= before
        if first < expected or (is_known and first != expected):
            self._tell(Kind.SEAL_GAP, place, f"seal {number} begins at record {first}, and not at {expected}")

    def unread(self) -> Iterator[Sealed]:
        """Seals that cover more than was read."""
        return (sealed for sealed in self.seals.values() if sealed.is_partial)
