"""Blobs: what the bytes in a base64 field are, and whether masking can look into them.

A blob and the type that stands beside it go in; what it is and how large it is come out, and for one that no detector
reads a note for the evidence. The type is the sender's word: bytes that read as text are text, and known first bytes
say more than the type.
"""

import base64
import binascii
from dataclasses import dataclass
from enum import Enum

from gateway.masking.documents import decode, is_binary, is_text
from gateway.masking.patterns import pattern
from gateway.values import Json

_FIRST_BYTES = (
    *((b"%PDF-", "application/pdf"), (b"PK\x03\x04", "application/zip"), (b"\x1f\x8b", "application/gzip")),
    *((b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"), (b"BZh", "application/x-bzip2")),
    *((b"\xfd7zXZ\0", "application/x-xz"), (b"\x28\xb5\x2f\xfd", "application/zstd"), (b"Rar!", "application/vnd.rar")),
    *((b"\x89PNG\r\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"), (b"BM", "image/bmp")),
    *((b"II*\0", "image/tiff"), (b"MM\0*", "image/tiff"), (b"OggS", "audio/ogg"), (b"ID3", "audio/mpeg")),
    *((b"fLaC", "audio/flac"), (b"\xd0\xcf\x11\xe0", "application/x-ole-storage")),
)
_ENOUGH = 16
"""Signs of base64 that hold the longest first bytes above."""
_TYPE = pattern("[0-9A-Za-z.+-]{1,40}/[0-9A-Za-z.+-]{1,60}")
_UNNAMED = "application/octet-stream"


class Reading(Enum):
    TEXT = "text"
    """Detectors and field rules reach into it."""
    BINARY = "binary"
    """Bytes of no type that is known to carry what people read."""
    NOT_INSPECTED = "not_inspected"
    """An image, a sound, a film, a PDF, an archive: it may show a value that no detector sees."""


@dataclass(frozen=True, slots=True)
class Blob:
    reading: Reading
    media_type: str
    """By its first bytes, or else as named; `application/octet-stream` where neither tells."""
    size: int
    """Bytes after decoding; of text that stands there undecoded, its own."""


@dataclass(frozen=True, slots=True)
class Uninspected:
    """That a blob went by unread, for the evidence."""

    path: str
    """Where in the message, as a normalised JSON path."""
    media_type: str
    size: int


def blob_of(blob: str, mime_type: Json) -> Blob:
    """What the blob is; never raises."""
    named = _named(mime_type)
    first = _first_bytes(blob)
    known = next((kind for start, kind in _FIRST_BYTES if first.startswith(start)), None)
    # What is no base64 is read as it stands.
    if first == b"" or decode(blob, mime_type if is_text(mime_type) else None) is not None:
        return Blob(Reading.TEXT, named, _size(blob) if first else len(blob.encode(errors="replace")))
    if known or is_binary(mime_type):
        return Blob(Reading.NOT_INSPECTED, known or named, _size(blob))
    return Blob(Reading.BINARY, named, _size(blob))


def uninspected(blob: Blob, path: str) -> Uninspected | None:
    """The note for the evidence; None for a blob that was read."""
    return None if blob.reading is Reading.TEXT else Uninspected(path, blob.media_type, blob.size)


def _named(mime_type: Json) -> str:
    essence = mime_type.partition(";")[0].strip().lower() if isinstance(mime_type, str) else ""
    return essence if _TYPE.fullmatch(essence.encode(errors="replace")) else _UNNAMED


_WRITTEN_IN = str.maketrans("-_", "+/", " \t\r\n")


def _first_bytes(blob: str) -> bytes:
    start = blob[: 4 * _ENOUGH].translate(_WRITTEN_IN).rstrip("=")[:_ENOUGH]
    try:
        return base64.b64decode(start + "=" * (-len(start) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _size(blob: str) -> int:
    signs = len(blob) - sum(map(blob.count, "= \t\r\n"))
    return signs * 3 // 4
