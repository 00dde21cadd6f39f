"""The section `changes`: who proposes, who approves, and no way for one person to do both."""

import pytest

from devhost.accounts import GROUPS
from gateway.policy.document import Policy
from gateway.policy.parse import parse
from tests.gateway.proposals.room import CHANGES, governed


def mistakes(changes: str, text: str | None = None) -> list[str]:
    parsed = parse((text or governed()).replace(CHANGES, f"\nchanges:\n{changes}\n"))
    return [] if isinstance(parsed, Policy) else [error.message for error in parsed]


def test_it_names_who_proposes_and_who_approves() -> None:
    parsed = parse(governed())
    assert isinstance(parsed, Policy)
    assert parsed.changes is not None
    assert parsed.changes.who.groups == {GROUPS["operators"]}
    assert (parsed.changes.approval.name, parsed.changes.approval.people) == ("policy", 2)


def test_without_it_the_policy_changes_with_its_file_alone() -> None:
    parsed = parse(governed().replace(CHANGES, ""))
    assert isinstance(parsed, Policy)
    assert parsed.changes is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ("  who: {groups: [operators]}", "approval"),
        ("  approval: policy", "who"),
        ("  who: anyone\n  approval: policy", "not everybody may propose"),
        ("  who: {kinds: [user]}\n  approval: policy", "not everybody may propose"),
        ("  who: {groups: [operators], kinds: [agent]}\n  approval: policy", "an agent never proposes"),
        ("  who: {groups: [operators]}\n  approval: nobody", "describe it under 'approvals' first"),
        ("  who: {groups: [strangers]}\n  approval: policy", "strangers"),
        ("  who: {groups: [operators]}\n  approval: policy\n  people: 2", "people"),
    ],
)
def test_what_could_be_done_alone_or_means_nobody_is_refused(changes: str, why: str) -> None:
    assert any(why in message for message in mistakes(changes))


def test_an_approval_that_may_be_reused_is_refused() -> None:
    text = governed().replace("    use_within: 30m\n    reasons: [approver]\n", "    reuse: 10m\n", 1)
    found = mistakes("  who: {groups: [operators]}\n  approval: policy", text)
    assert any("may be reused" in message for message in found)
