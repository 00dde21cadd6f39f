import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.relay_cells import Cell
from bench.relay_statistics import Sample, Spread, added, cpu_ratio, percentile, ratio, rows

CELL = Cell("legacy", 16, "small", "json")


def sample(target: str, number: int, calls: int, **changes: float) -> Sample:
    measured = {"seconds": 2.0, "p50": 0.002, "p99": 0.01, "cpu": 1.0, "load": 0.5, "foreign": 0.1} | changes
    return Sample(target=target, cell=CELL, round=number, calls=calls, memory=2**20 * (number + 1), **measured)


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_a_percentile_is_one_of_the_values(share: float, value: int) -> None:
    assert percentile(range(100, 0, -1), share) == value


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([0.5, 0.9, 0.99]))
def test_no_more_than_the_rest_of_the_values_exceed_a_percentile(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value > found for value in values) <= len(values) * (1 - share) + 1e-9


def test_a_row_is_the_median_of_the_rounds_with_their_extremes() -> None:
    (row,) = rows([sample("relay", 0, 200), sample("relay", 1, 400), sample("relay", 2, 1000)])
    assert row.rate == Spread(200, 100, 500)
    assert row.cpu == Spread(1 / 400, 1 / 1000, 1 / 200)
    assert row.memory == 3 * 2**20


def test_rows_keep_the_order_of_the_samples_and_mix_no_targets() -> None:
    found = rows([sample("relay", 0, 200), sample("memory", 0, 100), sample("relay", 1, 200), sample("memory", 1, 100)])
    assert [(row.target, row.rate.middle) for row in found] == [("relay", 100), ("memory", 50)]


def test_a_ratio_compares_within_a_round_so_that_a_slow_round_does_not_count() -> None:
    samples = [sample("relay", 0, 1000), sample("memory", 0, 500), sample("relay", 1, 100), sample("memory", 1, 50)]
    assert ratio(samples, "memory", "relay", CELL) == Spread(0.5, 0.5, 0.5)


def test_without_the_other_there_is_no_ratio() -> None:
    assert ratio([sample("memory", 0, 5)], "memory", "relay", CELL) is None
    assert ratio([sample("memory", 0, 5), sample("relay", 1, 5)], "memory", "relay", CELL) is None


def test_processor_time_is_compared_by_the_call() -> None:
    samples = [sample("relay", 0, 1000, cpu=0.5), sample("memory", 0, 200, cpu=1.0)]
    assert cpu_ratio(samples, "memory", "relay", CELL) == Spread(0.1, 0.1, 0.1)
    assert cpu_ratio([sample("memory", 0, 5, cpu=0.0), sample("relay", 0, 5)], "memory", "relay", CELL) is None


def test_what_is_added_is_the_difference_of_the_medians() -> None:
    samples = [sample("direct", 0, 5, p50=0.5), sample("memory", 0, 5, p50=2.0)]
    assert added(samples, "memory", "direct", CELL) == Spread(1.5, 1.5, 1.5)
    assert added(samples, "memory", "relay", CELL) is None
