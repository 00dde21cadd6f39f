import ast
from pathlib import Path

import pytest

from gateway.events import Event
from gateway.evidence.control import Control, Role
from gateway.evidence.control_table import TABLE
from gateway.evidence.controls import BEGIN, END, as_values, counted, is_behind, markdown
from gateway.evidence.told import records
from tests.gateway.evidence.rows import rows, story


def functions(path: Path) -> set[str]:
    found = ast.walk(ast.parse(path.read_text()))
    return {node.name for node in found if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("control", TABLE, ids=lambda control: control.id)
def test_every_row_names_tests_that_exist(control: Control) -> None:
    assert control.tests
    for test in control.tests:
        file, _, name = test.partition("::")
        assert name in functions(Path("tests") / file), test


def test_the_table_in_the_documentation_is_the_one_in_the_code() -> None:
    page = Path("docs/controls.md").read_text()
    assert BEGIN + page.partition(BEGIN)[2].partition(END)[0] + END == markdown()


def test_each_control_is_there_once_and_nothing_is_said_to_comply() -> None:
    assert len({control.id for control in TABLE}) == len(TABLE)
    assert {control.role.value for control in TABLE} == {"provides evidence for", "supports"}
    told = " ".join(f"{control.title} {control.shows}" for control in TABLE).lower()
    assert "compl" not in told.replace("complete", "")


def test_masking_is_no_plan() -> None:
    assert not [control.id for control in TABLE if control.id.startswith("PL-") or control.id == "AC-3(14)"]


def test_records_are_counted_behind_each_row_that_they_serve() -> None:
    count = counted(records(story()))
    found = {str(each["control"]): each["records"] for each in as_values(count)}
    assert count.records == 10
    assert (found["AC-3"], found["AC-3(2)"], found["AC-4(23)"], found["AC-6(10)"]) == (4, 3, 1, 1)
    assert (found["AC-3(8)"], found["AU-6"], found["AU-3"]) == (0, 0, 10)


@pytest.mark.parametrize("control", TABLE, ids=lambda control: control.id)
def test_a_row_counts_what_it_is_about_and_nothing_else(control: Control) -> None:
    fields: dict[str, str | int] = {**dict.fromkeys(control.fields, "x"), "at": 0}
    fields |= {"event": control.events[0] if control.events else "intent"}
    fields |= {"outcome": control.outcomes[0] if control.outcomes else "allowed"}
    assert is_behind(control, next(records(rows([fields]))))
    without = [name for name in control.fields if name not in ("event", "time", "outcome")]
    for name in without:
        assert not is_behind(control, next(records(rows([{**fields, name: ""}]))))
    if control.events:
        other = next(event for event in Event if event not in control.events)
        assert not is_behind(control, next(records(rows([{**fields, "event": other}]))))


def test_a_control_has_the_id_that_oscal_gives_it() -> None:
    assert Control("AC-4(23)", "", Role.EVIDENCE, "").oscal == "ac-4.23"
