"""The line through measured points says what it should of points that are known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.growth_fit import exponent, fit

numbers = st.integers(-1000, 1000).map(float)


@given(st.lists(numbers, min_size=2, unique=True), numbers, numbers)
def test_points_on_a_line_give_that_line(sizes: list[float], slope: float, start: float) -> None:
    found = fit([(size, start + slope * size) for size in sizes])
    assert found.slope == pytest.approx(slope, abs=1e-6)
    assert found.at(0) == pytest.approx(start, abs=1e-3)
    assert found.r2 == pytest.approx(1)


def test_points_beside_the_line_lower_the_fit() -> None:
    assert fit([(0, 0), (1, 1), (2, 0), (3, 1)]).r2 == pytest.approx(0.2)
    assert fit([(-1, 1), (0, 0), (1, 1)]).r2 == pytest.approx(0)


@pytest.mark.parametrize("points", [[], [(1, 1)], [(1, 1), (1, 2)]])
def test_one_size_is_no_line(points: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="two different sizes"):
        fit(points)


@pytest.mark.parametrize("power", [0, 0.5, 1, 2])
def test_the_exponent_is_the_power_of_the_size(power: float) -> None:
    assert exponent([(size, 3 * size**power) for size in (1, 10, 100, 1000)]) == pytest.approx(power)
