from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types

from gateway.mask import mask
from gateway.masking.compiled import compiled
from gateway.masking.detectors import DETECTORS
from gateway.masking.schemas import loosened
from gateway.values import Action, Json, Mask, Masked
from tests.gateway.masking.messages import result

MAIL = "alice@example.com"


def rules(action: Action = Action.REDACT, *fields: str) -> tuple[Mask, ...]:
    return (Mask("m", action, detectors=("email", "phone", "payment_card"), fields=fields or ("pay", "$.deep.x")),)


def fits(value: Json, schema: Json) -> bool:
    return bool(Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).is_valid(value))


def an_object(**properties: Json) -> dict[str, Json]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "minProperties": len(properties),
        "additionalProperties": False,
    }


EXAMPLES: list[tuple[dict[str, Json], Json]] = [
    (an_object(mail={"type": "string", "format": "email", "maxLength": 20}), {"mail": MAIL}),
    (an_object(mail={"type": "string", "pattern": "@", "minLength": 5}), {"mail": MAIL}),
    (an_object(mail={"enum": [MAIL, "x"]}), {"mail": MAIL}),
    (an_object(mail={"const": MAIL}), {"mail": MAIL}),
    (an_object(pay={"type": "integer", "minimum": 1, "maximum": 9}), {"pay": 5}),
    (an_object(pay={"type": "number", "exclusiveMaximum": 0}), {"pay": -5}),
    (an_object(pay={"enum": ["low", "high"]}), {"pay": "low"}),
    (an_object(pay={"type": "boolean", "const": True}), {"pay": True}),
    (an_object(phone={"enum": ["030 1234567"]}), {"phone": "030 1234567"}),
    (an_object(card={"type": "integer", "minimum": 10**12}), {"card": 4111111111111111}),
    (an_object(pay={"$ref": "#/$defs/m"}) | {"$defs": {"m": {"pattern": "^[0-9]+$"}}}, {"pay": "77"}),
    (an_object(deep=an_object(x={"minLength": 1, "maxLength": 2})), {"deep": {"x": "ab"}}),
    ({"type": "object", "additionalProperties": {"maxLength": 2}}, {"pay": "ab"}),
    ({"type": "object", "patternProperties": {"@": {"type": "integer"}}, "additionalProperties": False}, {MAIL: 1}),
    (an_object(**{MAIL: {"type": "integer"}}), {MAIL: 1}),
    ({"type": "object", "propertyNames": {"pattern": "@"}}, {MAIL: 1}),
    (an_object(a={"type": "array", "uniqueItems": True, "minItems": 2}), {"a": [MAIL, "bob@example.com"]}),
    (an_object(a={"prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False}), {"a": [MAIL, 2]}),
    (an_object(a={"contains": {"format": "email"}}), {"a": [MAIL]}),
    (an_object(a={"oneOf": [{"format": "email"}, {"maxLength": 3}]}), {"a": MAIL}),
    (an_object(a={"not": {"pattern": "hidden"}}), {"a": MAIL}),
    (an_object(a={"if": {"pattern": "@"}, "else": {"maxLength": 3}}), {"a": MAIL}),
    ({"type": "object", "dependentRequired": {"id": ["pay"]}, "properties": {"id": {}}}, {"id": 1, "pay": 2}),
    ({"allOf": [{"properties": {"pay": {}}}], "unevaluatedProperties": False}, {"pay": "x"}),
]


@pytest.mark.parametrize("action", [Action.REDACT, Action.PARTIAL, Action.DROP])
@pytest.mark.parametrize(("schema", "value"), EXAMPLES)
def test_a_masked_result_fits_the_loosened_schema(schema: dict[str, Json], value: Json, action: Action) -> None:
    assert fits(value, schema)
    found = mask(result(structuredContent=value), rules(action))
    assert isinstance(found, Masked)
    assert found.hidden
    new = found.message["result"]["structuredContent"]
    loose = loosened(schema, compiled(rules(action)))
    Draft202012Validator.check_schema(loose)
    assert fits(new, loose)
    assert fits(value, loose)


def test_what_masking_cannot_break_stays() -> None:
    schema = an_object(
        n={"type": "integer", "minimum": 0, "multipleOf": 5, "description": "d"}, s={"enum": ["a", "b"]}, required={}
    )
    assert loosened(schema, compiled(rules(Action.REDACT, "pay"))) == schema


def test_a_member_that_is_dropped_is_not_required() -> None:
    schema = an_object(pay={"type": "integer"}, id={"type": "integer"})
    dropped = compiled((Mask("m", Action.DROP, fields=("pay",)),))
    assert loosened(schema, dropped)["required"] == ["id"]


def test_without_rules_the_schema_is_the_same() -> None:
    schema = {"format": "email"}
    assert loosened(schema, compiled(())) is schema


KEYWORDS: dict[str, Any] = {
    "type": st.sampled_from(["string", "integer", "object", "array", "boolean"]),
    "pattern": st.sampled_from(["@", "^a", "[0-9]"]),
    "format": st.sampled_from(["email", "date"]),
    "maxLength": st.integers(0, 30),
    "minimum": st.integers(-2, 2),
    "enum": st.lists(st.sampled_from([MAIL, "x", 1, True]), min_size=1, unique_by=str),
    "uniqueItems": st.booleans(),
    "minItems": st.integers(0, 2),
    "required": st.lists(st.sampled_from(["pay", "a", MAIL]), unique=True),
}


def _grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(inner, min_size=1, max_size=2)
    maps = st.dictionaries(st.sampled_from(["pay", "a", "phone"]), inner, max_size=2)
    more = {
        **dict.fromkeys(("properties", "patternProperties"), maps),
        **dict.fromkeys(("anyOf", "oneOf", "allOf", "prefixItems"), lists),
        **dict.fromkeys(("items", "not", "if", "then", "else", "additionalProperties", "contains"), inner),
    }
    return st.fixed_dictionaries({}, optional={**KEYWORDS, **more})


SCHEMAS = st.recursive(st.fixed_dictionaries({}, optional=KEYWORDS), _grown, max_leaves=5)
VALUES = st.recursive(
    st.sampled_from([MAIL, "x", "bob@example.com", 1, 0, -1, True, 4111111111111111]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["pay", "a", "phone", MAIL]), inner),
    max_leaves=5,
)


@settings(max_examples=50)
@given(SCHEMAS, VALUES, st.sampled_from([Action.REDACT, Action.PARTIAL, Action.DROP]))
def test_whatever_fitted_before_fits_after(schema: dict[str, Json], value: Json, action: Action) -> None:
    every = (Mask("m", action, detectors=tuple(DETECTORS), fields=("pay", "$.a[0]")),)
    found = mask(result(structuredContent={"v": value}), every)
    assert isinstance(found, Masked)
    new = found.message["result"]["structuredContent"]
    if fits(value, schema) and "v" in new:
        assert fits(new["v"], loosened(schema, compiled(every)))
