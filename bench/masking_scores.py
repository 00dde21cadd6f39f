"""How well spans meet labels: what was caught, what was taken for another, what was hidden for nothing.

Spans of anyone go in, ours or a peer's, and counts come out. A value is caught when every letter and
digit of it is covered; a span is right when it touches a value of its own kind.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from bench.corpus.kinds import KINDS
from bench.corpus.marks import Label, Leaf


class Span(NamedTuple):
    start: int
    end: int
    by: str
    """The detector's name, or the peer's entity."""


@dataclass(slots=True)
class Score:
    labels: int = 0
    caught: int = 0
    spans: int = 0
    right: int = 0
    """Spans that touch a value of a kind that this detector is for."""
    wrong_kind: int = 0
    """Spans on a value of another kind; the rest of those that are not right lie on no value at all."""
    wide: int = 0
    """Right spans that take letters or digits with them that no value needs hidden."""
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.caught / self.labels if self.labels else 1.0

    @property
    def precision(self) -> float:
        return self.right / self.spans if self.spans else 1.0


type Prediction = tuple[Leaf, Sequence[Span]]
_EXAMPLES = 8
_CONTEXT = 24
_LONGEST = 60


def is_covered(label: Label, text: str, spans: Iterable[Span]) -> bool:
    open_ = {at for at in range(label.start, label.end) if text[at].isalnum()}
    for span in spans:
        open_.difference_update(range(span.start, span.end))
    return not open_


def by_kind(predictions: Iterable[Prediction]) -> dict[str, Score]:
    """For each kind how many of its values are covered, whoever found them."""
    scores = {kind: Score() for kind in KINDS}
    for leaf, spans in predictions:
        for label in leaf.labels:
            _seek(scores[label.kind], leaf, label, spans)
    return scores


def of_detector(predictions: Iterable[Prediction], own: Set[str], welcome: Set[str]) -> Score:
    """What a detector, on its own, makes of the kinds that it answers for; on welcome ones it is right as well."""
    score = Score()
    for leaf, spans in predictions:
        for label in leaf.labels:
            if label.kind in own:
                _seek(score, leaf, label, spans)
        right = [label for label in leaf.labels if label.kind in own or label.kind in welcome]
        for span in spans:
            _judge(score, leaf, span, right)
    return score


def _seek(score: Score, leaf: Leaf, label: Label, spans: Iterable[Span]) -> None:
    score.labels += 1
    if is_covered(label, leaf.text, spans):
        score.caught += 1
    else:
        _example(score.missed, leaf.text, label.start, label.end)


def _judge(score: Score, leaf: Leaf, span: Span, right: Sequence[Label]) -> None:
    if any(_touches(span, *either) for either in leaf.either):
        return
    score.spans += 1
    touched = [label for label in right if _touches(span, label.first, label.last)]
    if touched:
        score.right += 1
        score.wide += _is_wide(leaf.text, span, touched)
        return
    score.wrong_kind += any(_touches(span, label.first, label.last) for label in leaf.labels)
    _example(score.false, leaf.text, span.start, span.end)


def _touches(span: Span, start: int, end: int) -> bool:
    return span.start < end and start < span.end


def _is_wide(text: str, span: Span, touched: Sequence[Label]) -> bool:
    allowed = {at for label in touched for at in range(label.first, label.last)}
    return any(text[at].isalnum() and at not in allowed for at in range(span.start, span.end))


def _example(examples: list[str], text: str, start: int, end: int) -> None:
    if len(examples) < _EXAMPLES:
        value = text[start:end] if end - start <= _LONGEST else text[start : start + _LONGEST] + "..."
        examples.append(f"{text[max(0, start - _CONTEXT) : start]}⟦{value}⟧{text[end : end + 8]}")


def idle(predictions: Iterable[Prediction]) -> int:
    """Spans that lie on no value at all, and on nothing that may be hidden or not."""
    return sum(
        not any(_touches(span, label.first, label.last) for label in leaf.labels)
        and not any(_touches(span, *either) for either in leaf.either)
        for leaf, spans in predictions
        for span in spans
    )
