"""Marks: how a value tells its kind while a text is still being made.

A generator wraps each value in marks, any library may then write it (JSON, CSV, a diff), and
`settled` takes the marks out again and returns exact spans. So no label is ever searched for.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from bench.corpus.kinds import KINDS

# Private use characters of Unicode, which no writer escapes and no generator makes.
_OPEN, _CLOSE = "\ue000", "\ue001"
_EXTENT_OPEN, _EXTENT_CLOSE = "\ue002", "\ue003"
_NUMBER_OPEN, _NUMBER_CLOSE = '"\ue004', '\ue005"'
_FIRST_KIND = 0xE100
_NAMES = (*KINDS, "either")
_EITHER = "either"


@dataclass(frozen=True, slots=True)
class Label:
    """A value that must be hidden from `start` to `end`, and may be from `first` to `last`."""

    kind: str
    start: int
    end: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Leaf:
    """One string or number of a tool result, or all of a text that is no JSON."""

    path: tuple[str | int, ...]
    text: str
    labels: tuple[Label, ...]
    either: tuple[tuple[int, int], ...] = ()
    """Spans that may be hidden or not, such as `localhost` addresses: no count takes them in."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One text as it stands in `content[].text`."""

    shape: str
    locale: str
    whole: Leaf
    leaves: tuple[Leaf, ...]
    """The same labels again; for JSON string by string, otherwise the whole alone."""


def mark(kind: str, value: str, before: str = "", after: str = "") -> str:
    """The value marked as one of `KINDS`; `before` and `after` may be hidden with it."""
    inner = f"{_OPEN}{chr(_FIRST_KIND + _NAMES.index(kind))}{value}{_CLOSE}"
    return f"{_EXTENT_OPEN}{before}{inner}{after}{_EXTENT_CLOSE}" if before or after else inner


def either(value: str) -> str:
    return mark(_EITHER, value)


def number(marked: str) -> str:
    """As a value in JSON: digits without quotes."""
    return f"{_NUMBER_OPEN[1]}{marked}{_NUMBER_CLOSE[0]}"


def plain(marked: str) -> str:
    return settled(marked).text


def settled(marked: str, path: tuple[str | int, ...] = ()) -> Leaf:
    """The text without its marks, and the labels."""
    marked = marked.replace(_NUMBER_OPEN, _NUMBER_OPEN[1]).replace(_NUMBER_CLOSE, _NUMBER_CLOSE[0])
    pieces: list[str] = []
    labels: list[Label] = []
    either_: list[tuple[int, int]] = []
    opened: list[tuple[str, int]] = []
    extents: list[tuple[int, int]] = []
    length = 0
    signs = iter(marked)
    for sign in signs:
        if sign == _OPEN:
            opened.append((_NAMES[ord(next(signs)) - _FIRST_KIND], length))
        elif sign == _CLOSE:
            kind, start = opened.pop()
            if kind == _EITHER:
                either_.append((start, length))
            else:
                labels.append(Label(kind, start, length, start, length))
        elif sign == _EXTENT_OPEN:
            extents.append((length, len(labels)))
        elif sign == _EXTENT_CLOSE:
            first, since = extents.pop()
            labels[since:] = [
                Label(label.kind, label.start, label.end, min(first, label.first), length) for label in labels[since:]
            ]
        elif sign not in "\ue004\ue005":
            pieces.append(sign)
            length += 1
    return Leaf(path, "".join(pieces), tuple(labels), tuple(either_))


def text_sample(shape: str, locale: str, marked: str) -> Sample:
    leaf = settled(marked)
    return Sample(shape, locale, leaf, (leaf,))


def json_sample(shape: str, locale: str, value: object, indent: int | None = None) -> Sample:
    whole = settled(json.dumps(value, ensure_ascii=False, indent=indent))
    return Sample(shape, locale, whole, tuple(_leaves(value, ())))


def _leaves(value: object, path: tuple[str | int, ...]) -> Iterator[Leaf]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    elif isinstance(value, str):
        yield settled(value, path)
    elif value is not None and not isinstance(value, bool):
        yield Leaf(path, json.dumps(value), ())
