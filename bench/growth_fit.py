"""A straight line through points, how well it fits, and what it says of a size that was not measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log


@dataclass(frozen=True, slots=True)
class Fit:
    slope: float
    start: float
    """Where the line begins, at size 0."""
    r2: float
    """1 where all points lie on the line; 0 where the line says no more than their mean."""

    def at(self, size: float) -> float:
        return self.start + self.slope * size


def fit(points: Sequence[tuple[float, float]]) -> Fit:
    """Least squares. Raises ValueError for fewer than two different sizes."""
    count = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / count if count else 0, sum(y for _, y in points) / max(count, 1)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    if not spread:
        raise ValueError("a line needs two different sizes")
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    line = Fit(slope, mean_y - slope * mean_x, 0)
    total = sum((y - mean_y) ** 2 for _, y in points)
    missed = sum((y - line.at(x)) ** 2 for x, y in points)
    return Fit(line.slope, line.start, 1 - missed / total if total else 1.0)


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """The power of the size with which the cost grows: 1 is linear, 0 is not at all. Sizes and costs above 0."""
    return fit([(log(x), log(y)) for x, y in points]).slope
