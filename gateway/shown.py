"""Room 5, where it depends on access: what of a server this caller is shown right now.

Takes a passage that the policy has decided on and gives the decision, or the refusal that an unknown
tool meets: what lists hide while its access is not open is refused as if it were not there. What is open
is read when it is needed - for such a call, for a list as it leaves, for a stream that tells of changes -
and never kept for another call.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from gateway.access.grant import Grant, State
from gateway.passage import Passage
from gateway.policy.document import Policy
from gateway.policy.hiding import hiding_grants
from gateway.policy.match import visible
from gateway.policy.target import TargetKind, target_of
from gateway.reasons import Reason
from gateway.rooms import Rooms
from gateway.storage.contract import StoreUnavailableError
from gateway.values import Call, Caller, Decision, MessageKind, Refusal

LIST_TTL = 30_000
"""Milliseconds for which a client may keep a list that follows what is open."""

type Named = tuple[TargetKind, str]


async def as_shown(passage: Passage, decided: Decision | Refusal, rooms: Rooms) -> Decision | Refusal:
    """What was decided; TARGET_HIDDEN in its place where the caller is not shown what the call is for."""
    policy, caller, call = passage.policy, passage.caller, passage.call
    if policy is None or caller is None or not hiding_grants(policy, caller, call.server):
        return decided
    if isinstance(decided, Refusal) and decided.reason is not Reason.DENIED:
        return decided
    passage.look = partial(look, rooms=rooms)
    named = _named(call)
    if not is_listening(call) and _are_shown(policy, caller, call.server, named, frozenset()):
        return decided
    if refusal := await look(passage, rooms):
        return refusal
    if caller.grant and not passage.open_grants:
        # Room 6 refuses a session token whose grant is over, whatever it is used for.
        return decided
    if _are_shown(policy, caller, call.server, named, passage.open_grants):
        return decided
    if isinstance(decided, Refusal):
        return replace(decided, reason=Reason.TARGET_HIDDEN)
    return Refusal(
        Reason.TARGET_HIDDEN, f"hidden without {','.join(decided.grants)}", rules=decided.rules, policy=decided.policy
    )


async def look(passage: Passage, rooms: Rooms) -> Refusal | None:
    """The passage knows what is open now, and for how long a list that follows from it is good; or a refusal."""
    try:
        found = await _open(passage, rooms)
    except StoreUnavailableError:
        # fail-closed: access that cannot be read is not open.
        return Refusal(Reason.GRANTS_UNAVAILABLE, "the store of grants does not answer")
    now = rooms.now()
    left = [int((grant.ends - now).total_seconds() * 1000) for grant in found if grant.ends is not None]
    passage.open_grants = frozenset(grant.request.grant for grant in found)
    passage.list_ttl = max(0, min([LIST_TTL, *left]))
    return None


def is_listening(call: Call) -> bool:
    """Whether the answer is a stream that stays open for what happens on the server."""
    return call.kind is MessageKind.STREAM or call.method == "subscriptions/listen"


async def _open(passage: Passage, rooms: Rooms) -> list[Grant]:
    """The grants of this caller on this server that are open now. Raises StoreUnavailableError."""
    policy, caller, server = passage.policy, passage.caller, passage.call.server
    if policy is None or caller is None:
        return []
    if caller.grant:
        # A session token opens what it was issued for, whatever else its holder may hold.
        own = await rooms.grants.read(caller.grant)
        found = [own] if own is not None and own.is_held_by(caller) and own.request.server == server else []
    else:
        held = [await rooms.grants.held(caller, server, name) for name in hiding_grants(policy, caller, server)]
        found = [grant for grant in held if grant is not None]
    now = rooms.now()
    return [grant for grant in found if grant.state(now) is State.OPEN]


def _named(call: Call) -> list[Named]:
    """What the call names: its target, or the resources that a `subscriptions/listen` is about."""
    if target := target_of(call):
        return [(target.kind, call.target)]
    wanted = call.params.get("notifications") if call.method == "subscriptions/listen" else None
    uris = wanted.get("resourceSubscriptions", []) if isinstance(wanted, dict) else []
    return [(TargetKind.RESOURCE, uri) for uri in uris if isinstance(uri, str)] if isinstance(uris, list) else []


def _are_shown(policy: Policy, caller: Caller, server: str, named: Iterable[Named], opened: frozenset[str]) -> bool:
    return all(visible(policy, caller, server, kind, name, opened) for kind, name in named)
