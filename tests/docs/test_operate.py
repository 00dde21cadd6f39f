"""The page for operators has every line of the log that begins with an id, and no other."""

import re
from pathlib import Path

from tests.docs.pages import PAGES

LOGGED = re.compile(r"_log\.(?:debug|info|warning|error|exception|critical)\(\s*\"(countersign\.[a-z_]+)")
PAGE = PAGES["operate"].read_text()


def logged() -> set[str]:
    return {name for path in Path("gateway").rglob("*.py") for name in LOGGED.findall(path.read_text())}


def test_every_id_of_the_log_says_what_to_do() -> None:
    table = PAGE.partition("## Alarms")[2].partition("\n## ")[0]
    rows = [row.split(" | ") for row in table.splitlines() if row.startswith("| `countersign.")]
    told = {name for row in rows for name in re.findall(r"`(countersign\.[a-z_]+)`", row[0])}
    assert len(told) > 10
    assert logged() - told == set(), "ids without a row"
    assert told - logged() == set(), "rows without such an id in the code"
    assert [row[0] for row in rows if len(row) != 3 or not row[2].strip(" |")] == []


def test_every_id_that_a_page_names_is_in_the_code() -> None:
    code = "".join(path.read_text() for path in Path("gateway").rglob("*.py"))
    for path in [*PAGES.values(), Path("README.md")]:
        found = set(re.findall(r"`(countersign\.[a-z_.]+)`", path.read_text()))
        assert {name for name in found if f'"{name}' not in code} == set(), path
