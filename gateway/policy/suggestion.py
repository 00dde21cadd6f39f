"""The sentence for a name that nobody knows: what was written, and what was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches

_SHOWN = 40


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """For example: unknown key 'tool'; did you mean 'tools'?"""
    candidates = [str(candidate) for candidate in known]
    if near := get_close_matches(name, candidates, n=1):
        return f"unknown {kind} {name!r}; did you mean {near[0]!r}?"
    if not candidates:
        return f"unknown {kind} {name!r}; there is none yet"
    listed = ", ".join(candidates[:_SHOWN]) + (", ..." if len(candidates) > _SHOWN else "")
    return f"unknown {kind} {name!r}; known: {listed}"
