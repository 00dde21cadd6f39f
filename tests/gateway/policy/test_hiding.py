from dataclasses import replace

import pytest

from devhost.accounts import GROUPS
from gateway.policy.document import Policy
from gateway.policy.hiding import changing_lists, hiding_grants
from gateway.policy.parse import parse
from tests.fakes.policies import policy, policy_text
from tests.fakes.values import CALLER

ENGINEER = replace(CALLER, groups=frozenset({GROUPS["engineering"]}))
COVERS = "tools: [read_vault]"


def with_rule(covers: str) -> Policy:
    parsed = parse(policy_text().replace(COVERS, covers))
    assert isinstance(parsed, Policy), parsed
    return parsed


def test_only_grants_that_hide_are_looked_at_and_only_for_whom_they_are() -> None:
    assert hiding_grants(policy(), ENGINEER, "records") == ("desk",)
    assert hiding_grants(policy(), ENGINEER, "open") == ()
    assert hiding_grants(policy(), ENGINEER, "unknown") == ()
    assert hiding_grants(policy(), CALLER, "records") == ()


@pytest.mark.parametrize(
    ("covers", "lists"),
    [
        (COVERS, ("tools",)),
        ('resources: ["vault://*"]', ("resources",)),
        ("tools: [a]\n    prompts: [b]", ("tools", "prompts")),
        ('methods: ["resources/*"]', ("resources",)),
        ('methods: ["*"]', ("tools", "resources", "prompts")),
        ('methods: ["completion/complete"]', ()),
    ],
)
def test_the_lists_that_change_are_those_of_what_such_a_rule_covers(covers: str, lists: tuple[str, ...]) -> None:
    assert changing_lists(with_rule(covers), ENGINEER, "records") == lists
    assert changing_lists(with_rule(covers), CALLER, "records") == ()
