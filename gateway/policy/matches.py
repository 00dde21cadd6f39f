"""What `matches` in a condition finds, by RE2.

The engine of CEL compiles a pattern each time it is asked, which may take fifty milliseconds, and a loop asks for each
item. So conditions call `found_by` in its place, and their patterns are compiled when the policy loads. Takes patterns
and text; refuses patterns that RE2 does not read or that take more memory than one pattern needs. Linear time, whatever
the text; `\\w`, `\\d`, `\\s` and `\\b` are of ASCII.
"""

from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

import re2  # type: ignore[import-untyped]  # google-re2 ships no types

_MEMORY = 1 << 20
"""Bytes of one pattern, compiled. One that needs more is refused."""


class Pattern:
    """A compiled pattern, for whoever reads conditions to keep."""

    __slots__ = ("__weakref__", "search")

    def __init__(self, text: str) -> None:
        """Raises re2.error."""
        options = re2.Options()
        options.max_mem = _MEMORY
        options.log_errors = False
        self.search: Any = re2.compile(text.encode(), options).search


_KEPT: WeakValueDictionary[str, Pattern] = WeakValueDictionary()
"""By their text, those that a condition has."""
_KEEPING = Lock()


def pattern_of(text: str) -> Pattern | str:
    """The pattern, or what is wrong with it. `found_by` knows it for as long as somebody holds what this returns."""
    try:
        # Two threads must not end up with a pattern each, of which only one is found.
        with _KEEPING:
            return _KEPT.get(text) or _KEPT.setdefault(text, Pattern(text))
    except re2.error as error:
        return str(error.args[0].decode(errors="replace"))


def found_by(text: object, pattern: str) -> bool:
    """Whether the pattern occurs in the text. Raises TypeError, without a value in it, if the text is none."""
    if not isinstance(text, str):
        raise TypeError("no text")
    return _KEPT[pattern].search(text.encode()) is not None
