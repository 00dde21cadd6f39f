"""Encoded text inside a text: percent-encoding, escapes of JSON, HTML entities, base64.

A text goes in and readings of it come out: what a client gets when it decodes or folds it, with the way back to the
bytes that stand there. What decodes to no text is left out. One level is decoded, and the work grows with the text.
"""

import binascii
import codecs
import html
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from gateway.masking.folding import Folded, changes
from gateway.masking.patterns import Span, pattern

type Back = Callable[[int, int], Span]
"""From a span in the bytes of a reading to the span in those of the text."""

ESCAPES: Final = r"%[0-9A-Fa-f]{2}|\\[ux][0-9A-Fa-f]|\\/|&#?[0-9A-Za-z]{2,8};"
"""RE2: found in every text that reads differently without its escapes."""
_ESCAPE = pattern(
    r"(?:%[0-9A-Fa-f]{2})+|\\{1,4}(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|/)"
    r"|&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][0-9A-Za-z]{1,7});"
)

# Four signs of base64 that stand for three bytes of ASCII of which the first is no control character: a tenth of all
# groups, so that words, hexadecimal numbers and random keys pass by.
_GROUP = "[CDI-Za-f][A-HQ-Xg-nw-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589][0-9A-Za-z+/_-]"
BASE64: Final = f"(?:{_GROUP}){{3}}"
"""RE2: found in the base64 of nine bytes of ASCII, in either alphabet."""
_ASCII = pattern(BASE64)
_STANDARD, _URL = "[0-9A-Za-z+/]", "[0-9A-Za-z_-]"
# Lines of base64 are as long as PEM and MIME have them; the last one is shorter.
_LINES = rf"(?:(?:\r?\n{_STANDARD}{{60,76}})+(?:\r?\n{_STANDARD}{{1,75}})?|\r?\n{_STANDARD}{{2,75}}=)?"
_RUNS = (
    pattern(f"{_STANDARD}*{BASE64}{_STANDARD}*{_LINES}={{0,2}}"),
    pattern(f"{_URL}*{BASE64}{_URL}*={{0,2}}"),
)
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_MOST_UNREADABLE = 10
"""One byte in so many that is no text makes the whole no text."""


@dataclass(frozen=True, slots=True)
class Reading:
    content: str
    back: Back


def _one_for_one(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "?" * (error.end - error.start), error.end


codecs.register_error("gateway.one_for_one", _one_for_one)


def folded(text: str, table: dict[int, str]) -> Reading | None:
    """The text as a reader sees it, by the table of what changes; None if that is the text itself."""
    if not table or text.isascii():
        return None
    reading = Folded(text, table)
    return None if reading.content == text else Reading(reading.content, reading.back)


def unescaped(text: str) -> Iterator[Reading]:
    """The readings of a text that holds escapes: without them, and that also folded."""
    yield from _seen(_without_escapes(text.encode()))


def from_base64(text: str) -> Iterator[Reading]:
    """The readings of each run of base64 in a text, each also folded."""
    yield from _seen(_from_base64(text.encode()))


def _seen(readings: Iterator[Reading]) -> Iterator[Reading]:
    for reading in readings:
        yield reading
        seen = folded(reading.content, changes(reading.content))
        if seen:
            yield Reading(seen.content, _both(seen.back, reading.back))


def _both(first: Back, second: Back) -> Back:
    return lambda start, end: second(*first(start, end))


@dataclass(slots=True)
class _Pieces:
    """Pieces of a reading, and where each comes from."""

    content: bytearray = field(default_factory=bytearray)
    starts: list[int] = field(default_factory=list)
    own: list[tuple[int, int, int]] = field(default_factory=list)
    """Start and end in the text, and how many bytes there make one; 0 if the piece is indivisible."""

    def add(self, piece: bytes, span: Span, width: int) -> None:
        self.starts.append(len(self.content))
        self.own.append((*span, width))
        self.content += piece

    def back(self, start: int, end: int) -> Span:
        first = bisect_right(self.starts, start) - 1
        last = bisect_right(self.starts, end - 1) - 1
        own_start, _, width = self.own[first]
        last_start, own_end, last_width = self.own[last]
        if last_width:
            own_end = min(own_end, last_start + (end - self.starts[last]) * last_width)
        return own_start + (start - self.starts[first]) * width, own_end


def _without_escapes(text: bytes) -> Iterator[Reading]:
    pieces = _Pieces()
    position = 0
    for match in _ESCAPE.finditer(text):
        start, end = match.span()
        if start > position:
            pieces.add(text[position:start], (position, start), 1)
        is_percent = text[start] == ord("%")
        pieces.add(_percent(text[start:end]) if is_percent else _sign(text[start:end]), (start, end), 3 * is_percent)
        position = end
    if position:
        pieces.add(text[position:], (position, len(text)), 1)
        yield Reading(pieces.content.decode(), pieces.back)


def _percent(run: bytes) -> bytes:
    return binascii.unhexlify(run.replace(b"%", b"")).decode(errors="gateway.one_for_one").encode()


def _sign(escape: bytes) -> bytes:
    if escape.startswith(b"&"):
        return html.unescape(escape.decode()).encode(errors="replace")
    escaped = escape.lstrip(b"\\")
    return escaped if escaped == b"/" else chr(int(escaped[1:], 16)).encode(errors="replace")


def _from_base64(text: bytes) -> Iterator[Reading]:
    seen: set[Span] = set()
    for runs in _RUNS:
        for match in runs.finditer(text):
            span = _aligned(text, *match.span())
            content = None if span in seen else _text_in(text[slice(*span)])
            seen.add(span)
            if content:
                yield Reading(content, _always(span))


def _always(span: Span) -> Back:
    return lambda _start, _end: span


def _aligned(text: bytes, start: int, end: int) -> Span:
    """The run from where its groups of four begin: what stands before it may be of its alphabet."""
    ascii_at = _ASCII.search(text, start, end)
    before = text[start : ascii_at.span()[0]].translate(None, b"\r\n") if ascii_at else b""
    return start + len(before) % 4, end


def _text_in(run: bytes) -> str | None:
    signs = run.translate(_TO_STANDARD, b"\r\n=")
    signs = signs[: len(signs) - (len(signs) % 4 == 1)]
    content = binascii.a2b_base64(signs + b"=" * (-len(signs) % 4))
    text = content.decode(errors="replace")
    return None if text.count("\ufffd") * _MOST_UNREADABLE > len(content) else text
