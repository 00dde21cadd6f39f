"""The report of the endurance run, in Markdown and as JSON. Pure, but for what it says of the machine."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from platform import python_version
from statistics import median
from typing import Any

from bench.endurance_book import Book, Came
from bench.endurance_check import Promise, Records
from bench.endurance_faults import FAULTS, RECOVERS_WITHIN
from bench.endurance_traffic import PROBES
from bench.endurance_upstream import Orders
from bench.masking_report import machine, table

_CAME = (Came.ANSWERED, Came.REFUSED, Came.LEFT, Came.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Run:
    """All that is reported."""

    command: str
    seed: int
    seconds: float
    rate: float
    book: Book
    orders: Orders
    found: Records
    promises: Sequence[Promise]
    verified: dict[str, Any]
    can_step_clocks: bool
    share: float
    """Of the longest pause between two probes."""

    @property
    def holds(self) -> bool:
        return not any(promise.broken for promise in self.promises)


def markdown(run: Run) -> str:
    """The report, for people."""
    parts = [
        "# Endurance",
        f"Made by `{run.command}`; seed {run.seed}.",
        _head(run),
        "![Calls per second, with the faults behind them](endurance.svg)",
        "## What must hold",
        table(("promise", "checked", "broken"), [_promise(promise) for promise in run.promises]),
        *_broken(run),
        "## Faults",
        _faults(run),
        "## Calls",
        table(("kind", *(came.value for came in _CAME)), _calls(run.book)),
        _people(run),
        "## Memory",
        _memory(run.book),
        "## What this does not show",
        _limits(run),
    ]
    return "\n\n".join(parts) + "\n"


def _head(run: Run) -> str:
    calls = len(run.book.calls)
    verdict = "Everything held." if run.holds else "Not everything held: see below."
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {machine()}, Python {python_version()}; {run.seconds / 60:.1f} minutes, "
        f"{calls:,} calls ({calls / run.seconds:.1f} a second), {len(run.book.faults)} faults, two instances of the "
        f"gateway in Microsoft's worker, Azurite on disk. {verdict}"
    )


def _promise(promise: Promise) -> tuple[str, str, str]:
    return promise.text, f"{promise.checked:,}", f"{len(promise.broken):,}"


def _broken(run: Run) -> list[str]:
    return [
        f"Broken: {promise.text}:\n\n```text\n" + "\n".join(promise.broken[:20]) + "\n```"
        for promise in run.promises
        if promise.broken
    ]


def _faults(run: Run) -> str:
    rows = []
    for name, fault in FAULTS.items():
        happened = [one for one in run.book.faults if one.name == name]
        if happened:
            well = [one.recovered for one in happened if one.recovered is not None]
            bit = sum(one.refused > 0 for one in happened)
            rows.append(
                (
                    fault.title,
                    len(happened),
                    bit,
                    *((f"{median(well):.1f}", f"{max(well):.1f}") if well else ("-", "-")),
                )
            )
    note = (
        "A fault bites where a probe, a small call at each instance, was not answered with a result; what "
        "a key set that is held and tokens that were issued cover does not bite. Probes follow each other after "
        f"{PROBES['small'][1] * run.share:g} s (for Graph {PROBES['groups'][1] * run.share:g} s). Recovery is from the "
        "end of the fault to the first answer to a probe that was sent after it, on the slower instance; "
        f"{RECOVERS_WITHIN:.0f} s are allowed. Nothing was restarted but the instances that were killed."
    )
    header = ("fault", "times", "bit", "recovered in s, median", "at most")
    return table(header, rows) + "\n\n" + note


def _calls(book: Book) -> list[tuple[Any, ...]]:
    found = book.tally()
    rows = [(kind, *(f"{found[kind][came.value]:,}" for came in _CAME)) for kind in sorted(found)]
    total: Counter[str] = sum(found.values(), Counter())
    return [*rows, ("all", *(f"{total[came.value]:,}" for came in _CAME))]


def _people(run: Run) -> str:
    refunds, grants, found = run.book.refunds, run.book.grants, run.found
    return (
        f"Approvals: {refunds['asked']} asked for, {refunds['approved']} approved, {refunds['denied']} denied, "
        f"{len(run.orders.orders)} refunds made. Access: asked for {grants['asked']} times, opened {grants['opened']}, "
        f"used {grants['used']}, ended {grants['ended']}. The upstream saw {sum(run.orders.made.values()):,} calls and "
        f"refused {run.orders.refused} requests whose credential had been rotated. On record are {found.rows:,} rows "
        f"in {run.verified.get('chains', 0):,} chains; {len(found.intents.keys() - found.outcomes.keys())} calls have "
        f"no outcome, and {found.late} outcomes were written late, once the store was back."
    )


def _memory(book: Book) -> str:
    rows = []
    for instance, looks in book.memory.items():
        alive = [size for _, size in looks if size]
        if alive:
            rows.append((instance, *(f"{size / 1e6:.0f}" for size in (alive[0], max(alive), alive[-1]))))
    note = "Resident memory. An instance that was killed begins anew; `bench/memory.py` measures growth."
    return table(("instance", "first, MB", "most, MB", "last, MB"), rows) + "\n\n" + note


def _limits(run: Run) -> str:
    clocks = "" if run.can_step_clocks else " No clock was stepped: that needs a C compiler."
    return (
        "Azure itself: the Functions host, its front end and Durable's storage provider are stand-ins (`devhost`), and "
        "each instance has a Durable of its own, so that people decide at the instance that asked them. Azurite is "
        "asked to end and not killed: it holds for five seconds in memory what it has confirmed. The load is well "
        f"below what the gateway can bear; `docs/speed.md` is about that.{clocks}"
    )


def as_json(run: Run) -> str:
    """All figures, for a program."""
    return json.dumps(
        {
            "seed": run.seed,
            "seconds": run.seconds,
            "holds": run.holds,
            "promises": [asdict(promise) for promise in run.promises],
            "faults": [asdict(fault) for fault in run.book.faults],
            "calls": run.book.tally(),
            "refunds": run.book.refunds,
            "grants": run.book.grants,
            "memory": run.book.memory,
            "verified": run.verified,
        },
        indent=1,
    )
