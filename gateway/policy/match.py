"""The decision: which rules match a call, and what follows from that. Pure.

Takes a policy, a caller, a call and the time, and returns a Decision or a Refusal, by way of one
Verdict per rule, which says whether the rule matches and why not. Nothing is allowed by default; one
matching deny refuses; the approvals, grants and masks of all matching allows add up, so that another
rule never loosens what there is. A condition that fails counts against the call, whatever its rule's effect.

Methods that neither act nor read (`IMPLIED`), streams, and a client's answers to the server need no
rule of their own: whoever has an allow rule on the server may use them, unless a deny names the method.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import islice
from typing import Any

from gateway.policy import obligations
from gateway.policy.condition import Failed, Scope, holds
from gateway.policy.covering import covers, touches
from gateway.policy.document import Effect, Policy, Rule, Who
from gateway.policy.target import USED_BY, Target, TargetKind, make_target, target_of
from gateway.reasons import Reason
from gateway.values import Call, Caller, Decision, MessageKind, Refusal

IMPLIED = frozenset(
    {"initialize", "ping", "logging/setLevel", "server/discover", "subscriptions/listen"}
    | {"tools/list", "resources/list", "resources/templates/list", "prompts/list"}
    | {"notifications/initialized", "notifications/cancelled", "notifications/progress"}
    | {"notifications/roots/list_changed"}
    # A task belongs to the caller whose call it is, and that call has been decided.
    | {"tasks/get", "tasks/update", "tasks/cancel"}
)
_IMPLIED_KINDS = frozenset({MessageKind.RESPONSE, MessageKind.STREAM, MessageKind.END})


class Why(Enum):
    """Why a rule matches or does not, as `explain` says it."""

    COVERS = "it covers this call"
    IMPLIED = "it gives access to the server, and this method needs no more"
    OTHER_CALLER = "it is for other callers"
    OTHER_TARGET = "it covers other calls"
    WHEN_FALSE = "its 'when' is false"
    WHEN_FAILED = "its 'when' cannot be evaluated"
    UNLESS_TRUE = "its 'unless' is true"
    UNLESS_FAILED = "its 'unless' cannot be evaluated"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule says of a call."""

    rule: Rule
    matches: bool
    why: Why
    detail: str = ""
    """Why a condition cannot be evaluated."""
    touches: bool = False
    """Whether a rule that does not cover the call would cover another reading of its URI: then its duties count."""

    @property
    def gives_access(self) -> bool:
        """Whether the rule lets this caller onto this server at all, be it for other calls."""
        return self.rule.effect is Effect.ALLOW and self.why is not Why.OTHER_CALLER


def decide(policy: Policy, caller: Caller, call: Call, now: datetime) -> Decision | Refusal:
    """What the policy says of the call."""
    if call.server not in policy.servers:
        return Refusal(Reason.SERVER_UNKNOWN, policy=policy.digest)
    target = target_of(call)
    found = [each for each in _concerned(policy, call, target) if is_among(each.rule.who, caller)]
    if any(each.rule.when is not None or each.rule.unless is not None for each in found):
        scope = _scope(policy, caller, call, target, now)
        found = [_weigh(each.rule, scope) if each.why is Why.COVERS else each for each in found]
    if not any(each.gives_access for each in found):
        found += _elsewhere(policy, caller, call.server)
    return conclude(policy, caller, call, found)


def verdicts(policy: Policy, caller: Caller, call: Call, now: datetime) -> tuple[Verdict, ...]:
    """One verdict for each rule of the call's server, in document order."""
    target = target_of(call)
    scope = _scope(policy, caller, call, target, now)
    return tuple(
        _judge(rule, call, target, scope) if is_among(rule.who, caller) else Verdict(rule, False, Why.OTHER_CALLER)
        for rule in policy.rules_of.get(call.server, ())
    )


def conclude(policy: Policy, caller: Caller, call: Call, found: Iterable[Verdict]) -> Decision | Refusal:
    """What follows from the verdicts of the call's server; those for other callers may be left out."""
    found = tuple(found)
    if not any(verdict.gives_access for verdict in found):
        return Refusal(Reason.NO_ACCESS, policy=policy.digest)
    denying = [verdict for verdict in found if verdict.rule.effect is Effect.DENY and verdict.matches]
    allowing = [verdict.rule for verdict in found if verdict.rule.effect is Effect.ALLOW and verdict.matches]
    # fail-closed: no rule that allows is as good as a rule that denies.
    if denying or not allowing:
        return _refusal(policy, caller, call, found, denying)
    if not _sees_subscriptions(policy, caller, call):
        return Refusal(Reason.TARGET_HIDDEN, "subscribes to a resource that is hidden", policy=policy.digest)
    # fail-closed: another spelling of a URI does not get around what a narrower rule requires and masks.
    bound = [each.rule for each in found if each.touches or (each.matches and each.rule in allowing)]
    asking = [] if _is_implied(call) else bound
    return Decision(
        rules=tuple(rule.name for rule in allowing),
        policy=policy.digest,
        approvals=obligations.approvals(policy, asking),
        grants=obligations.grants(policy, asking),
        masks=obligations.masks(policy, caller, call.server, bound),
        request_masks=obligations.request_masks(policy, call.server, bound),
    )


def visible(
    policy: Policy,
    caller: Caller,
    server: str,
    kind: TargetKind,
    name: str,
    open_grants: frozenset[str] | None = None,
) -> bool:
    """Whether a list may show this tool, resource, template or prompt to this caller.

    It may if some allow covers its use, were its conditions true, and no deny without conditions does. An
    allow does not count whose grant hides what needs it, unless that is among `open_grants`; None: all are open.
    """
    return _sees(policy, caller, server, make_target(kind, name), open_grants)


def is_among(who: Who, caller: Caller) -> bool:
    """Whether a rule's `who` includes the caller."""
    return (
        (not who.kinds or caller.kind in who.kinds)
        and (not who.groups or not who.groups.isdisjoint(caller.groups))
        and (not who.roles or not who.roles.isdisjoint(caller.roles))
    )


def seen_caller(policy: Policy, caller: Caller) -> dict[str, Any]:
    """The caller as conditions see it."""
    return {
        "oid": caller.object_id,
        "tid": caller.tenant,
        "kind": caller.kind.value,
        "client": caller.client,
        "groups": [label for label, object_id in policy.groups.items() if object_id in caller.groups],
        "roles": sorted(caller.roles),
    }


def _concerned(policy: Policy, call: Call, target: Target | None) -> tuple[Verdict, ...]:
    """One verdict, but for its conditions, for each rule that the call concerns, whoever calls; in document order."""
    key = (call.server, call.method, call.kind, target and target.kind, target and target.name)
    known: tuple[Verdict, ...] | None = policy.remembered.find(key)
    if known is None:
        verdicts = (_about(rule, call, target) for rule in policy.rules_of.get(call.server, ()))
        known = tuple(each for each in verdicts if each.matches or each.touches)
        policy.remembered.keep(key, call.method + (target.name if target else ""), known)
    return known


def _elsewhere(policy: Policy, caller: Caller, server: str) -> list[Verdict]:
    """The verdict of a rule that allows the caller other calls of the server, if there is one."""
    rules = policy.rules_of.get(server, ())
    allowing = (rule for rule in rules if rule.effect is Effect.ALLOW and is_among(rule.who, caller))
    return [Verdict(rule, False, Why.OTHER_TARGET) for rule in islice(allowing, 1)]


def _judge(rule: Rule, call: Call, target: Target | None, scope: Scope) -> Verdict:
    """The verdict of a rule that is for the caller."""
    verdict = _about(rule, call, target)
    return _weigh(rule, scope) if verdict.why is Why.COVERS else verdict


def _about(rule: Rule, call: Call, target: Target | None) -> Verdict:
    """What a rule says of a call, were its conditions true and the caller one of those that it is for."""
    if rule.effect is Effect.ALLOW and _is_implied(call):
        return Verdict(rule, True, Why.IMPLIED)
    if not covers(rule, call.method, target, is_strict=True):
        return Verdict(rule, False, Why.OTHER_TARGET, touches=touches(rule, target))
    return Verdict(rule, True, Why.COVERS)


def _weigh(rule: Rule, scope: Scope) -> Verdict:
    """The verdict of a rule that covers the call, by its conditions."""
    # fail-closed: a condition that fails makes an allow miss and a deny hit.
    if_failed = rule.effect is Effect.DENY
    verdict = Verdict(rule, True, Why.COVERS)
    if rule.when is not None:
        outcome = holds(rule.when, scope)
        if outcome is False:
            return Verdict(rule, False, Why.WHEN_FALSE)
        if isinstance(outcome, Failed):
            verdict = Verdict(rule, if_failed, Why.WHEN_FAILED, outcome.why)
    if rule.unless is not None and verdict.matches:
        outcome = holds(rule.unless, scope)
        if outcome is True:
            return Verdict(rule, False, Why.UNLESS_TRUE)
        if isinstance(outcome, Failed):
            verdict = Verdict(rule, if_failed, Why.UNLESS_FAILED, outcome.why)
    return verdict


def _is_implied(call: Call) -> bool:
    return call.method in IMPLIED if call.method else call.kind in _IMPLIED_KINDS


def _sees(
    policy: Policy, caller: Caller, server: str, target: Target, open_grants: frozenset[str] | None = None
) -> bool:
    method = USED_BY[target.kind]
    covering = [
        rule
        for rule in policy.rules_of.get(server, ())
        if is_among(rule.who, caller) and covers(rule, method, target, is_strict=False)
    ]
    return any(rule.effect is Effect.ALLOW and _shows(policy, rule, open_grants) for rule in covering) and not any(
        rule.effect is Effect.DENY and rule.when is None and rule.unless is None for rule in covering
    )


def _shows(policy: Policy, rule: Rule, open_grants: frozenset[str] | None) -> bool:
    """Whether lists show what the rule allows, as far as that depends on its grant."""
    if not rule.grant or open_grants is None or rule.grant in open_grants:
        return True
    return not policy.grants[rule.grant].hides_tools


def _sees_subscriptions(policy: Policy, caller: Caller, call: Call) -> bool:
    """Whether the caller sees every resource that a `subscriptions/listen` names; true of other calls."""
    wanted = call.params.get("notifications") if call.method == "subscriptions/listen" else None
    uris = wanted.get("resourceSubscriptions") if isinstance(wanted, dict) else None
    if uris is None:
        return True
    return isinstance(uris, list) and all(
        isinstance(uri, str) and _sees(policy, caller, call.server, make_target(TargetKind.RESOURCE, uri))
        for uri in uris
    )


def _refusal(policy: Policy, caller: Caller, call: Call, found: tuple[Verdict, ...], denying: list[Verdict]) -> Refusal:
    target = target_of(call)
    is_hidden = target is not None and not _sees(policy, caller, call.server, target)
    return Refusal(
        Reason.TARGET_HIDDEN if is_hidden else Reason.DENIED,
        detail=_explained(denying or [verdict for verdict in found if verdict.why not in _UNRELATED]),
        rules=tuple(verdict.rule.name for verdict in denying),
        policy=policy.digest,
    )


_UNRELATED = frozenset({Why.OTHER_CALLER, Why.OTHER_TARGET})


def _explained(found: list[Verdict]) -> str:
    """For the record: what kept each rule from allowing, or made it deny."""
    lines = (
        f"{verdict.rule.name}: {verdict.why.value}{verdict.detail and f' ({verdict.detail})'}" for verdict in found
    )
    return "; ".join(lines) or "no rule covers this call"


def _scope(policy: Policy, caller: Caller, call: Call, target: Target | None, now: datetime) -> Scope:
    kind = target.kind if target else None
    seen = {
        "server": call.server,
        "method": call.method,
        "tool": call.target if kind is TargetKind.TOOL else "",
        "resource": call.target if kind in (TargetKind.RESOURCE, TargetKind.TEMPLATE) else "",
        "prompt": call.target if kind is TargetKind.PROMPT else "",
    }
    return Scope({"caller": seen_caller(policy, caller), "call": seen, "now": now}, call.arguments)
