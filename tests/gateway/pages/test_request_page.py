"""The requester's page: the reason, the withdrawal, and that it is nobody else's."""

import re
from dataclasses import replace

import pytest

from gateway.approvals import rulings
from gateway.approvals.approval import Approval, State, Verdict
from tests.gateway.pages.desk import Browser, Desk


def path_of(approval: Approval) -> str:
    return f"/requests/{approval.id}"


async def state(office: Desk, approval: Approval) -> State:
    return (await office.now(approval)).state(office.gateway.calendar())


async def vote(office: Desk, approval: Approval, verdict: Verdict, reason: str) -> None:
    await rulings.decide(office.gateway.rooms.approvals, approval, verdict, reason, await office.actor("approver"))


def bare(text: str, identifier: str) -> str:
    """The page without what differs from one to the next."""
    return re.sub(r'value="[^"]*"', "", text).replace(identifier, "")


@pytest.fixture
async def mine(office: Desk) -> Browser:
    return await office.browser("engineer")


async def test_the_page_says_how_it_stands_and_which_groups_decide(office: Desk, mine: Browser) -> None:
    approval = await office.asked("wire_money")
    page = await mine.get(path_of(approval))
    assert page.status == 200
    for text in ("Waiting", "wire_money", "2 people out of", "approvers", "hr", "2 more people have to approve"):
        assert text in page.text, text
    assert "operators" not in page.text
    office.gateway.calendar.advance(7200)
    assert "operators" in (await (await office.browser("engineer")).get(path_of(approval))).text


async def test_without_the_requesters_reason_nobody_is_asked(office: Desk, mine: Browser) -> None:
    approval = await office.asked("wire_money", reason="")
    assert office.gateway.orchestrations.started == []
    empty = await mine.submit(path_of(approval), action="reason", reason=" ")
    assert (empty.status, 'role="alert"' in empty.text) == (422, True)
    given = await mine.submit(path_of(approval), action="reason", reason="the supplier waits")
    assert (given.status, given.location) == (303, path_of(approval))
    assert office.gateway.orchestrations.started == [approval.id]
    page = await mine.get(path_of(approval))
    assert "the supplier waits" in page.text
    assert 'value="reason"' not in page.text


async def test_a_reason_is_given_once_and_not_after_the_end(office: Desk, mine: Browser) -> None:
    approval = await office.asked("wire_money", reason="")
    token = (await mine.get(path_of(approval))).token(path_of(approval))
    form = {"token": token, "action": "reason", "reason": "the supplier waits"}
    await mine.post(path_of(approval), {"token": token, "action": "withdraw"})
    assert (await mine.post(path_of(approval), form)).status == 409
    assert office.refusals() == ["approval_over"]
    assert (await office.now(approval)).reason is None
    assert office.gateway.orchestrations.started == []


async def test_the_requester_withdraws(office: Desk, mine: Browser) -> None:
    approval = await office.asked()
    done = await mine.submit(path_of(approval), action="withdraw")
    assert done.status == 303
    assert await state(office, approval) is State.WITHDRAWN
    assert office.gateway.orchestrations.woken == [(approval.id, "settled")]
    page = await mine.get(path_of(approval))
    assert "Withdrawn" in page.text
    assert 'value="withdraw"' not in page.text


async def test_what_is_over_is_not_withdrawn(office: Desk, mine: Browser) -> None:
    approval = await office.asked()
    token = (await mine.get(path_of(approval))).token(path_of(approval))
    await vote(office, approval, Verdict.DENY, "no")
    assert (await mine.post(path_of(approval), {"token": token, "action": "withdraw"})).status == 409
    assert await state(office, approval) is State.DENIED


async def test_a_denial_gives_its_reason_and_names_nobody(office: Desk, mine: Browser) -> None:
    approval = await office.asked()
    await vote(office, approval, Verdict.DENY, "the amount is <too> high")
    page = await mine.get(path_of(approval))
    assert "the amount is &lt;too&gt; high" in page.text
    assert "Abel" not in page.text
    assert (await office.person("approver")).object_id not in page.text


async def test_an_approval_names_no_approver_either(office: Desk, mine: Browser) -> None:
    approval = await office.asked("wire_money")
    await vote(office, approval, Verdict.APPROVE, "fine with me")
    page = await mine.get(path_of(approval))
    assert "Abel" not in page.text
    assert "fine with me" not in page.text
    assert "1 more person has to approve" in page.text


async def test_it_is_nobody_elses_page(office: Desk) -> None:
    approval = await office.asked()
    browser = await office.browser("approver")
    theirs, unknown = await browser.get(path_of(approval)), await browser.get(f"/requests/{'0' * 32}")
    assert (theirs.status, unknown.status) == (404, 404)
    assert bare(theirs.text, approval.id) == bare(unknown.text, "0" * 32)
    token = (await browser.get(f"/approvals/{approval.id}")).token(f"/approvals/{approval.id}")
    forged = await browser.post(path_of(approval), {"token": token, "action": "withdraw"})
    assert forged.status == 403
    assert await state(office, approval) is State.PENDING
    assert office.refusals() == ["approval_unknown", "approval_unknown", "form_forged"]


@pytest.mark.parametrize("name", ["approver", "operator", "outsider"])
async def test_nobody_acts_for_another_even_with_a_genuine_form(office: Desk, name: str) -> None:
    approval = await office.asked("wire_money", reason="")
    browser = await office.browser(name)
    token = await office.token(browser, path_of(approval))
    for action in ("withdraw", "reason"):
        page = await browser.post(path_of(approval), {"token": token, "action": action, "reason": "r"})
        assert page.status == 404
    assert office.refusals() == ["approval_unknown"] * 2
    assert (await state(office, approval), (await office.now(approval)).reason) == (State.PENDING, None)


async def test_an_action_that_is_none_does_nothing(office: Desk, mine: Browser) -> None:
    approval = await office.asked()
    assert (await mine.submit(path_of(approval), action="approve")).status == 400
    assert office.refusals() == ["form_invalid"]


async def test_an_operators_revocation_gives_its_reason(office: Desk, mine: Browser) -> None:
    approval = await office.asked()
    actor = await office.actor("operator")
    await rulings.end(office.gateway.rooms.approvals, approval, State.REVOKED, actor, "the customer is under review")
    page = await mine.get(path_of(approval))
    assert "Revoked" in page.text
    assert "the customer is under review" in page.text


async def test_a_group_that_the_policy_no_longer_names_has_no_name(office: Desk, mine: Browser) -> None:
    terms = (await office.asked()).request.terms[0]
    gone = replace(terms, approvers=frozenset({"60000000-0000-4000-8000-0000000000ff"}))
    approval = await office.asked(arguments={"n": 2}, terms=(gone,))
    assert "a group that the policy no longer names" in (await mine.get(path_of(approval))).text
