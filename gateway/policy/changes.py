"""The `changes` section of a policy: who may propose another one, and who has to approve it.

Takes the section's node, the groups and the approvals that are known, and returns the terms. Terms under which one
person could change the policy alone, or one approval more than one change, are refused.
"""

from collections.abc import Mapping

import yaml

from gateway.policy.document import ChangeTerms
from gateway.policy.nodes import Findings, mapping, text
from gateway.policy.suggestion import unknown
from gateway.policy.who import read_who
from gateway.values import ApprovalTerms, CallerKind

_WHAT = "changes"


def read_changes(
    node: yaml.Node, groups: Mapping[str, str], approvals: Mapping[str, ApprovalTerms], findings: Findings
) -> ChangeTerms | None:
    """The terms; None if they have a mistake."""
    before = len(findings.errors)
    found = mapping(node, _WHAT, findings, ("who", "approval"), ("who", "approval"))
    who = read_who(found["who"], _WHAT, groups, findings) if "who" in found else None
    name = text(found["approval"], f"approval of {_WHAT}", findings) if "approval" in found else None
    terms = approvals.get(name or "")
    if who is None or name is None:
        return None
    if terms is None:
        hint = f"(in {_WHAT}; describe it under 'approvals' first)"
        findings.add(found["approval"], f"{unknown('approval', name, approvals)} {hint}")
    elif terms.reuse:
        findings.add(found["approval"], f"approval {name!r} may be reused; a change of the policy needs one of its own")
    if not who.groups and not who.roles:
        findings.add(found["who"], f"who of {_WHAT} must name groups or app roles: not everybody may propose a policy")
    if CallerKind.AGENT in who.kinds:
        # An agent may not be among those who shape what agents may do.
        findings.add(found["who"], f"who of {_WHAT} must not name agents: an agent never proposes a policy")
    return ChangeTerms(who, terms) if terms is not None and len(findings.errors) == before else None
