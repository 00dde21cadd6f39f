"""Whether a rule is about a method and a target, by its globs alone. Pure.

Takes a rule and a target, and gives yes or no; whom the rule is for and its conditions are `match`'s. A server may read
a URI in more than one way, so an allow needs every reading of it and a deny any one (fail-closed).
"""

from gateway.policy.document import Effect, Rule
from gateway.policy.target import Target, TargetKind


def covers(rule: Rule, method: str, target: Target | None, *, is_strict: bool) -> bool:
    """Whether the rule is about this method and target. What `is_strict` means, `_covers_uri` says."""
    if rule.methods and any(glob.matches(method) for glob in rule.methods):
        return True
    if target is None:
        return False
    if target.kind is TargetKind.TOOL:
        return bool(rule.tools) and any(glob.matches(target.name) for glob in rule.tools)
    if target.kind is TargetKind.PROMPT:
        return any(glob.matches(target.name) for glob in rule.prompts)
    return _covers_uri(rule, target, is_strict=is_strict)


def _covers_uri(rule: Rule, target: Target, *, is_strict: bool) -> bool:
    """An allow covers every reading of a URI, a deny any one.

    A template is many URIs. Strictly, an allow must cover all of them and a deny bites on one, as for a
    completion, which could reveal any; otherwise it is the other way round, as for a place in a list.
    """
    allows = rule.effect is Effect.ALLOW
    if target.kind is TargetKind.TEMPLATE and allows is not is_strict:
        return any(glob.may_match(target.name, target.normal) for glob in rule.resources)
    if allows:
        return any(glob.matches_every_reading(target.name, target.normal) for glob in rule.resources)
    return any(glob.matches_a_reading(target.name, target.normal) for glob in rule.resources)


def touches(rule: Rule, target: Target | None) -> bool:
    """Whether an allow that does not cover a resource would, if the server read its URI in another way."""
    if rule.effect is not Effect.ALLOW or target is None or not rule.resources:
        return False
    if target.kind is TargetKind.TEMPLATE:
        return any(glob.may_match(target.name, target.normal) for glob in rule.resources)
    return target.kind is TargetKind.RESOURCE and any(
        glob.matches_a_reading(target.name, target.normal) for glob in rule.resources
    )
