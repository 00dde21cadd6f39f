"""The plot of `bench/relay.py`: calls per second and time for a call, as SVG. Pure.

One bar for each target and era; a thin line over its end goes from the lowest round to the highest.
"""

from collections.abc import Callable, Mapping, Sequence
from html import escape

from bench.relay_cells import ERAS, Cell
from bench.relay_statistics import Row, Sample, Spread, rows

NAMES, CHART, VALUES, ROW, TITLE = 260, 460, 150, 18, 34
"""Pixels."""
COLOURS = {"legacy": "#2f6f9f", "modern": "#d98e04"}


def svg(samples: Sequence[Sample], targets: Mapping[str, str]) -> str:
    """The picture; empty panels are left out."""
    found = rows(samples)
    busy = _panel("Calls per second, 16 connections, small JSON results", found, 16, lambda row: row.rate)
    quiet = _panel("Milliseconds for a call, 1 connection, small JSON results", found, 1, _milliseconds)
    lines: list[str] = []
    y = 8
    for title, bars, digits in ((*busy, 0), (*quiet, 2)):
        if bars:
            drawn, y = _drawn(title, bars, targets, digits, y)
            lines += drawn
    width = NAMES + CHART + VALUES
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y + 8}" role="img"'
        f' font-family="ui-monospace, monospace" font-size="12"><title>Speed of calls</title>'
    )
    return "\n".join([head, '<rect width="100%" height="100%" fill="#ffffff"/>', *lines, "</svg>"]) + "\n"


def _milliseconds(row: Row) -> Spread:
    return Spread(row.p50.middle * 1000, row.p50.low * 1000, row.p50.high * 1000)


def _panel(
    title: str, found: Sequence[Row], connections: int, value: Callable[[Row], Spread]
) -> tuple[str, list[tuple[str, str, Spread]]]:
    cells = {era: Cell(era, connections, "small", "json") for era in ERAS}
    names = dict.fromkeys(row.target for row in found)
    bars = [
        (name, era, value(row))
        for name in names
        for era, cell in cells.items()
        for row in found
        if row.target == name and row.cell == cell
    ]
    return title, bars


def _drawn(
    title: str, bars: Sequence[tuple[str, str, Spread]], targets: Mapping[str, str], digits: int, y: int
) -> tuple[list[str], int]:
    # What is measured directly is far quicker than anything before it, and would leave the others no room.
    longest = max([bar.high for name, _, bar in bars if name != "direct"] or [bar.high for _, _, bar in bars])
    scale = CHART / longest
    lines = [f'<text x="8" y="{y + 18}" fill="#1f2933" font-weight="bold">{escape(title)}</text>', _legend(y + 18)]
    y += TITLE
    last = ""
    for name, era, bar in bars:
        if name != last:
            lines.append(f'<text x="8" y="{y + 13}" fill="#1f2933">{escape(targets.get(name, name))}</text>')
        last = name
        width = min(max(1.0, bar.middle * scale), CHART)
        is_cut = bar.middle > longest
        low, high = (min(value * scale, CHART) + NAMES for value in (bar.low, bar.high))
        text = f"{bar.middle:,.{digits}f}" + (", cut" if is_cut else "")
        lines.append(
            f'<rect x="{NAMES}" y="{y + 3}" width="{width:.1f}" height="{ROW - 6}" fill="{COLOURS[era]}"/>'
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y + 9}" y2="{y + 9}" stroke="#1f2933"/>'
            f'<text x="{max(high, NAMES + width) + 6:.1f}" y="{y + 13}" fill="#52606d">{text}</text>'
        )
        y += ROW
    return lines, y + 10


def _legend(y: int) -> str:
    entries = enumerate(COLOURS.items())
    return "".join(
        f'<rect x="{NAMES + CHART - 10 + 80 * at}" y="{y - 10}" width="10" height="10" fill="{colour}"/>'
        f'<text x="{NAMES + CHART + 4 + 80 * at}" y="{y}" fill="#52606d">{era}</text>'
        for at, (era, colour) in entries
    )
