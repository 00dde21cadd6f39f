"""The sentence for a name that nobody knows: what was written, and what was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

_SHOWN = 40
_COMPARED = 50
"""Names that are compared at the most, so that a long list of unknown names costs no more than a long list."""


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """For example: unknown key 'tool'; did you mean 'tools'?"""
    candidates = [str(candidate) for candidate in known]
    if near := get_close_matches(name, _likely(name, candidates), n=1):
        return f"unknown {kind} {name!r}; did you mean {near[0]!r}?"
    if not candidates:
        return f"unknown {kind} {name!r}; there is none yet"
    listed = ", ".join(candidates[:_SHOWN]) + (", ..." if len(candidates) > _SHOWN else "")
    return f"unknown {kind} {name!r}; known: {listed}"


def _likely(name: str, candidates: list[str]) -> list[str]:
    if len(candidates) <= _COMPARED:
        return candidates
    like = (each for each in candidates if each[:2] == name[:2] or each[-2:] == name[-2:])
    return list(islice(like, _COMPARED))
