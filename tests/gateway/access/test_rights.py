"""Who may end a grant, and as what."""

from dataclasses import replace

import pytest

from devhost.accounts import GROUPS
from gateway.access.grant import Grant, State
from gateway.access.rights import ending_for, is_approver, is_operator, may_see
from gateway.reasons import Reason
from gateway.values import Caller, CallerKind
from tests.fakes.policies import policy
from tests.gateway.access.desk import HOLDER, AccessDesk
from tests.gateway.approvals.desk import START, person

POLICY = policy()


def member(*groups: str, kind: CallerKind = CallerKind.USER, complete: bool = True) -> Caller:
    return person("somebody", *(GROUPS[group] for group in groups), kind=kind, groups_complete=complete)


@pytest.fixture
async def grant() -> Grant:
    return await AccessDesk().opened(600)


async def test_the_holder_gives_it_back_and_withdraws_what_waits(grant: Grant) -> None:
    assert ending_for(grant, HOLDER, POLICY, START) is State.ENDED
    assert ending_for(replace(grant, opened=None), HOLDER, POLICY, START) is State.WITHDRAWN
    # Whatever groups the holder is in besides.
    holder = replace(HOLDER, groups=frozenset(GROUPS.values()))
    assert ending_for(grant, holder, POLICY, START) is State.ENDED


@pytest.mark.parametrize("group", ["approvers", "operators"])
async def test_those_who_decide_and_operators_take_it_back(grant: Grant, group: str) -> None:
    assert ending_for(grant, member(group), POLICY, START) is State.REVOKED
    assert may_see(grant, member(group), POLICY)


@pytest.mark.parametrize(
    "caller",
    [
        member(),
        member("engineering", "hr", "auditors"),
        member("approvers", kind=CallerKind.AGENT),
        member("operators", kind=CallerKind.AGENT),
        member("approvers", kind=CallerKind.APP),
        member("approvers", "operators", complete=False),
        replace(HOLDER, tenant="another"),
    ],
)
async def test_to_everybody_else_there_is_none(grant: Grant, caller: Caller) -> None:
    assert ending_for(grant, caller, POLICY, START) is Reason.GRANT_UNKNOWN
    assert not may_see(grant, caller, POLICY)


async def test_an_application_may_be_an_operator(grant: Grant) -> None:
    assert ending_for(grant, member("operators", kind=CallerKind.APP), POLICY, START) is State.REVOKED
    assert not is_approver(grant, member("operators", kind=CallerKind.APP), POLICY)


async def test_those_to_whom_it_escalates_count_as_deciding(grant: Grant) -> None:
    terms = replace(POLICY.grants["desk"], approval=POLICY.approvals["wires"])
    escalating = replace(POLICY, grants={"desk": terms}, operators=frozenset())
    assert is_approver(grant, member("operators"), escalating)


async def test_of_terms_that_are_gone_or_that_a_condition_opens_nobody_decides(grant: Grant) -> None:
    for grants in ({}, {"desk": replace(POLICY.grants["desk"], approval=None)}):
        assert not is_approver(grant, member("approvers"), replace(POLICY, grants=grants))


def test_without_operators_in_the_policy_there_are_none() -> None:
    assert not is_operator(member("operators"), replace(POLICY, operators=frozenset()))
