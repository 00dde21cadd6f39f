from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from gateway.approvals.approval import Approval, Ending, Request, State
from gateway.events import Outcome
from gateway.pages.words import KINDS, STATES, fate, moment, span
from gateway.values import ApprovalTerms, CallerKind

NOW = datetime(2026, 11, 23, 18, 5, tzinfo=UTC)
TERMS = ApprovalTerms("refunds", frozenset({"g"}))


def approval(settled: Ending | None = None, spent: Ending | None = None, **marks: dict[str, str]) -> Approval:
    request = Request(
        created=NOW - timedelta(minutes=10),
        tenant="t",
        subject="s",
        kind=CallerKind.USER,
        client="c",
        name="n",
        server="records",
        era="legacy",
        method="tools/call",
        target="issue_refund",
        definition="",
        digest="",
        session="",
        call="",
        policy="",
        rules="",
        terms=(TERMS,),
        masks="",
        source="",
        trace="",
    )
    return Approval("0" * 32, request, (), None, settled, spent, marks)


def ended(state: State) -> Ending:
    return Ending(state, NOW - timedelta(minutes=5))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "less than a minute"),
        (59, "less than a minute"),
        (60, "1 minute"),
        (3599, "59 minutes"),
        (3600, "1 hour"),
        (3660, "1 hour 1 minute"),
        (7322, "2 hours 2 minutes"),
        (86400 * 7, "7 days"),
        (86400 + 3600 * 4 + 60 * 5, "1 day 4 hours"),
        (86400 + 60 * 5, "1 day"),
    ],
)
def test_a_span_is_said_in_its_two_largest_units(seconds: int, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words


def test_a_moment_is_in_utc_whatever_its_zone() -> None:
    assert moment(NOW.astimezone(timezone(timedelta(hours=9)))) == "23 November 2026, 18:05 UTC"


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_word(state: State) -> None:
    assert STATES[state]


@pytest.mark.parametrize("kind", CallerKind)
def test_every_kind_has_a_word(kind: CallerKind) -> None:
    assert KINDS[kind]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (approval(), "until 23 November 2026, 18:55 UTC, for another 50 minutes"),
        (approval(ended(State.APPROVED)), "may be made, once, until 23 November 2026, 19:00 UTC"),
        (approval(ended(State.DENIED)), "denied on 23 November 2026, 18:00 UTC"),
        (approval(ended(State.EXPIRED)), "Nobody decided in time"),
        (approval(ended(State.WITHDRAWN)), "requester withdrew it on"),
        (approval(ended(State.REVOKED)), "operator revoked it on"),
        (approval(ended(State.APPROVED), ended(State.EXPIRED)), "the call was not made in time"),
        (approval(ended(State.APPROVED), ended(State.CONSUMED)), "The call was made on 23 November 2026, 18:00 UTC"),
        (approval(ended(State.APPROVED), ended(State.WITHDRAWN)), "requester withdrew it"),
    ],
)
def test_the_fate_of_a_call_is_told(found: Approval, said: str) -> None:
    assert said in " ".join(fate(found, NOW))


def test_an_approval_that_nothing_has_closed_yet_is_over_all_the_same() -> None:
    assert fate(approval(), NOW + timedelta(hours=2)) == ["Nobody decided in time, so the call is not made."]


@pytest.mark.parametrize("outcome", [Outcome.SUCCEEDED, Outcome.FAILED, Outcome.AMBIGUOUS, Outcome.TOOL_ERROR])
def test_the_outcome_of_a_call_is_told(outcome: Outcome) -> None:
    found = approval(ended(State.APPROVED), ended(State.CONSUMED), outcome={"outcome": outcome.value, "at": ""})
    assert len(fate(found, NOW)) == 2
    assert "evidence" not in fate(found, NOW)[1]


def test_an_outcome_without_words_points_to_the_evidence() -> None:
    found = approval(ended(State.APPROVED), ended(State.CONSUMED), outcome={"outcome": "new", "at": ""})
    assert "evidence" in fate(found, NOW)[1]


def test_an_approval_that_may_be_used_again_says_so() -> None:
    base = approval(ended(State.APPROVED), used={"at": NOW.isoformat(), "call": "c"})
    again = replace(base, request=replace(base.request, terms=(replace(TERMS, reuse=900),)))
    assert "identical calls may be made until 23 November 2026, 18:15 UTC" in fate(again, NOW)[0]
    assert "It has been used" in fate(again, NOW)[1]
