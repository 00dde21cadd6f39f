"""What holds of every masking, whatever comes: shown on values in all their disguises."""

import base64
import copy
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.jsontext import Malformed, Number, parse, write
from gateway.keyed import Keyed
from gateway.mask import mask
from gateway.masking.compiled import Rules, compiled
from gateway.masking.detectors import DETECTORS
from gateway.reasons import Reason
from gateway.values import Action, Json, Mask, Masked, Refusal
from tests.gateway.masking.messages import result

KEYED = Keyed(b"digests", b"tokens", "session")
MAIL, CARD = "alice@example.com", "4111 1111 1111 1111"
ACTIONS = st.sampled_from([Action.REDACT, Action.PARTIAL, Action.TOKEN, Action.DROP])


def masked(message: dict[str, Json], *masks: Mask, keyed: Keyed = KEYED) -> Masked:
    found = mask(message, masks, keyed)
    assert isinstance(found, Masked), found
    return found


def every(action: Action) -> Mask:
    return Mask("m", action, detectors=tuple(DETECTORS), fields=("pay", "home_address"), words=("blue heron",))


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


# Ways in which a value may stand in a text; each holds it whole.
DISGUISES: dict[str, Callable[[str], str]] = {
    "as it is": lambda value: f"x {value} y",
    "full-width": lambda value: "".join(chr(ord(sign) + 0xFEE0) if sign != " " else "\u3000" for sign in value),
    "zero-width": "\u200b".join,
    "soft hyphens": "\u00ad".join,
    "combining marks": lambda value: "\u0332".join(value) + " é",
    "right to left": lambda value: f"\u202e{value}\u202c",
    "no-break spaces": lambda value: value.replace(" ", "\u00a0"),
    "percent": lambda value: f"https://host/?q={quote(value)}&x",
    "escapes of JSON": lambda value: "".join(f"\\u{ord(sign):04x}" for sign in value),
    "entities": lambda value: "".join(f"&#{ord(sign)};" for sign in value),
    "base64": lambda value: f"Basic {base64_of(f'the value is {value}, no more')}",
    "JSON in a text": lambda value: f"so: {json.dumps({'a': [value]}, indent=2)}",
    "JSON in JSON": lambda value: json.dumps({"a": json.dumps(json.dumps([value]))}),
    "lines of JSON": lambda value: "\n".join(json.dumps({"n": n, "a": value}) for n in range(3)),
    "CSV": lambda value: f'id,a\n1,"{value}"\n',
    "Markdown": lambda value: f"| id | a |\n|--|--|\n| 1 | {value} |",
}


@pytest.mark.parametrize("value", [MAIL, CARD, "DE89 3704 0044 0532 0130 00", "123-45-6789"])
@pytest.mark.parametrize("disguise", DISGUISES)
def test_no_disguise_saves_a_value(disguise: str, value: str) -> None:
    text = DISGUISES[disguise](value)
    found = masked(result(structuredContent={"a": text, "b": ["harmless é"]}), every(Action.REDACT))
    new = found.message["result"]["structuredContent"]
    assert "[hidden:" in new["a"]
    assert len(new["a"]) < len(text) + 24
    assert new["b"] == ["harmless é"]
    assert masked(found.message, every(Action.REDACT)).message == found.message


def test_a_token_is_the_same_in_one_session_and_another_in_another() -> None:
    message = result(structuredContent=[MAIL, f"x {MAIL}", {"pay": MAIL}, "bob@example.com"])
    first, second = (
        masked(message, every(Action.TOKEN), keyed=Keyed(b"d", b"t", session)).message["result"]["structuredContent"]
        for session in ("one", "two")
    )
    tokens = [first[0][-14:], first[1][-14:], first[2]["pay"][-14:], first[3][-14:]]
    assert tokens[0] == tokens[1] == tokens[2] != tokens[3]
    assert first[0] != second[0]


def test_partial_keeps_the_last_four_and_no_more() -> None:
    found = masked(
        result(structuredContent=[CARD, "12345678", {"pay": "x" * 9, "home_address": 12345}]), every(Action.PARTIAL)
    )
    assert found.message["result"]["structuredContent"] == [
        "[hidden:payment_card ...1111]",
        "12345678",
        {"pay": "[hidden:pay ...xxxx]", "home_address": 0},
    ]


PIECES = st.sampled_from(
    [
        *(MAIL, CARD, "４１１１1111１１１１1111", "a\u200b@b.co", "%40", "alice%40b.co", "&#64;", "\\u0040"),
        *(base64_of(f"to {MAIL} now"), "pay", "home_address", ",", ";", "|", "\n", "|--|--|", '"', "\t"),
        *('{"pay": 1}', '{"pay": "', "[hidden:email]", "]", "[hidden:pay #0123456789ab]", "[hidden:pay ...1111]"),
        *(" ", "1", "x", "é", "\0", "Blue Heron", "{", "}", "\ufeff"),
    ]
)
TEXTS = st.lists(PIECES, max_size=9).map("".join)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 10**17) | st.just(Number("1.50")) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS | st.just("pay"), inner, max_size=3),
    max_leaves=6,
)
MESSAGES = VALUES.map(
    lambda value: result(structuredContent=value, content=[{"type": "text", "text": write(value).decode()}])
) | TEXTS.map(lambda text: result(content=[{"type": "text", "text": text}], structuredContent={"pay": text}))


@given(MESSAGES, ACTIONS)
def test_masking_ends_in_json_leaves_its_input_alone_and_twice_is_once(
    message: dict[str, Json], action: Action
) -> None:
    before = copy.deepcopy(message)
    once = masked(message, every(action)).message
    assert message == before
    assert not isinstance(parse(write(once)), Malformed)
    assert masked(once, every(action)).message == once


HARMLESS = st.text(st.sampled_from("ab é漢\u200b\u00a0\u0301４%&;\\|,\n\t\"{}[]'"), max_size=30)


@given(st.dictionaries(HARMLESS, HARMLESS | st.lists(HARMLESS, max_size=3), max_size=4))
def test_what_no_rule_names_stays_byte_for_byte(value: dict[str, Json]) -> None:
    message = result(structuredContent=value)
    assert masked(message, every(Action.REDACT)) == Masked(message)


@given(HARMLESS, HARMLESS)
def test_what_stands_around_a_value_stays_byte_for_byte(before: str, after: str) -> None:
    text = f"{before} <{MAIL}> {after}"
    found = masked(result(structuredContent=[text]), Mask("m", Action.REDACT, detectors=("email",)))
    assert found.message["result"]["structuredContent"] == [f"{before} <[hidden:email]> {after}"]


@pytest.mark.parametrize("error", [ValueError("x"), RecursionError(), MemoryError(), KeyError("x")])
def test_a_detector_that_raises_keeps_the_answer_back(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_arguments: object) -> None:
        raise error

    message = result(structuredContent=[MAIL])
    compiled((every(Action.REDACT),))
    monkeypatch.setattr(Rules, "outcomes", fail)
    refusal = mask(message, (every(Action.REDACT),), KEYED)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.MASKING_FAILED
    assert MAIL not in refusal.detail
