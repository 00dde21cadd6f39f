"""The report of `bench/masking.py`: what was measured, as Markdown and as JSON.

Results go in and text comes out; it measures nothing, and leaves out nothing that was.
"""

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.corpus.kinds import KINDS
from bench.masking_scores import Score
from bench.masking_spans import owner
from bench.masking_speed import Growth, Speed

RECALL, PRECISION = 0.99, 0.98


@dataclass(frozen=True, slots=True)
class Side:
    """One column of the comparison."""

    name: str
    how: str
    kinds: dict[str, Score]
    """By kind: recall with everything on; precision of what is meant for the kind."""
    idle: int = 0
    """Spans on no value at all."""
    megabytes_a_second: float = 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    seed: int
    samples: int
    characters: int
    locales: int
    alone: dict[tuple[str, bool], Score]
    """By detector, and whether the kinds counted are those of the gate."""
    together: dict[str, Score]
    places: dict[str, dict[str, Score]]
    """By shape of the text and by kind, for kinds outside the gate."""
    disguised: dict[str, Score]
    speeds: Sequence[Speed]
    growths: Sequence[Growth]
    sides: Sequence[Side]


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *[[str(cell) for cell in row] for row in rows]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def machine() -> str:
    models = [line.partition(":")[2].strip() for line in _cpu_lines() if line.startswith("model name")]
    name = models[0] if models else platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores, {platform.system()} {platform.release().split('-')[0]}"


def _cpu_lines() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def markdown(measured: Measured) -> str:
    parts = [_head(measured), _alone(measured), _together(measured), _places(measured), _disguised(measured)]
    parts += [_speeds(measured), _growths(measured), _sides(measured), _examples(measured)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(measured: Measured) -> str:
    return (
        "# Masking, measured\n\nMade by `python bench/masking.py --peers`, and by no hand.\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, {machine()}, Python {platform.python_version()}. Seed {measured.seed}: "
        f"{measured.samples:,} tool results of {measured.characters:,} characters in {measured.locales} locales, "
        f"{sum(score.labels for score in measured.together.values()):,} labelled values."
    )


def is_met(score: Score) -> bool:
    return score.recall >= RECALL and score.precision >= PRECISION


def _ratio(part: float, whole: int) -> str:
    return f"{part:.4f}" if whole else "-"


def _alone(measured: Measured) -> str:
    rows = []
    for (name, is_gated), score in measured.alone.items():
        verdict = ("met" if is_met(score) else "**not met**") if is_gated else "no gate"
        figures = (_ratio(score.recall, score.labels), _ratio(score.precision, score.spans))
        rows.append((name, score.labels, *figures, score.spans, score.wrong_kind, score.wide, verdict))
    header = ("detector", "values", "recall", "precision", "spans", "of another kind", "too wide", "0.99 and 0.98")
    return (
        "## Each detector by itself\n\nA value is caught when each of its letters and digits is hidden. A span is "
        "right when it touches a value that the detector is for. `No gate`: values with neither a checksum nor a form "
        "of their own, found by a label or a field.\n\n" + table(header, rows)
    )


def _together(measured: Measured) -> str:
    rows = [
        (kind, score.labels, _ratio(score.recall, score.labels), owner(kind) or "**no detector**")
        for kind, score in measured.together.items()
    ]
    return "## Hidden with all detectors on\n\n" + table(("kind", "values", "hidden", "answers for it"), rows)


def _places(measured: Measured) -> str:
    kinds = [name for name, kind in KINDS.items() if not kind.is_gated]
    rows = [
        (place, *(_ratio(scores[kind].recall, scores[kind].labels) for kind in kinds))
        for place, scores in measured.places.items()
        if any(scores[kind].labels for kind in kinds)
    ]
    return "## Where the kinds without a gate are hidden\n\n" + table(("in", *kinds), rows)


def _disguised(measured: Measured) -> str:
    rows = [(kind, score.labels, f"{score.recall:.4f}") for kind, score in measured.disguised.items() if score.labels]
    return (
        "## Dressed up\n\nFull-width digits, a zero-width space inside, another dash, space or at sign, URL encoding.\n"
        "\n" + table(("kind", "values", "hidden"), rows)
    )


def _speeds(measured: Measured) -> str:
    rows = [
        (speed.name, f"{speed.megabytes:.1f}", f"{speed.seconds * 1000:.0f}", f"{speed.rate:.0f}", speed.hidden)
        for speed in measured.speeds
    ]
    header = ("message", "MB", "ms", "MB/s", "entries of evidence")
    return (
        "## Speed\n\nWhole messages through `gateway.mask.mask`, one core, processor time, median of five rounds, all "
        "detectors unless it says otherwise. The budget: 50 MB/s, and 300 ms for 10 MB.\n\n" + table(header, rows)
        if rows
        else ""
    )


def _growths(measured: Measured) -> str:
    rows = [
        (f"`{one.name}`", f"{one.seconds * 1000:.0f}", f"{one.doubled * 1000:.0f}", f"{one.ratio:.2f}", one.outcome)
        for one in measured.growths
    ]
    size = max((one.megabytes for one in measured.growths), default=0)
    return (
        f"## Hostile inputs\n\nRepeated to {size / 2:g} MB and to {size:g} MB; linear work has a ratio of 2.\n\n"
        + table(("input", f"{size / 2:g} MB, ms", f"{size:g} MB, ms", "ratio", "outcome"), rows)
        if rows
        else ""
    )


def _sides(measured: Measured) -> str:
    if len(measured.sides) < 2:
        return ""
    rows: list[tuple[object, ...]] = []
    for kind in KINDS:
        cells: list[object] = [kind, measured.sides[0].kinds[kind].labels]
        for side in measured.sides:
            score = side.kinds.get(kind)
            cells += [_ratio(score.recall, score.labels), _ratio(score.precision, score.spans)] if score else ["-", "-"]
        rows.append(tuple(cells))
    header = ["kind", "values", *(text for side in measured.sides for text in (f"{side.name}: hidden", "precision"))]
    notes = "\n".join(
        f"- {side.name}: {side.how}"
        + (f"; {side.idle:,} spans on nothing; {side.megabytes_a_second:.2f} MB/s" if side.kinds else "")
        for side in measured.sides
    )
    return (
        "## Side by side\n\nThe same texts, in one run. `Hidden` counts whatever hides the value; precision is that of "
        "the detectors or entities meant for the kind, all their kinds taken together, `-` where "
        f"there are none.\n\n{notes}\n\n" + table(header, rows)
    )


def _examples(measured: Measured) -> str:
    lines = []
    for (name, is_gated), score in measured.alone.items():
        if is_gated and not is_met(score):
            lines += [f"- {name}, missed: `{_inline(text)}`" for text in score.missed]
            lines += [f"- {name}, hidden for nothing: `{_inline(text)}`" for text in score.false]
    return "## Where the gate is not met\n\n" + "\n".join(lines) if lines else ""


def _inline(text: str) -> str:
    return repr(text)[1:-1].replace("`", "'")


def as_json(measured: Measured) -> dict[str, Any]:
    figures = asdict(measured)
    figures["alone"] = [
        {"detector": name, "gated": is_gated, "recall": score.recall, "precision": score.precision, **asdict(score)}
        for (name, is_gated), score in measured.alone.items()
    ]
    return {"machine": machine(), "date": f"{datetime.now(UTC):%Y-%m-%d}", **figures}
