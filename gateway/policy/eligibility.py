"""Who may ask for which grant on which server, and what opens one without people. Pure.

Takes the policy, a caller and what is asked for, and answers yes or no. A grant is nothing by itself: it is
for those only whom a rule on that server would let through with it. A condition that fails does not open it.
"""

from dataclasses import dataclass
from datetime import datetime

from gateway.policy.condition import Scope, holds
from gateway.policy.document import Effect, GrantTerms, Policy, Rule
from gateway.policy.duration import MINUTE
from gateway.policy.match import is_among, seen_caller
from gateway.values import Caller


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """What somebody asks for, as far as conditions see it."""

    server: str
    reason: str
    """Why, in the requester's words; empty where nothing was said."""
    seconds: int
    starts: datetime | None = None
    """None: now."""


def asks(policy: Policy, caller: Caller, server: str, name: str) -> bool:
    """Whether the caller may ask for the grant of that name on that server."""
    terms = policy.grants.get(name)
    return (
        terms is not None
        and is_among(terms.who, caller)
        and any(
            rule.effect is Effect.ALLOW and is_among(rule.who, caller) and _serves(policy, server, rule, name)
            for rule in policy.rules_of.get(server, ())
        )
    )


def _serves(policy: Policy, server: str, rule: Rule, name: str) -> bool:
    """Whether the rule needs the grant, or hides behind a mask what the grant reveals."""
    masks = (*rule.masks, *policy.servers[server].masks)
    return rule.grant == name or any(mask.reveal is not None and mask.reveal.grant == name for mask in masks)


def grants_for(policy: Policy, caller: Caller) -> tuple[tuple[str, GrantTerms], ...]:
    """Servers, each with a grant that the caller may ask for there; both in document order."""
    return tuple(
        (server, terms)
        for server in policy.servers
        for name, terms in policy.grants.items()
        if asks(policy, caller, server, name)
    )


def approved_by_rule(policy: Policy, terms: GrantTerms, caller: Caller, request: AccessRequest, now: datetime) -> bool:
    """Whether the grant opens without people. Whether the caller may ask for it at all, `asks` says."""
    # fail-closed: a condition that asks whether somebody is in no group would hold for one whose groups are not known.
    if terms.approves is None or not caller.groups_complete:
        return False
    grant = {
        "name": terms.name,
        "server": request.server,
        "reason": request.reason,
        # fail-closed: rounded up, so that a condition on short ones does not hold for one that is longer.
        "minutes": -(-request.seconds // MINUTE),
        "starts": request.starts or now,
    }
    scope = Scope({"caller": seen_caller(policy, caller), "grant": grant, "now": now})
    # fail-closed: one that cannot be evaluated opens nothing.
    return holds(terms.approves, scope) is True
