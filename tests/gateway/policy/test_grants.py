# ruff: noqa: E501 - sentences stand here in one piece, as the operator reads them
"""The grants section."""

from dataclasses import replace

import pytest

from gateway.policy.document import GrantTerms, Who
from gateway.values import ApprovalTerms, CallerKind
from tests.gateway.policy.documents import changed, good, mistakes

ENGINEERING, HR = "6f1c0000-0000-4000-8000-000000000001", "6f1c0000-0000-4000-8000-000000000002"
REFUNDS = ApprovalTerms("refunds", approvers=frozenset({HR}))
APPROVALS = "approvals: {refunds: {approvers: [hr]}}\n"


def with_section(section: str) -> str:
    """The good document with this section, which begins in line 13."""
    return changed("rules:\n", f"{APPROVALS}grants: {section}\nrules:\n")


def with_grant(*lines: str) -> str:
    """The good document with a grant of these lines; the first of them is line 17."""
    body = "".join(f"    {line}\n" for line in ("ceiling: 2h", "approval: refunds", *lines))
    return changed("rules:\n", f"{APPROVALS}grants:\n  desk:\n{body}rules:\n")


def terms(*lines: str) -> GrantTerms:
    return good(with_grant(*lines)).grants["desk"]


def test_a_grant_that_says_little_is_for_anyone_with_a_reason_from_now_on_and_cannot_be_extended() -> None:
    assert terms() == GrantTerms(
        "desk",
        ceiling=7200,
        who=Who(),
        approval=REFUNDS,
        approves=None,
        ahead=0,
        at_once=0,
        is_extendable=False,
        needs_reason=True,
        remind=0,
        cancels_calls=False,
        hides_tools=False,
    )


def test_a_grant_is_read_whole() -> None:
    found = terms(
        "who: {groups: [engineering], kinds: [user]}",
        """approves: grant.reason.matches("^CHG[0-9]{6}") || "hr" in caller.groups""",
        "ahead: 24h",
        "at_once: 3",
        "extend: true",
        "reason: optional",
        "remind: 5m",
        "when_it_ends: cancel",
        "without_it: hide",
    )
    assert found.approves is not None
    assert found.approves.text == 'grant.reason.matches("^CHG[0-9]{6}") || "hr" in caller.groups'
    assert replace(found, approves=None) == GrantTerms(
        "desk",
        ceiling=7200,
        who=Who(groups=frozenset({ENGINEERING}), kinds=frozenset({CallerKind.USER})),
        approval=REFUNDS,
        ahead=86400,
        at_once=3,
        is_extendable=True,
        needs_reason=False,
        remind=300,
        cancels_calls=True,
        hides_tools=True,
    )


def test_what_holds_anyway_may_be_written_out() -> None:
    lines = ("who: anyone", "extend: false", "reason: required", "when_it_ends: finish", "without_it: show")
    assert terms(*lines) == terms()


def test_a_condition_alone_may_open_a_grant() -> None:
    found = good(with_section("{desk: {ceiling: 1m, approves: grant.minutes < 5}}")).grants["desk"]
    assert (found.approval, found.approves and found.approves.text) == (None, "grant.minutes < 5")


def test_grants_keep_their_order_and_one_that_no_rule_names_is_no_mistake() -> None:
    document = with_section("{z: {ceiling: 1h, approval: refunds}, a: {ceiling: 1h, approval: refunds}}")
    assert list(good(document).grants) == ["z", "a"]
    assert good().grants == {}


@pytest.mark.parametrize("ceiling", ["1m", "30d"])
def test_the_bounds_of_the_ceiling_are_within(ceiling: str) -> None:
    assert good(with_section(f"{{desk: {{ceiling: {ceiling}, approval: refunds}}}}")).grants["desk"].ceiling > 0


@pytest.mark.parametrize("line", ["ahead: 1m", "ahead: 30d", "at_once: 1", "at_once: 100", "remind: 10s", "remind: 7199s"])  # fmt: skip
def test_the_bounds_are_within(line: str) -> None:
    key = line.partition(":")[0]
    assert getattr(terms(line), key) > 0


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("celing: 1h", "line 17, column 5: unknown key 'celing' in grant 'desk'; did you mean 'ceiling'?"),
        ("who: {groups: [enginering]}", "line 17, column 20: unknown group 'enginering'; did you mean 'engineering'? (in groups of who of grant 'desk'; list it under 'groups' first)"),
        ("who: {}", "line 17, column 10: who of grant 'desk' names nobody; write 'who: anyone' for every caller with a valid token"),
        ("approves: args.amount > 5", "line 17, column 15: approves of grant 'desk': unknown variable 'args'; known: caller, grant, now"),
        ("approves: grant.reson == ''", "line 17, column 15: approves of grant 'desk': unknown field of 'grant' 'reson'; did you mean 'reason'?"),
        ("approves: true", "line 17, column 15: approves of grant 'desk': YAML reads true as true or false; write 'true' in quotes"),
        ("ahead: 59s", "line 17, column 12: ahead of grant 'desk' must lie between 1m and 30d"),
        ("ahead: 31d", "line 17, column 12: ahead of grant 'desk' must lie between 1m and 30d"),
        ("remind: 9s", "line 17, column 13: remind of grant 'desk' must lie between 10s and 30d"),
        ("remind: 2h", "line 17, column 13: remind of grant 'desk' would come before it opens: it must be shorter than 'ceiling', 2h"),
        *(
            (f"at_once: {number}", "line 17, column 14: at_once of grant 'desk' must be a number from 1 to 100, without quotes")
            for number in ("0", "101", "-1", "2.0", "'2'", "two", "[2]", "~")
        ),
        *(
            (f"extend: {word}", "line 17, column 13: extend of grant 'desk' must be true or false, without quotes")
            for word in ("yes", "'true'", "True", "1", "[true]", "~")
        ),
        ("reason: needed", "line 17, column 13: unknown reason 'needed'; known: required, optional (in grant 'desk')"),
        ("when_it_ends: finsh", "line 17, column 19: unknown when_it_ends 'finsh'; did you mean 'finish'? (in grant 'desk')"),
        ("without_it: hidden", "line 17, column 17: unknown without_it 'hidden'; did you mean 'hide'? (in grant 'desk')"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_grant_is_told(line: str, error: str) -> None:
    assert mistakes(with_grant(line)) == [error]


@pytest.mark.parametrize(
    ("section", "errors"),
    [
        ("{desk: {approval: refunds}}", ["line 13, column 16: grant 'desk' lacks 'ceiling'"]),
        ("{desk: {ceiling: 59s, approval: refunds}}", ["line 13, column 26: ceiling of grant 'desk' must lie between 1m and 30d"]),
        ("{desk: {ceiling: 31d, approval: refunds}}", ["line 13, column 26: ceiling of grant 'desk' must lie between 1m and 30d"]),
        ("{desk: {ceiling: 60, approval: refunds}}", ["line 13, column 26: ceiling of grant 'desk' must be a number with s, m, h or d, such as 1h"]),
        ("{desk: {ceiling: 1h}}", ["line 13, column 16: grant 'desk' could never open; add 'approval', whose people decide, or 'approves', a condition"]),
        ("{desk: {ceiling: 1h, approval: refund}}", ["line 13, column 40: unknown approval 'refund'; did you mean 'refunds'? (in grant 'desk'; describe it under 'approvals' first)"]),
        ("{'a,b': {ceiling: 1h, approval: refunds}}", ["line 13, column 10: grant 'a,b': a name has up to 64 letters, digits, '-', '_' and '.'"]),
        ("[desk]", ["line 13, column 9: grants must be a mapping, such as 'name: ...'"]),
        ("{desk: 1h}", ["line 13, column 16: grant 'desk' must be a mapping, such as 'ceiling: ...'"]),
    ],
)  # fmt: skip
def test_a_mistake_in_the_section_is_told(section: str, errors: list[str]) -> None:
    assert mistakes(with_section(section)) == errors


def test_a_mistake_in_a_grant_makes_no_second_mistake_in_the_rule_that_names_it() -> None:
    assert len(mistakes(with_grant("at_once: 0") + "    require: {grant: desk}\n")) == 1
