"""What lists hide while access is not open: which grants do so, and in which lists. Pure.

Takes a policy, a caller and a server. Where no grant hides anything, lists are the same whatever is
open, and nobody has to look.
"""

from gateway.policy.document import Effect, Policy, Rule
from gateway.policy.match import is_among
from gateway.values import Caller

_USED_BY = {"tools": "tools/call", "resources": "resources/read", "prompts": "prompts/get"}
"""By the name of a list, which is that of a rule's globs too: the method that uses what it shows."""


def hiding_grants(policy: Policy, caller: Caller, server: str) -> tuple[str, ...]:
    """Names of the grants without which lists of this server show this caller less, in the order of the rules."""
    return tuple(dict.fromkeys(rule.grant for rule in _rules(policy, caller, server)))


def changing_lists(policy: Policy, caller: Caller, server: str) -> tuple[str, ...]:
    """The lists that change when such a grant opens or ends: `tools`, `resources`, `prompts`."""
    rules = _rules(policy, caller, server)
    return tuple(
        name
        for name, method in _USED_BY.items()
        if any(getattr(rule, name) or any(glob.matches(method) for glob in rule.methods) for rule in rules)
    )


def _rules(policy: Policy, caller: Caller, server: str) -> list[Rule]:
    return [
        rule
        for rule in policy.rules_of.get(server, ())
        if rule.effect is Effect.ALLOW
        and rule.grant
        and policy.grants[rule.grant].hides_tools
        and is_among(rule.who, caller)
    ]
