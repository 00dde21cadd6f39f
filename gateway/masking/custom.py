"""Detectors that a policy brings itself: patterns, and words.

Takes what the author wrote and gives a detector, run by RE2 alone, so that no text takes more than linear time. A
pattern that RE2 does not know, that finds nothing or that finds the empty text is refused when the policy loads.
"""

from collections.abc import Sequence

import re2  # type: ignore[import-untyped]  # google-re2 ships no types

from gateway.masking.candidates import Candidate, Detector, Span, pattern, text_end, whole_candidate
from gateway.masking.labelled import ends_word, starts_word

LONGEST = 512
"""Characters of a pattern, and of a word or phrase."""


def of_pattern(name: str, text: str) -> Detector:
    """The detector of one pattern; its first group, if it has one, is the value."""
    side_by_side = _with_ends(text)
    return Detector(
        name,
        side_by_side,
        (Candidate(pattern(side_by_side), _within_its_text, resume=whole_candidate),),
        reaches_far=True,
    )


def of_words(name: str, words: Sequence[str]) -> Detector:
    """The detector of words and phrases, in whatever case, not as parts of longer words."""
    text = "(?i:" + "|".join(re2.escape(word) for word in sorted(words, key=len, reverse=True)) + ")"
    return Detector(name, text, (Candidate(pattern(text), _whole),), reaches_far=True)


def fault_of(text: str) -> str | None:
    """What is wrong with a pattern, for the policy's author; None if nothing is."""
    if len(text) > LONGEST:
        return f"has {len(text)} characters; at most {LONGEST}"
    try:
        compiled = pattern(text)
    except re2.error as error:
        return f"RE2 does not read it: {error.args[0].decode(errors='replace')}"
    if compiled.fullmatch(b"") or compiled.search(b""):
        return "finds the empty text"
    return None


_ENDS = {"^": r"(?:^|\x00)", "$": r"(?:$|\x00)", r"\A": r"(?:^|\x00)", r"\z": r"(?:$|\x00)"}
# One piece of a pattern: what is quoted, an escape, a class of characters, any other sign.
_PIECE = pattern(r"(?s:\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\[:\^?[a-z]+:\]|\\.|[^\]\\])*\]|.)")


def _with_ends(text: str) -> str:
    """The pattern for texts side by side, of which each begins and ends at a NUL."""
    encoded = text.encode()
    pieces = (encoded[slice(*match.span())].decode() for match in _PIECE.finditer(encoded))
    return "".join(_ENDS.get(piece, piece) for piece in pieces)


def _within_its_text(haystack: bytes, start: int, end: int) -> Span | None:
    # Texts are searched side by side, and an author's pattern may run from one into the next.
    start += haystack[start] == 0 if start < len(haystack) else 0
    end = min(end, text_end(haystack, start))
    return (start, end) if end > start else None


def _whole(haystack: bytes, start: int, end: int) -> Span | None:
    return (start, end) if starts_word(haystack, start) and ends_word(haystack, end) else None
