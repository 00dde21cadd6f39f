from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devhost.timers import Schedule, read

NOW = datetime(2026, 11, 23, 15, 30, 29, 500_000, tzinfo=UTC)  # a Monday


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("* * * * * *", "2026-11-23 15:30:30"),
        ("*/10 * * * * *", "2026-11-23 15:30:30"),
        ("0 */5 * * * *", "2026-11-23 15:35:00"),
        ("0 0 * * * *", "2026-11-23 16:00:00"),
        ("0 0 9-17 * * MON-FRI", "2026-11-23 16:00:00"),
        ("0 30 9 * * 1,3", "2026-11-25 09:30:00"),
        ("0 0 0 * * sun", "2026-11-29 00:00:00"),
        ("0 0 0 1 JAN *", "2027-01-01 00:00:00"),
        ("0 0 0 29 2 *", "2028-02-29 00:00:00"),
        ("29/15 30 15 * * *", "2026-11-23 15:30:44"),
        ("%WHEN%", "2026-11-23 15:31:00"),
    ],
)
def test_the_next_occurrence(expression: str, expected: str) -> None:
    schedule = read(expression, {"WHEN": "0 * * * * *"})
    assert schedule.after(NOW) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "expression",
    [
        *("", "* * * * *", "60 * * * * *", "* * 24 * * *", "* * * 0 * *", "* * * * 13 *", "* * * * * 7"),
        *("*/0 * * * * *", "5-1 * * * * *", "x * * * * *", "1- * * * * *", "00:05:00", "%NOWHERE%", "² * * * * *"),
    ],
)
def test_a_schedule_that_cannot_be_read_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="schedule"):
        read(expression, {})


def test_a_schedule_that_never_occurs_is_an_error_and_not_an_endless_search() -> None:
    with pytest.raises(ValueError, match="never"):
        read("0 0 0 31 2 *", {}).after(NOW)


def values(least: int, most: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.sets(st.integers(least, most), min_size=1).map(lambda found: tuple(sorted(found)))


schedules = st.builds(
    Schedule,
    seconds=values(0, 59),
    minutes=values(0, 59),
    hours=values(0, 23),
    days=st.just(tuple(range(1, 32))),
    months=values(1, 12),
    weekdays=values(0, 6),
)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))


@given(schedules, moments)
def test_an_occurrence_is_later_and_has_the_fields_of_its_schedule(schedule: Schedule, moment: datetime) -> None:
    found = schedule.after(moment)
    assert found > moment
    assert found.second in schedule.seconds
    assert found.minute in schedule.minutes
    assert found.hour in schedule.hours
    assert found.month in schedule.months
    assert found.isoweekday() % 7 in schedule.weekdays


@given(schedules, moments)
def test_nothing_lies_between_a_moment_and_its_next_occurrence(schedule: Schedule, moment: datetime) -> None:
    found = schedule.after(moment)
    assert schedule.after(found - timedelta(microseconds=1)) == found
    assert schedule.after(found) > found
    assert schedule.after(moment + (found - moment) / 2) == found
