"""One run of the bench: every target in every cell, in turns, round after round.

Takes targets that run and gives samples. The first call that is not answered as it must be ends the run.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from bench.relay_cells import Cell, WrongAnswerError, all_cells
from bench.relay_load import load
from bench.relay_process import Cores, busy, usage
from bench.relay_statistics import Sample, percentile
from bench.relay_targets import Target

WARM = 0.2
"""Seconds, or as long as the measurement where that is shorter."""
LARGE_EVERY = 3
"""Large results take part in every third round: what they show varies little, and takes long."""
READY_WITHIN = 40.0
"""Seconds until the first call through a target is answered."""
_WORDS = ({"legacy", "modern"}, {"1", "16", "64"}, {"small", "large"}, {"json", "sse"})


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured, how often and for how long."""

    cells: Sequence[Cell]
    rounds: int
    seconds: float

    def cells_of(self, number: int) -> list[Cell]:
        """The cells of one round, from 0 on."""
        return [cell for cell in self.cells if cell.size == "small" or number % LARGE_EVERY == 0]


def chosen(words: Sequence[str], *, quick: bool) -> list[Cell]:
    """The cells that the words leave: `legacy`, `16`, `small` and `json`; of one kind, any of them will do.

    Raises ValueError with a word that says nothing.
    """
    unknown = set(words).difference(*_WORDS)
    if unknown:
        raise ValueError(f"cells are chosen by legacy, modern, 1, 16, 64, small, large, json, sse; not by {unknown}")
    found = all_cells()
    if quick:
        found = [cell for cell in found if (cell.size, cell.form) == ("small", "json") and cell.connections < 64]
    for known in _WORDS:
        if kept := known.intersection(words):
            found = [cell for cell in found if kept.intersection(cell.name.split())]
    return found


@dataclass(slots=True)
class Runs:
    """What was measured, and what failed of guests, by name; of those nothing is kept."""

    samples: list[Sample] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    async def add(self, target: Target, cell: Cell, number: int, seconds: float, cores: Cores) -> str:
        """One more sample, or a guest that is left out; gives a line about it. Raises WrongAnswerError."""
        try:
            with awake(target):
                sample = await measure(target, cell, number, seconds, cores)
        except (WrongAnswerError, OSError) as error:
            why = f"{cell.name}: {error or type(error).__name__}"
            if not target.is_guest:
                raise WrongAnswerError(f"{target.name}, {why}") from error
            self.failed[target.name] = why
            self.samples = [one for one in self.samples if one.target != target.name]
            return f"{target.name} is left out: {why}"
        self.samples.append(sample)
        return _shown(sample)


async def run(targets: Sequence[Target], plan: Plan, cores: Cores, say: Callable[[str], None]) -> Runs:
    """All rounds. Raises WrongAnswerError with the target and the cell of the first call that failed, a guest's not."""
    runs = Runs()
    turns = [
        (number, cell, target) for number in range(plan.rounds) for cell in plan.cells_of(number) for target in targets
    ]
    for number, cell, target in turns:
        if target.measures(cell) and target.name not in runs.failed:
            line = await runs.add(target, cell, number, plan.seconds, cores)
            say(f"{number + 1}/{plan.rounds} {line}")
    return runs


@contextlib.contextmanager
def awake(target: Target) -> Iterator[None]:
    """A guest runs inside the block alone: what it does in the background is not measured along with others."""
    if target.is_guest:
        os.killpg(target.session, signal.SIGCONT)
    try:
        yield
    finally:
        if target.is_guest:
            os.killpg(target.session, signal.SIGSTOP)


async def measure(target: Target, cell: Cell, number: int, seconds: float, cores: Cores) -> Sample:
    """One target in one cell. Raises WrongAnswerError, OSError or TimeoutError if any call fails."""
    marks = []

    def mark() -> None:
        marks.append((usage(target.session), busy(cores.others), busy(cores.measured)))

    window = await load(target.endpoint, cell, seconds, min(WARM, seconds), mark)
    (before, load_before, all_before), (after, load_after, all_after) = marks
    if not window.latencies:
        raise WrongAnswerError("no call was answered in time")
    cpu = after.seconds - before.seconds
    own = cpu if target.is_apart else 0.0
    return Sample(
        target=target.name,
        cell=cell,
        round=number,
        calls=len(window.latencies),
        seconds=window.seconds,
        p50=percentile(window.latencies, 0.5),
        p99=percentile(window.latencies, 0.99),
        cpu=cpu,
        memory=after.memory,
        load=min(1.0, (load_after - load_before) / window.seconds),
        foreign=max(0.0, (all_after - all_before - own) / window.seconds),
    )


async def prove(target: Target) -> None:
    """The first call through it is answered. Raises what the last attempt did."""
    ends = time.monotonic() + READY_WITHIN
    while True:
        try:
            await load(target.endpoint, Cell(target.endpoint.eras[0], 1, "small", "json"), 0.01, 0)
        except (WrongAnswerError, OSError):
            if time.monotonic() > ends:
                raise
            await asyncio.sleep(0.2)
        else:
            return


def _shown(sample: Sample) -> str:
    return (
        f"{sample.cell.name:<24} {sample.target:<20} {sample.rate:8.0f}/s "
        f"p50 {sample.p50 * 1000:7.2f} ms, p99 {sample.p99 * 1000:7.2f} ms, "
        f"{sample.cpu / sample.calls * 1000:6.3f} ms of processor, {sample.memory >> 20} MB, "
        f"load {sample.load:.0%}, foreign {sample.foreign:.0%}"
    )
