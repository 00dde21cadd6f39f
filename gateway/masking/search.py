"""Searching: which of many texts hold what a detector looks for, and where in them.

Texts and detectors go in, spans of UTF-8 bytes come out. All texts are joined and searched as one,
since a call into RE2 costs more than the search of a short text, and a detector is asked only about
blocks of texts in which its hint is found. It never uses `re`, so that no text takes more than linear
time, and it never lets a match run from one text into the next. A text that reads differently when it
is decoded or folded is searched in each of its readings as well.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from gateway.masking.encodings import BASE64, ESCAPES, Back, decoded, folded
from gateway.masking.folding import changes
from gateway.masking.patterns import Match, Pattern, Span, pattern, pattern_set

__all__ = ["Accept", "Candidate", "Detector", "Found", "Match", "Pattern", "Search", "Span", "pattern", "text_end"]

type Accept = Callable[[bytes, int, int], Span | None]

_NUL = b"\0"
_BLOCK = 2048
"""Bytes of texts that are asked for hints together: few enough that a rare hint sends few texts to be searched."""
# The last finds something in every text, so that an empty answer tells that the memory ran out.
_MORE_HINTS = (ESCAPES, BASE64, "")
_ENCODED_HINTS = (-3, -2)


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


class _Joined:
    """Texts as one, and which of them lies where."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.text = "\0".join(texts)
        self.content = self.text.encode()
        if self.content.count(_NUL) >= len(texts):
            self.content = _NUL.join(text.encode().replace(_NUL, b"\x01") for text in texts)
        lengths = map(len, texts if self.text.isascii() else self.content.split(_NUL))
        self.starts = list(accumulate((length + 1 for length in lengths), initial=0))

    def at(self, position: int) -> int:
        return bisect_right(self.starts, position) - 1

    def blocks(self) -> Iterator[Span]:
        """The content in spans of whole texts, each with the NUL before it and the one after it."""
        if len(self.content) <= _BLOCK:
            yield 0, len(self.content)
            return
        start, last = 0, len(self.starts) - 1
        while start < len(self.content):
            end = self.starts[min(bisect_right(self.starts, start + _BLOCK), last)]
            yield max(start - 1, 0), min(end, len(self.content))
            start = end


class Search:
    """A search for what any of some detectors finds."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._detectors = tuple(detectors)
        self._hints = pattern_set([*(detector.hint for detector in detectors), *_MORE_HINTS])

    def find(self, texts: Sequence[str]) -> dict[str, list[Found]]:
        """For each text that holds something: what, and where in its UTF-8 bytes. Others are absent."""
        own = list(dict.fromkeys(texts))
        joined = _Joined(own)
        found: dict[str, list[Found]] = {}
        hinted = self._hinted(joined)
        for which, start, end, name in self._spans(joined, hinted):
            found.setdefault(own[which], []).append(Found(start, end, name))
        encoded = [span for which in _ENCODED_HINTS for span in hinted[which]]
        readings = list(_readings(own, joined, sorted(encoded)))
        if not readings:
            return found
        contents = _Joined([content for _, content, _ in readings])
        for which, start, end, name in self._spans(contents, self._hinted(contents)):
            text, _, back = readings[which]
            span = Found(*back(start, end), name)
            if span not in (spans := found.setdefault(text, [])):
                spans.append(span)
        return found

    def _hinted(self, joined: _Joined) -> list[list[Span]]:
        """For each hint the blocks in which it is found, as one where they touch."""
        hinted: list[list[Span]] = [[] for _ in range(len(self._detectors) + len(_MORE_HINTS))]
        for start, end in joined.blocks():
            # fail-closed: RE2 answers with nothing when the set runs out of memory.
            block = joined.content[start:end] if end - start < len(joined.content) else joined.content
            for which in self._hints.Match(block) or range(len(hinted)):
                spans = hinted[which]
                if spans and start <= spans[-1][1]:
                    spans[-1] = spans[-1][0], end
                else:
                    spans.append((start, end))
        return hinted

    def _spans(self, joined: _Joined, hinted: Sequence[Sequence[Span]]) -> Iterator[tuple[int, int, int, str]]:
        at, starts = joined.at, joined.starts
        for detector, blocks in zip(self._detectors, hinted, strict=False):
            for block in blocks:
                for start, end in _spans(detector, joined.content, block):
                    text = at(start)
                    offset = starts[text]
                    yield text, start - offset, end - offset, detector.name


@lru_cache(maxsize=64)
def search_for(detectors: tuple[Detector, ...]) -> Search:
    """The search for these detectors, which is costly to build and grows with use."""
    return Search(detectors)


_ENCODED = pattern(f"{ESCAPES}|{BASE64}")


def _readings(texts: Sequence[str], joined: _Joined, encoded: Iterable[Span]) -> Iterator[tuple[str, str, Back]]:
    """Each text that reads differently, with one of its readings and the way back from it."""
    table = changes(joined.text)
    for text in texts if table else ():
        seen = folded(text, table)
        if seen:
            yield text, seen.content, seen.back
    position = 0
    for start, end in encoded:
        position = max(position, start)
        while match := _ENCODED.search(joined.content, position, end) if position < end else None:
            which = joined.at(match.span()[0])
            position = joined.starts[which + 1]
            for reading in decoded(texts[which]):
                yield texts[which], reading.content, reading.back


def text_end(haystack: bytes, position: int) -> int:
    """Where the text at this position ends, for a candidate that grows."""
    end = haystack.find(_NUL, position)
    return len(haystack) if end < 0 else end


_WORD = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_WORD_END = pattern(r"[^0-9A-Za-z]")


def _spans(detector: Detector, haystack: bytes, block: Span) -> Iterator[Span]:
    begin, limit = block
    for candidate in detector.candidates:
        has_group = candidate.pattern.groups > 0
        accept = candidate.accept
        matches = candidate.pattern.finditer(haystack, begin, limit)
        while match := next(matches, None):
            first, last = start, end = match.span()
            if has_group and match.span(1)[0] >= 0:
                start, end = match.span(1)
            accepted = accept(haystack, start, end)
            if accepted:
                yield accepted
            resume = accepted[1] if accepted else _resume(candidate, haystack, start, end)
            # What is left of a candidate may hold another, and a value may outgrow its candidate.
            if resume != last:
                matches = candidate.pattern.finditer(haystack, max(resume, first + 1), limit)


def _resume(candidate: Candidate, haystack: bytes, start: int, end: int) -> int:
    if not candidate.may_hold_another:
        return end
    rest = haystack[start + 1 : end].lstrip(_WORD)
    if rest:
        return end - len(rest)
    if end == len(haystack) or haystack[end] not in _WORD:
        return end
    word_end = _WORD_END.search(haystack, end)
    return word_end.span()[0] if word_end else len(haystack)
