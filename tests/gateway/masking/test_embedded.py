import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masking.documents import Document, Unreadable
from gateway.masking.embedded import Pieces, pieces


def values(text: str) -> list[object]:
    found = pieces(text)
    assert isinstance(found, Pieces)
    assert "".join(part.text if isinstance(part, Document) else part for part in found.parts) == text
    return [part.value for part in found.parts if isinstance(part, Document)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('found {"a": 1} here', [{"a": 1}]),
        ('{"a": 1}\n{"a": 2}\n', [{"a": 1}, {"a": 2}]),
        ('é ```json\n[{"a": [1]}, {}]\n``` é {"b": "}"}', [[{"a": [1]}, {}], {"b": "}"}]),
        ('2026 INFO [main] {"a": {"b": NaN}}', [{"a": {"b": "NaN"}}]),
        ('{"a": {"b": 1} and {"c": 2}', [{"b": 1}, {"c": 2}]),
        ('{ {"a": "\\u0040"} }', [{"a": "@"}]),
        ('{"n": ' + "1" * 5000 + "}x", [{"n": "1" * 5000}]),
    ],
)
def test_documents_between_words_are_found(text: str, found: list[object]) -> None:
    assert json.dumps(values(text), default=str) == json.dumps(found)


@pytest.mark.parametrize("text", ["", "{", "plain", "{name} and {other}", "[1] and [2]", '{"a": ', '{"a" b}'])
def test_other_texts_have_no_pieces(text: str) -> None:
    assert pieces(text) is None


def test_what_is_nested_too_deep_is_unreadable() -> None:
    assert pieces('so: {"a":' + "[" * 2000 + "]" * 2000 + "}") == Unreadable()


def test_what_takes_too_much_reading_is_unreadable() -> None:
    assert pieces('{"a":' * 5000 + "x") == Unreadable()
    assert pieces("[[" * 100_000 + "{") == Unreadable()


@given(st.text(st.sampled_from('{}[]":,1a \\\né')))
def test_the_pieces_make_the_text(text: str) -> None:
    if isinstance(pieces(text), Pieces):
        values(text)
