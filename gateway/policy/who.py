"""Whom a rule or a grant is for, as a policy writes it.

Takes the node of a `who` and the groups that are known, and returns the groups, roles and kinds of which
a caller must have a hit in each list. One that names nobody is refused, for it would be everybody; that
is written `anyone`.
"""

from collections.abc import Mapping

import yaml

from gateway.policy.document import Who
from gateway.policy.masks import groups_named
from gateway.policy.nodes import Findings, mapping, texts
from gateway.policy.suggestion import unknown
from gateway.values import CallerKind


def read_who(node: yaml.Node, what: str, groups: Mapping[str, str], findings: Findings) -> Who:
    """Whom `what` is for; `anyone` and nothing else is everybody."""
    if isinstance(node, yaml.ScalarNode) and node.value == "anyone":
        return Who()
    where = f"who of {what}"
    found = mapping(node, where, findings, ("groups", "roles", "kinds"))
    if isinstance(node, yaml.MappingNode) and not node.value:
        findings.add(node, f"{where} names nobody; write 'who: anyone' for every caller with a valid token")
    return Who(
        groups=groups_named(found["groups"], f"groups of {where}", groups, findings)
        if "groups" in found
        else frozenset(),
        roles=_read_roles(found["roles"], where, findings) if "roles" in found else frozenset(),
        kinds=_read_kinds(found["kinds"], where, findings) if "kinds" in found else frozenset(),
    )


def _read_roles(node: yaml.Node, where: str, findings: Findings) -> frozenset[str]:
    found = texts(node, f"roles of {where}", findings)
    for item in found:
        if any(sign.isspace() or sign == "*" for sign in item.text):
            findings.add(
                item.node, f"roles of {where}: {item.text!r} is not the value of an app role, such as Mcp.Call"
            )
    return frozenset(item.text for item in found)


def _read_kinds(node: yaml.Node, where: str, findings: Findings) -> frozenset[CallerKind]:
    found = texts(node, f"kinds of {where}", findings)
    for item in found:
        if item.text not in set(CallerKind):
            findings.add(item.node, f"{unknown('kind', item.text, list(CallerKind))} (in {where})")
    return frozenset(CallerKind(item.text) for item in found if item.text in set(CallerKind))
