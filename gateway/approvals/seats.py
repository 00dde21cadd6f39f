"""Who may decide on an approval, and when enough people have. Pure.

Takes the terms of an approval and what people said, and gives the reason why somebody may not
decide, or what the votes come to. Each person fills one seat, however many groups they are in; the
requester fills none, and neither do applications and agents.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from gateway.approvals.approval import Approval, State, Verdict, Vote
from gateway.reasons import Reason
from gateway.values import ApprovalTerms, Caller, CallerKind


def groups_of(terms: ApprovalTerms, created: datetime, at: datetime) -> frozenset[str]:
    """The groups whose members may decide at that time."""
    is_escalated = terms.escalate_after and at >= created + timedelta(seconds=terms.escalate_after)
    return terms.approvers | terms.escalate_to if is_escalated else terms.approvers


def all_groups(approval: Approval) -> frozenset[str]:
    """Every group whose members may decide now or later."""
    return frozenset().union(*(each.approvers | each.escalate_to for each in approval.request.terms))


def barred(approval: Approval, person: Caller, now: datetime) -> Reason | None:
    """Why this person may not decide on the approval, whatever its state; None if they may."""
    if person.kind is not CallerKind.USER:
        return Reason.APPROVER_NOT_A_PERSON
    if approval.is_asked_by(person):
        # fail-closed: no exception for anybody, whatever groups they are in (NIST AC-5).
        return Reason.APPROVER_IS_REQUESTER
    created = approval.request.created
    seats = frozenset().union(*(groups_of(each, created, now) for each in approval.request.terms))
    # fail-closed: groups that are not known are no groups.
    if not person.groups_complete or seats.isdisjoint(person.groups):
        return Reason.APPROVER_NOT_ELIGIBLE
    return None


def outcome(approval: Approval, now: datetime) -> State | None:
    """What a pending approval comes to by its votes or the clock; None as long as it goes on."""
    if approval.settled is not None:
        return None
    if now >= approval.expires:
        return State.EXPIRED
    if any(vote.verdict is Verdict.DENY for vote in approval.votes):
        return State.DENIED
    return State.APPROVED if lacking(approval.request.terms, approval) == 0 else None


def lacking(terms: Sequence[ApprovalTerms], approval: Approval) -> int:
    """How many more people have to approve until all terms are met, each person counting once."""
    created = approval.request.created
    votes = [vote for vote in approval.votes if _counts(vote, approval)]
    seats = [
        [index for index, vote in enumerate(votes) if not groups_of(each, created, vote.at).isdisjoint(vote.groups)]
        for each in terms
        for _ in range(each.people)
    ]
    return len(seats) - _seated(seats)


def _counts(vote: Vote, approval: Approval) -> bool:
    is_requester = (vote.tenant, vote.object_id) == (approval.request.tenant, approval.request.subject)
    return vote.verdict is Verdict.APPROVE and not is_requester


def _seated(seats: Sequence[Sequence[int]]) -> int:
    """How many seats can be filled at once, each by one of the persons who fit it (a maximum matching)."""
    seat_of: dict[int, int] = {}

    def place(seat: int, tried: set[int]) -> bool:
        for person in seats[seat]:
            if person in tried:
                continue
            tried.add(person)
            # Whoever sits there moves on if another seat fits them.
            if person not in seat_of or place(seat_of[person], tried):
                seat_of[person] = seat
                return True
        return False

    return sum(place(seat, set()) for seat in range(len(seats)))
