"""Patterns: the one way in which masking compiles for RE2.

Text of a pattern goes in, a pattern over UTF-8 bytes comes out. RE2 never takes more than linear time; what it may
take of memory is bounded here, and it says nothing on standard error when it reaches the bound.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import re2  # type: ignore[import-untyped]  # google-re2 ships no types

type Span = tuple[int, int]

_PATTERN_MEMORY = 16 << 20
_SET_MEMORY = 64 << 20


class Match(Protocol):
    def span(self, group: int = 0) -> Span: ...


class Pattern(Protocol):
    """A compiled RE2 pattern over UTF-8 bytes."""

    @property
    def groups(self) -> int: ...
    def search(self, text: bytes, pos: int | None = None, endpos: int | None = None) -> Match | None: ...
    def finditer(self, text: bytes, pos: int | None = None, endpos: int | None = None) -> Iterator[Match]: ...
    def fullmatch(self, text: bytes) -> Match | None: ...


class PatternSet(Protocol):
    def Match(self, text: bytes) -> list[int]: ...  # noqa: N802  the name in RE2


def _options(memory: int) -> "re2.Options":
    options = re2.Options()
    options.max_mem = memory
    options.log_errors = False
    return options


def pattern(text: str) -> Pattern:
    """The RE2 pattern, for bytes. Patterns here must not match NUL, which stands between two texts."""
    compiled: Pattern = re2.compile(text.encode(), _options(_PATTERN_MEMORY))
    return compiled


def pattern_set(texts: Sequence[str]) -> PatternSet:
    """Tells which of the patterns occur in a text, in one pass. Nothing is also its answer when memory ran out."""
    compiled = re2.Set.SearchSet(_options(_SET_MEMORY))
    for text in texts:
        compiled.Add(text)
    compiled.Compile()
    found: PatternSet = compiled
    return found
