"""Trace context: what counts as one, which of two is gone on with, and where it goes out."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.telemetry.context import TraceContext, carried, parents_of, parse
from gateway.values import Call, Era, MessageKind
from tests.fakes.values import CALL

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"
OTHER = f"00-{TRACE[::-1]}-{SPAN}-00"
OURS = TraceContext(1, 2, is_sampled=True)
WRITTEN = f"00-{1:032x}-{2:016x}-01"


def call(meta: Any = None, era: Era = Era.LEGACY, **headers: str) -> Call:
    params = {"name": "get_customer"} | ({} if meta is None else {"_meta": meta})
    return replace(CALL, era=era, message={**CALL.message, "params": params}, headers=tuple(headers.items()))


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.booleans())
def test_a_context_that_is_written_is_read_again(trace: int, span: int, is_sampled: bool) -> None:
    context = TraceContext(trace, span, is_sampled)
    assert parse(str(context)) == context


@given(st.text() | st.none() | st.integers() | st.from_regex(r"[0-9a-fx]{2}-[0-9a-f]{31,33}-[0-9a-f]{16}-[0-9a-f]{2}"))
def test_whatever_comes_is_a_context_of_the_form_or_none(text: object) -> None:
    found = parse(text)
    assert found is None or (found.trace > 0 and found.span > 0 and isinstance(text, str))


@pytest.mark.parametrize(
    "text",
    [
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        PARENT.upper(),
        f" {PARENT}",
        f"{PARENT}\n",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE.replace('4', '٤')}-{SPAN}-01",
    ],
)
def test_what_the_standard_calls_invalid_counts_as_absent(text: str) -> None:
    assert parse(text) is None


def test_a_later_version_is_read_as_far_as_this_one_goes() -> None:
    assert parse(f"01-{TRACE}-{SPAN}-03-more") == parse(PARENT)


def test_the_message_goes_before_the_header_and_one_that_says_the_same_is_one() -> None:
    found = parents_of(call({"traceparent": PARENT}), OTHER)
    assert [str(context) for context in found] == [PARENT, OTHER]
    assert [str(context) for context in parents_of(call({"traceparent": PARENT}), PARENT)] == [PARENT]
    assert [str(context) for context in parents_of(call({"traceparent": 7}), OTHER)] == [OTHER]
    assert parents_of(call(["traceparent"]), "") == ()


def test_the_header_goes_out_once_and_the_rest_as_it_was() -> None:
    sent = carried(call(accept="a", traceparent=PARENT, tracestate="t=1"), OURS, goes_on=True)
    assert sent.headers == (("accept", "a"), ("tracestate", "t=1"), ("traceparent", WRITTEN))
    assert sent.message == call().message


def test_the_state_of_a_trace_that_is_not_gone_on_with_stays_behind() -> None:
    sent = carried(call({"traceparent": "bad", "tracestate": "t=1", "x": 1}, tracestate="t=1"), OURS, goes_on=False)
    assert sent.headers == (("traceparent", WRITTEN),)
    assert sent.params["_meta"] == {"x": 1, "traceparent": WRITTEN}


@pytest.mark.parametrize(
    ("meta", "era", "kind", "is_said"),
    [
        ({"traceparent": PARENT}, Era.LEGACY, MessageKind.REQUEST, True),
        ({"traceparent": PARENT}, Era.MODERN, MessageKind.NOTIFICATION, True),
        ({"progressToken": 1}, Era.MODERN, MessageKind.REQUEST, True),
        ({"progressToken": 1}, Era.LEGACY, MessageKind.REQUEST, False),
        ({"progressToken": 1}, Era.MODERN, MessageKind.NOTIFICATION, False),
        (None, Era.MODERN, MessageKind.REQUEST, False),
    ],
)
def test_the_message_says_it_where_the_clients_did_or_the_era_has_a_place(
    meta: Any, era: Era, kind: MessageKind, is_said: bool
) -> None:
    asked = replace(call(meta, era), kind=kind)
    sent = carried(asked, OURS, goes_on=True)
    assert ((sent.params.get("_meta") or {}).get("traceparent") == WRITTEN) == is_said
    assert is_said or sent.message == asked.message
    assert asked.message == replace(call(meta, era), kind=kind).message
