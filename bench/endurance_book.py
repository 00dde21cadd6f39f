"""What the clients of the endurance run know: each call that they made, and what they were told. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from bench.endurance_upstream import PLANTED


class Came(StrEnum):
    """What came of a call, as its client knows it."""

    ANSWERED = "answered"
    """With a result."""
    REFUSED = "refused"
    UNKNOWN = "not known"
    """The connection broke, or nothing came in time."""
    LEFT = "left"
    """The client did not wait for the end."""
    OPEN = "open"


@dataclass(slots=True)
class Made:
    """One call."""

    kind: str
    instance: str
    began: float
    """Seconds since the run began."""
    came: Came = Came.OPEN
    ended: float = 0.0
    code: int = 0
    """Of a refusal."""
    acts: bool = True
    """It is a call of a tool, so that it has an intent and an outcome."""


@dataclass(slots=True)
class Happened:
    """One fault."""

    name: str
    where: str
    began: float
    ended: float = 0.0
    refused: int = 0
    """Probes that were not answered with a result meanwhile."""
    recovered: float | None = None
    """Seconds from its end to the first probe that was, on the slowest instance; None: none was in time."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A small call that tells whether an instance serves."""

    kind: str
    instance: str
    began: float
    ended: float
    is_well: bool


@dataclass(slots=True)
class Book:
    calls: dict[str, Made] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)
    """Ids of calls that must never reach the upstream."""
    approved: set[str] = field(default_factory=set)
    """Orders whose refund somebody approved, or tried to."""
    refunds: Counter[str] = field(default_factory=Counter)
    """What became of them: asked, approved, denied, made."""
    grants: Counter[str] = field(default_factory=Counter)
    faults: list[Happened] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    """Ids of calls whose answer held what nobody may see."""
    characters: int = 0
    """Of all answers that were looked through."""
    memory: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    """Resident bytes of each instance, by time."""

    def begin(self, name: str, made: Made) -> Made:
        self.calls[name] = made
        return made

    def read(self, name: str, text: str) -> None:
        """Looks an answer through."""
        self.characters += len(text)
        if any(value in text for value in PLANTED):
            self.leaks.append(name)

    def ids(self, came: Came) -> set[str]:
        return {name for name, made in self.calls.items() if made.acts and made.came is came}

    def tally(self) -> dict[str, Counter[str]]:
        """How often what came of each kind of call."""
        found: dict[str, Counter[str]] = {}
        for made in self.calls.values():
            found.setdefault(made.kind, Counter())[made.came.value] += 1
        return found


def recovery(probes: Iterable[Probe], ended: float, instances: Iterable[str]) -> float | None:
    """Seconds from the end of a fault until every instance had answered a probe that was sent after it."""
    first: dict[str, float] = {}
    for probe in probes:
        if probe.is_well and probe.began >= ended:
            first.setdefault(probe.instance, probe.ended)
    wanted = list(instances)
    return max(first[name] for name in wanted) - ended if all(name in first for name in wanted) else None
