"""The approver's page and the decision; the refusals are those of Show 6 of the approvals' issue."""

import asyncio
import json
from dataclasses import replace

import pytest

from devhost.accounts import ACCOUNTS, GROUPS
from gateway.approvals import rulings
from gateway.approvals.approval import Approval, State
from gateway.values import CallerKind
from tests.gateway.pages.desk import SAME_SITE, Browser, Desk

APPROVE = {"verdict": "approve", "reason": "checked with the customer"}


def path_of(approval: Approval) -> str:
    return f"/approvals/{approval.id}"


async def state(office: Desk, approval: Approval) -> State:
    return (await office.now(approval)).state(office.gateway.calendar())


async def genuine(browser: Browser, approval: Approval) -> dict[str, str]:
    """An approving form with the token of its page."""
    return {"token": (await browser.get(path_of(approval))).token(path_of(approval)), **APPROVE}


async def test_the_page_shows_what_is_decided_on(office: Desk) -> None:
    approval = await office.asked()
    page = await (await office.browser()).get(path_of(approval))
    assert page.status == 200
    who = ("Eve Engineer", ACCOUNTS["engineer"].object_id, approval.request.client)
    what = ("records", "issue_refund", "c-17", "120", "they were charged twice", "refunds")
    for text in (*who, *what, "1 more person has to approve", "59 minutes"):
        assert text in page.text, text


async def test_that_it_was_seen_is_on_record_before_it_is_shown(office: Desk) -> None:
    approval = await office.asked()
    browser = await office.browser()
    with office.gateway.evidence.down():
        hidden = await browser.get(path_of(approval))
    assert hidden.status == 503
    assert "c-17" not in hidden.text
    await browser.get(path_of(approval))
    await browser.get(path_of(approval))
    assert office.gateway.evidence.events().count("approval_viewed/allowed") == 1


async def test_arguments_are_masked_for_an_approver_who_may_not_see_them(office: Desk) -> None:
    approval = await office.asked()
    masked = await (await office.browser("approver")).get(path_of(approval))
    clear = await (await office.browser("approver2")).get(path_of(approval))
    assert "bob@example.com" not in masked.text
    assert "1 value is masked" in masked.text
    assert "bob@example.com" in clear.text


async def test_without_a_mask_that_the_call_had_nothing_is_shown_and_nothing_approved(office: Desk) -> None:
    approval = await office.asked(masks="personal,gone")
    browser = await office.browser()
    page = await browser.get(path_of(approval))
    assert "c-17" not in page.text
    assert "cannot be shown" in page.text
    assert 'value="approve"' not in page.text
    refused = await browser.submit(path_of(approval), **APPROVE)
    assert (refused.status, office.refusals()) == (409, ["nothing_shown"])
    denied = await browser.submit(path_of(approval), verdict="deny", reason="nobody can see it")
    assert denied.status == 303
    assert await state(office, approval) is State.DENIED


async def test_arguments_that_a_mask_blocks_are_hidden_altogether(office: Desk) -> None:
    approval = await office.asked(arguments={"card": "4111 1111 1111 1111"}, masks="poison")
    page = await (await office.browser()).get(path_of(approval))
    assert "4111" not in page.text
    assert "cannot be shown" in page.text


async def test_a_call_that_is_no_longer_kept_cannot_be_approved(office: Desk) -> None:
    approval = await office.asked()
    await office.gateway.approvals.forget(approval.id, "call")
    refused = await (await office.browser()).submit(path_of(approval), **APPROVE)
    assert (refused.status, office.refusals()) == (409, ["nothing_shown"])


async def test_what_the_server_says_of_the_tool_is_shown(office: Desk) -> None:
    approval = await office.asked()
    pin = await office.gateway.pins.pin("records", "issue_refund")
    assert pin
    text = json.dumps(
        {"name": "issue_refund", "description": "Refunds <b>money</b>", "annotations": {"readOnlyHint": False}}
    )
    office.gateway.pins.rows["records", "issue_refund"] = replace(pin, accepted_text=text)
    page = await (await office.browser()).get(path_of(approval))
    assert "Refunds &lt;b&gt;money&lt;/b&gt;" in page.text
    assert "The server says: it changes things." in page.text
    assert "has changed since" not in page.text


async def test_a_tool_that_has_changed_since_says_so(office: Desk) -> None:
    approval = await office.asked(definition="0" * 64)
    page = await (await office.browser()).get(path_of(approval))
    assert "has changed since" in page.text


async def test_an_approval_counts_and_wakes_what_waits(office: Desk) -> None:
    approval = await office.asked()
    browser = await office.browser()
    done = await browser.submit(path_of(approval), **APPROVE)
    assert (done.status, done.location) == (303, path_of(approval))
    assert await state(office, approval) is State.APPROVED
    assert (approval.id, "settled") in office.gateway.orchestrations.woken
    after = await browser.get(path_of(approval))
    assert "Abel Approver" in after.text
    assert "checked with the customer" in after.text
    assert 'name="verdict"' not in after.text


async def test_a_denial_counts(office: Desk) -> None:
    approval = await office.asked()
    done = await (await office.browser()).submit(path_of(approval), verdict="deny", reason="too much")
    assert done.status == 303
    assert await state(office, approval) is State.DENIED


async def test_the_decision_counts_even_where_the_orchestration_cannot_be_told(office: Desk) -> None:
    approval = await office.asked()
    office.gateway.orchestrations.confirms = False
    assert (await (await office.browser()).submit(path_of(approval), **APPROVE)).status == 303
    assert await state(office, approval) is State.APPROVED


async def test_a_decision_without_the_reason_that_the_policy_asks_for_is_asked_again(office: Desk) -> None:
    approval = await office.asked()
    page = await (await office.browser()).submit(path_of(approval), verdict="approve", reason="  ")
    assert page.status == 422
    assert 'role="alert"' in page.text
    assert page.token(path_of(approval))
    assert office.refusals() == ["reason_missing"]


async def test_after_the_call_the_page_says_what_came_of_it(office: Desk) -> None:
    approval = await office.asked()
    browser = await office.browser()
    await browser.submit(path_of(approval), **APPROVE)
    book = office.gateway.rooms.approvals
    assert await rulings.consume(book, approval, "call-2") is None
    assert "The call was made on" in (await browser.get(path_of(approval))).text
    await book.mark(approval, "outcome", outcome="tool_error")
    assert "reported an error" in (await browser.get(path_of(approval))).text


async def test_two_people_have_to_approve_where_two_are_asked_for(office: Desk) -> None:
    approval = await office.asked("wire_money")
    await (await office.browser("approver")).submit(path_of(approval), **APPROVE)
    assert await state(office, approval) is State.PENDING
    second = await office.browser("approver2")
    shown = await second.get(path_of(approval))
    assert "Abel Approver" in shown.text
    assert "1 more person has to approve" in shown.text
    await second.submit(path_of(approval), **APPROVE)
    assert await state(office, approval) is State.APPROVED


# Refused, and on record.


async def test_the_requester_approves_nothing(office: Desk) -> None:
    # Even where the requester is in the approvers' group.
    browser = await office.browser("engineer", groups=[GROUPS["engineering"], GROUPS["approvers"]])
    approval = await office.asked()
    page = await browser.get(path_of(approval))
    assert page.status == 403
    assert f"/requests/{approval.id}" in page.text
    own = (await browser.get(f"/requests/{approval.id}")).token(f"/requests/{approval.id}")
    forged = await browser.post(path_of(approval), {"token": own, **APPROVE})
    assert forged.status == 403
    assert office.refusals() == ["approver_is_requester", "form_forged"]
    assert await state(office, approval) is State.PENDING


async def test_the_requester_is_refused_even_with_a_genuine_form(office: Desk) -> None:
    approval = await office.asked()
    other = await office.asked(arguments={"n": 2}, subject="0b1ec700-0000-4000-8000-0000000000ff")
    browser = await office.browser("engineer", groups=[GROUPS["approvers"]])
    token = (await browser.get(path_of(other))).token(path_of(other))
    assert token
    visitor_token = await office.token(browser, path_of(approval))
    refused = await browser.post(path_of(approval), {"token": visitor_token, **APPROVE})
    assert (refused.status, office.refusals()) == (403, ["approver_is_requester"])
    assert await state(office, approval) is State.PENDING


async def test_one_person_in_two_groups_fills_one_seat(office: Desk) -> None:
    approval = await office.asked("wire_money")
    browser = await office.browser("approver2")  # in approvers and in hr
    form = await genuine(browser, approval)
    assert (await browser.post(path_of(approval), form)).status == 303
    assert (await browser.post(path_of(approval), form)).status == 409
    assert await state(office, approval) is State.PENDING
    assert office.refusals() == ["approver_decided"]


async def test_a_person_out_of_the_groups_sees_nothing_and_decides_nothing(office: Desk) -> None:
    approval = await office.asked()
    browser = await office.browser("outsider")
    page = await browser.get(path_of(approval))
    assert page.status == 403
    assert "c-17" not in page.text
    assert "issue_refund" not in page.text
    token = await office.token(browser, path_of(approval))
    assert (await browser.post(path_of(approval), {"token": token, **APPROVE})).status == 403
    assert office.refusals() == ["approver_not_eligible"] * 2


async def test_somebody_who_left_the_group_since_the_page_was_shown_is_refused(office: Desk) -> None:
    approval = await office.asked()
    before = await office.browser("approver")
    form = await genuine(before, approval)
    person = replace(await office.person("approver"), groups=frozenset())
    after = await office.browser_of(person)
    refused = await after.post(path_of(approval), form)
    assert refused.status == 403
    assert await state(office, approval) is State.PENDING


@pytest.mark.parametrize("name", ["agent", "pipeline"])
async def test_a_token_of_an_agent_or_an_application_decides_nothing(office: Desk, name: str) -> None:
    approval = await office.asked()
    token = office.gateway.tenant.token(name, groups=[GROUPS["approvers"]])
    refused = await office.stranger().post(path_of(approval), APPROVE, authorization=f"Bearer {token}")
    assert (refused.status, office.refusals()) == (403, ["approver_not_a_person"])
    record = office.gateway.evidence.of_calls()[-1]
    assert ACCOUNTS[name].object_id in str(record["body"])
    assert await state(office, approval) is State.PENDING


@pytest.mark.parametrize("kind", [CallerKind.AGENT, CallerKind.APP])
async def test_a_session_of_no_person_decides_nothing(office: Desk, kind: CallerKind) -> None:
    approval = await office.asked()
    browser = await office.browser_of(replace(await office.person("approver"), kind=kind))
    assert (await browser.get(path_of(approval))).status == 403
    token = await office.token(browser, path_of(approval))
    assert (await browser.post(path_of(approval), {"token": token, **APPROVE})).status == 403
    assert office.refusals() == ["approver_not_a_person"] * 2


async def test_an_expired_approval_is_decided_by_nobody(office: Desk) -> None:
    approval = await office.asked()
    office.gateway.calendar.advance(3590)
    browser = await office.browser()
    form = await genuine(browser, approval)
    office.gateway.calendar.advance(10)
    assert (await browser.post(path_of(approval), form)).status == 409
    assert office.refusals() == ["approval_over"]
    page = await browser.get(path_of(approval))
    assert "Expired" in page.text
    assert 'name="verdict"' not in page.text


async def test_a_withdrawn_approval_is_decided_by_nobody(office: Desk) -> None:
    approval = await office.asked()
    browser = await office.browser()
    form = await genuine(browser, approval)
    await rulings.end(office.gateway.rooms.approvals, approval, State.WITHDRAWN, await office.actor("engineer"))
    assert (await browser.post(path_of(approval), form)).status == 409
    assert office.refusals() == ["approval_over"]
    assert "Withdrawn" in (await browser.get(path_of(approval))).text


async def test_a_form_with_another_token_decides_nothing(office: Desk) -> None:
    approval, other = await office.asked(), await office.asked(arguments={"n": 2})
    browser, colleague = await office.browser(), await office.browser("approver2")
    form = await genuine(browser, approval)
    wrong = [
        "",
        form["token"][:-2] + ("AA" if form["token"][-2:] != "AA" else "BB"),
        (await genuine(browser, other))["token"],
        (await genuine(colleague, approval))["token"],
        (await browser.get(path_of(approval))).token("/sign-out"),
    ]
    for token in wrong:
        assert (await browser.post(path_of(approval), form | {"token": token})).status == 403
    assert office.refusals() == ["form_forged"] * len(wrong)
    assert await state(office, approval) is State.PENDING


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example", "sec_fetch_site": ""},
        {"origin": "https://evil.example", "sec_fetch_site": "cross-site"},
        {"origin": "null", "sec_fetch_site": ""},
        {"origin": "null", "sec_fetch_site": "cross-site"},
        {"origin": "https://mcp.example.com", "sec_fetch_site": "same-site"},
        {"origin": "", "sec_fetch_site": ""},
    ],
)
async def test_a_form_of_another_site_decides_nothing(office: Desk, headers: dict[str, str]) -> None:
    approval = await office.asked()
    browser = await office.browser()
    refused = await browser.post(path_of(approval), await genuine(browser, approval), **headers)
    assert (refused.status, office.refusals()) == (403, ["form_forged"])
    assert await state(office, approval) is State.PENDING


@pytest.mark.parametrize("query", ["verdict=approve&reason=x", "%76erdict=approve", "x=1&verdict", "action=withdraw"])
async def test_a_link_decides_nothing(office: Desk, query: str) -> None:
    approval = await office.asked()
    page = await (await office.browser()).get(path_of(approval), query)
    assert (page.status, office.refusals()) == (405, ["verdict_by_link"])
    assert await state(office, approval) is State.PENDING
    stranger = await office.stranger().get(path_of(approval), query)
    assert (stranger.status, office.refusals()) == (405, ["verdict_by_link"] * 2)


async def test_a_page_that_is_only_looked_at_changes_nothing(office: Desk) -> None:
    approval = await office.asked()
    before = dict(office.gateway.approvals.approvals[approval.id])
    browser = await office.browser()
    for _ in range(3):
        await browser.get(path_of(approval))
        await browser.get(path_of(approval), method="HEAD")
        await browser.get("/approvals")
    after = dict(office.gateway.approvals.approvals[approval.id])
    assert {name for name in after if name not in before} == {f"viewed-{ACCOUNTS['approver'].object_id}"}


async def test_without_a_session_nothing_is_decided(office: Desk) -> None:
    approval = await office.asked()
    refused = await office.stranger().post(path_of(approval), APPROVE)
    assert (refused.status, office.refusals()) == (401, ["sign_in_needed"])
    assert "/sign-in?to=" in refused.text


async def test_a_session_of_which_one_byte_was_changed_is_none(office: Desk) -> None:
    approval = await office.asked()
    browser = await office.browser()
    form = await genuine(browser, approval)
    (name, sealed), *_ = browser.jar.items()
    for place in range(0, len(sealed), 97):
        changed = sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
        browser.jar = {name: changed}
        assert (await browser.post(path_of(approval), form)).status == 401
        assert (await browser.get(path_of(approval))).location.startswith("/sign-in?to=/approvals/")
    assert await state(office, approval) is State.PENDING


@pytest.mark.parametrize("identifier", ["0" * 32, "x", "..", "0" * 31, "A" * 32])
async def test_an_unknown_approval_is_not_found(office: Desk, identifier: str) -> None:
    page = await (await office.browser()).get(f"/approvals/{identifier}")
    assert (page.status, office.refusals()) == (404, ["approval_unknown"])


async def test_an_approval_that_nobody_was_told_of_yet_is_not_found(office: Desk) -> None:
    approval = await office.asked("wire_money", reason="")
    page = await (await office.browser()).get(path_of(approval))
    assert (page.status, office.refusals()) == (404, ["approval_unknown"])


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (None, "application/x-www-form-urlencoded", 413),
        (b"verdict=approve", "text/plain", 400),
        (b"verdict=approve&verdict=deny", "application/x-www-form-urlencoded", 400),
        (b"\xff", "application/x-www-form-urlencoded", 400),
    ],
)
async def test_a_body_that_is_no_form_decides_nothing(office: Desk, body: bytes | None, kind: str, status: int) -> None:
    approval = await office.asked()
    page = await (await office.browser()).send("POST", path_of(approval), "", SAME_SITE | {"content-type": kind}, body)
    assert page.status == status
    assert len(office.refusals()) == 1


async def test_a_verdict_that_is_none_decides_nothing(office: Desk) -> None:
    approval = await office.asked()
    page = await (await office.browser()).submit(path_of(approval), verdict="maybe", reason="x")
    assert (page.status, office.refusals()) == (400, ["form_invalid"])


async def test_a_decision_that_cannot_be_recorded_does_not_count(office: Desk) -> None:
    approval = await office.asked()
    browser = await office.browser()
    form = await genuine(browser, approval)
    with office.gateway.evidence.down():
        page = await browser.post(path_of(approval), form)
    assert page.status == 503
    assert await state(office, approval) is State.PENDING


async def test_of_many_clicks_one_decision_counts(office: Desk) -> None:
    approval = await office.asked()
    browsers = [await office.browser("approver"), await office.browser("approver2")]
    forms = [(browser, await genuine(browser, approval)) for browser in browsers]
    pages = await asyncio.gather(*(browser.post(path_of(approval), form) for browser, form in forms * 5))
    assert {page.status for page in pages} <= {303, 409}
    assert await state(office, approval) is State.APPROVED
    assert office.gateway.evidence.events().count("approval_settled/approved") == 1
