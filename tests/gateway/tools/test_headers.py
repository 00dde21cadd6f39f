"""M8: `Mcp-Param-*` headers agree with the body. The official SDK's own check is the oracle."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.inbound import (
    encode_header_value,
    find_invalid_x_mcp_header,
    validate_mcp_param_headers,
    x_mcp_header_map,
)

from gateway import jsontext
from gateway.tools.headers import Declared, declared, mismatch


def annotated(kind: str, header: Any = "Region", **more: Any) -> dict[str, Any]:
    return {"type": kind, "x-mcp-header": header, **more}


SCHEMA = {"type": "object", "properties": {"region": annotated("string"), "page": annotated("integer", "Page")}}
NESTED = {"properties": {"a": {"properties": {"b": annotated("boolean", "B")}}}}


def check(schema: Any, arguments: dict[str, Any], **headers: str) -> str:
    sent = {f"mcp-param-{name}": value for name, value in headers.items()}
    read: Any = jsontext.parse(json.dumps(arguments))
    return mismatch(declared(jsontext.parse(json.dumps(schema))), read, sent)


@pytest.mark.parametrize(
    ("arguments", "headers", "wrong"),
    [
        ({"region": "eu"}, {"region": "eu"}, ""),
        ({"region": "eu"}, {}, "mcp-param-region"),
        ({"region": "eu"}, {"region": "us"}, "mcp-param-region"),
        ({"region": "eu"}, {"region": "EU"}, "mcp-param-region"),
        ({"region": ""}, {"region": ""}, ""),
        ({"region": ""}, {}, "mcp-param-region"),
        ({"region": None}, {}, ""),
        ({"region": None}, {"region": "null"}, "mcp-param-region"),
        ({}, {"region": "eu"}, "mcp-param-region"),
        ({}, {"other": "eu"}, ""),
        ({"region": "Zürich"}, {"region": encode_header_value("Zürich")}, ""),
        ({"region": "Zürich"}, {"region": "=?base64?WsO8?="}, "mcp-param-region"),
        ({"region": "eu"}, {"region": "=?base64?ZXV=?="}, "mcp-param-region"),
        ({"page": 42}, {"page": "42"}, ""),
        ({"page": 42}, {"page": "42.0"}, ""),
        ({"page": 42.0}, {"page": "42"}, ""),
        ({"page": 42}, {"page": "042"}, ""),
        ({"page": 42}, {"page": "4.2e1"}, "mcp-param-page"),
        ({"page": 42}, {"page": "42.5"}, "mcp-param-page"),
        ({"page": 2**60}, {"page": str(2**60 + 1)}, "mcp-param-page"),
        ({"page": True}, {"page": "true"}, ""),
        ({"page": True}, {"page": "1"}, "mcp-param-page"),
        ({"page": [1]}, {}, ""),
        ({"page": [1]}, {"page": "[1]"}, "mcp-param-page"),
    ],
)
def test_header_and_argument_are_there_together_and_agree(
    arguments: dict[str, Any], headers: dict[str, str], wrong: str
) -> None:
    assert check(SCHEMA, arguments, **headers) == wrong


def test_a_nested_argument_has_its_header_too() -> None:
    assert check(NESTED, {"a": {"b": True}}, b="true") == ""
    assert check(NESTED, {"a": {"b": True}}, b="True") == "mcp-param-b"
    assert check(NESTED, {"a": 5}) == ""


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": annotated("number")}},
        {"properties": {"a": annotated("string", "not a token")}},
        {"properties": {"a": annotated("string", "")}},
        {"properties": {"a": annotated("string", 5)}},
        {"properties": {"a": {"x-mcp-header": "A"}}},
        {"properties": {"a": annotated("string"), "b": annotated("string", "REGION")}},
        {"properties": {"a": annotated("string"), "b": {"items": annotated("string", "B")}}},
        {"properties": {"a": annotated("string")}, "anyOf": [{"properties": {"c": annotated("string", "C")}}]},
        {"properties": {"a": annotated("string")}, "$defs": {"d": annotated("string", "D")}},
        annotated("string"),
        None,
        [],
    ],
)
def test_a_schema_with_an_invalid_declaration_declares_nothing(schema: Any) -> None:
    assert declared(schema) == ()


def test_data_in_a_schema_declares_nothing() -> None:
    schema = {"properties": {"a": annotated("string", default={"x-mcp-header": "B"}, enum=[annotated("string")])}}
    assert declared(schema) == (Declared("mcp-param-region", ("a",), False),)


NAMES = st.sampled_from(["a", "b", "c"])
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "eu", "42", "42.0", "true", " x", "Zürich", "=?base64?ZXU=?="])
    | st.just([1])
)
LEAVES = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["string", "integer", "boolean", "number", "object"]),
        "x-mcp-header": st.sampled_from(["A", "b", "C", "c", "b c", 5]),
    },
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "type": st.just("object"),
            "properties": st.dictionaries(NAMES, inner, max_size=3),
            "items": inner,
            "anyOf": st.lists(inner, max_size=2),
            "$defs": st.dictionaries(NAMES, inner, max_size=1),
        },
    ),
    max_leaves=6,
)
ARGUMENTS = st.dictionaries(NAMES, VALUES | st.dictionaries(NAMES, VALUES, max_size=2), max_size=3)
HEADERS = st.dictionaries(
    NAMES, VALUES.map(lambda value: encode_header_value(str(value))) | st.sampled_from(["true", "42.0", "=?base64?x?="])
)


@given(schema=SCHEMAS, arguments=ARGUMENTS, headers=HEADERS)
def test_what_passes_here_is_what_passes_the_official_sdk(
    schema: Any, arguments: dict[str, Any], headers: dict[str, str]
) -> None:
    sent = {f"mcp-param-{name}": value for name, value in headers.items()}
    verdict = validate_mcp_param_headers(schema, arguments, sent)
    assert bool(check(schema, arguments, **headers)) == (verdict is not None)


@given(schema=SCHEMAS)
def test_what_is_declared_here_is_what_the_official_sdk_declares(schema: Any) -> None:
    expected = {} if find_invalid_x_mcp_header(schema) else x_mcp_header_map(schema)
    assert {one.path: one.header for one in declared(schema)} == {
        path: f"mcp-param-{token.lower()}" for path, token in expected.items()
    }


@pytest.mark.parametrize("number", ["9" * 5000, "1e999"])
def test_a_number_that_nobody_can_write_into_a_header_has_none(number: str) -> None:
    arguments: Any = jsontext.parse(f'{{"page": {number}}}')
    assert mismatch(declared(SCHEMA), arguments, {}) == ""
    assert mismatch(declared(SCHEMA), arguments, {"mcp-param-page": number}) == "mcp-param-page"
