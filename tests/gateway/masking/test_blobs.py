import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masking.blobs import Blob, Door, Reading, Uninspected, blob_of, in_words, opened, uninspected
from gateway.values import Json


def blob(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.mark.parametrize(
    ("content", "mime_type", "reading", "media_type"),
    [
        (b"alice", "text/plain; charset=x", Reading.TEXT, "text/plain"),
        (b"alice", "image/png", Reading.TEXT, "image/png"),
        (b"alice \xe9", "text/csv", Reading.TEXT, "text/csv"),
        (b"\x89PNG\r\n\x1a\n\xff", "image/png", Reading.NOT_INSPECTED, "image/png"),
        (b"\x89PNG\r\n\x1a\n\xff", "application/octet-stream", Reading.NOT_INSPECTED, "image/png"),
        (b"%PDF-1.7\xff", None, Reading.NOT_INSPECTED, "application/pdf"),
        (b"PK\x03\x04\xff", 7, Reading.NOT_INSPECTED, "application/zip"),
        (b"\xff\xfb\x90", "audio/mpeg", Reading.NOT_INSPECTED, "audio/mpeg"),
        (b"\xff\x00\x80", "application/x-own", Reading.BINARY, "application/x-own"),
        (b"\xff\x00\x80", "alice@example.com", Reading.BINARY, "application/octet-stream"),
    ],
)
def test_a_blob_is_what_its_bytes_say_before_what_its_type_says(
    content: bytes, mime_type: Json, reading: Reading, media_type: str
) -> None:
    assert blob_of(blob(content), mime_type) == Blob(reading, media_type, len(content))


def test_what_is_no_base64_is_read_as_it_stands() -> None:
    assert blob_of("é, not base64!", "image/png") == Blob(Reading.TEXT, "image/png", 15)


def test_what_was_not_inspected_is_noted_with_its_size() -> None:
    png = blob_of(blob(b"\x89PNG\r\n\x1a\n\xff"), None)
    assert uninspected(png, "$['blob']") == Uninspected("$['blob']", "image/png", 9)
    assert uninspected(blob_of(blob(b"\xff\x00"), None), "$") == Uninspected("$", "application/octet-stream", 2)
    assert uninspected(blob_of(blob(b"alice"), "image/png"), "$") is None


def test_space_in_front_does_not_make_bytes_a_text() -> None:
    assert blob_of(" \n" * 40 + blob(b"%PDF-1.7\xff"), "text/plain").reading is Reading.TEXT
    assert blob_of(" \n" * 40 + blob(b"%PDF-1.7\xff"), None).reading is Reading.NOT_INSPECTED


def test_a_type_that_carries_a_number_of_a_card_is_not_told() -> None:
    assert blob_of(blob(b"\xff\x00"), "image/4012888888881881").media_type == "application/octet-stream"


def test_what_is_text_comes_decoded() -> None:
    assert opened(blob(b"alice \xe9"), "text/csv")[1] == ("alice \xe9", "latin-1")
    assert opened(blob(b"\xff\x00"), "image/png")[1] is None


PNG, ZIP = Blob(Reading.NOT_INSPECTED, "image/png", 17_000), Blob(Reading.NOT_INSPECTED, "application/zip", 9)


def test_what_passes_unread_is_told_by_type_with_number_and_size() -> None:
    door = Door()
    for each in (PNG, ZIP, PNG, Blob(Reading.TEXT, "text/plain", 10**9)):
        door.take(each, "$")
    assert door.stopped is None
    assert door.summary() == "image/png x2 (34 KB), application/zip x1 (9 bytes)"
    for number in range(9):
        door.take(Blob(Reading.BINARY, f"a/{number}", 1), "$")
    assert door.summary().endswith("a/2 x1 (1 bytes), and 6 other types")


def test_what_is_larger_than_may_pass_is_stopped_and_named() -> None:
    fits = Door(largest=17_000)
    fits.take(PNG, "$.a")
    assert fits.stopped is None
    door = Door(largest=17_000)
    door.take(Blob(Reading.BINARY, "a/b", 17_001), "$.b")
    assert door.stopped == Uninspected("$.b", "a/b", 17_001)
    shut = Door(largest=0)
    shut.take(Blob(Reading.TEXT, "image/png", 3), "$.c")
    assert shut.stopped is not None, "what is no base64 to us may be to a lenient client"


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1 KB"), (1_001, "2 KB"), (5_000_000, "5 MB")],
)
def test_sizes_are_told_in_words(size: int, words: str) -> None:
    assert in_words(size) == words


@given(st.text() | st.binary().map(blob), st.none() | st.integers() | st.text())
def test_a_blob_of_anything_is_something(content: str, mime_type: Json) -> None:
    assert blob_of(content, mime_type).size >= 0
