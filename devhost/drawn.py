"""Draws a trace: `python -m devhost.drawn FILE` prints the last call of an exported file as SVG.

Takes the lines of an OTLP file exporter. Each span is a bar; one that ended in an error is red.
"""

import json
import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

NAMES, CHART, ROW = 190, 640, 22
"""Pixels."""
COLOURS = {"SPAN_KIND_SERVER": "#2f6f9f", "SPAN_KIND_CLIENT": "#d98e04"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One span, as far as it is drawn and looked at."""

    name: str
    trace: str
    id: str
    parent: str
    kind: str
    began: int
    ended: int
    """Nanoseconds since 1970."""
    attributes: dict[str, Any]
    is_error: bool = False
    links: tuple[str, ...] = ()
    """Trace ids."""


def spans(text: str) -> list[Bar]:
    """The spans of an exported file, in the order in which they began."""
    found = [
        _bar(span)
        for line in text.splitlines()
        for resource in json.loads(line).get("resourceSpans", ())
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
    return sorted(found, key=lambda bar: (bar.began, -bar.ended))


def svg(bars: list[Bar]) -> str:
    """A picture of the last trace of them: one row for each span, in the order in which they began."""
    known = {bar.id: bar for bar in bars}
    root = [bar for bar in bars if bar.parent not in known][-1]
    rows = [bar for bar in bars if bar.trace == root.trace]
    last = max(bar.ended for bar in rows)
    scale = CHART / (last - root.began)
    height = ROW * len(rows) + 16
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {NAMES + CHART + 90} {height}" role="img"'
        f' font-family="ui-monospace, monospace" font-size="12"><title>{escape(root.name)}</title>',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    for number, bar in enumerate(rows):
        x, y = NAMES + (bar.began - root.began) * scale, 8 + number * ROW
        width = max(1.0, (bar.ended - bar.began) * scale)
        colour = "#c0392b" if bar.is_error else COLOURS.get(bar.kind, "#9bb7d4")
        lines += [
            f'<text x="{8 + 12 * _depth(bar, known)}" y="{y + 14}" fill="#1f2933">{escape(bar.name)}</text>',
            f'<rect x="{x:.1f}" y="{y + 3}" width="{width:.1f}" height="{ROW - 8}" fill="{colour}"/>',
            f'<text x="{x + width + 5:.1f}" y="{y + 14}" fill="#52606d">{(bar.ended - bar.began) / 1e6:.2f} ms</text>',
        ]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _depth(bar: Bar, known: dict[str, Bar]) -> int:
    return 1 + _depth(known[bar.parent], known) if bar.parent in known else 0


def _bar(span: dict[str, Any]) -> Bar:
    return Bar(
        span["name"],
        span["traceId"],
        span["spanId"],
        span.get("parentSpanId", ""),
        span["kind"],
        int(span["startTimeUnixNano"]),
        int(span["endTimeUnixNano"]),
        {item["key"]: next(iter(item["value"].values())) for item in span.get("attributes", ())},
        span.get("status", {}).get("code") == "STATUS_CODE_ERROR",
        tuple(link["traceId"] for link in span.get("links", ())),
    )


if __name__ == "__main__":
    sys.stdout.write(svg(spans(Path(sys.argv[1]).read_text())))
