"""Searching: which of many texts hold what a detector looks for, and where in them.

Texts and detectors go in, spans of UTF-8 bytes come out. All texts are joined and searched as one,
since a call into RE2 costs more than the search of a short text, and a detector is asked only about
blocks of texts, or the lines of a long one, in which its hint is found. It never uses `re`, so that no text takes more
than linear time, and it never lets a match run from one text into the next. A text that reads differently when it
is decoded or folded is searched in each of its readings as well.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from gateway.masking.candidates import Detector, values
from gateway.masking.encodings import BASE64, ESCAPES, Back, folded, from_base64, unescaped
from gateway.masking.folding import changes
from gateway.masking.patterns import Pattern, Span, pattern, pattern_set

_NUL, _NEWLINE, _ONE = b"\0", b"\n", 1
_BLOCK = 2048
"""Bytes of texts that are asked for hints together: few enough that a rare hint sends few texts to be searched."""
_PART = 8192
"""Bytes of a long text that are asked for hints together, and the rest of their last line."""
_OVERLAP = 256
_REACH = 1024
# The last finds something in every text, so that an empty answer tells that the memory ran out.
_MORE_HINTS = (ESCAPES, BASE64, "")


class Found(NamedTuple):
    """A span in the UTF-8 bytes of a text, and who found it."""

    start: int
    end: int
    detector: str


class _Block(NamedTuple):
    """What is asked for hints together."""

    start: int
    end: int
    near: Span
    """Where a candidate may stand whose hint is in it."""


class _Joined:
    """Texts as one, and which of them lies where."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.text = "\0".join(texts)
        self.content = self.text.encode()
        if self.content.count(_NUL) >= len(texts):
            self.content = _NUL.join(text.encode().replace(_NUL, b"\x01") for text in texts)
        lengths = map(len, texts if self.text.isascii() else self.content.split(_NUL))
        self.starts = list(accumulate(map(_ONE.__add__, lengths), initial=0))

    def at(self, position: int) -> int:
        return bisect_right(self.starts, position) - 1

    def blocks(self, *, in_parts: bool) -> Iterator[_Block]:
        """The content in spans of whole texts, each with the NUL before it and the one after it, or of lines."""
        start, last, length = 0, len(self.starts) - 1, len(self.content)
        while start < length:
            end = self.starts[min(bisect_right(self.starts, start + _BLOCK), last)]
            whole = max(start - 1, 0), min(end, length)
            if in_parts and end - start > _PART:
                yield from self._parts(whole)
            else:
                yield _Block(*whole, whole)
            start = end

    def _parts(self, whole: Span) -> Iterator[_Block]:
        """The span in parts that end with their lines."""
        find = self.content.find
        position, end = whole
        while position < end:
            part_end = find(_NEWLINE, position + _PART, end) + 1 or end
            first = self.content.rfind(_NEWLINE, whole[0], max(whole[0], position - _REACH))
            last = find(_NEWLINE, part_end + _REACH, end) + 1 or end
            near = whole[0] if first < 0 else first, last
            yield _Block(position, min(part_end + _OVERLAP, end), near)
            position = part_end


class Search:
    """A search for what any of some detectors finds."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._detectors = tuple(detectors)
        self._hints = pattern_set([*(detector.hint for detector in detectors), *_MORE_HINTS])
        self._in_parts = not any(detector.reaches_far for detector in detectors)
        self._encoded = tuple(range(len(self._detectors), len(self._detectors) + 2))

    def find(self, texts: Collection[str]) -> dict[str, list[Found]]:
        """For each text that holds something: what, and where in its UTF-8 bytes. Others are absent."""
        if not texts:
            return {}
        own = list(texts if isinstance(texts, dict) else dict.fromkeys(texts))
        joined = _Joined(own)
        found: dict[str, list[Found]] = {}
        hinted = self._hinted(joined)
        for which, span in self._values(joined, hinted):
            text = own[which]
            if text in found:
                found[text].append(span)
            else:
                found[text] = [span]
        readings = list(_readings(own, joined, *(hinted.get(which, ()) for which in self._encoded)))
        if not readings:
            return found
        contents = _Joined([content for _, content, _ in readings])
        known = {text: set(found.get(text, ())) for text, _, _ in readings}
        for which, (start, end, name) in self._values(contents, self._hinted(contents)):
            text, _, back = readings[which]
            span = Found(*back(start, end), name)
            if span not in known[text]:
                known[text].add(span)
                found.setdefault(text, []).append(span)
        return found

    def _hinted(self, joined: _Joined) -> dict[int, list[Span]]:
        """By hint the spans that are to be searched, those that touch as one."""
        hinted: dict[int, list[Span]] = {}
        content, count = joined.content, len(self._detectors) + len(_MORE_HINTS)
        for block in joined.blocks(in_parts=self._in_parts):
            asked = content[block.start : block.end]
            # fail-closed: RE2 answers with nothing when the set runs out of memory.
            for which in self._hints.Match(asked) or range(count):
                start, end = block.near
                spans = hinted.setdefault(which, [])
                if spans and start <= spans[-1][1]:
                    spans[-1] = spans[-1][0], max(end, spans[-1][1])
                else:
                    spans.append((start, end))
        return hinted

    def _values(self, joined: _Joined, hinted: Mapping[int, Sequence[Span]]) -> Iterator[tuple[int, Found]]:
        """The number of a text, and what was found there."""
        starts, content = joined.starts, joined.content
        for number in sorted(hinted):
            if number >= len(self._detectors):
                return
            detector = self._detectors[number]
            name = detector.name
            # Many texts are one value, and of those many are as long as others.
            first: dict[int, Found] = {}
            which = -1
            for start, end in values(detector, content, hinted[number]):
                # Values of one column stand in texts one after the other.
                which = which + 1 if starts[which + 1] == start else bisect_right(starts, start) - 1
                offset = starts[which]
                if start > offset:
                    yield which, Found(start - offset, end - offset, name)
                    continue
                span = first.get(end - start)
                if span is None:
                    span = first[end - start] = Found(0, end - start, name)
                yield which, span


@lru_cache(maxsize=64)
def search_for(detectors: tuple[Detector, ...]) -> Search:
    """The search for these detectors, which is costly to build and grows with use."""
    return Search(detectors)


_ESCAPED, _BASE64 = pattern(ESCAPES), pattern(BASE64)


def _readings(
    texts: Sequence[str], joined: _Joined, escaped: Iterable[Span], based: Iterable[Span]
) -> Iterator[tuple[str, str, Back]]:
    """Each text that reads differently, with one of its readings and the way back from it."""
    table = changes(joined.text)
    for text in texts if table else ():
        seen = folded(text, table)
        if seen:
            yield text, seen.content, seen.back
    for which in dict.fromkeys(which for which, _ in _hinted_at(joined, _ESCAPED, escaped)):
        for reading in unescaped(texts[which]):
            yield texts[which], reading.content, reading.back
    for which, (start, end) in _hinted_at(joined, _BASE64, based):
        # Nothing of a long text is decoded but the lines that may hold base64: a run of it is a reading by itself.
        for reading in from_base64(joined.content[start:end].decode()):
            yield texts[which], reading.content, _moved(reading.back, start - joined.starts[which])


def _hinted_at(joined: _Joined, found: Pattern, spans: Iterable[Span]) -> Iterator[tuple[int, Span]]:
    """The number of each text in which the pattern is found, and the part of it that lies in one of the spans."""
    for start, end in spans:
        position = start
        while position < end and (match := found.search(joined.content, position, end)):
            which = joined.at(match.span()[0])
            first, position = joined.starts[which], joined.starts[which + 1]
            yield which, (max(first, start), min(position - 1, end))


def _moved(back: Back, offset: int) -> Back:
    def moved(start: int, end: int) -> Span:
        first, last = back(start, end)
        return first + offset, last + offset

    return moved
