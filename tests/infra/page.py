"""The tables of docs/resources.md, by their first heading: what tests compare the templates with."""

import re
from functools import cache

from tests.infra.bicep import ROOT

PAGE = ROOT / "docs" / "resources.md"
IN_CODE = re.compile(r"`([^`]+)`")


@cache
def table(*heads: str) -> tuple[tuple[str, ...], ...]:
    """The rows of the one table with these heads."""
    lines = PAGE.read_text().splitlines()
    start = lines.index(f"| {' | '.join(heads)} |") + 2
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append(tuple(cell.strip() for cell in line.strip("|").split(" | ")))
    return tuple(rows)
