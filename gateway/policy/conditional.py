"""A condition where a policy writes it.

Takes the node, the groups that are known and the place where the condition stands, and returns the
condition, compiled. One that could never be evaluated there is refused, with what to write instead.
"""

from collections.abc import Mapping

import yaml

from gateway.policy.condition import Condition, Place, compile_condition
from gateway.policy.nodes import Findings, text


def read_condition(
    node: yaml.Node, what: str, groups: Mapping[str, str], place: Place, findings: Findings
) -> Condition | None:
    """The condition, or None with a finding. `what` is what the operator calls it."""
    written = text(node, what, findings)
    if written is None:
        return None
    condition = compile_condition(written, groups, place)
    if isinstance(condition, Condition):
        return condition
    findings.add(node, f"{what}: {condition}")
    return None
