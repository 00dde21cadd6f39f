# ruff: noqa: E501 - sentences stand here in one piece, as the operator reads them
"""Policy cases."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.jsontext import Number
from gateway.policy.cases import Case, CaseFile, differences, open_cases, read_cases
from gateway.policy.match import decide
from gateway.policy.people import described
from gateway.policy.question import Answer
from gateway.values import CallerKind
from tests.gateway.policy.documents import changed, good
from tests.gateway.policy.generated import NOW

GRANTS = "grants: {desk: {ceiling: 1h, approval: refunds}, bench: {ceiling: 1h, approval: refunds}}\n"
POLICY = good(
    changed("rules:\n", "approvals: {refunds: {approvers: [hr]}, wires: {approvers: [hr]}}\n" + GRANTS + "rules:\n")
    + """\
  - name: refunds
    effect: allow
    who: {groups: [engineering]}
    servers: [records]
    tools: [issue_refund]
    require: {approval: refunds, grant: desk}
  - name: no-large-refunds
    effect: deny
    who: anyone
    servers: [records]
    tools: [issue_refund]
    when: args.amount > 1000 || now.getFullYear() > 2100
"""
)
PEOPLE = {"engineer": described(CallerKind.USER, groups=[POLICY.groups["engineering"]])}
CASE = {"name": "one", "as": "engineer", "server": "records", "tool": "issue_refund", "expect": "allow"}
SMALL = CASE | {"args": "{amount: 7}"}


def read(*cases: dict[str, str], policy: str = "policy.yaml") -> list[Case] | list[str]:
    """The cases, or what is wrong with them."""
    lines = ["  - " + "    ".join(f"{key}: {value}\n" for key, value in case.items()) for case in cases]
    file = open_cases(f"policy: {policy}\ncases:\n{''.join(lines)}".encode())
    assert isinstance(file, CaseFile)
    found = read_cases(file, POLICY, PEOPLE)
    return [str(error) for error in found] if isinstance(found, tuple) else found


def one(case: dict[str, str]) -> Case:
    [found] = read(case)
    assert isinstance(found, Case), found
    return found


def told(case: dict[str, str]) -> list[str]:
    """How the policy differs from the case."""
    read_case = one(case)
    outcome = decide(POLICY, read_case.caller, read_case.call, read_case.at or NOW)
    return [str(difference) for difference in differences(read_case, outcome)]


def test_a_case_is_a_call_of_someone_at_a_time() -> None:
    case = one(SMALL | {"at": "2026-11-23T09:00:00Z"})
    assert (case.name, case.line, case.expect) == ("one", 3, Answer.ALLOW)
    assert (case.caller, case.call.target, case.call.arguments) == (PEOPLE["engineer"], "issue_refund", {"amount": 7})
    assert case.at == datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_a_caller_may_be_described_in_the_case() -> None:
    assert one(CASE | {"as": "{kind: app, roles: [Mcp.Call]}"}).caller == described(CallerKind.APP, roles=["Mcp.Call"])


def test_arguments_are_read_as_json_would_be() -> None:
    arguments = one(
        CASE | {"args": '{a: 1.50, b: 1e3, c: true, d: null, e: text, f: "7", g: [{h: -1}]}'}
    ).call.arguments
    assert arguments == {
        "a": Number("1.50"),
        "b": Number("1e3"),
        "c": True,
        "d": None,
        "e": "text",
        "f": "7",
        "g": [{"h": -1}],
    }


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({}, None),
        ({"approval": "refunds", "grants": "[desk]", "masks": "[personal]", "rules": "[refunds]"}, None),
        ({"approval": "[refunds]"}, None),
        ({"approval": "[]"}, "approval: expected [], got [refunds]"),
        ({"approval": "wires"}, "approval: expected [wires], got [refunds]"),
        ({"approval": "[wires, refunds]"}, "approval: expected [refunds, wires], got [refunds]"),
        ({"tool": "get_customer", "approval": "refunds"}, "approval: expected [refunds], got []"),
        ({"tool": "get_customer", "approval": "[]", "grants": "[]"}, None),
        ({"expect": "refuse"}, "answer: expected refuse, got allow by refunds"),
        ({"grants": "[]"}, "grants: expected [], got [desk]"),
        ({"grants": "[bench, desk]"}, "grants: expected [bench, desk], got [desk]"),
        ({"masks": "[]"}, "masks: expected [], got [personal]"),
        ({"rules": "[refunds, engineers-read]"}, "rules: expected [engineers-read, refunds], got [refunds]"),
        (
            {"args": "{amount: 1000.01}"},
            "answer: expected allow, got refuse (denied: no-large-refunds: it covers this call)",
        ),
        ({"args": "{amount: 5000}", "expect": "refuse", "rules": "[no-large-refunds]"}, None),
        ({"at": "2101-01-01"}, "answer: expected allow, got refuse (denied: no-large-refunds: it covers this call)"),
        ({"tool": "delete_customer", "expect": "hidden"}, None),
        (
            {"tool": "delete_customer", "expect": "refuse"},
            "answer: expected refuse, got hidden (target_hidden: no rule covers this call)",
        ),
        ({"as": "{kind: user}"}, "answer: expected allow, got refuse (no_access)"),
    ],
)
def test_a_case_tells_what_it_expected_and_what_came_out(changes: dict[str, str], difference: str | None) -> None:
    assert told(SMALL | changes) == ([difference] if difference else [])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"as": "enginer"}, "line 4, column 9: unknown person 'enginer'; did you mean 'engineer'? (in the case in line 3)"),
        ({"server": "record"}, "line 5, column 13: unknown server 'record'; did you mean 'records'? (in the case in line 3)"),
        ({"expect": "alow"}, "line 7, column 13: unknown answer 'alow'; did you mean 'allow'? (in the case in line 3)"),
        ({"masks": "[person]"}, "line 8, column 13: unknown mask 'person'; did you mean 'personal'? (in masks of the case in line 3)"),
        ({"rules": "[refund]"}, "line 8, column 13: unknown rule 'refund'; did you mean 'refunds'? (in rules of the case in line 3)"),
        ({"approval": "refund"}, "line 8, column 15: unknown approval 'refund'; did you mean 'refunds'? (in approval of the case in line 3)"),
        ({"approval": "{refunds: 1}"}, "line 8, column 15: approval of the case in line 3 must be a list, such as [...]"),
        ({"grants": "[dsk]"}, "line 8, column 14: unknown grant 'dsk'; did you mean 'desk'? (in grants of the case in line 3)"),
        ({"expect": "refuse", "approval": "refunds"}, "line 8, column 15: the case in line 3 expects no 'allow', so it has no 'approval'"),
        ({"expect": "refuse", "grants": "[desk]"}, "line 8, column 13: the case in line 3 expects no 'allow', so it has no 'grants'"),
        ({"prompt": "letter"}, "line 3, column 5: the case in line 3: give a tool or a prompt, not both"),
        ({"at": "noon"}, "line 8, column 9: at of the case in line 3 must be a time such as 2026-11-23T09:00:00Z"),
        ({"args": "[1]"}, "line 8, column 11: args of the case in line 3 must be a mapping, such as {amount: 100}"),
        ({"args": "{a: 2026-11-23}"}, "line 8, column 15: args of the case in line 3: '2026-11-23' is no value of JSON; put it in quotes, or write null, true or false"),
        ({"tols": "x"}, "line 8, column 5: unknown key 'tols' in the case in line 3; did you mean 'tool'?"),
    ],
)  # fmt: skip
def test_a_mistake_names_its_line_and_what_to_write(changes: dict[str, str], sentence: str) -> None:
    assert read(CASE | changes) == [sentence]


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines() -> None:
    lines = [
        sentence.partition(":")[0] for sentence in map(str, read(CASE | {"as": "x", "server": "y"}, CASE | {"as": "z"}))
    ]
    assert lines == ["line 4, column 9", "line 5, column 13", "line 9, column 9"]


def test_a_name_is_one_case() -> None:
    assert read(CASE, CASE) == ["line 8, column 5: case name 'one' is taken by the case in line 3"]


def test_more_mistakes_than_anyone_reads_are_no_trouble() -> None:
    assert len(read(*[{"name": "x", "masks": "[a, b, c]"}] * 60)) == 100


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("", "line 1, column 1: the case file is empty; begin with 'policy: policy.yaml'"),
        ("policy: a.yaml", "line 1, column 1: the case file lacks 'cases'"),
        ("cases: []", "line 1, column 1: the case file lacks 'policy'"),
        ("policy: [a]\ncases: []", "line 1, column 9: policy must be text, not a list"),
    ],
)
def test_a_case_file_names_its_policy(document: str, sentence: str) -> None:
    file = open_cases(document.encode())
    assert isinstance(file, tuple)
    assert [str(error) for error in file] == [sentence]


def test_a_file_without_cases_tests_nothing_and_is_a_mistake() -> None:
    file = open_cases(b"policy: a.yaml\ncases: []")
    assert isinstance(file, CaseFile)
    found = read_cases(file, POLICY, PEOPLE)
    assert [str(error) for error in found] == ["line 2, column 8: cases is empty; name at least one"]


VALUES = st.recursive(
    st.sampled_from(["engineer", "records", "allow", "get_x", "1", "~", "yes", "''", "2026-01-01", "&a b", "*"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(st.sampled_from(["kind", "a", "groups"]), inner, max_size=3).map(
            lambda found: "{" + ", ".join(f"{key}: {value}" for key, value in found.items()) + "}"
        )
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from([*CASE, "args", "at", "approval", "grants", "masks", "rules", "method", "x"]), VALUES
    )
)
def test_no_case_makes_it_raise(changes: dict[str, str]) -> None:
    lines = "".join(f"    {key}: {value}\n" for key, value in (CASE | changes).items())
    file = open_cases(f"policy: a\ncases:\n  -\n{lines}".encode())
    if isinstance(file, CaseFile):
        for case in read_cases(file, POLICY, PEOPLE):
            if isinstance(case, Case):
                differences(case, decide(POLICY, case.caller, case.call, NOW))
