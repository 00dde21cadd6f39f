"""What changed in a tool, for an operator's eyes. Pure.

Takes two canonical forms and gives the lines of a unified diff. The text is the upstream's, so that
whatever does not print - control characters, invisible and direction marks - is shown as an escape.
"""

import difflib
import json
from collections.abc import Iterator


def changes(before: str, after: str, old: str, new: str) -> Iterator[str]:
    """The lines of the diff from one canonical form to the other, under these titles; the first form may be empty."""
    return difflib.unified_diff(_lines(before), _lines(after), old, new, lineterm="")


def visible(text: str) -> str:
    """The text with an escape in place of each character that does not print."""
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)


def _lines(canonical: str) -> list[str]:
    if not canonical:
        return []
    pretty = json.dumps(json.loads(canonical), indent=2, ensure_ascii=False)
    # A description is one long string: a line for each of its lines shows which of them changed.
    return [visible(line) for line in pretty.replace("\\n", "\\n\n    ").split("\n")]
