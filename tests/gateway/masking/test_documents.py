import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.jsontext import Number
from gateway.masking.documents import Document, Unreadable, decode, encode, is_binary, is_text, read, write

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def document(text: str) -> Document:
    found = read(text)
    assert isinstance(found, Document)
    return found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a":1}', {"a": 1}),
        (" \r\n\t[1, 2.50]\n", [1, Number("2.50")]),
        ('\ufeff{"a":null}', {"a": None}),
        ('"{\\"a\\":1}"', '{"a":1}'),
        ('{"a":"alice\\u0040example.com"}', {"a": "alice@example.com"}),
    ],
)
def test_a_text_that_is_json_is_read(text: str, value: object) -> None:
    assert document(text).value == value
    assert not document(text).is_ambiguous


@pytest.mark.parametrize(
    "text", ["", "{", "[INFO] started", "{name} said", "1", "true", "null", '"plain"', '{"a":1};', "[1]]"]
)
def test_other_texts_are_not_json(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a":NaN,"b":-Infinity}', {"a": Number("NaN"), "b": Number("-Infinity")}),
        ('{"a":"b\\ud83d"}', {"a": "b\ufffd"}),
        ('{"a":"line\nline"}', {"a": "line\nline"}),
    ],
)
def test_json_that_only_some_readers_accept_is_read_all_the_same(text: str, value: object) -> None:
    assert document(text).value == value


def test_a_key_that_stands_twice_makes_the_document_ambiguous() -> None:
    assert document('{"a":{"b":1,"b":2}}').is_ambiguous
    assert document('{"a":{"b":1,"b":2}}').value == {"a": {"b": 2}}


def test_json_nested_too_deep_for_any_parser_is_named_as_such() -> None:
    assert read("[" * 200_000 + "]" * 200_000) == Unreadable()


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1.0,"b":[],"c":{}}',
        *(
            json.dumps({"a": {"b": [1, "é"], "c": []}}, indent=indent, ensure_ascii=False)
            for indent in (1, 2, 4, 7, "\t", 0)
        ),
        '\ufeff\n{"a":1} \n',
        '"\\"quoted\\""',
        '{"a":NaN}',
    ],
)
def test_what_is_written_keeps_the_style(text: str) -> None:
    found = document(text)
    assert write(found.value, found) == text


@given(TEXT, st.sampled_from([None, 2, "\t"]))
def test_strings_survive_reading_and_writing(text: str, indent: int | str | None) -> None:
    found = document(json.dumps([text, {text: text}], indent=indent))
    assert json.loads(write(found.value, found)) == [text, {text: text}]


@pytest.mark.parametrize(
    "mime_type",
    [
        "text/plain",
        "TEXT/CSV; charset=x",
        "application/json",
        "application/ld+json",
        "image/svg+xml",
        "application/atom+xml; q=1",
    ],
)
def test_a_type_of_text_is_text(mime_type: str) -> None:
    assert is_text(mime_type)
    assert not is_binary(mime_type)


@pytest.mark.parametrize("mime_type", ["image/png", "Audio/wav", "application/pdf", "video/mp4"])
def test_a_type_without_text_is_binary(mime_type: str) -> None:
    assert is_binary(mime_type)
    assert not is_text(mime_type)


@pytest.mark.parametrize("mime_type", [None, "", "application/octet-stream", 7, "application/x-unknown"])
def test_other_types_may_be_either(mime_type: object) -> None:
    assert not is_text(mime_type)
    assert not is_binary(mime_type)


def blob(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.mark.parametrize(
    ("content", "mime_type", "encoding"),
    [
        ("é alice".encode(), "text/plain", "utf-8"),
        ("é alice".encode(), None, "utf-8"),
        ("é alice".encode(), "application/octet-stream", "utf-8"),
        ("é alice".encode("latin-1"), "text/csv", "latin-1"),
        ("é alice".encode("utf-16"), None, "utf-16-le"),
        ("alice".encode("utf-16-le"), "text/plain", "utf-16-le"),
        ("alice".encode("utf-16-be"), "text/plain", "utf-16-be"),
    ],
)
def test_text_in_base64_is_decoded_and_encodes_to_the_same(
    content: bytes, mime_type: str | None, encoding: str
) -> None:
    found = decode(blob(content), mime_type)
    assert found is not None
    assert "alice" in found[0]
    assert found[1] == encoding
    assert encode(*found) == blob(content)


def test_base64_of_any_dialect_is_decoded() -> None:
    text = "??>>~~ ÿÿ alice"
    plain = blob(text.encode())
    for dialect in (plain.rstrip("="), plain.replace("+", "-").replace("/", "_"), plain[:5] + "\r\n" + plain[5:]):
        assert decode(dialect, "text/plain") == (text, "utf-8")


@pytest.mark.parametrize(
    ("content", "mime_type"),
    [("!!!", "text/plain"), (blob(b"alice"), "image/png"), (blob(b"\x89PNG\xff"), None), ("a", "text/plain")],
)
def test_what_is_no_text_in_base64_is_not_decoded(content: str, mime_type: str | None) -> None:
    assert decode(content, mime_type) is None
