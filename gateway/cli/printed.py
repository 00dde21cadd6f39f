"""What a command prints and how it exits, as a value.

Takes texts or mistakes in files and returns Printed; it writes nothing. Exit codes: 0 yes, 1 a file is
wrong or a case fails, 2 the command line is wrong, 3 the policy refuses.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

FAILED = 1
MISUSED = 2
REFUSED = 3


@dataclass(frozen=True, slots=True)
class Printed:
    """The end of a command."""

    code: int
    text: str = ""
    """For standard output."""
    complaint: str = ""
    """For standard error."""
    painted: str = ""
    """The text with colours, for where standard output is a terminal."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake in a file, as compilers and linters write it, so that editors can jump there."""

    file: str
    line: int
    """0 where the file as a whole is meant."""
    column: int
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.message}"


def mistaken(mistakes: Iterable[Mistake], *, is_json: bool) -> Printed:
    """The mistakes, one a line, and exit code 1."""
    found = list(mistakes)
    if is_json:
        return as_json({"valid": False, "mistakes": [asdict(mistake) for mistake in found]}, FAILED)
    return Printed(FAILED, "\n".join(map(str, found)))


def misused(sentence: str) -> Printed:
    """What is wrong with the command line, and exit code 2."""
    return Printed(MISUSED, complaint=sentence)


def aligned(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """The rows of a table as lines, each column as wide as its longest text."""
    found = list(rows)
    widths = [max(len(row[column]) for row in found) for column in range(len(found[0]))]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in found]


def as_json(value: Mapping[str, Any], code: int) -> Printed:
    """The value as JSON, for other programs."""
    return Printed(code, json.dumps(value, indent=2, ensure_ascii=False))
