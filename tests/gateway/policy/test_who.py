# ruff: noqa: E501 - sentences stand here in one piece, as the operator reads them
"""Whom a rule or a grant is for."""

import pytest

from gateway.policy.document import PolicyError, Who
from gateway.policy.nodes import Findings, compose
from gateway.policy.who import read_who
from gateway.values import CallerKind

GROUPS = {"hr": "id-1", "engineering": "id-2"}


def read(written: str) -> tuple[Who, list[str]]:
    """What is read, and what is wrong with it."""
    node = compose(written.encode())
    assert not isinstance(node, PolicyError)
    findings = Findings()
    return read_who(node, "grant 'desk'", GROUPS, findings), [error.message for error in findings.errors]


def test_three_lists_are_read_and_anyone_is_nobody_in_particular() -> None:
    who = Who(frozenset({"id-1", "id-2"}), frozenset({"Mcp.Call"}), frozenset({CallerKind.APP}))
    assert read("{groups: [hr, engineering], roles: [Mcp.Call], kinds: [app]}") == (who, [])
    assert read("anyone") == (Who(), [])


@pytest.mark.parametrize(
    ("written", "error"),
    [
        ("{}", "who of grant 'desk' names nobody; write 'who: anyone' for every caller with a valid token"),
        ("everyone", "who of grant 'desk' must be a mapping, such as 'groups: ...'"),
        ("{groups: []}", "groups of who of grant 'desk' is empty; name at least one"),
        ("{groups: [hrr]}", "unknown group 'hrr'; did you mean 'hr'? (in groups of who of grant 'desk'; list it under 'groups' first)"),
        ("{roles: ['a b']}", "roles of who of grant 'desk': 'a b' is not the value of an app role, such as Mcp.Call"),
        ("{kinds: [robot]}", "unknown kind 'robot'; known: user, app, agent (in who of grant 'desk')"),
    ],
)  # fmt: skip
def test_a_mistake_is_told(written: str, error: str) -> None:
    assert read(written)[1] == [error]
