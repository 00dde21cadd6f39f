"""What the gateway hides in a sample, as spans: the whole room is asked, and its answer laid beside the question.

A sample goes through `gateway.mask.mask` as the text of a tool's result. It refuses to guess: an
answer that cannot be laid beside its question raises.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, cast

from bench.corpus.kinds import KINDS
from bench.corpus.marks import Leaf, Sample
from bench.masking_scores import Prediction, Score, Span, of_detector
from gateway.mask import mask
from gateway.masking.detectors import DETECTORS
from gateway.values import Action, Json, Mask, Refusal

_MARKERS = re.compile(r"((?:\[hidden:[^\]]*\])+)")
_NAME = re.compile(r"\[hidden:([^\] ]*)")


def owner(kind: str) -> str | None:
    """The detector that answers for a kind; None where there is none."""
    return next((name for name in KINDS[kind].detectors if name in DETECTORS), None)


def owned(detector: str, *, is_gated: bool) -> frozenset[str]:
    """The kinds that a detector answers for."""
    return frozenset(name for name, kind in KINDS.items() if kind.is_gated is is_gated and owner(name) == detector)


def welcome(detector: str) -> frozenset[str]:
    """The kinds on which it is not wrong to fire."""
    return frozenset(name for name, kind in KINDS.items() if detector in (*kind.detectors, *kind.also))


def alone(samples: Sequence[Sample], detector: str, kinds: frozenset[str]) -> Score:
    """How a detector does by itself at these kinds."""
    return of_detector(predictions(samples, (detector,)), kinds, welcome(detector))


def masks(detectors: Sequence[str]) -> tuple[Mask, ...]:
    return (Mask("bench", Action.REDACT, tuple(detectors)),)


def result(text: str) -> dict[str, Json]:
    return {"jsonrpc": "2.0", "id": 1, "result": {"content": [{"type": "text", "text": text}], "isError": False}}


def predictions(samples: Sequence[Sample], detectors: Sequence[str]) -> list[Prediction]:
    """Leaf by leaf what the detectors, all in one mask, hide of the samples."""
    return [prediction for sample in samples for prediction in _of(sample, masks(detectors))]


def _of(sample: Sample, rules: tuple[Mask, ...]) -> list[Prediction]:
    before = sample.whole.text
    masked = mask(result(before), rules)
    if isinstance(masked, Refusal):
        raise TypeError(f"{masked.reason}: {masked.detail}")
    after = cast("Any", masked.message)["result"]["content"][0]["text"]
    if after == before:
        return [(leaf, ()) for leaf in sample.leaves]
    if sample.leaves[0].path == ():
        return [(sample.whole, laid_beside(before, after))]
    answer = json.loads(after)
    return [(leaf, _of_leaf(leaf, answer)) for leaf in sample.leaves]


def _of_leaf(leaf: Leaf, answer: Any) -> Sequence[Span]:
    for step in leaf.path:
        answer = answer[step]
    if isinstance(answer, str):
        return laid_beside(leaf.text, answer)
    shown = json.dumps(answer)
    return () if shown == leaf.text else (Span(0, len(leaf.text), "a number"),)


def laid_beside(before: str, after: str) -> list[Span]:
    """The spans of the first text in whose place markers stand in the second."""
    pieces = _MARKERS.split(after)
    form = "".join(re.escape(piece) if index % 2 == 0 else "(.+?)" for index, piece in enumerate(pieces))
    match = re.fullmatch(form, before, re.DOTALL)
    if match is None:
        raise ValueError(f"not an answer to this question: {before!r} {after!r}")
    return [Span(*match.span(index + 1), _NAME.findall(marker)[0]) for index, marker in enumerate(pieces[1::2])]
