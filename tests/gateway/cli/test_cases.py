"""`policy test`."""

import json
from pathlib import Path

import pytest

from gateway.cli.policy import main
from tests.gateway.cli.test_files import written
from tests.gateway.policy.documents import GOOD

CASES = """\
policy: policy.yaml
people: people.yaml
cases:
  - name: engineers read
    as: engineer
    server: records
    tool: get_customer
    expect: allow
  - name: engineers delete
    as: engineer
    server: records
    tool: delete_customer
    expect: allow
"""


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    written(tmp_path, GOOD)
    written(tmp_path, "engineer: {kind: user, groups: [engineering]}", "people.yaml")
    return written(tmp_path, CASES, "policy.cases.yaml")


def test_a_case_that_fails_has_a_line_and_all_are_counted(cases: Path) -> None:
    printed = main(["test", str(cases)])
    assert printed.code == 1
    assert printed.text.splitlines() == [
        f"{cases}:9: engineers delete: answer: expected allow, got hidden (target_hidden: no rule covers this call)",
        "1 passed, 1 failed",
    ]


def test_the_exit_code_says_that_all_pass(cases: Path) -> None:
    cases.write_text(CASES.replace("delete_customer", "get_employee"))
    printed = main(["test", str(cases), str(cases)])
    assert (printed.code, printed.text) == (0, "4 passed, 0 failed")


def test_programs_read_each_case(cases: Path) -> None:
    printed = main(["test", str(cases), "--json"])
    found = json.loads(printed.text)
    assert (printed.code, found["passed"], found["failed"]) == (1, 1, 1)
    assert [(case["line"], case["name"], case["passed"]) for case in found["cases"]] == [
        (4, "engineers read", True),
        (9, "engineers delete", False),
    ]
    assert found["cases"][1]["differences"][0]["expected"] == "allow"


@pytest.mark.parametrize(
    ("file", "text", "place"),
    [
        ("policy.cases.yaml", CASES.replace("expect: allow", "expect: alow", 1), "policy.cases.yaml:8:13: "),
        ("policy.cases.yaml", "cases: []", "policy.cases.yaml:1:1: "),
        ("policy.cases.yaml", CASES.replace("people.yaml", "none.yaml"), "none.yaml: cannot be read: "),
        ("policy.yaml", GOOD.replace("effect: allow", "effect: alow"), "policy.yaml:14:13: "),
        ("people.yaml", "engineer: {kind: robot}", "people.yaml:1:18: "),
    ],
)
def test_a_mistake_in_a_file_names_the_line_and_no_case_is_run(
    cases: Path, tmp_path: Path, file: str, text: str, place: str
) -> None:
    written(tmp_path, text, file)
    printed = main(["test", str(cases), str(cases)])
    assert printed.code == 1
    [line] = printed.text.splitlines()
    assert line.startswith(f"{tmp_path}/{place}")
    assert json.loads(main(["test", str(cases), "--json"]).text)["valid"] is False


def test_a_case_that_names_no_time_is_run_now(cases: Path, tmp_path: Path) -> None:
    written(tmp_path, f"{GOOD}    when: now.getFullYear() < 2026\n")
    cases.write_text(CASES.replace("delete_customer", "get_employee\n    at: 2025-01-01"))
    assert main(["test", str(cases)]).text.endswith("1 passed, 1 failed")
