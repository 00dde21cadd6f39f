import base64
import copy
import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.jsontext import MAX_DEPTH, Malformed, Number, parse, plain, write
from gateway.mask import FROM_CLIENT, KEPT, KEPT_FROM_CLIENT, SEARCHED, Terms, mask, mask_text
from gateway.masking.detectors import DETECTORS
from gateway.reasons import Reason
from gateway.values import Action, Hidden, Json, Mask, Masked, Refusal
from tests.gateway.masking.messages import result

MAIL, SSN, AWS = "alice@example.com", "123-45-6789", "AKIA" + "IOSFODNN7EXAMPLE"
PERSONAL = Mask("personal", Action.REDACT, detectors=tuple(DETECTORS), fields=("salary", "$.customer.name"))


def masked(message: dict[str, Json], *masks: Mask) -> Masked:
    found = mask(message, masks or (PERSONAL,))
    assert isinstance(found, Masked)
    return found


def refused(message: dict[str, Json], *masks: Mask) -> Refusal:
    found = mask(message, masks)
    assert isinstance(found, Refusal)
    return found


def blob(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


SECRETS = f"{MAIL}, {SSN} and {AWS}"
PROBE = {
    "text": result(content=[{"type": "text", "text": SECRETS}]),
    "json in text": result(content=[{"type": "text", "text": json.dumps({"a": [SECRETS]})}]),
    "text of an error result": result(isError=True, content=[{"type": "text", "text": SECRETS}]),
    "error message": {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": SECRETS}},
    "error data": {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": "m", "data": {"a": SECRETS}}},
    "structured content": result(structuredContent={"a": {"b": [SECRETS]}}),
    "embedded resource": result(content=[{"type": "resource", "resource": {"uri": f"r://{MAIL}", "text": SECRETS}}]),
    "resource link": result(
        content=[{"type": "resource_link", "uri": f"r://{MAIL}", "name": SECRETS, "description": SECRETS}]
    ),
    "meta of an item": result(content=[{"type": "text", "text": "t", "_meta": {"a": SECRETS}}]),
    "meta of the result": result(_meta={"vendor/a": SECRETS}),
    "text in base64": result(contents=[{"uri": "r://1", "mimeType": "text/plain", "blob": blob(SECRETS)}]),
    "tool description": result(tools=[{"name": "t", "description": SECRETS, "inputSchema": {"default": SECRETS}}]),
    "progress": {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"message": SECRETS}},
    "log": {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": {"a": SECRETS}}},
    "elicitation": {"jsonrpc": "2.0", "id": 2, "method": "elicitation/create", "params": {"message": SECRETS}},
}


@pytest.mark.parametrize("place", PROBE)
def test_no_place_of_the_probe_that_other_gateways_fail_leaks(place: str) -> None:
    found = masked(PROBE[place])
    seen = json.dumps(found.message)
    blobs = [base64.b64decode(item["blob"]).decode() for item in found.message.get("result", {}).get("contents", [])]
    assert all(value not in text for value in (MAIL, SSN, AWS) for text in (seen, *blobs, repr(found.hidden)))
    assert {hidden.by for hidden in found.hidden} >= {"email", "us_ssn", "cloud_key"}


def test_without_masks_the_message_is_handed_on() -> None:
    assert mask(PROBE["text"], ()) == Masked(PROBE["text"])


def test_what_was_hidden_is_listed_with_place_rule_and_action() -> None:
    message = result(structuredContent={"customer": {"name": "Alice"}, "salary": 9, MAIL: {"ssn": SSN}})
    here = "$['result']['structuredContent']"
    assert masked(message).hidden == (
        Hidden("personal", "$.customer.name", Action.REDACT, f"{here}['customer']['name']"),
        Hidden("personal", "salary", Action.REDACT, f"{here}['salary']"),
        Hidden("personal", "email", Action.REDACT, f"{here}['[hidden:email]']"),
        Hidden("personal", "us_ssn", Action.REDACT, f"{here}['[hidden:email]']['ssn']"),
    )


def test_a_key_is_not_spelled_out_in_a_path_even_if_no_mask_hides_it() -> None:
    found = masked(result(structuredContent={MAIL: {"salary": 9}}), Mask("pay", Action.REDACT, fields=("salary",)))
    assert MAIL in found.message["result"]["structuredContent"]
    assert MAIL not in found.hidden[0].path


def test_the_list_of_what_was_hidden_has_an_end_and_a_count() -> None:
    found = masked(result(structuredContent=[MAIL] * 5000))
    assert len(found.hidden) == 1001
    assert found.hidden[-1].path == "$ and 4000 more"


@pytest.mark.parametrize("message", [*PROBE.values(), result(structuredContent={"salary": 9})])
def test_a_mask_that_blocks_keeps_the_answer_back(message: dict[str, Json]) -> None:
    block = Mask("strict", Action.BLOCK, detectors=("email",), fields=("salary",))
    refusal = refused(message, PERSONAL, block)
    assert refusal.reason is Reason.BLOCKED
    assert refusal.detail.startswith("strict at $[")
    assert MAIL not in refusal.detail


def test_a_mask_that_blocks_lets_other_answers_through() -> None:
    block = Mask("strict", Action.BLOCK, detectors=("email",), fields=("salary",))
    assert masked(result(structuredContent={"a": 1}), block) == Masked(result(structuredContent={"a": 1}))


@pytest.mark.parametrize(
    ("message", "broken", "error"),
    [
        (PROBE["text"], Mask("m", Action.REDACT, detectors=("horoscope",)), "KeyError"),
        (PROBE["text"], Mask("m", Action.REDACT, fields=("$.[",)), "JSONPathSyntaxError"),
        (result(content=[{"type": "text", "text": f"\ud800{MAIL}"}]), PERSONAL, "UnicodeEncodeError"),
        (result(content=object()), PERSONAL, ""),
    ],
)
def test_an_answer_that_cannot_be_masked_is_kept_back(message: dict[str, Json], broken: Mask, error: str) -> None:
    found = mask(message, (broken,))
    if error:
        assert found == Refusal(Reason.MASKING_FAILED, detail=error)


def deep(depth: int) -> Json:
    value: Json = MAIL
    for _ in range(depth):
        value = {"a": value}
    return value


def test_an_answer_as_deep_as_the_parser_allows_is_masked_and_a_deeper_one_kept_back() -> None:
    message = result(structuredContent=deep(MAX_DEPTH - 2))
    assert parse(write(message)) == message
    assert MAIL not in json.dumps(masked(message).message)
    assert refused(result(structuredContent=deep(10_000)), PERSONAL).reason is Reason.MASKING_FAILED


def test_deep_json_inside_deep_json_is_masked_or_kept_back_but_never_leaks() -> None:
    value: Json = MAIL
    for _ in range(6):
        value = json.dumps(json.loads('{"a":' * 60 + json.dumps(value) + "}" * 60))
        found = mask(result(content=[{"type": "text", "text": value}]), (PERSONAL,))
        assert isinstance(found, Refusal) or MAIL not in json.dumps(found.message)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (f"users://{MAIL}/", "users://[hidden:email]/"),
        ("files://a", "files://a"),
        (f'{{"a":"{MAIL}"}}', '{"a":"[hidden:email]"}'),
    ],
)
def test_a_single_text_is_masked(text: str, seen: str) -> None:
    assert mask_text(text, (PERSONAL,)) == seen


@pytest.mark.parametrize("action", [Action.DROP, Action.BLOCK])
def test_a_single_text_that_may_not_be_seen_is_withheld(action: Action) -> None:
    assert mask_text(f"x {MAIL}", (Mask("m", action, detectors=("email",)),)) == "[hidden]"


def test_a_single_text_that_cannot_be_masked_is_withheld() -> None:
    assert mask_text("x", (Mask("m", Action.REDACT, detectors=("horoscope",)),)) == "[hidden]"
    assert mask_text("\ud800 text", (PERSONAL,)) == "[hidden]"


def test_of_a_single_text_without_end_only_its_length_is_told() -> None:
    assert mask_text("x " * 8192, (PERSONAL,)) == "x " * 8192
    assert mask_text("a@b.co " * 600_000, (PERSONAL,)) == "[text of 4,200,000 characters]"


def test_a_single_text_without_masks_stays() -> None:
    assert mask_text(MAIL, ()) == MAIL


# Pieces of values and of their surroundings, so that random texts come close to real ones.
VALUES_OF_DETECTORS = [
    *(MAIL, SSN, AWS, "4111 1111 1111 1111", "4111111111111111", "+1 415-555-0100", "DE89 3704 0044 0532 0130 00"),
    *("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "eyJhbGciOiJub25lIn0.e30.", "sig=" + "a1" * 25),
]
SURROUNDINGS = [
    *("a@", "@b.co", "ssn: 123456789", "[hidden:email]", "[hidden:a ...", "]", "{", "}", "[", '"', ":", ","),
    *("\\", "\n", "\\n", " ", "-", "1", "x", "é", "\0", "\ufeff"),
]
PIECES = st.sampled_from(VALUES_OF_DETECTORS + SURROUNDINGS)
TEXTS = st.lists(PIECES, max_size=6).map("".join) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers(-(10**17), 10**17) | st.sampled_from(
    [4111111111111111, Number("4111111111111111.0"), Number("1.50")]
)
KEYS = TEXTS | st.sampled_from(["salary", "a", "phone", "ssn", "type", "text", "content"])
TREES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
VALUES = TREES | TREES.map(lambda tree: write(tree).decode())
MESSAGES = st.one_of(
    VALUES.map(
        lambda value: result(structuredContent=value, content=[{"type": "text", "text": write(value).decode()}])
    ),
    VALUES.map(lambda value: result(content=value, _meta=value, tools=[{"name": "t", "inputSchema": value}])),
    VALUES.map(lambda value: {"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "m", "data": value}}),
    VALUES.map(lambda value: {"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": value}}),
    TEXTS.map(lambda text: result(contents=[{"uri": text, "blob": blob(text)}])),
    st.dictionaries(KEYS, VALUES, max_size=3),
)
RULES = st.builds(
    Mask,
    name=st.just("m"),
    action=st.sampled_from([Action.REDACT, Action.PARTIAL, Action.DROP]),
    detectors=st.lists(st.sampled_from(list(DETECTORS)), unique=True).map(tuple),
    fields=st.lists(st.sampled_from(["salary", "a", "type", "$..a", "$[0]", "$", "$.a[?@ > 1]"]), unique=True).map(
        tuple
    ),
)
MASKS = st.lists(RULES, min_size=1, max_size=3).map(tuple)


def moves_what_it_names(masks: tuple[Mask, ...]) -> bool:
    """Once the first item is dropped, another one is the first."""
    return any(mask.action is Action.DROP for mask in masks) and any("$[0]" in mask.fields for mask in masks)


@given(MESSAGES, MASKS)
def test_masking_never_fails_leaves_the_input_alone_and_returns_json(
    message: dict[str, Json], masks: tuple[Mask, ...]
) -> None:
    before = copy.deepcopy(message)
    found = masked(message, *masks)
    assert message == before
    assert not isinstance(parse(write(found.message)), Malformed)


@given(MESSAGES, MASKS.filter(lambda masks: not moves_what_it_names(masks)))
def test_masking_a_masked_message_changes_nothing(message: dict[str, Json], masks: tuple[Mask, ...]) -> None:
    once = masked(message, *masks).message
    assert masked(once, *masks).message == once


def shape(value: Json) -> Json:
    if isinstance(value, dict):
        return [shape(item) for item in value.values()]
    if isinstance(value, list):
        return [shape(item) for item in value]
    return int if isinstance(value, Number) else type(value)


@given(VALUES, st.sampled_from([Action.REDACT, Action.PARTIAL]))
def test_a_masked_value_has_the_types_of_the_clear_one(value: Json, action: Action) -> None:
    every = Mask("m", action, detectors=tuple(DETECTORS), fields=("salary", "a", "$[0]"))
    found = masked(result(structuredContent=value), every)
    assert shape(found.message) == shape(result(structuredContent=value))


HARMLESS = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text("abc xyz.,:{}[]\"'éß\n", max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("bcd", max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(HARMLESS)
def test_a_value_that_no_rule_names_is_unchanged(value: Json) -> None:
    message = result(structuredContent=value, content=[{"type": "text", "text": json.dumps(value)}])
    assert masked(message) == Masked(message)


def as_text(value: Json, style: int) -> str:
    compact = json.dumps(value)
    return [compact, json.dumps(value, indent=2), compact.replace("@", "\\u0040"), json.dumps(compact)][style]


@st.composite
def planted(draw: st.DrawFn) -> Json:
    """A document with an address somewhere in it: in texts, in keys, in JSON inside texts."""
    value: Json = draw(st.sampled_from([MAIL, f"<{MAIL}>", f"a {MAIL}\n"]))
    for _ in range(draw(st.integers(0, 5))):
        around = plain(draw(TREES))
        way = draw(st.integers(0, 6))
        if way < 4:
            value = as_text([value, around], way)
        elif way == 4 and isinstance(value, str) and "\\" not in value:
            value = {value: around}
        else:
            value = [around, value] if way == 5 else {"k": value, "around": around}
    return value


def decoded(message: dict[str, Json]) -> Iterator[str]:
    for block in message.get("result", {}).get("content", []):
        yield base64.b64decode(block.get("resource", {}).get("blob", "")).decode()


@given(planted(), st.integers(0, 5))
def test_a_planted_address_never_survives(value: Json, place: int) -> None:
    text = value if isinstance(value, str) else json.dumps(value)
    message = [
        result(structuredContent=value),
        result(content=[{"type": "text", "text": text}]),
        result(content=[{"type": "resource", "resource": {"uri": "r://1", "blob": blob(text)}}]),
        result(tools=[{"name": "t", "description": text, "inputSchema": {"properties": {"p": {"default": value}}}}]),
        {"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": text, "data": value}},
        {"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": value}},
    ][place]
    found = masked(message)
    seen = json.dumps(found.message) + repr(found.hidden) + "".join(decoded(found.message))
    assert MAIL not in seen.replace("\\", "").replace("u0040", "@")


PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n\xff" * 1000).decode()
IMAGE = result(content=[{"type": "image", "mimeType": "image/png", "data": PNG}])


def test_an_image_passes_and_is_named_as_not_inspected() -> None:
    found = masked(IMAGE)
    assert found.message == IMAGE
    assert found.uninspected == "image/png x1 (9 KB)"
    assert masked(result(contents=[{"uri": "r://1", "mimeType": "image/png", "blob": blob("text")}])).uninspected == ""


@pytest.mark.parametrize(("largest", "passes"), [(None, True), (9_000, True), (8_999, False), (0, False)])
@pytest.mark.parametrize("masks", [(), (PERSONAL,)])
def test_an_image_that_may_not_pass_unread_refuses_the_answer(
    largest: int | None, passes: bool, masks: tuple[Mask, ...]
) -> None:
    found = mask(IMAGE, masks, terms=Terms(largest_blob=largest))
    if passes:
        assert isinstance(found, Masked)
    else:
        assert found == Refusal(Reason.BLOCKED, "not inspected: image/png of 9 KB at $['result']['content'][0]['data']")


def test_text_in_a_blob_is_masked_and_never_stopped() -> None:
    contents = [{"uri": "r://1", "mimeType": "text/plain", "blob": blob(f"see {MAIL}")}]
    found = mask(result(contents=contents), (PERSONAL,), terms=Terms(largest_blob=0))
    assert isinstance(found, Masked)
    assert base64.b64decode(found.message["result"]["contents"][0]["blob"]) == b"see [hidden:email]"


SCHEMA = {"type": "object", "properties": {"mail": {"type": "string", "format": "email"}}, "required": ["mail"]}
LISTED = result(tools=[{"name": "t", "inputSchema": SCHEMA, "outputSchema": SCHEMA}])


def test_only_a_schema_of_results_is_loosened_and_only_by_the_masks_that_results_meet() -> None:
    assert masked(LISTED).message == LISTED
    for masks in ((), (PERSONAL,)):
        found = mask(LISTED, masks, terms=Terms(results=(PERSONAL,)))
        assert isinstance(found, Masked)
        [tool] = found.message["result"]["tools"]
        assert tool["inputSchema"] == SCHEMA
        assert tool["outputSchema"] == SCHEMA | {"properties": {"mail": {"type": "string"}}}


def test_in_what_is_kept_identifiers_are_masked_too() -> None:
    message = {"jsonrpc": "2.0", "id": MAIL, "method": "resources/read", "params": {"uri": f"r://{MAIL}"}}
    assert masked_for(message, FROM_CLIENT) == message
    assert masked_for(message, SEARCHED) == message | {"params": {"uri": "r://[hidden:email]"}}
    assert MAIL not in json.dumps(masked_for(message, KEPT_FROM_CLIENT))
    answers = {"params": {"inputResponses": {MAIL: {"action": "accept"}}, "requestState": MAIL}}
    assert MAIL not in json.dumps(masked_for({"method": "tools/call", **answers}, KEPT_FROM_CLIENT))
    assert MAIL not in json.dumps(masked_for(result(nextCursor=MAIL, tools=[{"name": MAIL}]), KEPT))


def masked_for(message: dict[str, Json], terms: Terms) -> dict[str, Json]:
    found = mask(message, (PERSONAL,), terms=terms)
    assert isinstance(found, Masked)
    return found.message
