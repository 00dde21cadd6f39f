"""Masking across messages: values that a server breaks over two messages of one stream.

A notification and the masks of the caller go in, and it comes out with what continues a value of the message before
hidden; everything else in it is masked elsewhere. The end of each text is kept for as long as the stream runs, as the
server sent it, in memory alone, and printed nowhere. What had left before a value could be known does not come back:
a strict stream is refused in that moment.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from gateway.keyed import Keyed
from gateway.masking.compiled import Rules, compiled
from gateway.masking.detectors import CREDENTIALS
from gateway.masking.hide import Rule, cutting, hidden_spans, strictest
from gateway.masking.ledger import At, Ledger
from gateway.masking.search import Found, Search, search_for
from gateway.reasons import Reason
from gateway.values import Action, Hidden, Json, Mask, Masked, Refusal

KEPT = 4096
"""Characters of the end of a text, so many as the largest usual private key has. A longer value is not known."""
CHANNELS = 64
"""Texts whose ends are kept at once; those that were longest without a message go first."""
TEXTS = 32
"""Texts of one message that may continue others."""
MOST = 1000
"""Entries of a tally; what is beyond them is counted, by rule."""

_CORRELATED = ("logger", "progressToken", "taskId", "requestId", "elicitationId")
"""Fields that say which notifications of a method belong together."""
_WHOLE = frozenset({*_CORRELATED, "_meta", "level", "status", "createdAt", "lastUpdatedAt", "uri"})
"""Fields of the protocol's own that are never part of a longer text."""


@dataclass(frozen=True, slots=True, repr=False)
class _End:
    """How a text has gone on so far. Prints nothing."""

    text: str = ""
    is_open: bool = False
    """A value that goes over messages was hidden up to its end."""


_NOTHING = _End()


@dataclass(frozen=True, slots=True, repr=False)
class _Piece:
    """A text of a message and the end of the one that it continues. Prints nothing."""

    at: At
    text: str
    key: bytes
    before: _End

    @property
    def joined(self) -> str:
        return self.before.text + self.text

    @property
    def border(self) -> int:
        return len(self.before.text.encode())


class Across:
    """The ends of the texts of one stream. Not reusable."""

    def __init__(self, *, is_strict: bool = False) -> None:
        self._is_strict = is_strict
        self._ends: dict[bytes, _End] = {}

    def masked(self, message: dict[str, Json], masks: tuple[Mask, ...], keyed: Keyed | None = None) -> Masked | Refusal:
        """The notification without what continues a value of an earlier one, or as it was; the input is not changed.

        Refused as BLOCKED where a mask blocks such a value, and on a strict stream where part of it has left in
        clear. Other messages are whole texts, and come back as they are.
        """
        params = message.get("params")
        if not masks or "id" in message or not isinstance(params, dict):
            return Masked(message)
        rules = compiled(masks)
        if not rules.detectors:
            return Masked(message)
        search, ledger = search_for(rules.detectors), Ledger(keyed)
        pieces = list(islice(self._pieces(message, params), TEXTS))
        found = search.find([piece.joined for piece in pieces if piece.before.text])
        for piece in pieces:
            spans = _beyond(piece, found.get(piece.joined, ()), search)
            split = next((span for span in spans if _has_left(piece, span, search)), None)
            if self._is_strict and split is not None:
                [first, *_] = _entered(Ledger(keyed), piece, [split], rules)
                return Refusal(Reason.BLOCKED, f"{first.mask} at {first.path}, split over messages")
            if spans:
                _entered(ledger, piece, spans, rules)
                message = _with(message, piece.at, _hidden(piece, spans, rules, keyed))
            self._keep(piece, is_open=any(span.end == len(piece.joined.encode()) for span in spans))
        if ledger.blocked:
            return Refusal(Reason.BLOCKED, f"{ledger.blocked.mask} at {ledger.blocked.path}, split over messages")
        return Masked(message, ledger.hidden())

    def _pieces(self, message: dict[str, Json], params: dict[str, Json]) -> Iterator[_Piece]:
        """Its texts, each with what came before on the same channel: method, what correlates it, place."""
        told = [str(params.get(name)) for name in _CORRELATED]
        for name, value in params.items():
            for at, text in _texts(value, ((None, "params"), name)) if name not in _WHOLE else ():
                key = hashlib.sha256(repr((message.get("method"), told, at)).encode()).digest()
                yield _Piece(at, text, key, self._ends.get(key, _NOTHING))

    def _keep(self, piece: _Piece, *, is_open: bool) -> None:
        self._ends.pop(piece.key, None)
        self._ends[piece.key] = _End(piece.joined[-KEPT:], is_open)
        if len(self._ends) > CHANNELS:
            del self._ends[next(iter(self._ends))]


class Tally:
    """What was hidden of the messages of one stream, bounded."""

    def __init__(self) -> None:
        self._counts: dict[Hidden, int] = {}

    def add(self, hidden: Sequence[Hidden]) -> None:
        for each in hidden:
            one = replace(each, count=1)
            if one not in self._counts and len(self._counts) >= MOST:
                one = replace(one, path="$ and more", digest="")
            self._counts[one] = self._counts.get(one, 0) + each.count

    def take(self) -> tuple[Hidden, ...]:
        """All of it, once."""
        counts, self._counts = self._counts, {}
        return tuple(replace(hidden, count=count) for hidden, count in counts.items())


def _texts(value: Json, at: At) -> Iterator[tuple[At, str]]:
    """The strings in a value that are not empty; an empty one continues nothing."""
    if isinstance(value, str) and value:
        yield at, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (at, index))


def _beyond(piece: _Piece, found: Sequence[Found], search: Search) -> list[Found]:
    """The values that reach into the text and that only what came before it shows."""
    border = piece.border
    late = [span for span in found if span.end > border]
    if not late:
        return []
    alone = search.find([piece.text]).get(piece.text, ())
    late = [span for span in late if not _covers(alone, span, max(0, span.start - border), span.end - border)]
    # A whole value that ends a message ends there, whatever the next begins with; of a credential no more may follow.
    return [
        span
        for span in late
        if piece.before.is_open or span.detector in CREDENTIALS or not _was_hidden(piece, span, search)
    ]


def _has_left(piece: _Piece, span: Found, search: Search) -> bool:
    """Part of the value left in clear, since nothing showed it then."""
    return span.start < piece.border and not piece.before.is_open and not _was_hidden(piece, span, search)


def _was_hidden(piece: _Piece, span: Found, search: Search) -> bool:
    """The value's part before the border was found, and so hidden, without the text after it."""
    before, border = piece.before.text, piece.border
    return span.start < border and _covers(search.find([before]).get(before, ()), span, span.start, border)


def _covers(found: Sequence[Found], span: Found, start: int, end: int) -> bool:
    return any(each.detector == span.detector and each.start <= start and each.end >= end for each in found)


def _rules_of(span: Found, rules: Rules) -> tuple[Rule, ...]:
    # The last four characters of many pieces would be the value.
    return tuple(
        replace(rule, action=Action.REDACT) if rule.action is Action.PARTIAL else rule
        for rule in rules.by_detector[span.detector]
    )


def _entered(ledger: Ledger, piece: _Piece, spans: Sequence[Found], rules: Rules) -> tuple[Hidden, ...]:
    cut = cutting(piece.joined)
    for span in spans:
        ledger.enter(_rules_of(span, rules), piece.at, cut(span.start, span.end))
    return ledger.hidden()


def _hidden(piece: _Piece, spans: Sequence[Found], rules: Rules, keyed: Keyed | None) -> str:
    """The text without what of the values lies in it."""
    rules_of = {span.detector: _rules_of(span, rules) for span in spans}
    if strictest(rule for each in rules_of.values() for rule in each).action is Action.DROP:
        return ""
    left = cutting(piece.joined)(0, min(piece.border, *(span.start for span in spans)))
    return hidden_spans(piece.joined, spans, rules_of, keyed)[len(left) :]


def _with(value: Json, at: At, text: str) -> Json:
    """The value with the text at that place, in new objects along the way."""
    steps = []
    while at is not None:
        at, step = at
        steps.append(step)
    return _at(value, steps, text)


def _at(value: Json, steps: list[Json], text: str) -> Json:
    if not steps:
        return text
    copy = value.copy()
    copy[steps[-1]] = _at(value[steps[-1]], steps[:-1], text)
    return copy
