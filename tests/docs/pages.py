"""The pages of docs/, as what they show: YAML, commands and links."""

import re
from pathlib import Path

PAGES = {path.stem: path for path in sorted(Path("docs").glob("*.md"))}
MINE = ("deploy", "cookbook", "operate", "audit", "threat-model", "decisions", "licences")
"""The pages that these tests hold to the code."""
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(text: str, language: str) -> list[str]:
    """What stands in fences of that language, in order."""
    return [body for found, body in _FENCE.findall(text) if found == language]


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    prose = _FENCE.sub("", path.read_text())
    heads = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
