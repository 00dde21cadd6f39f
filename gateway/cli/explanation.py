"""Why a call is allowed or refused: the decision, with what each rule says beside it.

Takes the policy, a caller, a call and the time, and returns an Explanation, which is also the JSON for
other programs. It decides nothing: the decision is that of the room for live calls, and the verdicts are
those that the decision is drawn from.
"""

from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from gateway.authorize import authorize
from gateway.policy.document import GrantTerms, Limit, Policy, Who
from gateway.policy.eligibility import asks
from gateway.policy.limits import applying
from gateway.policy.match import Verdict, verdicts
from gateway.policy.question import answer_of
from gateway.values import ApprovalTerms, Call, Caller, Decision, Refusal


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the policy says of a call, and why."""

    caller: Caller
    call: Call
    at: datetime
    outcome: Decision | Refusal
    verdicts: tuple[Verdict, ...]
    """One for each rule of the call's server, in document order."""


def explain(policy: Policy, caller: Caller, call: Call, now: datetime) -> Explanation:
    """What live calls are told, and what each rule of the server says."""
    outcome = authorize(policy, caller, call, now)
    return Explanation(caller, call, now, outcome, verdicts(policy, caller, call, now))


def in_json(explained: Explanation, policy: Policy) -> dict[str, Any]:
    """The explanation for programs: names of enums in lower case, rules in document order, durations in seconds."""
    outcome, caller, call = explained.outcome, explained.caller, explained.call
    masks = outcome.masks if isinstance(outcome, Decision) else ()
    approvals = outcome.approvals if isinstance(outcome, Decision) else ()
    grants = outcome.grants if isinstance(outcome, Decision) else ()
    return {
        "decision": answer_of(outcome),
        "reason": outcome.reason.name.lower() if isinstance(outcome, Refusal) else None,
        "detail": outcome.detail if isinstance(outcome, Refusal) else None,
        "approvals": [_terms(terms, policy) for terms in approvals],
        "grants": [
            _grant(policy.grants[name], policy) | {"may_ask": asks(policy, caller, call.server, name)}
            for name in grants
        ],
        "masks": [{"name": mask.name, "action": mask.action} for mask in masks],
        "limits": [_limit(limit) for limit in applying(policy, caller, call.server)],
        "rules": list(outcome.rules),
        "policy": outcome.policy,
        "caller": {
            "kind": caller.kind,
            "oid": caller.object_id,
            "tid": caller.tenant,
            "client": caller.client,
            "groups": sorted(caller.groups),
            "roles": sorted(caller.roles),
        },
        "call": {"server": call.server, "method": call.method, "target": call.target},
        "at": explained.at.astimezone(UTC).isoformat(),
        "verdicts": [_verdict(verdict) for verdict in explained.verdicts],
    }


def labels(groups: frozenset[str], policy: Policy) -> list[str]:
    """The groups as the policy calls them; by object id where it does not know them."""
    found = {object_id: label for label, object_id in policy.groups.items()}
    return sorted(found.get(group, group) for group in groups)


def who(included: Who, policy: Policy) -> dict[str, list[str]]:
    """The lists of a `who`, as the policy writes them; those that are empty are not there."""
    found: dict[str, list[str]] = {
        "groups": labels(included.groups, policy),
        "roles": sorted(included.roles),
        "kinds": [str(kind) for kind in sorted(included.kinds)],
    }
    return {name: items for name, items in found.items() if items}


def _terms(terms: ApprovalTerms, policy: Policy) -> dict[str, Any]:
    groups = {key: labels(getattr(terms, key), policy) for key in ("approvers", "escalate_to")}
    return asdict(terms) | groups


def _grant(terms: GrantTerms, policy: Policy) -> dict[str, Any]:
    texts = {
        "who": who(terms.who, policy),
        "approval": _terms(terms.approval, policy) if terms.approval else None,
        "approves": terms.approves.text if terms.approves else None,
    }
    return {field.name: texts.get(field.name, getattr(terms, field.name)) for field in fields(terms)}


def _limit(limit: Limit) -> dict[str, Any]:
    """Its numbers under the names that the policy has for them; those that are not there are None."""
    return {
        "name": limit.name,
        "requests_per_second": limit.rate or None,
        "burst": limit.burst or None,
        "concurrent": limit.concurrent or None,
        "calls_per_session": limit.calls or None,
        "result_bytes": limit.result_bytes or None,
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    rule = verdict.rule
    return {
        "rule": rule.name,
        "effect": rule.effect,
        "matches": verdict.matches,
        "why": verdict.why.name.lower(),
        "detail": verdict.detail,
        "when": rule.when.text if rule.when else None,
        "unless": rule.unless.text if rule.unless else None,
    }
