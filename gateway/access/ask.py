"""Asking for access, by whichever way: what the policy offers to whom, and whether people have to be asked.

Takes a wish and the caller who has it, and gives the grant that it becomes, or a refusal, which is on
record. The policy in force decides; what it does not offer cannot be asked for, and what neither people
nor a condition could open is not asked for in vain.
"""

from dataclasses import replace

from gateway import groups
from gateway.access.grant import Grant
from gateway.access.request import Asked, Wish, unfit
from gateway.approvals.book import Actor
from gateway.approvals.orchestrations import Orchestrations
from gateway.policy.document import GrantTerms, Policy
from gateway.policy.eligibility import AccessRequest, approved_by_rule, asks
from gateway.reasons import Reason
from gateway.rooms import Rooms
from gateway.values import Caller, Refusal


async def ask(
    wish: Wish, caller: Caller, actor: Actor, rooms: Rooms, orchestrations: Orchestrations
) -> Grant | Refusal:
    """The grant: open, scheduled, or waiting for people. Raises StoreUnavailableError."""
    policy = await rooms.policy.current()
    if policy is None:
        return await _refuse(Refusal(Reason.POLICY_UNAVAILABLE), wish, actor, rooms)
    complete = await groups.complete(caller, policy, rooms.memberships)
    if isinstance(complete, Refusal):
        return await _refuse(complete, wish, actor, rooms)
    asked = await _asked(wish, complete, policy, rooms)
    if isinstance(asked, Refusal):
        return await _refuse(asked, wish, actor, rooms)
    return await rooms.grants.ask(asked, complete, actor, orchestrations)


async def _asked(wish: Wish, caller: Caller, policy: Policy, rooms: Rooms) -> Asked | Refusal:
    """The wish with what the policy says to it."""
    terms = policy.grants.get(wish.grant)
    if terms is None or not asks(policy, caller, wish.server, wish.grant):
        return Refusal(Reason.GRANT_NOT_OFFERED, "no rule on this server lets the caller through with it")
    now = rooms.now()
    wanted = AccessRequest(wish.server, wish.reason, wish.seconds, wish.starts or now)
    if approved_by_rule(policy, terms, caller, wanted, now):
        return Asked(wish, terms, policy.digest, needs_people=False, now=now)
    if terms.approval is not None:
        return Asked(wish, _for_people(terms), policy.digest, needs_people=True, now=now)
    # A reason that is missing is told as such, and not as a condition that does not hold.
    held = await rooms.grants.held(caller, wish.server, terms.name)
    why = unfit(wish, terms, caller, held, now)
    return Refusal(why) if why else Refusal(Reason.GRANT_NOT_OFFERED, "its condition does not hold")


def _for_people(terms: GrantTerms) -> GrantTerms:
    """The terms where people decide: with a reason if either section of the policy asks for one."""
    asks_why = terms.approval is not None and terms.approval.requester_reason
    return replace(terms, needs_reason=terms.needs_reason or asks_why)


async def _refuse(refusal: Refusal, wish: Wish, actor: Actor, rooms: Rooms) -> Refusal:
    return await rooms.grants.refuse(None, refusal, actor, wish.server, wish.grant)
