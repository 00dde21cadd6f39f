"""The report of `bench/relay.py`, as Markdown and as JSON.

Samples go in and text comes out; it measures nothing, and leaves out nothing that was.
"""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from bench.masking_report import machine, table
from bench.relay_cells import ERAS, FORMS, SIZES, Cell
from bench.relay_statistics import Row, Sample, Spread, added, cpu_ratio, ratio, rows

OF_RELAY = 0.45
OF_PEER = 10.0
WITH_AZURITE = 400.0
ADDED = 0.001
"""Budgets: shares of calls per second, calls per second, and seconds."""
LIMIT = 0.95
"""A core that is this busy is said to be the limit."""

NAMES = {"small": "Small results", "large": "Results of 100 KB"}
FORM_NAMES = {"json": "JSON", "sse": "SSE"}
PEER = "contextforge-tuned"
_SHARES = (
    ("memory", "relay", "the same by processor time, which others on the machine disturb less"),
    ("worker", "relay", "by processor time, the bare relay inside Microsoft's worker: no gateway there can do more"),
    ("memory", "worker", "by processor time, the gateway against the relay inside the worker"),
)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the bench."""

    samples: Sequence[Sample]
    targets: Mapping[str, str]
    """What each name stands for."""
    seconds: float
    rounds: int
    command: str
    took: float = 0.0
    skipped: Mapping[str, str] = field(default_factory=dict)
    """What was asked for and not measured, and why."""


def markdown(run: Run) -> str:
    found = rows(run.samples)
    parts = [_head(run), budgets(run), *(_size(found, run, size, form) for size in SIZES for form in FORMS), _how(run)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(run: Run) -> str:
    foreign = max((sample.foreign for sample in run.samples if sample.target != "direct"), default=0)
    return (
        f"# Speed, measured\n\nMade by `{run.command}`, and by no hand.\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, {machine()}, Python {platform.python_version()}. {run.rounds} rounds of "
        f"{run.seconds:g} s or more for each line, in turns; large results in every third round. "
        f"{run.took / 60:.0f} minutes in all. Of the measured core, others took at most {foreign:.0%}.\n\n"
        "![Calls per second and time for a call](speed.svg)"
    )


def budgets(run: Run) -> str:
    """Each budget that the run can speak of, with what was measured."""
    lines = [line for era in ERAS for line in _of_era(run, era)]
    return "## Budgets\n\n" + table(("what", "era", "budget", "measured", ""), lines) if lines else ""


def _of_era(run: Run, era: str) -> list[tuple[str, ...]]:
    busy, quiet = Cell(era, 16, "small", "json"), Cell(era, 1, "small", "json")
    lines: list[tuple[str, ...]] = []
    if share := ratio(run.samples, "memory", "relay", busy):
        what = "calls per second of a bare relay's, 16 connections, stores in memory"
        lines.append((what, era, f"at least {OF_RELAY}", _spread(share, 1, 2), _verdict(share.middle >= OF_RELAY)))
    for name, of, what in _SHARES:
        if share := cpu_ratio(run.samples, name, of, busy):
            lines.append((what, era, "-", _spread(share, 1, 2), ""))
    if share := ratio(run.samples, "memory", PEER, busy):
        what = "times the calls per second of ContextForge, tuned"
        lines.append((what, era, f"at least {OF_PEER:g}", _spread(share, 1, 0), _verdict(share.middle >= OF_PEER)))
    rates = [one.rate for one in run.samples if one.target == "azurite" and one.cell == busy]
    if rates:
        rate = Spread.of(rates)
        what = "calls per second with Azurite, 16 connections"
        budget = f"at least {WITH_AZURITE:g}"
        lines.append((what, era, budget, _spread(rate, 1, 0), _verdict(rate.middle >= WITH_AZURITE)))
    if more := added(run.samples, "memory", "direct", quiet):
        what = "added at the median, 1 connection, stores in memory"
        lines.append((what, era, "at most 1 ms", f"{_spread(more, 1000, 2)} ms", _verdict(more.middle <= ADDED)))
    return lines


def _verdict(is_met: bool) -> str:
    return "met" if is_met else "**not met**"


def _size(found: Sequence[Row], run: Run, size: str, form: str) -> str:
    kept = [row for row in found if (row.cell.size, row.cell.form) == (size, form)]
    if not kept:
        return ""
    lines = [_line(row, run) for row in sorted(kept, key=lambda row: (ERAS.index(row.cell.era), row.cell.connections))]
    header = ["era", "connections", "through", "calls/s", "of the relay's", "p50, ms", "p99, ms"]
    header += ["processor, ms a call", "memory, MB", "load core"]
    return f"## {NAMES[size]}, {FORM_NAMES[form]}\n\n" + table(header, lines)


def _line(row: Row, run: Run) -> tuple[object, ...]:
    share = ratio(run.samples, row.target, "relay", row.cell)
    load = f"{row.load:.0%}" + (", the limit" if row.load >= LIMIT else "")
    return (
        *(row.cell.era, row.cell.connections, run.targets.get(row.target, row.target), _spread(row.rate, 1, 0)),
        *(f"{share.middle:.2f}" if share else "-", _spread(row.p50, 1000, 2), _spread(row.p99, 1000, 1)),
        *(f"{row.cpu.middle * 1000:.2f}", f"{row.memory / 2**20:.0f}", load),
    )


def _spread(spread: Spread, factor: float, digits: int) -> str:
    low, middle, high = (f"{value * factor:,.{digits}f}" for value in (spread.low, spread.middle, spread.high))
    return f"{middle} ({low}–{high})" if low != high else middle


def _how(run: Run) -> str:
    text = """\
## What is measured

Each line is the median of the rounds, with the lowest and the highest. What a line names has one core to itself; the
load, the upstream server and Azurite share another. A connection is one client, which sends its next `tools/call` as
soon as the last one is answered; each has a token of its own and, in the legacy era (2025-11-25), a session. Every
answer is parsed, and one that is not the result that was asked for fails the whole run. `Load core` says how busy the
other core was: where it was the limit, the line says less than the gateway can do. Processor time and memory are those
of the process that is named.

The gateway is `function_app.py` in Microsoft's worker, called at the worker's own HTTP server. Every call is governed:
its token is verified, the policy decides, the intent and the outcome are on record before anything goes on, and the
answer is masked; the bench sees that a personal value is gone. On Azure the Functions host stands before the worker:
it announces each request by a gRPC message. That process, that message and the network are not measured.

- **the upstream server itself** answers canned results over HTTP, written for the bench; here the load is the limit.
- **a bare streaming relay** is 40 lines (`bench/relay_bare.py`) on the worker's HTTP server and one shared client; it
  checks nothing.
- **that relay in Microsoft's worker** is the same as a function app (`bench/relay_app`): what the worker itself costs.
- **stores in memory**: evidence and state are kept in the gateway's process, and the oldest are dropped.
- **stores in Azurite**: tables and blobs in Microsoft's emulator, in memory too, with transactions as on Azure.
"""
    skipped = [f"- {name} was not measured: {why}" for name, why in run.skipped.items()]
    return text + ("\n" + "\n".join(skipped) if skipped else "").rstrip()


def as_json(run: Run) -> str:
    """All of it: the run, its rows and its samples, each on a line of its own. Times are in seconds."""
    head = {
        "machine": machine(),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "python": platform.python_version(),
        **{name: value for name, value in asdict(run).items() if name != "samples"},
    }
    parts = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()]
    parts += [f'"rows": {_lines(rows(run.samples))}', f'"samples": {_lines(run.samples)}']
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(found: Sequence[Row | Sample]) -> str:
    lines = [json.dumps(_rounded(asdict(one) | {"cell": one.cell.name})) for one in found]
    return "[\n" + ",\n".join(lines) + "\n]"


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    return float(f"{value:.4g}") if isinstance(value, float) else value
