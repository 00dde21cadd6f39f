"""Who may decide, and when enough people have."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.approvals import seats
from gateway.approvals.approval import Approval, Ending, State, Verdict, Vote
from gateway.reasons import Reason
from gateway.values import ApprovalTerms, CallerKind
from tests.fakes.values import CALLER
from tests.gateway.approvals.desk import START, TERMS, approval, person, vote

LATER = START + timedelta(seconds=120)


def test_a_member_of_an_approving_group_may_decide() -> None:
    assert seats.barred(approval(), person("ann", "leads"), LATER) is None


def test_the_requester_may_not_decide_whatever_groups_they_are_in() -> None:
    requester = replace(CALLER, groups=frozenset({"leads", "admins"}))
    assert seats.barred(approval(), requester, LATER) is Reason.APPROVER_IS_REQUESTER


@pytest.mark.parametrize("kind", [CallerKind.AGENT, CallerKind.APP])
def test_no_application_and_no_agent_decides(kind: CallerKind) -> None:
    assert seats.barred(approval(), person("bot", "leads", kind=kind), LATER) is Reason.APPROVER_NOT_A_PERSON


def test_somebody_out_of_the_groups_may_not_decide_and_nobody_whose_groups_are_unknown() -> None:
    assert seats.barred(approval(), person("ann", "hr"), LATER) is Reason.APPROVER_NOT_ELIGIBLE
    unknown = person("ann", "leads", groups_complete=False)
    assert seats.barred(approval(), unknown, LATER) is Reason.APPROVER_NOT_ELIGIBLE


def test_further_groups_may_decide_only_once_it_was_escalated() -> None:
    escalating = approval(terms=(replace(TERMS, escalate_after=600, escalate_to=frozenset({"hr"})),))
    hr = person("eve", "hr")
    assert seats.barred(escalating, hr, START + timedelta(seconds=599)) is Reason.APPROVER_NOT_ELIGIBLE
    assert seats.barred(escalating, hr, START + timedelta(seconds=600)) is None
    # A vote counts by the groups that could decide when it was cast.
    assert seats.lacking(escalating.request.terms, replace(escalating, votes=(vote("eve", "hr", after=599),))) == 1
    assert seats.lacking(escalating.request.terms, replace(escalating, votes=(vote("eve", "hr", after=600),))) == 0


def test_one_person_in_two_groups_fills_one_seat() -> None:
    two = (ApprovalTerms("a", frozenset({"leads"})), ApprovalTerms("b", frozenset({"hr"})))
    assert seats.lacking(two, approval(vote("ann", "leads", "hr"), terms=two)) == 1
    assert seats.lacking(two, approval(vote("ann", "leads", "hr"), vote("bob", "leads"), terms=two)) == 0


def test_a_vote_of_the_requester_counts_for_nothing_even_if_it_got_into_the_store() -> None:
    forged = replace(vote(CALLER.object_id, "leads"), tenant=CALLER.tenant)
    assert seats.lacking((TERMS,), approval(forged)) == 1


def test_one_denial_is_enough_and_beats_any_number_of_approvals() -> None:
    denied = approval(vote("ann", "leads"), vote("bob", "leads", verdict=Verdict.DENY))
    assert seats.outcome(denied, LATER) is State.DENIED


def test_votes_that_nobody_settled_in_time_count_no_more() -> None:
    assert seats.outcome(approval(vote("ann", "leads")), START + timedelta(seconds=3600)) is State.EXPIRED


def test_what_is_settled_is_not_settled_again() -> None:
    assert seats.outcome(approval(settled=Ending(State.DENIED, START)), LATER) is None


GROUPS = st.frozensets(st.sampled_from("abcd"), max_size=3)
ASKED = st.lists(
    st.builds(ApprovalTerms, name=st.just("t"), approvers=GROUPS, people=st.integers(1, 3)), min_size=1, max_size=3
)
VOTES = st.lists(st.tuples(GROUPS, st.sampled_from(Verdict)), max_size=5)


@given(ASKED, VOTES)
def test_seats_are_filled_as_well_as_they_can_be_by_anybody(
    asked: list[ApprovalTerms], cast: list[tuple[frozenset[str], Verdict]]
) -> None:
    """Against trying every order of people."""
    votes = tuple(vote(f"p{index}", *groups, verdict=verdict) for index, (groups, verdict) in enumerate(cast))
    made = approval(*votes, terms=tuple(asked))
    needed = [each.approvers for each in asked for _ in range(each.people)]
    approving = [each.groups for each in votes if each.verdict is Verdict.APPROVE]
    assert seats.lacking(asked, made) == len(needed) - _best(needed, approving)


def _best(needed: list[frozenset[str]], people: list[frozenset[str]]) -> int:
    size = min(len(needed), len(people))
    padded = people + [frozenset[str]()] * (len(needed) - len(people))
    orders = permutations(padded, len(needed))
    return (
        max(
            (sum(not one.isdisjoint(seat) for one, seat in zip(order, needed, strict=True)) for order in orders),
            default=size,
        )
        if needed
        else 0
    )


@given(ASKED, VOTES, st.sampled_from("abcd"))
def test_another_approval_never_makes_more_people_necessary(
    asked: list[ApprovalTerms], cast: list[tuple[frozenset[str], Verdict]], group: str
) -> None:
    votes = tuple(vote(f"p{index}", *groups, verdict=verdict) for index, (groups, verdict) in enumerate(cast))
    fewer: Approval = approval(*votes, terms=tuple(asked))
    more: tuple[Vote, ...] = (*votes, vote("new", group))
    assert (
        seats.lacking(asked, fewer) - 1
        <= seats.lacking(asked, approval(*more, terms=tuple(asked)))
        <= seats.lacking(asked, fewer)
    )
