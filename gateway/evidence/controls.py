"""The table of controls: how many records lie behind each row, and how it is written down. Pure.

Takes records and gives counts; takes the table and gives Markdown. A row whose tests do not exist fails a test
of its own; a row without records says nothing of the period but that there were none.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from gateway.evidence.control import Control
from gateway.evidence.control_table import TABLE
from gateway.evidence.told import Told

BEGIN = "<!-- controls: begin, made by python -m gateway evidence controls --markdown -->"
END = "<!-- controls: end -->"


def is_behind(control: Control, record: Told) -> bool:
    """Whether the record is one of those that the row is about."""
    return (
        (not control.events or record["event"] in control.events)
        and (not control.outcomes or record["outcome"] in control.outcomes)
        and all(record[name] for name in control.fields)
    )


class Count:
    """Takes records one by one and knows how many are behind each row."""

    def __init__(self) -> None:
        self.records = 0
        self.by_event: Counter[str] = Counter()
        self._by_control: Counter[str] = Counter()

    def take(self, record: Told) -> None:
        self.records += 1
        self.by_event[record["event"]] += 1
        self._by_control.update(control.id for control in TABLE if is_behind(control, record))

    def of(self, control: Control) -> int:
        return self._by_control[control.id]


def counted(records: Iterable[Told]) -> Count:
    """How many of the records are behind each row."""
    count = Count()
    for record in records:
        count.take(record)
    return count


def as_values(count: Count) -> Sequence[Mapping[str, object]]:
    """The table with its counts, for JSON."""
    return [
        {
            "control": control.id,
            "title": control.title,
            "role": control.role.value,
            "shows": control.shows,
            "records": count.of(control),
            "tests": [f"tests/{test}" for test in control.tests],
        }
        for control in TABLE
    ]


def markdown() -> str:
    """The table for people, between its markers."""
    lines = [BEGIN, "", "| control | | what a record shows | shown by |", "|---|---|---|---|"]
    for control in TABLE:
        tests = ", ".join(f"`tests/{name}`" for name in sorted({test.partition("::")[0] for test in control.tests}))
        lines.append(f"| {control.id} {control.title} | {control.role} | {control.shows} | {tests} |")
    return "\n".join([*lines, "", END])
