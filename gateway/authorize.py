"""Room 5: whether this caller may make this call, and under what duties. Pure.

Takes the policy in force, the caller and the call, and returns a Decision or a Refusal; takes the
result of a list and returns it without what the caller may not use. How rules match is told in
`policy.match`; without a policy nothing is allowed.
"""

from collections.abc import Mapping
from datetime import datetime

from gateway.policy.document import Policy
from gateway.policy.match import decide, visible
from gateway.policy.target import TargetKind
from gateway.reasons import Reason
from gateway.values import Call, Caller, CallerKind, Decision, Json, Refusal

LIST_TTL = 60_000
"""Milliseconds for which a client may keep a list: what a caller may use changes with the policy."""

_LISTED = {
    "tools/list": ("tools", "name", TargetKind.TOOL),
    "resources/list": ("resources", "uri", TargetKind.RESOURCE),
    "resources/templates/list": ("resourceTemplates", "uriTemplate", TargetKind.TEMPLATE),
    "prompts/list": ("prompts", "name", TargetKind.PROMPT),
}


def authorize(policy: Policy | None, caller: Caller, call: Call, now: datetime) -> Decision | Refusal:
    """What the policy says of the call."""
    if policy is None:
        # fail-closed: a gateway that never had a good policy lets nobody through.
        return Refusal(Reason.POLICY_UNAVAILABLE)
    if not caller.groups_complete:
        # fail-closed: a deny for a group that is not known would not match.
        return Refusal(Reason.GROUPS_UNAVAILABLE, "not asked for", policy=policy.digest)
    decision = decide(policy, caller, call, now)
    if isinstance(decision, Refusal) or not policy.servers[call.server].needs_user or _is_signed_in(caller):
        return decision
    return Refusal(Reason.CREDENTIAL_NEEDS_USER, rules=decision.rules, policy=decision.policy)


def _is_signed_in(caller: Caller) -> bool:
    """Whether Entra lets the gateway act on behalf of this caller: a session token means nothing to it."""
    return caller.kind is CallerKind.USER and not caller.grant


def filter_list(
    policy: Policy,
    caller: Caller,
    call: Call,
    result: Mapping[str, Json],
    open_grants: frozenset[str] | None = None,
    ttl: int | None = None,
) -> dict[str, Json]:
    """The result of a list method without what the caller may not use; other results as they are.

    Order and `nextCursor` stay, so a page may be empty and not the last. A list that differs by caller
    must not be cached for all (2026-07-28 server/utilities/caching), so `cacheScope` becomes private,
    and `ttlMs` no longer than `LIST_TTL`, or than `ttl` where it follows what is open. `open_grants`: as for `visible`.
    """
    filtered = dict(result)
    if call.method not in _LISTED:
        return filtered
    key, name, kind = _LISTED[call.method]
    listed = filtered.get(key, [])
    # fail-closed: an entry without a name cannot be decided on, so nobody sees it.
    filtered[key] = [
        entry
        for entry in (listed if isinstance(listed, list) else [])
        if isinstance(entry, dict)
        and isinstance(entry.get(name), str)
        and visible(policy, caller, call.server, kind, entry[name], open_grants)
    ]
    if "cacheScope" in filtered:
        filtered["cacheScope"] = "private"
    if isinstance(filtered.get("ttlMs"), int):
        filtered["ttlMs"] = min(filtered["ttlMs"], LIST_TTL if ttl is None else ttl)
    return filtered
