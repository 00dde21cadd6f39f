"""Searching: which of many texts hold what a detector looks for, and where in them.

Texts and detectors go in, spans of UTF-8 bytes come out. All texts are joined and searched as one,
since a call into RE2 costs more than the search of a short text; it never uses `re`, so that no
text takes more than linear time, and it never lets a match run from one text into the next.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple, Protocol

import re2  # type: ignore[import-untyped]  # google-re2 ships no types

type Span = tuple[int, int]
type Accept = Callable[[bytes, int, int], Span | None]

_NUL = b"\0"


class Match(Protocol):
    def span(self, group: int = 0) -> Span: ...


class Pattern(Protocol):
    """A compiled RE2 pattern over UTF-8 bytes."""

    @property
    def groups(self) -> int: ...
    def search(self, text: bytes, pos: int | None = None, endpos: int | None = None) -> Match | None: ...
    def finditer(self, text: bytes, pos: int | None = None) -> Iterator[Match]: ...
    def fullmatch(self, text: bytes) -> Match | None: ...


def pattern(text: str) -> Pattern:
    """The RE2 pattern, for bytes. Patterns here must not match NUL, which stands between two texts."""
    compiled: Pattern = re2.compile(text.encode())
    return compiled


def _as_found(_haystack: bytes, start: int, end: int) -> Span | None:
    return start, end


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may be a value: a pattern, and a check that RE2 cannot express."""

    pattern: Pattern
    """If it has a group, the group is the value and the rest its label."""
    accept: Accept = _as_found
    """The part of the candidate that is the value, or None."""
    may_hold_another: bool = True
    """Whether a rejected candidate is searched again from its second word on; only where it is short."""


@dataclass(frozen=True, slots=True)
class Detector:
    """Recognises one kind of value."""

    name: str
    hint: str
    """An RE2 pattern that is found in every text in which a candidate is found; cheap, often wrong."""
    candidates: tuple[Candidate, ...]
    names: frozenset[str] = frozenset()
    """Keys (as `fields.folded`) that tell what their value is, so that `bare` suffices."""
    bare: Pattern | None = None
    """The whole value under such a key."""


class Found(NamedTuple):
    """A span in the UTF-8 bytes of a text, and who found it."""

    start: int
    end: int
    detector: str


class Search:
    """A search for what any of some detectors finds."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._detectors = tuple(detectors)
        self._hint = pattern("|".join(f"(?:{detector.hint})" for detector in detectors))
        self._hints = re2.Set.SearchSet()
        for detector in detectors:
            self._hints.Add(detector.hint)
        self._hints.Compile()

    def find(self, texts: Sequence[str]) -> dict[str, list[Found]]:
        """For each text that holds something: what, and where in its UTF-8 bytes. Others are absent."""
        suspects = list(dict.fromkeys(self._suspects(texts)))
        encoded = [_haystack(text) for text in suspects]
        starts = list(accumulate((len(text) + 1 for text in encoded), initial=0))
        haystack = _NUL.join(encoded)
        found: dict[str, list[Found]] = {}
        for detector in self._worthwhile(haystack):
            for start, end in _spans(detector, haystack):
                which = bisect_right(starts, start) - 1
                offset = starts[which]
                found.setdefault(suspects[which], []).append(Found(start - offset, end - offset, detector.name))
        return found

    def _suspects(self, texts: Sequence[str]) -> Iterator[str]:
        joined = "\0".join(texts).encode()
        if joined.count(_NUL) != len(texts) - 1:
            joined = _NUL.join(_haystack(text) for text in texts)
        position = counted = which = 0
        while match := self._hint.search(joined, position):
            start = match.span()[0]
            which += joined.count(_NUL, counted, start)
            counted = start
            yield texts[which]
            position = joined.find(_NUL, start)
            if position < 0:
                return

    def _worthwhile(self, haystack: bytes) -> Sequence[Detector]:
        if not haystack:
            return ()
        # fail-closed: RE2 answers with nothing when the set runs out of memory.
        return [self._detectors[which] for which in sorted(self._hints.Match(haystack))] or self._detectors


def text_end(haystack: bytes, position: int) -> int:
    """Where the text at this position ends, for a candidate that grows."""
    end = haystack.find(_NUL, position)
    return len(haystack) if end < 0 else end


def _haystack(text: str) -> bytes:
    """The bytes to search, as long as those of the text.

    Look-alikes (full-width digits, zero-width characters) would be folded here, with their offsets.
    """
    encoded = text.encode()
    return encoded.replace(_NUL, b"\x01") if _NUL in encoded else encoded


_WORD = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_WORD_END = pattern(r"[^0-9A-Za-z]")


def _spans(detector: Detector, haystack: bytes) -> Iterator[Span]:
    for candidate in detector.candidates:
        group = min(candidate.pattern.groups, 1)
        matches = candidate.pattern.finditer(haystack)
        while match := next(matches, None):
            start, end = match.span(group)
            accepted = candidate.accept(haystack, start, end)
            if accepted:
                yield accepted
            resume = accepted[1] if accepted else _resume(candidate, haystack, start, end)
            # What is left of a candidate may hold another, and a value may outgrow its candidate.
            if resume != end:
                matches = candidate.pattern.finditer(haystack, resume)


def _resume(candidate: Candidate, haystack: bytes, start: int, end: int) -> int:
    if not candidate.may_hold_another:
        return end
    rest = haystack[start + 1 : end].lstrip(_WORD)
    if rest:
        return end - len(rest)
    word_end = _WORD_END.search(haystack, end)
    return word_end.span()[0] if word_end else len(haystack)
