"""Patterns: the one way in which masking compiles for RE2.

Text of a pattern goes in, a pattern over UTF-8 bytes comes out. RE2 never takes more than linear time; what it may
take of memory is bounded here, and it says nothing on standard error when it reaches the bound.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple, Protocol

import re2  # type: ignore[import-untyped]  # google-re2 ships no types

type Span = tuple[int, int]

NO_SPAN: Span = (-1, -1)
_NOTHING = (NO_SPAN,)
_ANYWHERE, _HERE, _FROM_END_TO_END = re2._Anchor.UNANCHORED, re2._Anchor.ANCHOR_START, re2._Anchor.ANCHOR_BOTH
_PATTERN_MEMORY = 16 << 20
_SET_MEMORY = 64 << 20


class Match(Protocol):
    def span(self, group: int = 0) -> Span: ...


class Pattern(Protocol):
    """A compiled RE2 pattern over UTF-8 bytes."""

    @property
    def groups(self) -> int: ...
    @property
    def first(self) -> Callable[[bytes, int, int], Sequence[Span]]:
        """The spans of the first match between two positions, and of its groups; `NO_SPAN` where there is none."""
        ...

    @property
    def at(self) -> Callable[[bytes, int, int], Sequence[Span]]:
        """As `first`, of a match that begins at the first position."""
        ...

    def search(self, text: bytes, pos: int = 0, endpos: int | None = None) -> Match | None: ...
    def finditer(self, text: bytes, pos: int = 0, endpos: int | None = None) -> Iterator[Match]: ...
    def fullmatch(self, text: bytes) -> Match | None: ...


class _Spans(NamedTuple):
    """A match."""

    spans: Sequence[Span]

    def span(self, group: int = 0) -> Span:
        return self.spans[group]


class _Compiled:
    """A pattern without the wrapper of the package: it takes twice as long for a match as RE2 does."""

    __slots__ = ("_whole", "at", "first", "groups")

    def __init__(self, text: bytes, options: "re2.Options") -> None:
        """Raises re2.error."""
        compiled = re2.compile(text, options)
        match = compiled._regexp.Match
        self.groups: int = compiled.groups
        self.first: Callable[[bytes, int, int], Sequence[Span]] = partial(match, _ANYWHERE)
        self.at: Callable[[bytes, int, int], Sequence[Span]] = partial(match, _HERE)
        self._whole: Callable[[bytes, int, int], Sequence[Span]] = partial(match, _FROM_END_TO_END)

    def search(self, text: bytes, pos: int = 0, endpos: int | None = None) -> Match | None:
        end = len(text) if endpos is None else min(endpos, len(text))
        spans = self.first(text, pos, end) if pos <= end else _NOTHING
        return None if spans[0] == NO_SPAN else _Spans(spans)

    def finditer(self, text: bytes, pos: int = 0, endpos: int | None = None) -> Iterator[Match]:
        while match := self.search(text, pos, endpos):
            yield match
            start, end = match.span()
            pos = end if end > start else end + 1

    def fullmatch(self, text: bytes) -> Match | None:
        spans = self._whole(text, 0, len(text))
        return None if spans[0] == NO_SPAN else _Spans(spans)


class PatternSet(Protocol):
    def Match(self, text: bytes) -> list[int]: ...  # noqa: N802  the name in RE2


def _options(memory: int) -> "re2.Options":
    options = re2.Options()
    options.max_mem = memory
    options.log_errors = False
    return options


def pattern(text: str) -> Pattern:
    """The RE2 pattern, for bytes. Patterns here must not match NUL, which stands between two texts."""
    return _Compiled(text.encode(), _options(_PATTERN_MEMORY))


def pattern_set(texts: Sequence[str]) -> PatternSet:
    """Tells which of the patterns occur in a text, in one pass. Nothing is also its answer when memory ran out."""
    compiled = re2.Set.SearchSet(_options(_SET_MEMORY))
    for text in texts:
        compiled.Add(text)
    compiled.Compile()
    found: PatternSet = compiled
    return found
