"""The ledger of one masking: what was hidden, where and by which rule.

The walk writes to it as it goes; the room reads a tuple of `Hidden` from it, or that a rule blocks
the answer. No hidden value ever enters it, and a key that looks like personal data is named by its
kind alone, whichever masks apply.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from gateway import jsontext
from gateway.keyed import Keyed
from gateway.masking.compiled import compiled
from gateway.masking.detectors import DETECTORS
from gateway.masking.hide import Rule
from gateway.values import Action, Hidden, Json, Mask

MOST = 1000
"""Entries; what is beyond them is counted, by rule."""
_LONGEST_KEY = 100
_LONGEST_SEARCHED = 1000
"""Characters of a key that is searched to name it: of what is longer, nothing but its length is told."""
_MOST_SEARCHED = 10 * MOST
"""Keys that are searched before no entry is added either: as many as that, all new, are an attack."""


class Inside(Enum):
    """A step into a document that is a string."""

    TEXT = "$text"
    BLOB = "$blob"


type Step = str | int | Inside
type At = tuple[At, Step] | None
"""A place, as its holder and the step from there; None is the message."""


@dataclass(slots=True)
class _More:
    rule: Rule
    count: int = 0


class Ledger:
    def __init__(self, keyed: Keyed | None = None) -> None:
        self.keyed = keyed
        self._entries: dict[Hidden, int] = {}
        # By the rule's own identity: thousands of hits would each hash its three words.
        self._more: dict[int, _More] = {}
        self._is_full = False
        self._searched = 0
        self._long_names: dict[str, str] = {}
        self._last: tuple[At, str] = None, "$"
        self._holder: tuple[At, str] = None, "$"
        self.blocked: Hidden | None = None
        """The first hit of a rule that blocks."""

    def enter(self, rules: Iterable[Rule], at: At, value: Json = "") -> None:
        """The rules hit this value, which stands there; an empty text where it is no one value."""
        for rule in rules:
            self.hit(rule, at, value)

    def hit(self, rule: Rule, at: At, value: Json) -> None:
        """The same of one rule."""
        if self._is_full and (rule.action is not Action.BLOCK or self.blocked):
            if (more := self._more.get(id(rule))) is None:
                more = self._more[id(rule)] = _More(rule)
            more.count += 1
            return
        hidden = Hidden(rule.mask, rule.by, rule.action, self.path(at), self._digest(value))
        self._entries[hidden] = self._entries.get(hidden, 0) + 1
        self._is_full = len(self._entries) >= MOST or self._searched >= _MOST_SEARCHED
        if rule.action is Action.BLOCK and self.blocked is None:
            self.blocked = hidden

    def hidden(self) -> tuple[Hidden, ...]:
        """The entries in the order of the walk; past MOST, one more for each rule with a count in its path."""
        more: Counter[tuple[str, str, Action]] = Counter()
        for beyond in self._more.values():
            more[beyond.rule.mask, beyond.rule.by, beyond.rule.action] += beyond.count
        rest = (Hidden(*rule, path=f"$ and {count} more", count=count) for rule, count in more.items())
        counted = (hidden if count == 1 else replace(hidden, count=count) for hidden, count in self._entries.items())
        return (*counted, *rest)

    def _digest(self, value: Json) -> str:
        if self.keyed is None or value == "":
            return ""
        return self.keyed.digest(value.encode(errors="replace") if isinstance(value, str) else jsontext.write(value))

    def path(self, at: At) -> str:
        """The place as a normalised JSON path."""
        # All values of one text come one after the other, and so do those of one holder.
        if at is None:
            return "$"
        if at is self._last[0]:
            return self._last[1]
        holder, step = at
        if holder is not self._holder[0]:
            self._holder = holder, self._path(holder)
        self._last = at, self._holder[1] + self._step(step)
        return self._last[1]

    def _path(self, at: At) -> str:
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
        if len(step) > _LONGEST_SEARCHED:
            return f"['[key of {len(step):,} characters]']"
        known = _names.get(step) or self._long_names.get(step)
        if known is None:
            self._searched += 1
            known = _name(step)
            if len(step) > _LONGEST_KEY:
                self._long_names[step] = known
        return known


def _name(key: str) -> str:
    outcome = compiled(_SHOWN).outcomes([key]).get(key)
    shown = outcome.text if outcome else key
    if len(shown) > _LONGEST_KEY:
        shown = shown[:_LONGEST_KEY] + "…"
    name = "['" + "".join(_ESCAPES.get(sign, sign) for sign in shown) + "']"
    if len(key) <= _LONGEST_KEY:
        if len(_names) >= _NAMES_KEPT:
            _names.clear()
        _names[key] = name
    return name


_names: dict[str, str] = {}
"""Keys come again from message to message, and a search for all that detectors find is the dearest part of an entry."""
_NAMES_KEPT = 4096
_SHOWN = (Mask("keys", Action.REDACT, tuple(DETECTORS)),)
_ESCAPES = {chr(code): f"\\u{code:04x}" for code in range(32)} | {
    **{"'": "\\'", "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
}
