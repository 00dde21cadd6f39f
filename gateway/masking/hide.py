"""Hiding: what a value looks like once a rule has been applied to it.

A value and the rules that hit it go in, a value of the same JSON type comes out, or the word that it
is to be dropped. What it leaves in place of a string is a marker that names the rule and is never
itself masked again, so that masking twice is masking once.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Literal, NamedTuple

from gateway.jsontext import Number
from gateway.keyed import Keyed, is_token
from gateway.masking.search import Found
from gateway.values import Action, Json


class Gone(Enum):
    """In place of a value: the holder is to drop it."""

    GONE = 0


GONE: Literal[Gone.GONE] = Gone.GONE

_BY_STRICTNESS = (Action.PARTIAL, Action.TOKEN, Action.APPROVAL, Action.REDACT, Action.DROP, Action.BLOCK)
"""A value that only asks for an approval never comes here; if one did, it would be hidden."""
_STRICTNESS = {action: rank for rank, action in enumerate(_BY_STRICTNESS)}
_TELLING = frozenset({Action.PARTIAL, Action.TOKEN})
_TAIL = 4
_QUOTING = frozenset('"|\r\n')
"""Signs that half of would break the table in which a value stands."""
_SHORT = 8
_MARKER = b"[hidden:"
_AROUND = 512
"""Bytes on either side of a marker that are searched again."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One way in which a mask can hit: through one of its detectors, or one of its fields."""

    mask: str
    by: str
    """The detector's name or the field rule as written."""
    action: Action
    label: str
    """What the marker says was hidden."""


class Manner(NamedTuple):
    """How some rules hide a value."""

    action: Action
    label: str
    marker: str | None
    """What stands in its place, whatever it is; None where that tells something of it."""


def manner(rules: Sequence[Rule]) -> Manner:
    """The action of the strictest rule under the name of the first."""
    action, label = strictest(rules).action, rules[0].label
    return Manner(action, label, None if action in _TELLING else hidden_text("", label, action))


def strictest(rules: Iterable[Rule]) -> Rule:
    """The rule that decides where several hit: block, drop, redact, token, partial; the first of equals."""
    return max(rules, key=_strictness)


def _strictness(rule: Rule) -> int:
    return _STRICTNESS[rule.action]


def hidden_text(text: str, label: str, action: Action, keyed: Keyed | None = None) -> str:
    """The marker for a text; under `partial` with its last four characters, if it is longer than eight; under
    `token` with its token, where there is a key."""
    if action is Action.TOKEN and keyed is not None:
        return f"[hidden:{label} #{keyed.token(text)}]"
    if action is Action.PARTIAL and len(text) > _SHORT and _QUOTING.isdisjoint(text[-_TAIL:]):
        return f"[hidden:{label} ...{text[-_TAIL:]}]"
    return f"[hidden:{label}]"


def hidden_value(
    value: Json, rules: Sequence[Rule], labels: Collection[str], keyed: Keyed | None = None
) -> Json | Gone:
    """The whole of a string, number, boolean or null, hidden. A number hides to 0 under `partial` too.

    `labels` are those of all rules, by which a marker of an earlier masking is known.
    """
    rule = strictest(rules)
    if rule.action is Action.DROP:
        return GONE
    if isinstance(value, Number | int | float) and not isinstance(value, bool):
        return 0
    if isinstance(value, str):
        return (
            value if not value or is_marker(value, rule, labels) else hidden_text(value, rule.label, rule.action, keyed)
        )
    return False if value is True else value


def hidden_spans(
    text: str, found: Sequence[Found], rules_of: Mapping[str, tuple[Rule, ...]], keyed: Keyed | None = None
) -> str:
    """The text with each span hidden; spans that overlap are hidden as one, under the strictest rule.

    The marker of such a one is named after the leftmost span, and after the longest of those.
    """
    cut = cutting(text)
    manners = {name: manner(rules_of[name]) for name in {span.detector for span in found}}
    pieces: list[str] = []
    position = 0
    for start, end, detectors in merged(found):
        action, label, marker = manners[detectors[0]]
        if len(detectors) > 1:
            action = strictest(rule for detector in detectors for rule in rules_of[detector]).action
            marker = None
        pieces += (cut(position, start), marker or hidden_text(cut(start, end), label, action, keyed))
        position = end
    pieces.append(cut(position, None))
    return "".join(pieces)


def cutting(text: str) -> Callable[[int, int | None], str]:
    """Cuts spans of UTF-8 bytes out of the text."""
    if text.isascii():
        return lambda start, end: text[start:end]
    encoded = text.encode()
    return lambda start, end: encoded[start:end].decode()


def around_markers(text: str) -> list[tuple[int, str]]:
    """The lines of a text around its markers, with where each part begins in its UTF-8 bytes.

    A part holds so much that what stands outside it is neither label nor piece of a value that was bared by hiding
    its neighbour.
    """
    encoded = text.encode()
    ends: dict[int, int] = {}
    marker = start = end = 0
    while (marker := encoded.find(_MARKER, marker)) >= 0:
        if marker + _AROUND > end:
            line = encoded.rfind(b"\n", end, max(end, marker - _AROUND)) + 1
            start = line if line or not ends else start
            end = encoded.find(b"\n", marker + _AROUND) + 1 or len(encoded)
            ends[start] = end
        marker += len(_MARKER)
    return [(start, encoded[start:end].decode()) for start, end in ends.items()]


def merged(found: Sequence[Found]) -> list[tuple[int, int, list[str]]]:
    """The spans in order, those that overlap as one: start, end, and detectors from the leftmost on."""
    in_order = sorted(found)
    if all(first.end <= second.start for first, second in pairwise(in_order)):
        return [(start, end, [detector]) for start, end, detector in in_order]
    result: list[tuple[int, int, list[str]]] = []
    for span in sorted(found, key=lambda span: (span.start, -span.end, span.detector)):
        if result and span.start < result[-1][1]:
            start, end, detectors = result[-1]
            detectors.append(span.detector)
            result[-1] = (start, max(end, span.end), detectors)
        else:
            result.append((span.start, span.end, [span.detector]))
    return result


def is_bare_marker(text: str, labels: Collection[str]) -> bool:
    """The text is a marker that tells no more than what was hidden."""
    return text.startswith("[hidden:") and text.endswith("]") and text[len("[hidden:") : -1] in labels


def is_marker(text: str, rule: Rule, labels: Collection[str]) -> bool:
    """The text is what an earlier masking under this rule, or a stricter one, left."""
    if is_bare_marker(text, labels):
        return True
    if not (text.startswith("[hidden:") and text.endswith("]")):
        return False
    inside = text[len("[hidden:") : -1]
    # A tail of another length or another rule could be the value itself, dressed up.
    label, _, token = inside.rpartition(" #")
    if rule.action is Action.TOKEN and label in labels and is_token(token):
        return True
    label, tail = inside[: -_TAIL - 4], inside[-_TAIL - 4 : -_TAIL]
    return rule.action is Action.PARTIAL and tail == " ..." and label in labels
