"""Tables inside a text: CSV with commas, semicolons or tabs (RFC 4180), and tables of Markdown and of terminals.

The bytes of a text and what is said of each name go in, spans of cells come out: those of columns that are named in
the table's first line. A table ends at an empty line. A row that does not fit its head is taken whole (fail-closed),
since nobody can tell which of its cells is which.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import re2  # type: ignore[import-untyped]  # google-re2 ships no types

from gateway.masking.patterns import Pattern, Span, pattern

_NEWLINE = b"\n"
_DELIMITERS = (b",", b";", b"\t", b"|")
_PIPE, _QUOTE = b"|", b'"'
_RULE = frozenset(b"-=:|+ \t\r")
_SPACE = b" \t\r"
_ORNAMENT = b' \t\r"*_`\xef\xbb\xbf'
_LONGEST_NAME = 128


class Cell[Said](NamedTuple):
    start: int
    end: int
    said: tuple[Said, ...]
    """What is said of its column; for a row that does not fit, what is said of any."""


def named(names: Iterable[str]) -> Pattern | None:
    """Finds each of the names (as `fields.folded`) where it may head a column or be a key of JSON; None if none is."""
    words = "|".join(r"[ _.()/#-]*".join(re2.escape(sign) for sign in name) for name in sorted(names) if name)
    if not words:
        return None
    return pattern(rf"(?:^|[\x00\n,;\t|\"\x{{feff}}])[ *_`(]*((?i:{words}))[ *_`):.#-]*(?:[,;\t|\r\n\":\x00]|$)")


def cells[Said](text: bytes, names: Pattern, said_of: Callable[[str], Said | None]) -> Iterator[Cell[Said]]:
    """The cells of which something is said, in the order of the text, without their quotes."""
    position = 0
    while match := names.search(text, position):
        start = text.rfind(_NEWLINE, 0, match.span(1)[0]) + 1
        table = _table(text, start, said_of)
        position = _line_end(text, start) + 1
        if table is not None:
            position = yield from _rows(text, table)
        if position >= len(text):
            return


@dataclass(frozen=True, slots=True)
class _Form:
    delimiter: bytes
    """Empty for a table of one column."""
    is_drawn: bool = False
    """A rule stands under its head, and its pipes may be escaped."""
    has_lead: bool = False
    """Its rows begin with a pipe."""


@dataclass(frozen=True, slots=True)
class _Table[Said]:
    form: _Form
    width: int
    columns: Mapping[int, Said]
    body: int
    """Where the first row begins."""


def _line_end(text: bytes, start: int) -> int:
    end = text.find(_NEWLINE, start)
    return len(text) if end < 0 else end


def _table[Said](text: bytes, start: int, said_of: Callable[[str], Said | None]) -> _Table[Said] | None:
    end = _line_end(text, start)
    after = _line_end(text, end + 1)
    line, below = text[start:end], text[end + 1 : after]
    if _PIPE in line and b"-" in below and _RULE.issuperset(below):
        form = _Form(_PIPE, is_drawn=True, has_lead=line.lstrip().startswith(_PIPE))
        return _headed(text, start, form, after + 1, said_of)
    tables = [_headed(text, start, _Form(sign), end + 1, said_of) for sign in _DELIMITERS if sign in line]
    best = max((table for table in tables if table), key=lambda table: table.width, default=None)
    if start == 0:
        return best or _headed(text, start, _Form(b""), end + 1, said_of)
    # Further down a line heads a table only if the next one fits; the first line does so whatever follows.
    return best if best and len(_split(text, end + 1, best.form)[0]) == best.width else None


def _headed[Said](
    text: bytes, start: int, form: _Form, body: int, said_of: Callable[[str], Said | None]
) -> _Table[Said] | None:
    heads, _ = _split(text, start, form)
    columns: dict[int, Said] = {}
    for index, span in enumerate(heads):
        name = text[slice(*span)].strip(_ORNAMENT)
        said = said_of(name.decode(errors="replace")) if len(name) <= _LONGEST_NAME else None
        if said is not None:
            columns[index] = said
    return _Table(form, len(heads), columns, body) if columns else None


def _rows[Said](text: bytes, table: _Table[Said]) -> Generator[Cell[Said], None, int]:
    """Gives back where the table ends."""
    position = table.body
    every = tuple(dict.fromkeys(table.columns.values()))
    while position < len(text):
        if not text[position : _line_end(text, position)].strip():
            return position
        row, end = _split(text, position, table.form)
        may_be_shorter = table.form.is_drawn
        if len(row) == table.width or (may_be_shorter and len(row) < table.width):
            named_cells = ((span, table.columns.get(index)) for index, span in enumerate(row))
            yield from (Cell(*span, (said,)) for span, said in named_cells if said is not None)
        else:
            yield Cell(*_stripped(text, position, end), every)
        position = end + 1
    return position


def _split(text: bytes, start: int, form: _Form) -> tuple[list[Span], int]:
    """The contents of the row's cells, and where the row ends."""
    end = _line_end(text, start)
    if form.is_drawn:
        return _drawn(text, start, end, form), end
    if _QUOTE in text[start:end]:
        return _quoted(text, start, form.delimiter)
    spans: list[Span] = []
    for piece in text[start:end].split(form.delimiter) if form.delimiter else (text[start:end],):
        spans.append(_stripped(text, start, start + len(piece)))
        start += len(piece) + 1
    return spans, end


def _stripped(text: bytes, start: int, end: int) -> Span:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip(_SPACE))
    return start, max(start, end - len(piece) + len(piece.rstrip(_SPACE)))


def _drawn(text: bytes, start: int, end: int, form: _Form) -> list[Span]:
    spans: list[Span] = []
    begin, _ = _stripped(text, start, end)
    position = begin = begin + (form.has_lead and text[begin : begin + 1] == _PIPE)
    while (pipe := text.find(_PIPE, position, end)) >= 0:
        position = pipe + 1
        if text[pipe - 1 : pipe] != b"\\":
            spans.append(_stripped(text, begin, pipe))
            begin = position
    last = _stripped(text, begin, end)
    return [*spans, last] if last[0] < last[1] else spans


def _quoted(text: bytes, start: int, delimiter: bytes) -> tuple[list[Span], int]:
    spans: list[Span] = []
    while True:
        opening, _ = _stripped(text, start, _line_end(text, start))
        if text[opening : opening + 1] == _QUOTE:
            closing = _closing(text, opening + 1)
            end = _cell_end(text, closing, delimiter)
            is_clean = not text[closing + 1 : end].strip()
            spans.append((opening + 1, closing) if is_clean else _stripped(text, start, end))
        else:
            end = _cell_end(text, start, delimiter)
            spans.append(_stripped(text, start, end))
        if not delimiter or text[end : end + 1] != delimiter:
            return spans, end
        start = end + 1


def _cell_end(text: bytes, start: int, delimiter: bytes) -> int:
    end = _line_end(text, start)
    found = text.find(delimiter, start, end) if delimiter else -1
    return end if found < 0 else found


def _closing(text: bytes, position: int) -> int:
    """Where the quote closes; a doubled one is part of the cell, and one that never closes takes all that follows."""
    while (quote := text.find(_QUOTE, position)) >= 0:
        if text[quote + 1 : quote + 2] != _QUOTE:
            return quote
        position = quote + 2
    return len(text)
