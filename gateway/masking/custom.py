"""Detectors that a policy brings itself: patterns, and words.

Takes what the author wrote and gives a detector, run by RE2 alone, so that no text takes more than linear time. A
pattern that RE2 does not know, that finds nothing or that finds the empty text is refused when the policy loads.
"""

from collections.abc import Sequence

import re2  # type: ignore[import-untyped]  # google-re2 ships no types

from gateway.masking.personal_data import ends_word, starts_word
from gateway.masking.search import Candidate, Detector, Span, pattern, text_end

LONGEST = 512
"""Characters of a pattern, and of a word or phrase."""


def of_pattern(name: str, text: str) -> Detector:
    """The detector of one pattern; its first group, if it has one, is the value."""
    return Detector(name, text, (Candidate(pattern(text), _within_its_text, may_hold_another=False),))


def of_words(name: str, words: Sequence[str]) -> Detector:
    """The detector of words and phrases, in whatever case, not as parts of longer words."""
    text = "(?i:" + "|".join(re2.escape(word) for word in sorted(words, key=len, reverse=True)) + ")"
    return Detector(name, text, (Candidate(pattern(text), _whole),))


def fault_of(text: str) -> str | None:
    """What is wrong with a pattern, for the policy's author; None if nothing is."""
    if len(text) > LONGEST:
        return f"has {len(text)} characters; at most {LONGEST}"
    try:
        compiled = pattern(text)
    except re2.error as error:
        return f"RE2 does not read it: {error}"
    if compiled.fullmatch(b"") or compiled.search(b""):
        return "finds the empty text"
    return None


def _within_its_text(haystack: bytes, start: int, end: int) -> Span | None:
    # Texts are searched side by side, and an author's pattern may run from one into the next.
    end = min(end, text_end(haystack, start))
    return (start, end) if end > start else None


def _whole(haystack: bytes, start: int, end: int) -> Span | None:
    return (start, end) if starts_word(haystack, start) and ends_word(haystack, end) else None
