"""The page of one grant, and the approver's page of a request for access."""

import re

import pytest

from devhost.accounts import ACCOUNTS
from gateway.access.grant import Grant, State
from tests.gateway.pages.desk import Browser, Desk, Page
from tests.gateway.pages.test_access_page import DESK, TICKET, ask, grant_of, recorded


@pytest.fixture
async def mine(office: Desk) -> Browser:
    return await office.browser("engineer")


def path_of(grant: Grant) -> str:
    return f"/access/{grant.id}"


async def now(office: Desk, grant: Grant) -> Grant:
    found = await office.gateway.rooms.grants.read(grant.id)
    assert found is not None
    return found


async def state(office: Desk, grant: Grant) -> State:
    return (await now(office, grant)).state(office.gateway.rooms.now())


async def decide(office: Desk, grant: Grant, verdict: str, reason: str = "fine") -> Page:
    browser = await office.browser("approver")
    return await browser.submit(f"/approvals/{grant.id}", verdict=verdict, reason=reason)


async def waiting(office: Desk, browser: Browser) -> Grant:
    return await grant_of(office, await ask(browser, **DESK))


async def opened(office: Desk, browser: Browser) -> Grant:
    return await grant_of(office, await ask(browser, **TICKET))


async def test_the_holder_sees_how_it_stands_and_who_decides(office: Desk, mine: Browser) -> None:
    grant = await waiting(office, mine)
    page = await mine.get(path_of(grant))
    assert page.status == 200
    for text in ("Waiting", "Your access to records", "the customer waits", "10 minutes", "approvers", "1 more person"):
        assert text in page.text, text
    assert "Withdraw the request" in page.text
    assert "Decide" not in page.text
    assert "grants_read" not in {row["event"] for row in recorded(office)}


async def test_what_a_condition_opened_says_so(office: Desk, mine: Browser) -> None:
    page = await mine.get(path_of(await opened(office, mine)))
    for text in ("Open", "for another 9 minutes", "a condition of the policy approves it", "End it now"):
        assert text in page.text, text
    # Its terms allow no extension.
    assert "Need it longer?" not in page.text


async def test_the_approvers_page_reads_as_a_request_for_access(office: Desk, mine: Browser) -> None:
    grant = await waiting(office, mine)
    browser = await office.browser("approver")
    page = await browser.get(f"/approvals/{grant.id}")
    assert page.status == 200
    heading = re.search(r"<h1>(.*?)</h1>", page.text)
    assert heading
    assert re.sub("<[^>]*>", "", heading[1]).endswith("asks for access to records (desk) for 10 minutes")
    for text in ("What would be open", "the customer waits", "when it is approved", path_of(grant)):
        assert text in page.text, text
    for text in ("call", "<dt>Rule", "It has no arguments"):
        assert text not in page.text.split("</style>")[1], text
    listed = await browser.get("/approvals")
    assert "access (desk)" in listed.text


async def test_an_approval_opens_it_at_once(office: Desk, mine: Browser) -> None:
    grant = await waiting(office, mine)
    assert (await decide(office, grant, "approve")).status == 303
    # Not at the first call: the row is there.
    assert "opened" in office.gateway.grants.approvals[grant.id]
    page = await (await office.browser("approver")).get(f"/approvals/{grant.id}")
    assert "It is open until" in page.text
    assert "The call was made" not in page.text
    page = await mine.get(path_of(grant))
    assert "Open" in page.text
    assert "Abel" not in page.text


async def test_a_denial_gives_its_reason_and_names_nobody(office: Desk, mine: Browser) -> None:
    grant = await waiting(office, mine)
    await decide(office, grant, "deny", "not <today>")
    page = await mine.get(path_of(grant))
    for text in ("Denied", "nothing was opened", "not &lt;today&gt;"):
        assert text in page.text, text
    assert "Abel" not in page.text
    assert ACCOUNTS["approver"].object_id not in page.text
    assert "End it now" not in page.text


async def test_nobody_approves_their_own_access(office: Desk) -> None:
    both = await office.browser(
        "engineer", groups=list({*ACCOUNTS["engineer"].group_ids, *ACCOUNTS["approver"].group_ids})
    )
    grant = await waiting(office, both)
    path = f"/approvals/{grant.id}"
    shown = await both.get(path)
    assert (shown.status, "You asked for this yourself" in shown.text) == (403, True)
    token = await office.token(both, path)
    page = await both.post(path, {"token": token, "verdict": "approve", "reason": "me"})
    assert page.status == 403
    assert await state(office, grant) is State.PENDING
    assert office.refusals() == ["approver_is_requester"] * 2
    # The way from there leads to one's own page.
    assert (await both.get(f"/requests/{grant.id}")).location == path_of(grant)


async def test_the_holder_ends_it(office: Desk, mine: Browser) -> None:
    grant = await opened(office, mine)
    done = await mine.submit(path_of(grant), action="end", reason="")
    assert (done.status, done.location) == (303, path_of(grant))
    assert await state(office, grant) is State.ENDED
    assert office.gateway.orchestrations.woken == [(grant.id, "settled")]
    page = await mine.get(path_of(grant))
    assert "gave it back on" in page.text
    assert "<textarea" not in page.text


async def test_the_holder_ends_it_from_the_list(office: Desk, mine: Browser) -> None:
    grant = await opened(office, mine)
    token = (await mine.get("/access")).token(path_of(grant))
    assert (await mine.post(path_of(grant), {"token": token, "action": "end"})).status == 303
    assert await state(office, grant) is State.ENDED


async def test_the_holder_withdraws_what_waits(office: Desk, mine: Browser) -> None:
    grant = await waiting(office, mine)
    await mine.submit(path_of(grant), action="end")
    assert await state(office, grant) is State.WITHDRAWN
    approval = await office.gateway.rooms.approvals.read(grant.id)
    assert approval
    assert approval.state(office.gateway.rooms.now()).value == "withdrawn"


async def test_what_is_over_is_not_ended_again(office: Desk, mine: Browser) -> None:
    grant = await opened(office, mine)
    token = (await mine.get(path_of(grant))).token(path_of(grant))
    office.gateway.calendar.advance(601)
    page = await mine.post(path_of(grant), {"token": token, "action": "end"})
    assert (page.status, "already over" in page.text) == (409, True)
    assert await state(office, grant) is State.EXPIRED


@pytest.mark.parametrize("name", ["approver", "operator"])
async def test_others_revoke_it_with_a_reason_and_are_on_record(office: Desk, mine: Browser, name: str) -> None:
    grant = await waiting(office, mine)
    await decide(office, grant, "approve")
    browser = await office.browser(name)
    page = await browser.get(path_of(grant))
    assert "Access of Enid Engineer" in page.text
    assert recorded(office)[-1]["event"] == "grants_read"
    empty = await browser.submit(path_of(grant), action="end", reason=" ")
    assert (empty.status, 'role="alert"' in empty.text) == (422, True)
    assert await state(office, grant) is State.OPEN
    assert (await browser.submit(path_of(grant), action="end", reason="stolen laptop")).status == 303
    assert await state(office, grant) is State.REVOKED
    [ended] = [row for row in recorded(office) if row["event"] == "grant_ended"]
    assert (ended["approver"], ended["justification"]) == (ACCOUNTS[name].object_id, "stolen laptop")
    seen = await mine.get(path_of(grant))
    assert "stolen laptop" in seen.text
    assert ACCOUNTS[name].object_id not in seen.text


async def test_those_who_decide_are_led_to_their_page(office: Desk, mine: Browser) -> None:
    grant = await waiting(office, mine)
    approver, operator = await office.browser("approver"), await office.browser("operator")
    assert f'href="/approvals/{grant.id}">Decide' in (await approver.get(path_of(grant))).text
    assert "Decide" not in (await operator.get(path_of(grant))).text


@pytest.mark.parametrize("name", ["outsider", "auditor"])
async def test_to_others_there_is_no_such_page(office: Desk, mine: Browser, name: str) -> None:
    grant = await opened(office, mine)
    browser = await office.browser(name)
    theirs, unknown = await browser.get(path_of(grant)), await browser.get(f"/access/{'0' * 32}")
    assert (theirs.status, unknown.status) == (404, 404)
    bare = [
        re.sub(r'value="[^"]*"', "", each.text).replace(grant.id, "").replace("0" * 32, "")
        for each in (theirs, unknown)
    ]
    assert bare[0] == bare[1]
    token = await office.token(browser, path_of(grant))
    for action in ("end", "extend"):
        assert (await browser.post(path_of(grant), {"token": token, "action": action, "reason": "r"})).status == 404
    assert await state(office, grant) is State.OPEN
    assert office.refusals() == ["grant_unknown"] * 4
    assert [row["grant"] for row in recorded(office)[-4:]] == [grant.id, "0" * 32, grant.id, grant.id]


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"sec_fetch_site": "cross-site"}])
async def test_a_form_of_another_site_ends_nothing(office: Desk, mine: Browser, headers: dict[str, str]) -> None:
    grant = await opened(office, mine)
    token = (await mine.get(path_of(grant))).token(path_of(grant))
    assert (await mine.post(path_of(grant), {"token": token, "action": "end"}, **headers)).status == 403
    assert (
        await mine.post(path_of(grant), {"token": (await mine.get("/access")).token("/access"), "action": "end"})
    ).status == 403
    assert await state(office, grant) is State.OPEN
    assert office.refusals() == ["form_forged"] * 2


async def test_nothing_is_ended_by_a_link_or_an_action_that_is_none(office: Desk, mine: Browser) -> None:
    grant = await opened(office, mine)
    assert (await mine.get(path_of(grant), "action=end")).status == 405
    assert (await mine.submit(path_of(grant), action="open")).status == 400
    assert (await office.stranger().post(path_of(grant), {"action": "end"})).status == 401
    assert await state(office, grant) is State.OPEN
    assert office.refusals() == ["verdict_by_link", "form_invalid", "sign_in_needed"]


async def test_more_time_is_asked_for_and_approved_as_access_is(office: Desk, mine: Browser) -> None:
    grant = await waiting(office, mine)
    await decide(office, grant, "approve")
    page = await mine.get(path_of(grant))
    assert "Minutes more, at most 50" in page.text
    before = await now(office, grant)
    asked = await mine.submit(path_of(grant), action="extend", minutes="20", reason="still waiting")
    assert (asked.status, asked.location) == (303, path_of(grant))
    page = await mine.get(path_of(grant))
    found = re.search(r'href="/access/([0-9a-f]{32})">waits for approval', page.text)
    assert found
    assert "Need it longer?" not in page.text
    assert (await now(office, grant)).ends == before.ends
    listed = await mine.get("/access")
    assert "extension" in listed.text
    extension = await office.gateway.rooms.grants.read(found[1])
    assert extension
    await decide(office, extension, "approve")
    after = await now(office, grant)
    assert before.ends
    assert after.ends
    assert (after.ends - before.ends).total_seconds() == 1200
    assert "was moved" in (await mine.get(path_of(extension))).text


async def test_more_time_than_the_ceiling_leaves_is_refused_above_the_form(office: Desk, mine: Browser) -> None:
    grant = await waiting(office, mine)
    await decide(office, grant, "approve")
    for fields, sentence in (
        ({"minutes": "51", "reason": "r"}, "does not last that long"),
        ({"minutes": "5", "reason": ""}, "Say why"),
    ):
        page = await mine.submit(path_of(grant), action="extend", **fields)
        assert (page.status, sentence in page.text) == (422, True)
    assert (await mine.submit(path_of(grant), action="extend", minutes="x", reason="r")).status == 400
    assert office.refusals() == ["grant_duration", "reason_missing", "form_invalid"]


async def test_nobody_extends_for_another_nor_what_is_over(office: Desk, mine: Browser) -> None:
    grant = await waiting(office, mine)
    await decide(office, grant, "approve")
    form = {"action": "extend", "minutes": "5", "reason": "r"}
    approver = await office.browser("approver")
    assert (await approver.submit(path_of(grant), **form)).status == 403
    token = (await mine.get(path_of(grant))).token(path_of(grant))
    office.gateway.calendar.advance(601)
    assert (await mine.post(path_of(grant), {"token": token, **form})).status == 409
    assert office.refusals() == ["grant_for_another", "grant_not_open"]


async def test_without_evidence_nobody_else_sees_it_and_nothing_ends(office: Desk, mine: Browser) -> None:
    grant = await opened(office, mine)
    token = (await mine.get(path_of(grant))).token(path_of(grant))
    operator = await office.browser("operator")
    with office.gateway.evidence.down():
        page = await operator.get(path_of(grant))
        assert (page.status, "Enid" in page.text) == (503, False)
        assert (await mine.post(path_of(grant), {"token": token, "action": "end"})).status == 503
    assert await state(office, grant) is State.OPEN
