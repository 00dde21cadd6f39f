r"""What `matches` in a condition finds, by RE2.

The engine of CEL compiles a pattern each time it is asked, which may take fifty milliseconds, and a loop asks for each
item. So conditions call `found_by` in its place, and their patterns are compiled when the policy loads. Takes patterns
and text; refuses patterns that RE2 does not read, and more text than patterns search soon. `\w`, `\d`, `\s` and `\b`
are of ASCII.
"""

from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

import re2  # type: ignore[import-untyped]  # google-re2 ships no types

MAX_WORK = 100_000_000
"""Bound of (bytes that are searched) times (size of the pattern) for one condition: at worst, where RE2 has to follow
every part of a pattern at once, a second; nearly always a hundredth of that."""
_MEMORY = 8 << 20
"""Bytes of one pattern, compiled; RE2's own default. One that needs more is refused."""


class Pattern:
    """A compiled pattern, for whoever reads conditions to keep."""

    __slots__ = ("__weakref__", "search", "size")

    def __init__(self, text: str) -> None:
        """Raises re2.error."""
        options = re2.Options()
        options.max_mem = _MEMORY
        options.log_errors = False
        compiled = re2.compile(text.encode(), options)
        self.search: Any = compiled.search
        self.size: int = compiled.programsize


FUNCTION = "found_by"
"""What it is called where a condition is evaluated."""
_KEPT: WeakValueDictionary[str, Pattern] = WeakValueDictionary()
"""By their text, those that a condition has."""
_KEEPING = Lock()


def pattern_of(text: str) -> Pattern | str:
    """The pattern, or what is wrong with it. `Search` knows it for as long as somebody holds what this returns."""
    try:
        # Two threads must not end up with a pattern each, of which only one is found.
        with _KEEPING:
            return _KEPT.get(text) or _KEPT.setdefault(text, Pattern(text))
    except re2.error as error:
        return str(error.args[0].decode(errors="replace"))


class Search:
    """The searches of one condition, of which each takes its part of the bound."""

    def __init__(self) -> None:
        self.left = MAX_WORK

    def found_by(self, text: object, pattern: str) -> bool:
        """Whether the pattern occurs in the text.

        Raises, without a value in it, TypeError if the text is none, and OverflowError past the bound.
        """
        if not isinstance(text, str):
            raise TypeError("no text")
        # fail-closed: a caller must not be able to stop the process with a long text.
        if self.left < 0:
            raise OverflowError("too much text")
        kept, content = _KEPT[pattern], text.encode()
        self.left -= len(content) * kept.size
        if self.left < 0:
            raise OverflowError("too much text")
        return kept.search(content) is not None
