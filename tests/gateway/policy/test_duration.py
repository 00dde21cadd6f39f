"""Times in a policy."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.duration import DAY, Bounds, read_duration, read_seconds, spelled
from gateway.policy.nodes import Findings

WIDE = Bounds(0.1, 30 * DAY, 60)


def node(written: str) -> yaml.Node:
    composed = yaml.compose(written, yaml.CSafeLoader)
    assert composed is not None
    return composed


def told(written: str, bounds: Bounds = WIDE, *, whole: bool = False) -> list[str]:
    """What is wrong with it."""
    findings = Findings()
    (read_seconds if whole else read_duration)(node(written), "it", bounds, findings)
    return [error.message for error in findings.errors]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("500ms", 0.5), ("30s", 30), ("15m", 900), ("4h", 14_400), ("2d", 172_800), ("'90m'", 5400)],
)
def test_a_duration_is_a_number_and_a_unit(written: str, seconds: float) -> None:
    findings = Findings()
    assert read_duration(node(written), "it", WIDE, findings) == seconds
    assert findings.errors == []


@pytest.mark.parametrize("written", ["5", "1.5h", "-1h", "1h30m", "1 h", "h", "1w", "[1h]", "~", "٣h", "1000000s"])
def test_anything_else_is_told_with_an_example(written: str) -> None:
    assert told(written) == ["it must be a number with ms, s, m, h or d, such as 1m"]


def test_where_whole_seconds_count_milliseconds_are_not_offered() -> None:
    assert told("1500ms", whole=True) == ["it must be a number with s, m, h or d, such as 1m"]


@pytest.mark.parametrize("written", ["59s", "91m"])
def test_the_bounds_are_told_in_the_same_spelling(written: str) -> None:
    assert told(written, Bounds(60, 5400, 60), whole=True) == ["it must lie between 1m and 90m"]
    assert told("1m", Bounds(60, 5400, 60)) == told("90m", Bounds(60, 5400, 60)) == []


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.1, "100ms"), (1.5, "1500ms"), (60.0, "1m"), (5400, "90m"), (86_400, "1d"), (0, "0s")]
)
def test_a_duration_is_spelled_in_the_largest_unit_that_fits(seconds: float, text: str) -> None:
    assert spelled(seconds) == text


@given(st.integers(1, 30 * DAY))
def test_what_is_spelled_is_read_as_the_same(seconds: int) -> None:
    text = spelled(seconds)
    if len(text) <= 7:  # six digits and the unit
        assert read_seconds(node(text), "it", Bounds(1, 30 * DAY, 60), Findings()) == seconds
