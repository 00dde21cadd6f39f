"""Values that a label tells: a word, a short filler, and then a form that alone would say nothing.

Labels and forms go in, patterns and checks for a `Detector` come out. A label inside a longer word
is none, and neither is the name in the marker that an earlier masking left.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from gateway.masking.candidates import Accept, Match, Pattern, Span, pattern

type Check = Callable[[str], bool]

START = r"(?:\b|_|\\[nrt])"
"""Where a value may begin, as `starts_word` has it: in a hint, it keeps long runs of letters and digits cheap."""
END = r"(?:\b|_)"

WORD = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
DIGITS = frozenset(b"0123456789")
_SUFFIX = r"(?:[ _-]?(?:numbers?|nummer|num|no|nr|n[°º]|id|code))?"
# A closing bracket ends a marker, whose name must not tell what stands behind it.
_FILLER = r"[^0-9A-Za-z\x00\]]{1,6}(?i:is[ :]{1,2})?"


def starts_word(haystack: bytes, start: int) -> bool:
    """No word runs into the position; an escape (`\\n` written out, as in a log line) is no word."""
    if start == 0 or haystack[start - 1] not in WORD:
        return True
    return start > 1 and haystack[start - 1] in b"nrt" and haystack[start - 2] == ord("\\")


def ends_word(haystack: bytes, end: int) -> bool:
    return end == len(haystack) or haystack[end] not in WORD


def alone(haystack: bytes, start: int, end: int, links: bytes) -> bool:
    """Neither inside a word nor tied to more digits by one of the links, as `0.4111` is by its dot."""
    if not (starts_word(haystack, start) and ends_word(haystack, end)):
        return False
    before = start > 1 and haystack[start - 1] in links and haystack[start - 2] in DIGITS
    after = end + 1 < len(haystack) and haystack[end] in links and haystack[end + 1] in DIGITS
    return not (before or after)


def between(form: str, links: str) -> str:
    """The pattern of a form that is `alone`; the form is its group. It reads one byte before the value, or two."""
    before = rf"(?:^|[^0-9A-Za-z{links}]|(?:^|[^0-9])[{links}]|\\[nrt])"
    after = rf"(?:$|[^0-9A-Za-z{links}]|[{links}](?:$|[^0-9]))"
    return f"{before}({form}){after}"


def labelled(labels: tuple[str, ...], value: str) -> str:
    """The pattern of a value after one of the labels, in any case; the value is its group."""
    return rf"{label_hint(labels)}(?i:{_SUFFIX}){_FILLER}({value})"


def label_hint(labels: tuple[str, ...]) -> str:
    """The labels alone. All hints are searched as one automaton, which must stay small; a word is enough of one."""
    return rf"(?i:{'|'.join(_bounded(label) for label in labels)})"


def _bounded(label: str) -> str:
    # RE2 knows word boundaries of ASCII only.
    return rf"(?:\b|_){label}" if label[0].isascii() else label


def checked(check: Check, links: bytes = b".-") -> Accept:
    """Accepts a candidate that stands alone and passes the check, whole."""

    def accept(haystack: bytes, start: int, end: int) -> Span | None:
        is_value = alone(haystack, start, end, links) and check(haystack[start:end].decode())
        return (start, end) if is_value else None

    return accept


@dataclass(frozen=True, slots=True)
class Checked:
    """A pattern for the whole value under a telling key, with a check that RE2 cannot express."""

    pattern: Pattern
    check: Check

    @property
    def groups(self) -> int:
        return self.pattern.groups

    @property
    def first(self) -> Callable[[bytes, int, int], Sequence[Span]]:
        return self.pattern.first

    @property
    def at(self) -> Callable[[bytes, int, int], Sequence[Span]]:
        return self.pattern.at

    def search(self, text: bytes, pos: int = 0, endpos: int | None = None) -> Match | None:
        return self.pattern.search(text, pos, endpos)

    def finditer(self, text: bytes, pos: int = 0, endpos: int | None = None) -> Iterator[Match]:
        return self.pattern.finditer(text, pos, endpos)

    def fullmatch(self, text: bytes) -> Match | None:
        match = self.pattern.fullmatch(text)
        return match if match is not None and self.check(text.decode(errors="replace")) else None


def whole(text: str, check: Check | None = None) -> Pattern:
    """The form of the whole value under a telling key."""
    return pattern(text) if check is None else Checked(pattern(text), check)


def digit_count(text: str) -> int:
    return sum(sign.isdecimal() for sign in text)
