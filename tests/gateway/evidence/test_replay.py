from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.events import Event, Outcome
from gateway.evidence.chosen import Chosen
from gateway.evidence.replay import (
    APPROVED_ELSEWHERE,
    DAMAGED,
    NO_BODIES,
    NO_DOCUMENT,
    NO_INTENT,
    NO_OUTCOME,
    NOT_KEPT,
    NOT_PROOF,
    ON_ANOTHER_STREAM,
    ONE_RECORD,
    timeline,
)
from gateway.evidence.timeline import Entry, Kind, Masked
from tests.gateway.evidence.rows import ABEL, CALL, EVE, SESSION, bodied, intent, outcome, rows, story


def replay(found: list[dict[str, Any]], **chosen: str) -> tuple[Entry, ...]:
    return timeline(SESSION, found, Chosen(**chosen)).entries


def test_a_call_is_one_entry_with_all_that_came_of_it() -> None:
    call = replay(story())[0]
    assert (call.kind, call.outcome, call.tone, call.seconds) == (Kind.CALL, "succeeded", "good", 2.0)
    assert (call.about["subject"], call.about["rules"]) == (EVE, "engineers,refunds")
    assert call.masked == (Masked("personal", "email", "redact", 2), Masked("personal", "$.salary", "drop", 1))
    assert call.rows == ("w.1-00000000", "w.1-00000001")


def test_a_refusal_says_why() -> None:
    refused = replay(story())[1]
    assert (refused.outcome, refused.tone, refused.about["reason"]) == ("refused", "bad", "tool_not_allowed")


def test_a_call_has_the_story_of_its_approval_with_reasons() -> None:
    refund = replay(story())[2]
    said = [(step.what, step.by, step.why) for step in refund.approval]
    assert said == [
        ("asked for approval", EVE, "invoice 4711"),
        ("approved", ABEL, "they were charged twice"),
        ("settled: approved", "", ""),
        ("used for this call", ABEL, ""),
    ]
    assert refund.people == {EVE, ABEL}
    assert refund.missing == ()


def test_a_call_without_an_outcome_says_that_nobody_knows() -> None:
    last = replay(story())[-1]
    assert (last.outcome, last.tone, last.missing) == ("unknown", "waits", (NO_OUTCOME,))


def test_a_call_whose_approval_lies_in_another_session_says_so() -> None:
    entry = replay(rows([intent(0, approval="p9"), outcome(1, approval="p9")]))[0]
    assert entry.missing == (APPROVED_ELSEWHERE,)


def test_an_approval_that_no_call_came_of_stands_by_itself() -> None:
    found = rows([{**CALL, "at": 0, "event": "approval_requested", "outcome": "allowed", "approval": "p1"}])
    entry = replay(found)[0]
    assert (entry.kind, [step.what for step in entry.approval]) == (Kind.APPROVAL, ["asked for approval"])


def test_a_call_that_has_one_record_says_so() -> None:
    entry = replay(rows([{**CALL, "at": 0, "event": "relayed", "outcome": "allowed", "method": "tools/list"}]))[0]
    assert (entry.outcome, entry.missing) == ("allowed", (ONE_RECORD,))


def test_what_a_server_asked_for_in_mid_call_is_a_step_of_the_call() -> None:
    asked = {**CALL, "at": 1, "event": "refused", "outcome": "refused", "message": "server_request"}
    entry = replay(rows([intent(0), asked | {"method": "sampling/createMessage"}, outcome(2)]))[0]
    assert (entry.outcome, entry.about["method"]) == ("succeeded", "tools/call")
    assert [step.what for step in entry.steps] == ["the server asked its client for sampling/createMessage: refused"]


def test_an_outcome_without_its_intent_and_a_resumed_stream_are_told() -> None:
    assert replay(rows([outcome(0)]))[0].missing == (NO_INTENT,)
    assert replay(rows([intent(0), outcome(1, "detached")]))[0].missing == (ON_ANOTHER_STREAM,)


def test_a_damaged_body_is_told() -> None:
    found = rows([intent(0), outcome(1)])
    found[0]["body"] = "{"
    entry = replay(found)[0]
    assert (entry.missing, entry.outcome) == ((DAMAGED,), "succeeded")


def test_a_gap_in_a_writers_numbers_is_told_and_that_a_replay_proves_nothing() -> None:
    found = timeline(SESSION, story()[:3] + story()[5:])
    assert found.missing[0] == "Writer w.1: 2 records before number 9 are not there; the first is 3."
    assert found.missing[-1] == NOT_PROOF
    assert not [each for each in timeline(SESSION, story()).missing if each.startswith("Writer")]


def test_a_number_out_of_all_bounds_costs_nothing() -> None:
    found = rows([intent(0)])
    found[0]["RowKey"] = "w.1-99999999999999"
    assert "the first is 0" in timeline(SESSION, found).missing[0]


def test_a_session_that_was_cut_says_so() -> None:
    assert any("There are more records" in each for each in timeline(SESSION, story(), is_cut=True).missing)


def test_arguments_and_results_are_told_to_be_missing_where_no_record_points_to_them() -> None:
    assert any("Arguments and results are not" in each for each in timeline(SESSION, story()).missing)
    kept = timeline(SESSION, bodied()[0])
    assert (NO_BODIES in kept.missing, NOT_KEPT in kept.missing) == (False, True)


def test_a_call_has_its_request_its_answer_and_what_was_asked_in_between() -> None:
    first, second = replay(bodied()[0])
    assert [(body.of, body.kept, body.why, body.row[-1]) for body in first.bodies + second.bodies] == [
        ("request", "whole", "", "0"),
        ("question", "cut", "size", "1"),
        ("answer", "whole", "", "2"),
        ("request", "left_out", "policy", "3"),
        ("answer", "left_out", "masking", "4"),
    ]
    request, question, answer = first.bodies
    assert ("get_customer" in request.text, request.blob, question.fault) == (True, None, "")
    assert (answer.text, answer.blob and answer.blob.name) == ("", next(iter(bodied()[1])))
    assert (request.size, request.original) == (4321, "0a" * 16)


def test_a_body_in_a_record_that_cannot_be_read_says_so() -> None:
    [entry] = replay(rows([intent(0, kept="whole", content="nonsense", original_size="many")]))
    assert [(body.text, body.fault, body.size) for body in entry.bodies] == [("", NO_DOCUMENT, 0)]


@pytest.mark.parametrize(
    ("chosen", "targets"),
    [
        ({"tool": "issue_refund"}, ["issue_refund"]),
        ({"person": ABEL}, ["issue_refund"]),
        ({"outcome": "refused"}, ["get_customer"]),
        ({"server": "elsewhere"}, []),
        ({"first": "2026-11-24"}, []),
        ({"last": "2026-11-23", "outcome": "unknown"}, ["wire_money"]),
    ],
)
def test_filters_leave_the_entries_that_fit_and_count_the_others(chosen: dict[str, str], targets: list[str]) -> None:
    found = timeline(SESSION, story(), Chosen(**chosen))
    assert [entry.about["target"] for entry in found.entries] == targets
    assert found.left_out == 4 - len(targets)


def test_one_call_can_be_chosen_with_what_the_gateway_did_for_it() -> None:
    found = rows([intent(0), outcome(1), {**CALL, "at": 2, "event": "relayed", "call": "c9", "cause": "c1"}])
    assert len(timeline(SESSION, found, call="c1").entries) == 2


@pytest.mark.parametrize("event", Event)
def test_every_event_has_its_place_in_a_replay(event: Event) -> None:
    found = rows([{"at": 0, "event": event, "outcome": Outcome.ALLOWED, "call": "c", "approval": "a", "grant": "g"}])
    entry = replay(found)[0]
    assert entry.kind in Kind
    assert entry.rows == ("w.1-00000000",)


@given(st.randoms(use_true_random=False))
def test_the_order_in_which_rows_are_read_changes_nothing(random: Random) -> None:
    found = story()
    random.shuffle(found)
    assert timeline(SESSION, found) == timeline(SESSION, story())


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(
                ["event", "call", "approval", "masks", "time", "kept", "payload", "content", "original_size"]
            ),
            st.text(),
        ),
        max_size=5,
    )
)
def test_no_record_whatever_it_holds_breaks_a_replay(fields: list[dict[str, str]]) -> None:
    found = [{"PartitionKey": "s", "RowKey": f"w-{n}", **each} for n, each in enumerate(fields)]
    assert len(timeline("s", found).entries) <= len(fields)
