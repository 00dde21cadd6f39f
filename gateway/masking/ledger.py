"""The ledger of one masking: what was hidden, where and by which rule.

The walk writes to it as it goes; the room reads a tuple of `Hidden` from it, or that a rule blocks
the answer. No hidden value ever enters it, and a key that looks like personal data is named by its
kind alone, whichever masks apply.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from enum import Enum
from functools import lru_cache

from gateway import jsontext
from gateway.keyed import Keyed
from gateway.masking.compiled import compiled
from gateway.masking.detectors import DETECTORS
from gateway.masking.hide import Rule
from gateway.values import Action, Hidden, Json, Mask

MOST = 1000
"""Entries; what is beyond them is counted, by rule."""
_LONGEST_KEY = 100


class Inside(Enum):
    """A step into a document that is a string."""

    TEXT = "$text"
    BLOB = "$blob"


type Step = str | int | Inside
type At = tuple[At, Step] | None
"""A place, as its holder and the step from there; None is the message."""


class Ledger:
    def __init__(self, keyed: Keyed | None = None) -> None:
        self.keyed = keyed
        self._entries: dict[Hidden, int] = {}
        # By the rule's own identity: thousands of hits would each hash its three words.
        self._more: dict[int, tuple[Rule, int]] = {}
        self.blocked: Hidden | None = None
        """The first hit of a rule that blocks."""

    def enter(self, rules: Iterable[Rule], at: At, value: Json = "") -> None:
        """The rules hit this value, which stands there; an empty text where it is no one value."""
        for rule in rules:
            if len(self._entries) >= MOST and (rule.action is not Action.BLOCK or self.blocked):
                _, count = self._more.get(id(rule), (rule, 0))
                self._more[id(rule)] = rule, count + 1
                continue
            hidden = Hidden(rule.mask, rule.by, rule.action, self.path(at), self._digest(value))
            self._entries[hidden] = self._entries.get(hidden, 0) + 1
            if rule.action is Action.BLOCK and self.blocked is None:
                self.blocked = hidden

    def hidden(self) -> tuple[Hidden, ...]:
        """The entries in the order of the walk; past MOST, one more for each rule with a count in its path."""
        more: Counter[tuple[str, str, Action]] = Counter()
        for rule, count in self._more.values():
            more[rule.mask, rule.by, rule.action] += count
        rest = (Hidden(*rule, path=f"$ and {count} more", count=count) for rule, count in more.items())
        counted = (hidden if count == 1 else replace(hidden, count=count) for hidden, count in self._entries.items())
        return (*counted, *rest)

    def _digest(self, value: Json) -> str:
        if self.keyed is None or value == "":
            return ""
        return self.keyed.digest(value.encode(errors="replace") if isinstance(value, str) else jsontext.write(value))

    def path(self, at: At) -> str:
        """The place as a normalised JSON path."""
        steps: list[str] = []
        while at is not None:
            at, step = at
            steps.append(self._step(step))
        return "$" + "".join(reversed(steps))

    def _step(self, step: Step) -> str:
        if isinstance(step, Inside):
            return step.value
        if isinstance(step, int):
            return f"[{step}]"
        return _name(step) if len(step) <= _LONGEST_KEY else _name_of(step)


def _name_of(key: str) -> str:
    outcome = compiled(_SHOWN).outcomes([key]).get(key)
    shown = outcome.text if outcome else key
    if len(shown) > _LONGEST_KEY:
        shown = shown[:_LONGEST_KEY] + "…"
    return "['" + "".join(_ESCAPES.get(sign, sign) for sign in shown) + "']"


_name = lru_cache(maxsize=4096)(_name_of)
"""Keys come again from message to message, and a search for all that detectors find is the dearest part of an entry."""
_SHOWN = (Mask("keys", Action.REDACT, tuple(DETECTORS)),)
_ESCAPES = {chr(code): f"\\u{code:04x}" for code in range(32)} | {
    **{"'": "\\'", "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
}
