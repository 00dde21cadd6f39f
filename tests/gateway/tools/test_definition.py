"""What of a tool is pinned: every change of it changes the hash, and nothing else does."""

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from gateway import jsontext
from gateway.tools.definition import FIELDS, MAX_NAME, MAX_TEXT, Definition, by_name, canonical, read_definition

TOOL: dict[str, Any] = {
    "name": "search",
    "title": "Search",
    "description": "Find things.",
    "inputSchema": {"type": "object", "properties": {"q": {"type": "string", "maxLength": 10}}},
    "outputSchema": {"type": "object"},
    "annotations": {"readOnlyHint": True},
}

SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


def parsed(value: Any) -> Any:
    """As the gateway reads it off the wire."""
    found = jsontext.parse(json.dumps(value).replace("Infinity", "1e999"))
    assert not isinstance(found, jsontext.Malformed)
    return found


def read(**changes: Any) -> Definition:
    definition = read_definition(parsed(TOOL | changes))
    assert definition is not None
    return definition


def shuffled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(value)}
    return [shuffled(item) for item in value] if isinstance(value, list) else value


def test_the_hash_is_the_sha_256_of_canonical_json_that_any_tool_can_make() -> None:
    assert read().text.encode() == rfc8785.dumps(TOOL)
    assert len(read().digest) == 64


@pytest.mark.parametrize("field", FIELDS)
def test_a_change_of_any_pinned_field_changes_the_hash(field: str) -> None:
    assert read(**{field: "other"}).digest != read().digest
    without = {name: value for name, value in TOOL.items() if name != field}
    assert field == "name" or read_definition(parsed(without)) != read()


def test_what_is_not_pinned_makes_no_difference() -> None:
    assert read(_meta={"a": 1}, icons=[{"src": "data:,"}]).digest == read().digest


@given(schema=VALUES)
def test_the_order_of_keys_makes_no_difference(schema: Any) -> None:
    tool = TOOL | {"inputSchema": schema}
    assert canonical(parsed(tool)) == canonical(parsed(shuffled(tool)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "1.0"),
        ("1", "1e0"),
        ("0", "-0"),
        ("0.1", "1E-1"),
        ("100", "1e2"),
        ("9007199254740991", "9007199254740991.0"),
    ],
)
def test_the_spelling_of_a_number_makes_no_difference(one: str, other: str) -> None:
    assert canonical({"name": jsontext.parse(one)}) == canonical({"name": jsontext.parse(other)})


@given(one=VALUES, other=VALUES)
def test_two_schemas_that_differ_have_two_hashes(one: Any, other: Any) -> None:
    is_same = canonical({"inputSchema": parsed(one)}) == canonical({"inputSchema": parsed(other)})
    # In JSON 1 and 1.0 are one number; in Python, so are 1 and True.
    assert is_same == (repr(_as_numbers(one)) == repr(_as_numbers(other)))


def _as_numbers(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, dict):
        return {key: _as_numbers(value[key]) for key in sorted(value)}
    return [_as_numbers(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("number", ["18446744073709551615", "-9007199254740993", "1e999", "9" * 5000])
def test_a_number_that_canonical_json_does_not_cover_is_neither_lost_nor_an_error(number: str) -> None:
    schema: Any = jsontext.parse(f'{{"maximum": {number}}}')
    digests = {
        bytes(canonical({"inputSchema": each}))
        for each in (schema, {"maximum": None}, {"maximum": number}, {"maximum": 1}, {"minimum": schema["maximum"]})
    }
    assert len(digests) == 5


def test_places_whose_names_look_alike_are_told_apart() -> None:
    big = jsontext.Number("1" + "0" * 30)
    one = canonical({"inputSchema": {"a/b": big, "a": {"b": None}}})
    other = canonical({"inputSchema": {"a/b": None, "a": {"b": big}}})
    assert one != other


@pytest.mark.parametrize(
    "entry",
    [
        *(None, [], "search", {}, {"name": 5}, {"name": ""}, {"name": "n" * (MAX_NAME + 1)}),
        *({"name": "a", "description": "d" * MAX_TEXT}, {"name": "a", "inputSchema": {"x": "\x00" * (MAX_TEXT // 6)}}),
    ],
)
def test_what_cannot_be_a_tool_has_no_definition(entry: Any) -> None:
    assert read_definition(entry) is None


def test_two_tools_of_one_name_that_differ_are_none_and_the_same_one_twice_is_one() -> None:
    found = by_name([read(), read(), read(name="a"), read(name="a", description="other"), None])
    assert list(found) == ["search"]
