import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.jsontext import Number
from gateway.masking.hide import (
    GONE,
    Rule,
    around_markers,
    hidden_spans,
    hidden_text,
    hidden_value,
    manner,
    merged,
    strictest,
)
from gateway.masking.search import Found
from gateway.values import Action, Json


def rule(action: Action, label: str = "x") -> Rule:
    return Rule("m", label, action, label)


REDACT, PARTIAL = rule(Action.REDACT), rule(Action.PARTIAL)
LABELS = {"x", "y"}


def test_the_strictest_rule_wins_and_among_equals_the_first() -> None:
    rules = [rule(action, label) for action in Action for label in "ab"]
    for action in (Action.BLOCK, Action.DROP, Action.REDACT, Action.APPROVAL, Action.TOKEN, Action.PARTIAL):
        assert strictest(rules) == rule(action, "a")
        rules = [other for other in rules if other.action is not action]


@pytest.mark.parametrize(
    ("action", "text", "hidden"),
    [
        (Action.REDACT, "4111111111111111", "[hidden:x]"),
        (Action.PARTIAL, "4111111111111111", "[hidden:x ...1111]"),
        (Action.PARTIAL, "123456789", "[hidden:x ...6789]"),
        (Action.PARTIAL, "12345678", "[hidden:x]"),
        (Action.DROP, "1", "[hidden:x]"),
        (Action.BLOCK, "1", "[hidden:x]"),
    ],
)
def test_a_marker_names_the_rule_and_at_most_the_last_four(action: Action, text: str, hidden: str) -> None:
    assert hidden_text(text, "x", action) == hidden


@pytest.mark.parametrize(
    ("value", "hidden"),
    [
        ("secret", "[hidden:x]"),
        ("", ""),
        (7, 0),
        (Number("1.5"), 0),
        (1.5, 0),
        (True, False),
        (False, False),
        (None, None),
    ],
)
@pytest.mark.parametrize("action", [Action.REDACT, Action.PARTIAL, Action.BLOCK])
def test_a_hidden_value_keeps_its_type(value: Json, hidden: Json, action: Action) -> None:
    assert hidden_value(value, [rule(action)], LABELS) == hidden


def test_a_dropped_value_is_gone() -> None:
    assert hidden_value("secret", [REDACT, rule(Action.DROP)], LABELS) is GONE


@pytest.mark.parametrize("marker", ["[hidden:x]", "[hidden:y]"])
def test_a_marker_is_not_hidden_again(marker: str) -> None:
    assert hidden_value(marker, [REDACT], LABELS) == marker
    assert hidden_value(marker, [PARTIAL], LABELS) == marker


def test_a_partial_marker_is_kept_where_the_rule_shows_as_much() -> None:
    assert hidden_value("[hidden:y ...1234]", [PARTIAL], LABELS) == "[hidden:y ...1234]"
    assert hidden_value("[hidden:y ...1234]", [REDACT], LABELS) == "[hidden:x]"


@pytest.mark.parametrize("text", ["[hidden:90000]", "[hidden:x ...12345]", "[hidden:x 90000]", "[hidden:z ...1234]"])
def test_a_value_dressed_up_as_a_marker_is_hidden(text: str) -> None:
    assert hidden_value(text, [REDACT], LABELS) == "[hidden:x]"
    assert str(hidden_value(text, [PARTIAL], LABELS)).startswith("[hidden:x ...")


RULES = {"d": (rule(Action.PARTIAL, "d"),), "e": (rule(Action.REDACT, "e"),)}


def test_spans_are_hidden_and_the_rest_stands() -> None:
    found = [Found(10, 12, "e"), Found(3, 5, "e")]
    assert hidden_spans("é ab cd efgh.", found, RULES) == "é [hidden:e] cd e[hidden:e]h."


def test_spans_that_overlap_are_one_under_the_strictest_rule_named_after_the_leftmost_longest() -> None:
    text = "0123456789abcdef"
    assert hidden_spans(text, [Found(0, 10, "d"), Found(8, 12, "e")], RULES) == "[hidden:d]cdef"
    assert hidden_spans(text, [Found(0, 5, "e"), Found(0, 10, "d")], RULES) == "[hidden:d]abcdef"


def test_spans_that_touch_are_hidden_apart() -> None:
    assert hidden_spans("0123456789", [Found(0, 5, "e"), Found(5, 10, "e")], RULES) == "[hidden:e][hidden:e]"


LINES = st.lists(st.sampled_from(["x" * 90, "[hidden:x]", "é" * 700, "a [hidden:y ...1234] b", ""]), max_size=60)


@given(LINES)
def test_parts_around_markers_hold_each_marker_once_and_stand_where_they_say(lines: list[str]) -> None:
    text = "\n".join(lines)
    parts = around_markers(text)
    assert sum(part.count("[hidden:") for _, part in parts) == text.count("[hidden:")
    content, end = text.encode(), 0
    for start, part in parts:
        assert content[start:].startswith(part.encode())
        assert start >= end
        assert start == 0 or content[start - 1 : start] == b"\n"
        end = start + len(part.encode())


def test_a_part_holds_the_lines_that_may_tell_what_a_neighbour_is() -> None:
    text = "\n".join(["x" * 99] * 100 + ["[hidden:x]"] + ["x" * 99] * 100)
    [(start, part)] = around_markers(text)
    before, after = part.split("[hidden:x]")
    assert 500 <= len(before) < 700
    assert 500 <= len(after) < 700
    assert start == 10_000 - len(before)


def by_the_rule(found: list[Found]) -> list[tuple[int, int, list[str]]]:
    """What `merged` gives, without its short way for spans that stand apart."""
    result: list[tuple[int, int, list[str]]] = []
    for span in sorted(found, key=lambda span: (span.start, -span.end, span.detector)):
        if result and span.start < result[-1][1]:
            start, end, detectors = result[-1]
            result[-1] = (start, max(end, span.end), [*detectors, span.detector])
        else:
            result.append((span.start, span.end, [span.detector]))
    return result


SPANS = st.builds(
    lambda start, length, name: Found(start, start + length, name),
    *(st.integers(0, 60), st.integers(1, 9), st.sampled_from("de")),
)


@given(st.lists(SPANS, max_size=8))
def test_spans_apart_and_spans_that_overlap_are_merged_by_one_rule(found: list[Found]) -> None:
    assert merged(found) == by_the_rule(found)


@pytest.mark.parametrize("action", Action)
def test_a_marker_that_is_known_beforehand_is_the_one_for_any_text(action: Action) -> None:
    known = manner([rule(action, "a"), rule(Action.PARTIAL, "b")])
    assert known[:2] == (action, "a")
    assert known.marker in (None, hidden_text("any text", "a", action))
    assert (known.marker is None) == (action in {Action.PARTIAL, Action.TOKEN})
