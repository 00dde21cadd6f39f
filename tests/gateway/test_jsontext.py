import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.jsontext import (
    MAX_DEPTH,
    Data,
    Malformed,
    Number,
    is_shallow,
    parse,
    parse_data,
    plain,
    pretty,
    respell,
    write,
)
from tests.gateway.test_hostile_inputs import growth

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**16), 10**16) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)


@given(st.binary() | st.text())
def test_no_input_makes_it_raise(text: bytes | str) -> None:
    parse(text)


@given(JSON)
def test_what_is_written_reads_back_the_same(value: object) -> None:
    assert parse(write(value)) == value


@pytest.mark.parametrize("number", ["1.0", "1.10", "1e2", "-0", "-0.0", "1E400", "123456789012345678901234567890"])
def test_a_number_keeps_its_spelling(number: str) -> None:
    assert write(parse(f"[{number}]")) == f"[{number}]".encode()


@pytest.mark.parametrize(("number", "value"), [("1.5", 1.5), ("12345678901234567890", 12345678901234567890), ("7", 7)])
def test_a_number_can_be_calculated_with(number: str, value: float) -> None:
    assert plain(parse(number)) == value


def test_a_number_is_told_apart_from_a_string() -> None:
    assert isinstance(parse("1.0"), Number)
    assert not isinstance(parse('"1.0"'), Number)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"NaN", "is not JSON"),
        (b"[Infinity]", "is not JSON"),
        (b'{"a": 1} x', "is not JSON"),
        (b"\xff", "is not UTF-8"),
        ('"é"'.encode("utf-16"), "is not UTF-8"),
        (b'{"a": 1, "a": 2}', "has a key twice in one object"),
        (b'[{"b": {"a": 1, "a": 1}}]', "has a key twice in one object"),
        (b'"\\ud800"', "has half a surrogate pair"),
        (b"[" * 10_000 + b"]" * 10_000, "is nested too deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "is nested too deep"),
    ],
)
def test_what_two_readers_could_read_differently_is_malformed(text: bytes, why: str) -> None:
    assert parse(text) == Malformed(why)


def test_depth_is_limited_exactly() -> None:
    assert not isinstance(parse("[" * MAX_DEPTH + "]" * MAX_DEPTH), Malformed)
    assert parse("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)) == Malformed("is nested too deep")
    assert not isinstance(parse("[" + "[]," * 1000 + "[]]"), Malformed)


def test_the_last_of_duplicate_keys_counts_where_duplicates_are_let_in() -> None:
    assert parse('{"a": 1, "a": 2}', duplicates=True) == {"a": 2}


def test_a_whole_surrogate_pair_is_a_character() -> None:
    assert parse('"\\ud83d\\ude00"') == "😀"


def test_for_people_it_is_indented_and_numbers_keep_their_spelling() -> None:
    assert pretty(parse(b'{"a":[1.0,12345678901234567890],"b":"\xc3\xa9"}')) == (
        '{\n  "a": [\n    1.0,\n    12345678901234567890\n  ],\n  "b": "é"\n}'
    )


# Data that is only searched.

NUMBERS = (
    st.integers().map(str)
    | st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.decimals(allow_nan=False, allow_infinity=False).map(str)
    | st.from_regex(r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][+-]?[0-9]{1,4})?", fullmatch=True)
    | st.sampled_from(["-0", "-0.0", "1.0", "1.50", "1e5", "1E5", "1e-05", "1e-5", "0.00001", "1e+16", "1e16", "1e400"])
)
ESCAPES = ("\\u0061", "\\u0020", "\\u005c", "\\u0022", "\\u000a", "\\u00e9", "\\ud83d", "\\ude00", "\\uD83D\\uDE00")
STRINGS = (
    TEXT.map(json.dumps)
    | TEXT.map(lambda text: json.dumps(text, ensure_ascii=False))
    | st.text("ab", max_size=2).map(json.dumps)
    | st.lists(
        st.sampled_from(
            [*ESCAPES, "\\u+05c", "u+05c", "\\\\", "\\/", "\\n", '\\"', " ", "é", "a", "/", "\x7f", "\u2028"]
        )
    ).map(lambda parts: '"' + "".join(parts) + '"')
)
SPACE = st.sampled_from(["", "", "", " ", "\n  ", "\t", "\r"])


def listed(items: st.SearchStrategy[str], ends: str) -> st.SearchStrategy[str]:
    return st.builds(
        lambda parts, before, after: ends[0] + before + ("," + after).join(parts) + before + ends[1],
        st.lists(items, max_size=4),
        SPACE,
        SPACE,
    )


TEXTS = st.recursive(
    NUMBERS | STRINGS | st.sampled_from(["true", "false", "null", "NaN", "Infinity", "01", "1.", "+1", "", "tru"]),
    lambda inner: (
        listed(inner, "[]")
        | listed(st.builds(lambda key, at, item: f"{key}{at}:{at}{item}", STRINGS, SPACE, inner), "{}")
    ),
    max_leaves=12,
)


def told(value: Any) -> Any:
    """The value with its numbers as they are spelled, and told apart from all else."""
    if isinstance(value, dict):
        return ["object", *((key, told(item)) for key, item in value.items())]
    if isinstance(value, list):
        return ["list", *map(told, value)]
    if isinstance(value, int | float | Number) and not isinstance(value, bool):
        return "number", write(value)
    return type(value), value


def as_parsed(data: Data | Malformed) -> Any:
    """The value, once its caller has done what is left to it."""
    if isinstance(data, Malformed) or not is_shallow(data.value):
        return Malformed("is nested too deep") if isinstance(data, Data) else data
    holders: list[Any] = [[data.value]]
    while data.has_exponents and holders:
        for holder in holders:
            respell(holder)
        inside = [item for holder in holders for item in (holder.values() if isinstance(holder, dict) else holder)]
        holders = [item for item in inside if isinstance(item, dict | list)]
    return data.value


@given(TEXTS)
@example('{"a":1,"a":1}')
@example("[1e-05,0.00001]")
@example("[1e-05,1e-6]")
@example('[1e-05,"x",1e16]')
@example('{"a":"1e-05,","b":1e-05,"c":"e-0"}')
@example('{"a":1,"\\u0061":1}')
@example('{"k":"\\\\u+05cu+05c","":1,"":2}')
@example("[1e-05,1.0,{}]")
@example('{"a":1e-05,"b":[2e-07,0.5,1e+16]}')
@example("[" * MAX_DEPTH + "]" * MAX_DEPTH)
@example("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))
@example('"\\ud800"')
def test_data_that_is_searched_is_read_as_any_other(text: str) -> None:
    data, value = as_parsed(parse_data(text)), parse(text)
    assert told(data) == told(value)
    if not isinstance(value, Malformed):
        assert write(data) == write(value)


@given(st.text())
def test_no_data_makes_it_raise(text: str) -> None:
    assert told(as_parsed(parse_data(text))) == told(parse(text))


def test_most_data_is_read_without_numbers_of_its_own_kind() -> None:
    # So much sooner that what is spelled as usual must not need the other reader.
    text = '{ "a": [1.5, 1.0, 12345678901234567890, 0.0001], "b": "\\u00e9\\n\\/ \\ud83d\\ude00" }'
    assert parse_data(text) == Data({"a": [1.5, 1.0, 12345678901234567890, 0.0001], "b": "é\n/ 😀"})
    assert parse_data('[1e-05, 1.5e-10, "2e-05"]') == Data([1e-05, 1.5e-10, "2e-05"], has_exponents=True)


@pytest.mark.parametrize("item", ["1e-05", '"\\u00e9"', "{}", "0.5"])
def test_data_costs_in_proportion(item: str) -> None:
    texts = {count: "{" + ",".join(f'"{n}":{item}' for n in range(count)) + "}" for count in (4_000, 16_000)}
    assert growth(lambda count: parse_data(texts[count]), 4_000) < 10
