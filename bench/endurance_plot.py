"""The picture of the endurance run: calls per second over time, with the faults behind them, as SVG. Pure."""

from collections.abc import Sequence
from html import escape

from bench.endurance_book import Book, Came, Happened

LEFT, CHART, HEIGHT, TOP, BOTTOM = 46, 900, 220, 30, 26
"""Pixels."""
POINTS = 300
COLOURS = {Came.ANSWERED: "#2f6f9f", Came.REFUSED: "#d98e04", Came.UNKNOWN: "#b3261e"}
ROW = 16
COLUMNS = 3


def svg(book: Book, seconds: float) -> str:
    """The picture, with a list of the faults below."""
    step = max(1.0, seconds / POINTS)
    lines = {came: _rates(book, came, seconds, step) for came in COLOURS}
    highest = max((value for values in lines.values() for value in values), default=0) or 1.0
    names = list(dict.fromkeys(fault.name for fault in book.faults))
    bottom = TOP + HEIGHT + BOTTOM
    height = bottom + ROW * (-(-len(names) // COLUMNS)) + 12
    width = LEFT + CHART + 12
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
        f' font-family="ui-monospace, monospace" font-size="11"><title>Calls per second during faults</title>'
    )
    parts = [head, '<rect width="100%" height="100%" fill="#ffffff"/>']
    parts += [_band(fault, seconds, names.index(fault.name) + 1) for fault in book.faults]
    parts += [_line(came, values, step, seconds, highest) for came, values in lines.items()]
    parts += [*_axes(seconds, highest), *_legend(), *_names(names, bottom)]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _rates(book: Book, came: Came, seconds: float, step: float) -> list[float]:
    counts = [0] * (int(seconds / step) + 1)
    for made in book.calls.values():
        if made.came is came and made.ended <= seconds:
            counts[int(made.ended / step)] += 1
    # What is left of the last stretch is no whole one.
    return [count / step for count in counts][:-1]


def _x(at: float, seconds: float) -> float:
    return LEFT + min(at, seconds) / seconds * CHART


def _band(fault: Happened, seconds: float, number: int) -> str:
    left, right = _x(fault.began, seconds), _x(fault.ended, seconds)
    return (
        f'<rect x="{left:.1f}" y="{TOP}" width="{max(1.0, right - left):.1f}" height="{HEIGHT}" fill="#e4dcd0"/>'
        f'<text x="{left:.1f}" y="{TOP - 4}" fill="#52606d" font-size="9">{number}</text>'
    )


def _line(came: Came, values: Sequence[float], step: float, seconds: float, highest: float) -> str:
    points = " ".join(
        f"{_x((index + 0.5) * step, seconds):.1f},{TOP + HEIGHT * (1 - value / highest):.1f}"
        for index, value in enumerate(values)
    )
    return f'<polyline points="{points}" fill="none" stroke="{COLOURS[came]}" stroke-width="1.2"/>'


def _axes(seconds: float, highest: float) -> list[str]:
    found = [f'<line x1="{LEFT}" x2="{LEFT + CHART}" y1="{TOP + HEIGHT}" y2="{TOP + HEIGHT}" stroke="#1f2933"/>']
    for share in (0.0, 0.5, 1.0):
        y = TOP + HEIGHT * (1 - share)
        found.append(
            f'<text x="{LEFT - 6}" y="{y + 4:.0f}" text-anchor="end" fill="#52606d">{highest * share:.0f}</text>'
        )
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, minutes = LEFT + CHART * share, seconds * share / 60
        text = f"{minutes:.0f}" if seconds > 600 else f"{minutes:.1f}"
        y = TOP + HEIGHT + 14
        found.append(f'<text x="{x:.0f}" y="{y}" text-anchor="middle" fill="#52606d">{text} min</text>')
    return found


def _legend() -> list[str]:
    words = {Came.ANSWERED: "answered", Came.REFUSED: "refused", Came.UNKNOWN: "not known"}
    found = [f'<text x="{LEFT}" y="12" fill="#1f2933" font-weight="bold">Calls per second</text>']
    for index, (came, word) in enumerate(words.items()):
        x = LEFT + 160 + index * 110
        found.append(f'<rect x="{x}" y="4" width="10" height="10" fill="{COLOURS[came]}"/>')
        found.append(f'<text x="{x + 16}" y="13" fill="#1f2933">{word}</text>')
    return found


def _names(names: Sequence[str], y: int) -> list[str]:
    return [
        f'<text x="{LEFT + index % COLUMNS * 300}" y="{y + 12 + index // COLUMNS * ROW}" fill="#1f2933">'
        f"{index + 1} {escape(name)}</text>"
        for index, name in enumerate(names)
    ]
