"""What a grant is, out of its rows and the clock."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access.grant import (
    EXTENDED,
    OVER,
    Ending,
    Grant,
    Request,
    Span,
    State,
    ending_columns,
    from_rows,
    request_columns,
    span_columns,
)
from gateway.approvals.approval import HALF_ASKED, stamp
from gateway.values import CallerKind
from tests.gateway.approvals.desk import START

REQUEST = Request(
    created=START,
    tenant="t",
    subject="holder",
    kind=CallerKind.USER,
    client="c",
    name="Holder",
    server="records",
    grant="desk",
    seconds=600,
    starts=None,
    reason="CHG1",
    session="20261123-x",
    policy="0" * 64,
    needs_people=False,
    extends="",
    latest=None,
    at_once=0,
    remind=0,
    cancels_calls=False,
    source="203.0.113.9",
    trace="",
)
SPAN = Span(START + timedelta(seconds=60), START + timedelta(seconds=660))
MARKS: dict[str, dict[str, str]] = {"asked": {}, "recorded": {}}


def grant(**changes: object) -> Grant:
    known = Grant("a" * 32, REQUEST, SPAN, (), None, MARKS)
    return replace(known, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("after", "state"),
    [(0, State.SCHEDULED), (59.9, State.SCHEDULED), (60, State.OPEN), (659.9, State.OPEN), (660, State.EXPIRED)],
)
def test_it_is_open_from_its_start_up_to_its_end_and_no_longer(after: float, state: State) -> None:
    assert grant().state(START + timedelta(seconds=after)) is state


def test_its_end_is_the_latest_that_it_was_given() -> None:
    later = grant(extended=(START + timedelta(seconds=900), START + timedelta(seconds=800)))
    assert later.state(START + timedelta(seconds=899)) is State.OPEN
    assert later.state(START + timedelta(seconds=900)) is State.EXPIRED


@pytest.mark.parametrize("state", sorted(OVER))
def test_one_that_was_ended_is_over_whatever_the_clock_says(state: State) -> None:
    assert grant(ended=Ending(state, START)).state(START + timedelta(seconds=100)) is state


def test_one_whose_opening_is_not_on_record_opens_nothing() -> None:
    assert grant(marks={"asked": {}}).state(START + timedelta(seconds=100)) is State.PENDING
    assert grant(opened=None).state(START + timedelta(seconds=100)) is State.PENDING


def test_one_that_was_half_asked_for_does_not_stand_in_the_way_for_long() -> None:
    half = grant(opened=None, marks={})
    assert half.state(START) is State.PENDING
    assert half.state(START + HALF_ASKED) is State.EXPIRED


texts = st.text(st.characters(codec="utf-8"), max_size=20)
moments = st.datetimes().map(lambda found: found.replace(tzinfo=START.tzinfo))


@given(
    texts,
    st.none() | moments,
    st.none() | moments,
    st.booleans(),
    st.booleans(),
    st.sampled_from(State),
    st.lists(moments, max_size=3),
)
def test_rows_hold_all_of_it(
    reason: str, starts: object, latest: object, people: bool, cancels: bool, state: State, ends: list[object]
) -> None:
    request = replace(REQUEST, reason=reason, starts=starts, latest=latest, needs_people=people, cancels_calls=cancels)  # type: ignore[arg-type]
    ending = Ending(state, START, "ann", "why")
    rows = {"request": request_columns(request), "opened": span_columns(SPAN), "ended": ending_columns(ending)}
    rows |= {f"{EXTENDED}{number}": {"ends": stamp(each)} for number, each in enumerate(ends)}  # type: ignore[arg-type]
    found = from_rows("a" * 32, rows | {"asked": {"at": "x"}})
    assert found == Grant("a" * 32, request, SPAN, tuple(sorted(ends)), ending, {"asked": {"at": "x"}})  # type: ignore[arg-type]


def test_without_a_request_there_is_no_grant() -> None:
    assert from_rows("a" * 32, {"opened": span_columns(SPAN)}) is None
