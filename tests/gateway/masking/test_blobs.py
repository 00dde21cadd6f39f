import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masking.blobs import Blob, Reading, Uninspected, blob_of, uninspected
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


@given(st.text() | st.binary().map(blob), st.none() | st.integers() | st.text())
def test_a_blob_of_anything_is_something(content: str, mime_type: Json) -> None:
    assert blob_of(content, mime_type).size >= 0
