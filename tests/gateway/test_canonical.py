"""The canonical JSON of a value."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import jsontext
from gateway.canonical import canonical

texts = st.text(st.characters(codec="utf-8"), max_size=5)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(texts.filter(lambda key: key != "numbers"), values, max_size=3)


def parsed(value: Any) -> Any:
    return jsontext.parse(json.dumps(value))


def number(text: str) -> Any:
    return jsontext.parse(f'{{"n":{text}}}')


@given(objects)
def test_the_order_of_keys_makes_no_difference(value: dict[str, Any]) -> None:
    assert canonical(parsed(value)) == canonical(parsed(dict(reversed(value.items()))))


@given(objects, objects)
def test_two_values_have_one_form_only_if_they_are_equal(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert (canonical(parsed(one)) == canonical(parsed(other))) == (_exact(one) == _exact(other))


@pytest.mark.parametrize(("one", "other"), [("1", "1.0"), ("1e2", "100"), ("-0", "0")])
def test_one_number_has_one_form(one: str, other: str) -> None:
    assert canonical(number(one)) == canonical(number(other))


@pytest.mark.parametrize(("one", "other"), [("9007199254740993", "9007199254740992"), ("1e400", "2e400"), ("1", '"1"')])
def test_two_numbers_have_two(one: str, other: str) -> None:
    assert canonical(number(one)) != canonical(number(other))


def _exact(value: Any) -> Any:
    """The value in a form that compares as RFC 8785 does, and beyond its numbers by their spelling."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return repr(value)
    if isinstance(value, float):
        return _exact(int(value)) if value.is_integer() and abs(value) < 2**53 else ("number", repr(value))
    if isinstance(value, int):
        return ("number", str(value))
    if isinstance(value, dict):
        return tuple(sorted((key, _exact(item)) for key, item in value.items()))
    return [_exact(item) for item in value]
