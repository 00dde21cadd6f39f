"""How well and how fast masking hides: `python bench/masking.py [--json FILE] [--peers] [--seed N] [--size N]`.

Makes a labelled corpus from the seed, masks it as the gateway does, and prints a report in Markdown.
With `--peers` two other maskers are installed into temporary environments and get the same texts.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.corpus.build import corpus, disguises
from bench.corpus.kinds import KINDS
from bench.corpus.marks import Sample
from bench.corpus.source import LOCALES
from bench.masking_peers import PEERS, Heard, ask
from bench.masking_report import Measured, Side, as_json, markdown
from bench.masking_scores import Prediction, Score, by_kind, idle, of_detector
from bench.masking_spans import alone, masks, owned, owner, predictions, result
from bench.masking_speed import growths, pin, speeds
from gateway.mask import mask
from gateway.masking.detectors import DETECTORS

_ALL = tuple(DETECTORS)
_MEGABYTE = 1_000_000


def by_itself(samples: Sequence[Sample]) -> dict[tuple[str, bool], Score]:
    scores = {}
    for detector in DETECTORS:
        for is_gated in (True, False):
            kinds = owned(detector, is_gated=is_gated)
            if kinds:
                scores[detector, is_gated] = alone(samples, detector, kinds)
    return scores


def by_shape(samples: Sequence[Sample]) -> dict[str, dict[str, Score]]:
    shapes = dict.fromkeys(sample.shape for sample in samples)
    return {shape: by_kind(predictions([one for one in samples if one.shape == shape], _ALL)) for shape in shapes}


def _megabytes(samples: Sequence[Sample]) -> float:
    return sum(len(sample.whole.text.encode()) for sample in samples) / _MEGABYTE


def _masking_all(samples: Sequence[Sample]) -> float:
    """Seconds for the masking alone, one message a sample."""
    rules = masks(_ALL)
    messages = [result(sample.whole.text) for sample in samples]
    begin = time.process_time()
    for message in messages:
        mask(message, rules)
    return time.process_time() - begin


def ours(samples: Sequence[Sample], single: dict[tuple[str, bool], Score]) -> Side:
    found = predictions(samples, _ALL)
    seconds = _masking_all(samples)
    kinds = by_kind(found)
    for kind, score in kinds.items():
        itself = single.get((owner(kind) or "", KINDS[kind].is_gated))
        if itself:
            score.spans, score.right = itself.spans, itself.right
    how = f"this tree, {len(_ALL)} detectors, whole messages"
    return Side("Countersign", how, kinds, idle(found), _megabytes(samples) / seconds)


def theirs(heard: Heard, samples: Sequence[Sample]) -> Side:
    """A peer's scores. Entities that mean none of the kinds, such as persons, are no fault of it."""
    if not heard.predictions:
        return Side(heard.peer, heard.how, {})
    names = {kind: getattr(KINDS[kind], heard.peer.lower()) for kind in KINDS}
    meant = {name for of in names.values() for name in of}
    kinds = by_kind(heard.predictions)
    for kind, score in kinds.items():
        of = of_detector(
            _only(heard.predictions, names[kind]), {kind}, {one for one in KINDS if names[one] == names[kind]}
        )
        score.spans, score.right = of.spans, of.right
    return Side(
        heard.peer, heard.how, kinds, idle(_only(heard.predictions, meant)), _megabytes(samples) / heard.seconds
    )


def _only(found: Iterable[Prediction], names: Iterable[str]) -> list[Prediction]:
    kept = frozenset(names)
    return [(leaf, [span for span in spans if span.by in kept]) for leaf, spans in found]


def measured(seed: int, size: int, megabytes: float, *, with_peers: bool) -> Measured:
    samples = corpus(seed, size)
    single = by_itself(samples)
    pin()
    sides = [ours(samples, single)]
    if with_peers:
        sides += [theirs(ask(peer, samples), samples) for peer in PEERS]
    return Measured(
        seed=seed,
        samples=len(samples),
        characters=sum(len(sample.whole.text) for sample in samples),
        locales=len(LOCALES),
        alone=single,
        together=by_kind(predictions(samples, _ALL)),
        places=by_shape(samples),
        disguised=by_kind(predictions(disguises(seed, max(size // 20, 1)), _ALL)),
        speeds=speeds(seed, megabytes) if megabytes else (),
        growths=growths(megabytes) if megabytes else (),
        sides=sides,
    )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python bench/masking.py", description="How well and how fast masking hides.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=3000, help="tool results in the corpus")
    parser.add_argument("--megabytes", type=float, default=10.0, help="size of the messages for speed; 0: no speed")
    parser.add_argument(
        "--peers", action="store_true", help="install Presidio and ContextForge's plugins, and ask them"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="all figures, for a program")
    options = parser.parse_args(arguments)
    found = measured(options.seed, options.size, options.megabytes, with_peers=options.peers)
    if options.json:
        options.json.write_text(json.dumps(as_json(found), indent=2, ensure_ascii=False))
    print(markdown(found), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
