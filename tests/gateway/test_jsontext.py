import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.jsontext import MAX_DEPTH, Malformed, Number, parse, plain, pretty, write

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
