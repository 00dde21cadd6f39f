"""Candidates: what may be a value of some kind, and the search for those of one kind.

Texts joined as one go in, with the spans of it that are to be searched; values come out, as spans of its bytes. Between
two texts stands NUL, which no pattern matches.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.masking.patterns import Match, Pattern, Span, pattern

__all__ = ["Accept", "Candidate", "Detector", "Match", "Pattern", "Span", "pattern", "text_end"]

type Accept = Callable[[bytes, int, int], Span | None]
type Resume = Callable[[bytes, int, int], int]

_NUL = b"\0"

_WORD = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_WORD_END = pattern(r"[^0-9A-Za-z]")


def next_word(haystack: bytes, start: int, end: int) -> int:
    """Where the second word of a candidate begins, or the first behind it: how a rejected one is searched again."""
    rest = haystack[start + 1 : end].lstrip(_WORD)
    if rest:
        return end - len(rest)
    if end == len(haystack) or haystack[end] not in _WORD:
        return end
    word_end = _WORD_END.search(haystack, end)
    return word_end.span()[0] if word_end else len(haystack)


def whole_candidate(_haystack: bytes, _start: int, end: int) -> int:
    """A rejected candidate holds no other value."""
    return end


def _as_found(_haystack: bytes, start: int, end: int) -> Span | None:
    return start, end


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may be a value: a pattern, and a check that RE2 cannot express."""

    pattern: Pattern
    """If it has a group, the group is the value and the rest its label."""
    accept: Accept = _as_found
    """The part of the candidate that is the value, or None."""
    reads_before: int = 0
    """Bytes before the value that the pattern reads, and that may be the last of another value."""
    row: Pattern | None = None
    """Finds texts one after the other, each with its NUL, that are all of them candidates from end to end. For a
    pattern that would find each in the same length."""
    resume: Resume = next_word
    """Where a rejected candidate is searched again: no value begins before. From its second word on only if short."""


@dataclass(frozen=True, slots=True)
class Detector:
    """Recognises one kind of value."""

    name: str
    hint: str
    """An RE2 pattern that is found in every text in which a candidate is found; cheap, often wrong. It reads no more
    than `_OVERLAP` bytes of any line but the one in which it begins."""
    candidates: tuple[Candidate, ...]
    names: frozenset[str] = frozenset()
    """Keys (as `fields.folded`) that tell what their value is, so that `bare` suffices."""
    bare: Pattern | None = None
    """The whole value under such a key."""
    reaches_far: bool = False
    """Whether a candidate may have more than `_REACH` bytes in other lines than its hint, as a policy's own may."""


def row(text: str) -> Pattern:
    """For `Candidate.row`, the candidates that the text finds."""
    return pattern(rf"(?:(?:{text})\x00)+")


def text_end(haystack: bytes, position: int) -> int:
    """Where the text at this position ends, for a candidate that grows."""
    end = haystack.find(_NUL, position)
    return len(haystack) if end < 0 else end


def values(detector: Detector, haystack: bytes, blocks: Sequence[Span]) -> list[Span]:
    """What the detector finds in the blocks, by candidate and in order."""
    found: list[Span] = []
    for candidate in detector.candidates:
        position = 0
        for begin, limit in blocks:
            # A value may reach over several blocks, and what lies in it is not searched again.
            position = _in_block(candidate, haystack, max(position, begin), limit, found)
    return found


def _in_block(candidate: Candidate, haystack: bytes, position: int, limit: int, found: list[Span]) -> int:
    """Adds what it finds, and gives back where the search goes on."""
    first, accept, before = candidate.pattern.first, candidate.accept, candidate.reads_before
    group = 1 if candidate.pattern.groups else 0
    behind = -1
    while position <= limit:
        spans = first(haystack, position, limit)
        begin = spans[0][0]
        if begin < 0:
            return position
        start, end = spans[group]
        if start < 0:
            start, end = spans[0]
        accepted = accept(haystack, start, end)
        if accepted:
            found.append(accepted)
            resume = accepted[1]
            if candidate.row and accepted[0] == behind and haystack[resume : resume + 1] == _NUL:
                resume = _in_row(candidate, candidate.row, haystack, (resume + 1, limit), found)
            behind = resume + 1
        else:
            resume = candidate.resume(haystack, start, end)
        # What is left of a candidate may hold another, and a value may outgrow its candidate.
        position = max(resume - before, begin + 1)
    return position


def _in_row(candidate: Candidate, row: Pattern, haystack: bytes, block: Span, found: list[Span]) -> int:
    """As `_in_block`, of texts that are candidates from end to end: to ask for each of them costs most of a search."""
    begin, row_end = row.at(haystack, *block)[0]
    if begin < 0:
        return block[0] - 1
    for text in haystack[begin : row_end - 1].split(_NUL):
        end = begin + len(text)
        accepted = candidate.accept(haystack, begin, end)
        if accepted and accepted[1] == end:
            found.append(accepted)
        else:
            _in_block(candidate, haystack, begin - 1, end + 1, found)
        begin = end + 1
    return begin - 1
