"""Questions become calls."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import inbound
from gateway.jsontext import write
from gateway.policy.question import Answer, Question, answer_of, call_of, read_time
from gateway.policy.target import target_of
from gateway.protocol import LEGACY, LEGACY_VERSIONS, METHODS, VERSION_HEADER
from gateway.reasons import Reason
from gateway.values import Arrival, Call, Refusal
from tests.fakes.values import DECISION


def questions(method: str) -> list[Question]:
    """Every way to ask about a method."""
    ways = [
        Question("records", method=method),
        Question("records", method=method, tool="get_customer"),
        Question("records", method=method, resource="customer://1"),
        Question("records", method=method, prompt="letter"),
    ]
    return [way for way in ways if isinstance(call_of(way), Call)]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_can_be_asked_about(method: str) -> None:
    assert questions(method)


@pytest.mark.parametrize("method", [method for method, known in METHODS.items() if known.eras >= LEGACY])
def test_a_question_is_the_call_that_inbound_reads_from_the_same_message(method: str) -> None:
    for question in questions(method):
        asked = call_of(question)
        assert isinstance(asked, Call)
        headers = (("content-type", "application/json"), (VERSION_HEADER, LEGACY_VERSIONS[-1]))
        reading = inbound.read(Arrival("POST", "records", headers, write(asked.message)), frozenset())
        assert reading.refusal is None
        read = reading.call
        assert (read.server, read.era, read.kind, read.method) == (asked.server, asked.era, asked.kind, asked.method)
        assert (read.target, read.id, read.message) == (asked.target, asked.id, asked.message)
        assert bool(target_of(asked)) is bool(asked.target)


@pytest.mark.parametrize(
    ("question", "method"),
    [
        (Question("records", tool="a"), "tools/call"),
        (Question("records", resource="a"), "resources/read"),
        (Question("records", prompt="a"), "prompts/get"),
    ],
)
def test_a_target_alone_is_asked_about_with_the_method_that_uses_it(question: Question, method: str) -> None:
    call = call_of(question)
    assert isinstance(call, Call)
    assert (call.method, call.target) == (method, "a")


def test_arguments_are_those_of_the_call() -> None:
    call = call_of(Question("records", tool="a", arguments={"amount": 7}))
    assert isinstance(call, Call)
    assert call.arguments == {"amount": 7}


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (Question("s"), "name what is asked for: a tool, a resource, a prompt or a method"),
        (Question("s", tool="a", prompt="b"), "give a tool or a prompt, not both"),
        (Question("s", method="tools/cal"), "unknown method 'tools/cal'; did you mean 'tools/call'?"),
        (Question("s", method="tools/call"), "tools/call needs a tool"),
        (Question("s", method="completion/complete", tool="a"), "completion/complete needs a prompt or a resource"),
        (Question("s", method="tools/list", tool="a"), "tools/list names no tool"),
        (
            Question("s", resource="a:b", arguments={"x": 1}),
            "resources/read has no arguments; only tools/call and prompts/get have",
        ),
    ],
)
def test_what_does_not_fit_together_is_told(question: Question, sentence: str) -> None:
    assert call_of(question) == sentence


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("2026-11-23T09:00:00Z", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        ("2026-11-23T10:00+01:00", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        ("2026-11-23T09:00", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
        ("tomorrow", None),
        ("", None),
    ],
)
def test_a_time_without_a_zone_is_in_utc(written: str, time: datetime | None) -> None:
    assert read_time(written) == time


@given(st.text())
def test_no_text_makes_the_reading_of_a_time_raise(written: str) -> None:
    assert read_time(written) is None or isinstance(read_time(written), datetime)


def test_a_refusal_as_unknown_is_called_hidden() -> None:
    assert answer_of(DECISION) is Answer.ALLOW
    assert answer_of(Refusal(Reason.TARGET_HIDDEN)) is Answer.HIDDEN
    assert {answer_of(Refusal(reason)) for reason in Reason if reason is not Reason.TARGET_HIDDEN} == {Answer.REFUSE}
