"""What the samples of several rounds come to: the middle and the spread. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from bench.relay_cells import Cell


@dataclass(frozen=True, slots=True)
class Sample:
    """One target in one cell in one round."""

    target: str
    cell: Cell
    round: int
    calls: int
    seconds: float
    p50: float
    """Seconds, as p99."""
    p99: float
    cpu: float
    """Seconds of processor time of what is measured."""
    memory: int
    """Bytes, at the end."""
    load: float
    """How busy the core of everything else was: load, upstream, Azurite. Near 1 it was the limit."""
    foreign: float
    """How much of the measured core others took who are no part of this."""

    @property
    def rate(self) -> float:
        return self.calls / self.seconds


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of the rounds, and the lowest and the highest."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        found = list(values)
        return cls(median(found), min(found), max(found))


@dataclass(frozen=True, slots=True)
class Row:
    """One target in one cell, over all rounds."""

    target: str
    cell: Cell
    rate: Spread
    p50: Spread
    p99: Spread
    cpu: Spread
    """Seconds a call."""
    memory: int
    load: float
    foreign: float


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that this share of them does not exceed (nearest rank)."""
    ordered = sorted(values)
    # In whole numbers: 0.99 * 100 is not 99.
    rank = -(-len(ordered) * round(share * 1000) // 1000)
    return ordered[max(rank, 1) - 1]


def rows(samples: Sequence[Sample]) -> list[Row]:
    """A row for each target and cell, in the order in which they came first."""
    keys = dict.fromkeys((sample.cell, sample.target) for sample in samples)
    found = []
    for cell, target in keys:
        own = [sample for sample in samples if sample.cell == cell and sample.target == target]
        found.append(
            Row(
                target,
                cell,
                Spread.of(one.rate for one in own),
                Spread.of(one.p50 for one in own),
                Spread.of(one.p99 for one in own),
                Spread.of(one.cpu / one.calls for one in own),
                max(one.memory for one in own),
                max(one.load for one in own),
                max(one.foreign for one in own),
            )
        )
    return found


def ratio(samples: Sequence[Sample], target: str, of: str, cell: Cell) -> Spread | None:
    """Calls per second of one target over those of another, round by round; None where one was not measured."""
    pairs = _pairs(samples, target, of, cell)
    return Spread.of(one.rate / other.rate for one, other in pairs) if pairs else None


def cpu_ratio(samples: Sequence[Sample], target: str, of: str, cell: Cell) -> Spread | None:
    """Calls per second of processor time of one target over those of another, round by round."""
    pairs = [(one, other) for one, other in _pairs(samples, target, of, cell) if one.cpu]
    return Spread.of(one.calls / one.cpu * other.cpu / other.calls for one, other in pairs) if pairs else None


def added(samples: Sequence[Sample], target: str, to: str, cell: Cell) -> Spread | None:
    """Seconds that the median of one target is above that of another, round by round."""
    pairs = _pairs(samples, target, to, cell)
    return Spread.of(one.p50 - other.p50 for one, other in pairs) if pairs else None


def _pairs(samples: Sequence[Sample], target: str, other: str, cell: Cell) -> list[tuple[Sample, Sample]]:
    found = {(one.target, one.round): one for one in samples if one.cell == cell}
    rounds = [number for name, number in found if name == target]
    return [(found[target, number], found[other, number]) for number in rounds if (other, number) in found]
