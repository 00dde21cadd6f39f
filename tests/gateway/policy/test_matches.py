"""What `matches` in a condition finds."""

import gc
import logging
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.matches import MAX_WORK, Pattern, Search, pattern_of


def found(text: object, pattern: str) -> bool:
    compiled = pattern_of(pattern)
    assert isinstance(compiled, Pattern)
    return Search().found_by(text, pattern)


@pytest.mark.parametrize(
    ("text", "pattern", "is_found"),
    [
        ("a cat sat", "cat", True),
        ("a cat sat", "^cat", False),
        ("cat", "^cat$", True),
        ("cat\n", "^cat$", False),
        ("", "", True),
        ("", "^$", True),
        ("caf\u00e9", "^caf.$", True),
        ("caf\u00e9", r"^\w+$", False),
        ("caf\u00e9", r"^[\w\pL]+$", True),
        ("\u0663", r"\d", False),
        ("CAF\u00c9", "(?i)caf\u00e9", True),
        ("a\x00b", "a.b", True),
    ],
)
def test_a_pattern_is_found_anywhere_in_the_text_and_classes_are_of_ascii(
    text: str, pattern: str, is_found: bool
) -> None:
    assert found(text, pattern) is is_found


@pytest.mark.parametrize("text", [5, None, b"cat", ["cat"], {"cat": "cat"}, True])
def test_only_text_is_searched(text: object) -> None:
    with pytest.raises(TypeError, match=r"^no text$"):
        found(text, "cat")


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("(a", "missing ): (a"),
        ("a(?=b)", "invalid perl operator: (?="),
        (r"(a)\1", r"invalid escape sequence: \1"),
        ("a{1001}", "invalid repetition size: {1001}"),
        (r"(?i)\pL{900}", "pattern too large - compile failed"),
    ],
)
def test_what_re2_does_not_read_is_told_in_its_words(
    pattern: str, fault: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert pattern_of(pattern) == fault
    assert capfd.readouterr().err == ""


def test_a_pattern_is_compiled_once_and_kept_as_long_as_somebody_has_it() -> None:
    held = pattern_of("kept [0-9]+")
    assert pattern_of("kept [0-9]+") is held
    assert Search().found_by("kept 5", "kept [0-9]+")
    del held
    gc.collect()
    with pytest.raises(LookupError):
        Search().found_by("kept 5", "kept [0-9]+")


def test_a_search_is_over_when_it_would_take_long_and_stays_over() -> None:
    pattern = pattern_of("(a|b){1,500}c")
    assert isinstance(pattern, Pattern)
    fits = "a" * (MAX_WORK // pattern.size // 100)
    search = Search()
    for _ in range(100):
        assert search.found_by(fits[:10], "(a|b){1,500}c") is False
    search.left = pattern.size * len(fits)
    assert search.found_by(fits, "(a|b){1,500}c") is False
    for _ in range(2):
        with pytest.raises(OverflowError, match=r"^too much text$"):
            search.found_by("a", "(a|b){1,500}c")


def test_nothing_is_logged_of_a_text_that_is_none(caplog: pytest.LogCaptureFixture) -> None:
    from gateway.policy.condition import Condition, Failed, Scope, compile_condition, holds  # noqa: PLC0415

    condition = compile_condition("args.n.matches('a')", {})
    assert isinstance(condition, Condition)
    with caplog.at_level(logging.DEBUG):
        outcome = holds(condition, Scope({"caller": {}}, {"n": 4711}))
    assert outcome == Failed("a function does not take its argument")
    assert caplog.text == ""


@given(st.text(st.characters(codec="ascii", exclude_characters="\r\n"), max_size=20), st.sampled_from("abc xyz-"))
def test_of_quoted_text_the_same_is_found_as_by_any_engine(text: str, sign: str) -> None:
    pattern = re.escape(sign)
    assert found(text, pattern) == (sign in text)
