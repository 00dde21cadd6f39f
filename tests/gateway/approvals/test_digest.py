"""What exactly is approved."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import jsontext
from gateway.approvals.digest import MAX_CALL, REASON_META, digest, is_too_large, shown_params
from gateway.values import Call
from tests.fakes.values import CALL, CALLER

DEFINITION = "d" * 64


def call(arguments: Any, **params: Any) -> Call:
    params = {"name": "issue_refund", "arguments": arguments, **params}
    return replace(
        CALL, target="issue_refund", message={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    )


def of(arguments: Any, **params: Any) -> str:
    return digest(CALLER, call(arguments, **params), DEFINITION)


def read(text: str) -> Any:
    return jsontext.parse(text)


def test_the_same_call_has_the_same_digest_however_it_is_spelled() -> None:
    assert of(read('{"a": 1, "b": "x"}')) == of(read('{"b":"x","a":1.0}'))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"amount": 100}', '{"amount": 101}'),
        ('{"amount": 100}', '{"amount": "100"}'),
        ('{"amount": 100}', '{"amount": 100, "note": null}'),
        ('{"to": ["a", "b"]}', '{"to": ["b", "a"]}'),
        ('{"amount": 9007199254740993}', '{"amount": 9007199254740992}'),
        ('{"amount": 1e400}', '{"amount": 1e401}'),
        ('{"a": {"b": 9007199254740993}, "c": null}', '{"a": {"b": null}, "c": 9007199254740993}'),
    ],
)
def test_any_other_argument_is_another_call(one: str, other: str) -> None:
    assert of(read(one)) != of(read(other))


def test_another_caller_client_server_tool_or_definition_is_another_call() -> None:
    known = of({})
    assert digest(CALLER, call({}), "e" * 64) != known
    for changed in (replace(CALLER, object_id="x"), replace(CALLER, tenant="x"), replace(CALLER, client="x")):
        assert digest(changed, call({}), DEFINITION) != known
    for other in (
        replace(call({}), server="x"),
        replace(call({}), target="x"),
        replace(call({}), method="prompts/get"),
    ):
        assert digest(CALLER, other, DEFINITION) != known


def test_what_differs_from_one_try_to_the_next_makes_no_difference() -> None:
    meta = {
        "progressToken": 1,
        "traceparent": "00-1",
        "io.modelcontextprotocol/clientInfo": {"name": "x"},
        REASON_META: "y",
    }
    assert of({}, _meta=meta) == of({}, _meta={"progressToken": 2}) == of({})
    assert replace(CALL, id=1) != replace(CALL, id=2)
    assert digest(CALLER, replace(call({}), id=9), DEFINITION) == of({})


def test_what_an_upstream_could_act_on_in_meta_counts_and_is_shown() -> None:
    assert of({}, _meta={"com.example/dry-run": True}) != of({}, _meta={"com.example/dry-run": False})
    assert shown_params(call({}, _meta={"com.example/x": 1, "progressToken": 2}))["_meta"] == {"com.example/x": 1}


def test_what_the_caller_answers_in_a_further_round_counts() -> None:
    asked = of({}, requestState="s", inputResponses={"q": {"action": "accept", "content": {"amount": 1}}})
    assert asked not in (
        of({}),
        of({}, requestState="s", inputResponses={"q": {"action": "accept", "content": {"amount": 2}}}),
    )


def test_a_call_that_nobody_could_read_is_too_large() -> None:
    assert not is_too_large(call({"text": "x" * 1000}))
    assert is_too_large(call({"text": "x" * MAX_CALL}))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
objects = st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=4), json_values, max_size=3)


@given(objects, objects)
def test_two_calls_have_one_digest_only_if_their_arguments_are_equal(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    equal = jsontext.write(_sorted(one)) == jsontext.write(_sorted(other))
    assert (of(one) == of(other)) == equal


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    # Integers past 64 bits travel as numbers that keep their spelling.
    return jsontext.Number(str(value)) if type(value) is int and abs(value) >= 2**63 else value
