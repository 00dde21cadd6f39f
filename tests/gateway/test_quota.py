"""What one more request does to a limit."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.document import Limit, Who
from gateway.quota import Bucket, Excess, Use, excess, spend
from gateway.reasons import Reason

RATES = st.integers(1, 10_000_000).map(lambda thousandths: thousandths / 1000)
BURSTS = st.integers(1, 50)
GAPS = st.lists(st.floats(0, 5, allow_nan=False), max_size=80)
BEGINNINGS = st.floats(0, 1e7, allow_nan=False)


def passed(rate: float, burst: int, begins: float, gaps: list[float]) -> list[float]:
    """When requests that come with these pauses between them pass."""
    now, bucket, found = begins, Bucket(), []
    for gap in gaps:
        now += gap
        bucket, wait = spend(bucket, rate, burst, now)
        if not wait:
            found.append(now)
    return found


@given(RATES, BURSTS, BEGINNINGS, GAPS)
def test_in_no_window_more_pass_than_the_burst_and_what_the_rate_brings(
    rate: float, burst: int, begins: float, gaps: list[float]
) -> None:
    times = passed(rate, burst, begins, gaps)
    for first, start in enumerate(times):
        for last, end in enumerate(times[first:], first):
            # A thousandth covers the slack: a microsecond at up to 10,000 requests a second, and sums of floats.
            assert last - first + 1 <= burst + rate * (end - start + 2e-6) + 1e-3


@given(RATES, BURSTS, BEGINNINGS)
def test_a_burst_passes_at_once_and_no_more(rate: float, burst: int, begins: float) -> None:
    assert len(passed(rate, burst, begins, [0.0] * (burst + 1))) == burst


@given(RATES, BURSTS, BEGINNINGS, GAPS)
def test_who_waits_as_long_as_told_passes(rate: float, burst: int, begins: float, gaps: list[float]) -> None:
    now, bucket = begins, Bucket()
    for gap in gaps:
        now += gap
        bucket, wait = spend(bucket, rate, burst, now)
        if wait:
            assert spend(bucket, rate, burst, now + wait)[1] == 0


@given(RATES, BURSTS, BEGINNINGS)
def test_a_request_that_does_not_pass_costs_nothing(rate: float, burst: int, now: float) -> None:
    empty = Bucket(now + burst / rate)
    bucket, wait = spend(empty, rate, burst, now)
    assert bucket == empty
    assert wait == pytest.approx(1 / rate, abs=1e-6)


LIMIT = Limit("gentle", Who(), frozenset({"records"}), 2.0, 10, 3, 5)


def over(use: Use, limit: Limit = LIMIT) -> Excess | None:
    return excess(limit, use, 1000.0)


def test_a_request_within_every_number_goes_past_none() -> None:
    assert over(Use(Bucket(1004.5), 2, 4)) is None
    assert over(Use()) is None


def test_what_comes_too_fast_is_told_when_to_try_again() -> None:
    found = over(Use(Bucket(1007.0)))
    assert found
    assert (found.reason, found.limit, found.wait) == (Reason.TOO_FAST, "gentle", 3)
    assert found.said == "requests_per_second 2, burst 10"
    assert found.refusal("p").data == {
        "rateLimitPolicy": '"requests";q=10;w=5',
        "rateLimit": '"requests";r=0;t=3',
        "retryAfter": 3,
    }


def test_one_open_request_too_many_may_be_tried_again_soon() -> None:
    found = over(Use(open=3))
    assert found
    assert (found.reason, found.said, found.wait) == (Reason.TOO_MANY_OPEN, "concurrent 3", 1)
    assert found.refusal("p").data["rateLimitPolicy"] == '"concurrent";q=3;qu="concurrent-requests"'


def test_a_session_that_has_made_its_calls_has_nothing_to_wait_for() -> None:
    found = over(Use(made=5))
    assert found
    assert (found.reason, found.said, found.wait) == (Reason.SESSION_SPENT, "calls_per_session 5", 0)
    assert found.refusal("p").data == {"rateLimitPolicy": '"session";q=5', "rateLimit": '"session";r=0'}


def test_of_several_numbers_the_one_that_bars_for_longest_is_told() -> None:
    everything = over(Use(Bucket(1007.0), 3, 5))
    assert everything
    assert everything.reason is Reason.SESSION_SPENT
    two = over(Use(Bucket(1007.0), 3, 4))
    assert two
    assert two.reason is Reason.TOO_FAST


@pytest.mark.parametrize("use", [Use(Bucket(1e9), 99, 99), Use(open=99), Use(made=99)])
def test_a_number_that_is_not_there_bars_nobody(use: Use) -> None:
    assert over(use, Limit("x", Who(), frozenset())) is None


def test_the_record_says_which_number_of_which_limit_and_how_many_went_before() -> None:
    found = over(Use(open=3))
    assert found
    assert found.refusal("p").detail == "limit gentle: concurrent 3"
    assert found.refusal("p", 41).detail == "limit gentle: concurrent 3; 41 more were refused since the last record"
    assert found.refusal("p").policy == "p"


@given(RATES, BURSTS)
def test_the_window_that_is_told_is_no_promise_of_more_than_the_rate(rate: float, burst: int) -> None:
    found = over(Use(Bucket(1000 + burst / rate + 1)), Limit("x", Who(), frozenset(), rate, burst))
    assert found
    _, quota, window = found.quota.split(";")
    assert int(quota[2:]) <= rate * int(window[2:]) + burst * 1e-9
    assert int(window[2:]) >= 1
    assert found.wait >= 1
    assert math.isfinite(found.wait)
