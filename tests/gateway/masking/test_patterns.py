import pytest
import re2  # type: ignore[import-untyped]  # google-re2 ships no types
from hypothesis import given
from hypothesis import strategies as st

from gateway.masking.patterns import NO_SPAN, pattern, pattern_set


def test_a_pattern_reads_bytes_and_counts_in_them() -> None:
    match = pattern("[à-ï]+").search("xxéé".encode())
    assert match is not None
    assert match.span() == (2, 6)


def test_a_set_tells_which_of_its_patterns_occur() -> None:
    assert sorted(pattern_set(["a+", "b", "é", ""]).Match("xaaé".encode())) == [0, 2, 3]


def test_a_pattern_that_outgrows_its_memory_finds_all_the_same_and_says_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    greedy = pattern("(?:[ab]*a[ab]{14}c|[ac]*a[ac]{14}b)")
    text = "".join("ab" if number & 4 else "ba" for number in range(4000)).encode()
    assert greedy.search(text + b"a" * 15 + b"c") is not None
    assert capfd.readouterr().err == ""


def test_the_first_match_between_two_positions_comes_with_its_groups() -> None:
    found = pattern("a(b)?")
    assert list(found.first(b"xaxab", 0, 5)) == [(1, 2), NO_SPAN]
    assert list(found.first(b"xaxab", 2, 5)) == [(3, 5), (4, 5)]
    assert found.first(b"xaxab", 4, 5)[0] == NO_SPAN


def test_what_stands_before_the_position_is_still_seen() -> None:
    assert pattern(r"\bb").first(b"ab", 1, 2)[0] == NO_SPAN
    assert pattern("^b").first(b"ab", 1, 2)[0] == NO_SPAN


@given(st.text("ab \n", max_size=20), st.integers(0, 21), st.integers(0, 21))
def test_matches_are_those_of_the_package(text: str, start: int, end: int) -> None:
    encoded = text.encode()
    plain = re2.compile("a+(b*)")
    assert [(match.span(), match.span(1)) for match in pattern("a+(b*)").finditer(encoded, start, end)] == [
        (match.span(), match.span(1)) for match in plain.finditer(text, start, end)
    ]
    own, theirs = pattern("a+(b*)").fullmatch(encoded), plain.fullmatch(text)
    assert (own and own.span(1)) == (theirs and theirs.span(1))
