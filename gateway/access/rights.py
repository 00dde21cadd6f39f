"""Who may end a grant, and as what; who may see it. Pure.

Takes a grant, a caller with all groups that the policy names, and the policy in force, and gives the
state in which the caller may leave the grant, or the reason why not. To everybody else a grant looks
like one that there is not.
"""

from datetime import datetime

from gateway.access.grant import Grant, State
from gateway.policy.document import Policy
from gateway.reasons import Reason
from gateway.values import Caller, CallerKind


def ending_for(grant: Grant, caller: Caller, policy: Policy, now: datetime) -> State | Reason:
    """What the grant becomes if this caller ends it; GRANT_UNKNOWN if it is not theirs to end."""
    if grant.is_held_by(caller):
        return State.WITHDRAWN if grant.state(now) is State.PENDING else State.ENDED
    if is_approver(grant, caller, policy) or is_operator(caller, policy):
        return State.REVOKED
    return Reason.GRANT_UNKNOWN


def may_see(grant: Grant, caller: Caller, policy: Policy) -> bool:
    """Whether there is such a grant for this caller: whoever may end it may see it."""
    return grant.is_held_by(caller) or is_approver(grant, caller, policy) or is_operator(caller, policy)


def is_approver(grant: Grant, caller: Caller, policy: Policy) -> bool:
    """Whether this is a person in a group that decides on such grants by the policy, at once or when it escalates."""
    terms = policy.grants.get(grant.request.grant)
    if terms is None or terms.approval is None or caller.kind is not CallerKind.USER:
        return False
    return _is_in(terms.approval.approvers | terms.approval.escalate_to, caller)


def is_operator(caller: Caller, policy: Policy) -> bool:
    """Whether this is a member of the operators' groups: a person or an application, never an agent."""
    return caller.kind is not CallerKind.AGENT and _is_in(policy.operators, caller)


def _is_in(groups: frozenset[str], caller: Caller) -> bool:
    # fail-closed: groups that are not known are no groups.
    return caller.groups_complete and not groups.isdisjoint(caller.groups)
