"""What the README shows works as it stands there."""

import re
from pathlib import Path

from gateway.policy.document import Policy
from gateway.policy.parse import parse

README = Path("README.md").read_text()


def test_the_examples_together_are_a_valid_policy() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert len(examples) == 6
    policy = parse("version: 1\n" + "".join(examples))
    assert isinstance(policy, Policy), policy
    assert [rule.name for rule in policy.rules] == ["support-reads-crm"]


def test_every_file_that_is_linked_or_named_exists() -> None:
    named = set(re.findall(r"\]\(([^)#:]+)\)", README))
    named |= {name for name in re.findall(r"`((?:gateway|tests|devhost|docs)/[\w./-]+)`", README)}
    assert len(named) > 8
    assert [name for name in named if not Path(name).exists()] == []
