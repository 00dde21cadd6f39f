"""Which inputs stay in the corpus: few and small ones that together reach what all of them reach.

Takes the seeds, the corpus and what the searches found, runs each input once and sees which branches of the gateway it
takes, and how often (once, twice, up to four times, up to eight); then chooses, greedily, the input that adds most.
"""

import importlib
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from types import CodeType

from fuzz.inputs import CORPUS, MAX_FILES, MAX_SIZE, inputs, save

type Branch = tuple[str, int, int]
type Feature = tuple[Branch, int]
"""A branch, and the number of binary digits of how often it is taken."""

_MONITORING = sys.monitoring
_EVENTS = _MONITORING.events
_TOOL = _MONITORING.COVERAGE_ID


def keep(target: str, found: Path) -> str:
    """The corpus of the target is chosen anew; says how many inputs of how many, and what they reach."""
    room = importlib.import_module(f"fuzz.{target}")
    folder = CORPUS / target
    known = [*dict.fromkeys([*room.SEEDS, *inputs(folder), *inputs(found)])]
    taken = {each: _features(room.one_input, each) for each in known if len(each) <= MAX_SIZE}
    chosen = _chosen(taken)
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*"):
        file.unlink()
    save(folder, chosen)
    reached, all_of_them = (len(_taken_by(each, taken)) for each in (chosen, taken))
    return f"{target}: {len(chosen)} of {len(known)} inputs take {reached} of {all_of_them} branches\n"


def _taken_by(some: Iterable[bytes], taken: dict[bytes, frozenset[Feature]]) -> set[Branch]:
    return {branch for each in some for branch, _ in taken[each]}


def _chosen(taken: dict[bytes, frozenset[Feature]]) -> list[bytes]:
    left, reached, chosen = dict(taken), frozenset[Feature](), list[bytes]()
    while left and len(chosen) < MAX_FILES:
        best = max(left, key=lambda each: (len(left[each] - reached), -len(each), each))
        if not left[best] - reached:
            break
        reached |= left.pop(best)
        chosen.append(best)
    return chosen


def _features(one_input: Callable[[bytes], None], data: bytes) -> frozenset[Feature]:
    reached: Counter[Branch] = Counter()

    def on_branch(code: CodeType, source: int, destination: int) -> object:
        if "/gateway/" in code.co_filename:
            reached[f"{code.co_filename}:{code.co_qualname}", source, destination] += 1
            return None
        return _MONITORING.DISABLE

    _MONITORING.use_tool_id(_TOOL, "fuzz")
    _MONITORING.register_callback(_TOOL, _EVENTS.BRANCH, on_branch)
    _MONITORING.set_events(_TOOL, _EVENTS.BRANCH)
    try:
        one_input(data)
    finally:
        _MONITORING.set_events(_TOOL, 0)
        _MONITORING.free_tool_id(_TOOL)
    return frozenset((branch, count.bit_length()) for branch, count in reached.items())
