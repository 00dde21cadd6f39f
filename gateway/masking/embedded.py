"""JSON that stands between other words: an object in a sentence, the lines of a log, a block in Markdown.

A text goes in and comes out as pieces, documents and what stands between them, so that names and paths of field rules
reach into them. Only objects, and lists of them, are looked for. A text that could only be read with more work than
its length allows is named as unreadable (fail-closed).
"""

import json
from dataclasses import dataclass

from gateway.masking.documents import Document, Unreadable, read
from gateway.masking.patterns import pattern

_START = pattern(r'\{[ \t\r\n]*"|\[[ \t\r\n]*[{\[]')
_EFFORT = 8
"""How often a text may be read over for what then turns out to be none."""
_LEAST_EFFORT = 100_000
_TOO_DEEP = 10_000
_SCANNER = json.JSONDecoder(strict=False, parse_int=str, parse_float=str)


@dataclass(frozen=True, slots=True)
class Pieces:
    """A text, in order: documents, and what stands between them."""

    parts: tuple[str | Document, ...]


def pieces(text: str) -> Pieces | Unreadable | None:
    """The pieces of a text that holds a document; None if it holds none."""
    if "{" not in text:
        return None
    encoded = text.encode()
    effort = max(_EFFORT * len(text), _LEAST_EFFORT)
    parts: list[str | Document] = []
    done = at = start = position = 0
    while match := _START.search(encoded, position):
        # Positions in bytes and in characters advance together.
        before, at = at, match.span()[0]
        start += len(encoded[before:at].decode())
        position = at + 1
        end, cost = _end(text, start)
        document = read(text[start:end]) if end else None
        if isinstance(document, Document):
            parts += (text[done:start], document)
            done = end
            position = at + len(text[start:end].encode())
        effort -= cost
        if isinstance(document, Unreadable) or effort < 0:
            return Unreadable()
    return Pieces((*parts, text[done:])) if parts else None


def _end(text: str, start: int) -> tuple[int, int]:
    """Where the JSON value ends that begins there, or 0; and how much was read in vain."""
    try:
        return _SCANNER.raw_decode(text, start)[1], 0
    except json.JSONDecodeError as error:
        return 0, error.pos - start
    except RecursionError:
        return 0, _TOO_DEEP
