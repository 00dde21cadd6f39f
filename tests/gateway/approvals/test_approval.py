"""What an approval is, out of its rows and the clock."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.approvals.approval import (
    DECISION,
    MOVES,
    Ending,
    State,
    ending_columns,
    from_rows,
    request_columns,
    vote_columns,
)
from gateway.values import ApprovalTerms
from tests.gateway.approvals.desk import REQUEST, START, TERMS, approval, vote


def at(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def test_it_is_pending_until_it_expires_although_nothing_runs() -> None:
    assert approval().state(START + at(3599)) is State.PENDING
    assert approval().state(START + at(3600)) is State.EXPIRED


def test_an_approved_call_may_be_made_for_as_long_as_the_terms_say() -> None:
    approved = approval(settled=Ending(State.APPROVED, START + at(60)))
    assert approved.state(START + at(60 + 1799)) is State.APPROVED
    assert approved.state(START + at(60 + 1800)) is State.EXPIRED


@pytest.mark.parametrize("state", [State.CONSUMED, State.WITHDRAWN, State.REVOKED, State.EXPIRED])
def test_one_that_is_spent_stays_so(state: State) -> None:
    spent = approval(settled=Ending(State.APPROVED, START), spent=Ending(state, START))
    assert spent.state(START) is state
    assert spent.state(START + at(10**6)) is state


@pytest.mark.parametrize("state", [State.DENIED, State.WITHDRAWN, State.REVOKED, State.EXPIRED])
def test_one_that_was_not_approved_never_becomes_so(state: State) -> None:
    assert approval(settled=Ending(state, START)).state(START + at(10**6)) is state


def test_an_approval_that_may_be_used_again_ends_with_that_time() -> None:
    approved = approval(settled=Ending(State.APPROVED, START), terms=(replace(TERMS, reuse=300),))
    assert approved.state(START + at(299)) is State.APPROVED
    assert approved.state(START + at(300)) is State.EXPIRED


def test_of_several_terms_the_narrowest_counts() -> None:
    wide = ApprovalTerms("wide", frozenset({"x"}), expires=9999, use_within=9999, reuse=60, covers_answers=True)
    both = approval(terms=(wide, TERMS))
    assert both.expires == START + at(3600)
    assert (both.reuse, both.covers_answers) == (0, False)


def test_nobody_is_asked_before_the_requester_has_said_why_where_that_is_wanted() -> None:
    terms = (replace(TERMS, requester_reason=True),)
    assert approval(terms=terms).lacks_reason
    assert not approval(terms=terms, reason="ticket 7").lacks_reason
    assert not approval().lacks_reason


def test_moves_lead_out_of_pending_and_approved_only() -> None:
    assert {state for state, moves in MOVES.items() if moves} == {State.PENDING, State.APPROVED}
    assert State.CONSUMED not in MOVES[State.PENDING]
    assert State.DENIED not in MOVES[State.APPROVED]
    assert all(State.PENDING not in moves for moves in MOVES.values())


texts = st.text(st.characters(codec="utf-8"), max_size=20)
terms = st.builds(
    ApprovalTerms,
    name=texts,
    approvers=st.frozensets(texts),
    people=st.integers(1, 9),
    escalate_to=st.frozensets(texts),
    escalate_after=st.integers(0, 99),
    requester_reason=st.booleans(),
    covers_answers=st.booleans(),
)


@given(
    terms=st.lists(terms, min_size=1, max_size=3), target=texts, reason=st.none() | texts, state=st.sampled_from(State)
)
def test_rows_hold_all_of_it(terms: list[ApprovalTerms], target: str, reason: str | None, state: State) -> None:
    request = replace(REQUEST, terms=tuple(terms), target=target)
    votes = [vote("ann", "leads"), vote("bob", "leads", "hr", after=61)]
    ending = Ending(state, START, "someone", "why", "call")
    rows: dict[str, Any] = {
        "request": request_columns(request),
        "settled": ending_columns(ending),
        "started": {"at": "x"},
    }
    rows |= {f"{DECISION}{each.tenant}.{each.object_id}": vote_columns(each) for each in reversed(votes)}
    rows |= {} if reason is None else {"reason": {"text": reason}}
    found = from_rows("a" * 32, rows)
    assert found is not None
    assert (found.request, found.votes, found.reason) == (request, tuple(votes), reason)
    assert (found.settled, found.spent, dict(found.marks)) == (ending, None, {"started": {"at": "x"}})


def test_without_a_request_there_is_no_approval() -> None:
    assert from_rows("a" * 32, {}) is None
    assert from_rows("a" * 32, {"settled": ending_columns(Ending(State.APPROVED, START))}) is None
