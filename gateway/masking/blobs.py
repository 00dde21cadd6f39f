"""Blobs: what the bytes in a base64 field are, and whether masking can look into them.

A blob and the type that stands beside it go in; what it is and how large it is come out, and for one that no detector
reads a note for the evidence. The type is the sender's word: bytes that read as text are text, and known first bytes
say more than the type.
"""

import base64
import binascii
from dataclasses import dataclass, field
from enum import Enum

from gateway.masking.compiled import compiled
from gateway.masking.detectors import DETECTORS
from gateway.masking.documents import decode, is_binary, is_text
from gateway.masking.patterns import pattern
from gateway.values import Action, Json, Mask

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
MOST_TYPES = 5
"""Types that a summary names."""
_TYPE = pattern("[0-9A-Za-z.+-]{1,40}/[0-9A-Za-z.+-]{1,60}")
_SHOWN = (Mask("types", Action.REDACT, tuple(DETECTORS)),)
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


@dataclass(slots=True)
class Door:
    """What nobody can read of one message: what has passed, and the first that may not."""

    largest: int | None = None
    """Bytes of what may pass unread; None: any number."""
    passed: list[Uninspected] = field(default_factory=list)
    stopped: Uninspected | None = None

    def take(self, blob: Blob, path: str) -> None:
        """The blob, which could not be decoded, is noted or stopped."""
        # fail-closed: what is no base64 is stopped too, since a lenient client may yet decode it.
        if self.largest is not None and blob.size > self.largest and self.stopped is None:
            self.stopped = Uninspected(path, blob.media_type, blob.size)
        if note := uninspected(blob, path):
            self.passed.append(note)

    def summary(self) -> str:
        """What passed unread, by type: `image/png x2 (34 KB)`."""
        sizes: dict[str, list[int]] = {}
        for each in self.passed:
            sizes.setdefault(each.media_type, []).append(each.size)
        told = [f"{kind} x{len(each)} ({in_words(sum(each))})" for kind, each in sizes.items()]
        rest = f", and {len(told) - MOST_TYPES} other types" if len(told) > MOST_TYPES else ""
        return ", ".join(told[:MOST_TYPES]) + rest


def opened(blob: str, mime_type: Json) -> tuple[Blob, tuple[str, str] | None]:
    """What the blob is, and the text in it with the encoding of its bytes, or None; never raises."""
    named = _named(mime_type)
    # A type that says image is the sender's word: what reads as text is text.
    decoded = decode(blob, mime_type if is_text(mime_type) else None)
    first = _first_bytes(blob)
    # What is no base64 is read as it stands.
    if first == b"" or decoded is not None:
        return Blob(Reading.TEXT, named, _size(blob) if first else len(blob.encode(errors="replace"))), decoded
    known = next((kind for start, kind in _FIRST_BYTES if first.startswith(start)), None)
    if known or is_binary(mime_type):
        return Blob(Reading.NOT_INSPECTED, known or named, _size(blob)), None
    return Blob(Reading.BINARY, named, _size(blob)), None


def blob_of(blob: str, mime_type: Json) -> Blob:
    """What the blob is; never raises."""
    return opened(blob, mime_type)[0]


def uninspected(blob: Blob, path: str) -> Uninspected | None:
    """The note for the evidence; None for a blob that was read."""
    return None if blob.reading is Reading.TEXT else Uninspected(path, blob.media_type, blob.size)


def in_words(size: int) -> str:
    """The size in bytes, KB or MB, rounded up."""
    for unit, length in (("MB", 1_000_000), ("KB", 1_000)):
        if size >= length:
            return f"{-(-size // length)} {unit}"
    return f"{size} bytes"


def _named(mime_type: Json) -> str:
    essence = mime_type.partition(";")[0].strip().lower() if isinstance(mime_type, str) else ""
    is_type = _TYPE.fullmatch(essence.encode(errors="replace")) is not None
    # Whoever sends it chooses it, and it stands in the record: a number of a card is no type.
    return essence if is_type and not compiled(_SHOWN).outcomes([essence]) else _UNNAMED


_NOT_SAID = "= \t\r\n"
_WRITTEN_IN = str.maketrans("-_", "+/", " \t\r\n")


def _first_bytes(blob: str) -> bytes:
    start = blob.lstrip(_NOT_SAID)[: 4 * _ENOUGH].translate(_WRITTEN_IN).rstrip("=")[:_ENOUGH]
    try:
        return base64.b64decode(start + "=" * (-len(start) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _size(blob: str) -> int:
    signs = len(blob) - sum(map(blob.count, _NOT_SAID))
    return signs * 3 // 4
