"""What an allowed call owes: approvals, grants, masks, of all rules that bind it. Pure.

Takes the policy and the rules that bind a call, and gives what adds up, each once and in the order of the document.
Nothing here loosens what a rule asks: who may see a value clear, or its last four characters, is said by the mask.
"""

from collections.abc import Collection
from dataclasses import replace

from gateway.policy.document import Policy, Rule
from gateway.values import Action, ApprovalTerms, Caller, Mask


def approvals(policy: Policy, rules: list[Rule]) -> tuple[ApprovalTerms, ...]:
    """What has to be approved; each once."""
    names = list(policy.approvals)
    asked = {rule.approval for rule in rules if rule.approval is not None}
    # fail-closed: terms that the policy does not list raise here, and are never left out.
    return tuple(sorted(asked, key=lambda terms: names.index(terms.name)))


def grants(policy: Policy, rules: list[Rule]) -> tuple[str, ...]:
    """Names of the grants that have to be open."""
    names = list(policy.grants)
    # fail-closed: as above.
    return tuple(sorted({rule.grant for rule in rules if rule.grant}, key=names.index))


def masks(policy: Policy, caller: Caller, server: str, rules: list[Rule]) -> tuple[Mask, ...]:
    """What is hidden from this caller in answers."""
    named = {mask.name for rule in rules for mask in rule.masks}
    named |= {mask.name for mask in policy.servers[server].masks}
    return seen_by(policy, named, caller.groups)


def seen_by(policy: Policy, named: Collection[str], groups: frozenset[str]) -> tuple[Mask, ...]:
    """The masks of these names for somebody in these groups, in the order of the document."""
    return tuple(
        mask if mask.partial_for.isdisjoint(groups) else replace(mask, action=Action.PARTIAL)
        for mask in policy.masks.values()
        if mask.name in named and mask.clear_for.isdisjoint(groups)
    )


def request_masks(policy: Policy, server: str, rules: list[Rule]) -> tuple[Mask, ...]:
    """Whoever calls: what leaves for a server leaves it there, whoever may see it here."""
    named = {mask.name for rule in rules for mask in rule.request_masks}
    named |= {mask.name for mask in policy.servers[server].request_masks}
    return tuple(mask for mask in policy.masks.values() if mask.name in named)
