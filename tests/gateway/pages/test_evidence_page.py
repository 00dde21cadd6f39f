import pytest

from devhost.accounts import ACCOUNTS
from gateway.evidence import library
from tests.gateway.pages.desk import Desk

EVE = ACCOUNTS["engineer"].object_id
ADA = ACCOUNTS["auditor"].object_id


async def test_an_auditor_sees_the_sessions_of_today_and_that_is_on_record_first(office: Desk) -> None:
    await office.gateway.call()
    page = await (await office.browser("auditor")).get("/evidence")
    assert page.status == 200
    for text in (EVE, "records", "get_customer", "/evidence/2"):
        assert text in page.text, text
    read = office.gateway.evidence.of_calls()[-1]
    assert (read["event"], read["subject"], read["method"]) == ("evidence_read", ADA, "evidence/list")
    assert "first=" in str(read["body"])


@pytest.mark.parametrize("account", ["engineer", "approver", "operator", "outsider"])
@pytest.mark.parametrize("path", ["/evidence", "/evidence/20261123-" + "a" * 32])
async def test_nobody_else_sees_anything_and_the_attempt_is_on_record(office: Desk, account: str, path: str) -> None:
    await office.gateway.call()
    browser = await office.browser(account)
    page = await browser.get(path)
    assert page.status == 403
    assert EVE not in page.text
    refused = office.gateway.evidence.of_calls()[-1]
    assert (refused["event"], refused["reason"]) == ("evidence_refused", "auditor_needed")
    assert refused["subject"] == ACCOUNTS[account].object_id
    assert 'href="/evidence"' not in (await browser.get("/approvals")).text


async def test_an_auditor_finds_the_page_from_every_other(office: Desk) -> None:
    assert 'href="/evidence"' in (await (await office.browser("auditor")).get("/approvals")).text


async def test_a_reading_that_cannot_be_recorded_shows_nothing(office: Desk) -> None:
    await office.gateway.call()
    browser = await office.browser("auditor")
    with office.gateway.evidence.down():
        page = await browser.get("/evidence")
    assert page.status == 503
    assert EVE not in page.text


async def test_evidence_that_cannot_be_read_is_a_page(office: Desk) -> None:
    office.gateway.read_rows.is_down = True
    browser = await office.browser("auditor")
    assert (await browser.get("/evidence")).status == 503
    assert (await browser.get("/evidence/20261123-" + "a" * 32)).status == 503


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("server=records", 1),
        ("server=open", 0),
        ("tool=get_customer&outcome=refused", 1),
        ("outcome=denied", 0),
        (f"person={EVE}", 1),
        ("first=2020-01-01", 0),
    ],
)
async def test_the_form_chooses(office: Desk, query: str, count: int) -> None:
    await office.gateway.call()
    page = await (await office.browser("auditor")).get("/evidence", query)
    assert page.status == 200
    assert page.text.count("<code>get_customer</code>") == count
    assert ("No session has a record that fits" in page.text) == (count == 0)


@pytest.mark.parametrize(
    "query", ["first=soon", "person=eve", "server=%3Cb%3E", "tool=a&tool=b", "first=2026-01-01&last=2026-06-01", "x=1"]
)
async def test_a_filter_that_cannot_be_read_shows_no_session_and_says_so(office: Desk, query: str) -> None:
    await office.gateway.call()
    page = await (await office.browser("auditor")).get("/evidence", query)
    assert (page.status, 'role="alert"' in page.text) == (400, True)
    assert "<b>" not in page.text
    assert EVE not in page.text


async def test_what_an_auditor_has_read_is_found_as_theirs(office: Desk) -> None:
    browser = await office.browser("auditor")
    await browser.get("/evidence")
    page = await browser.get("/evidence", f"person={ADA}")
    assert "-auditors" in page.text


async def test_a_list_that_was_cut_says_so(office: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await office.gateway.call()
    await office.gateway.call(server="open")
    monkeypatch.setattr(library, "MAX_SESSIONS", 1)
    page = await (await office.browser("auditor")).get("/evidence")
    assert "There may be more" in page.text


async def test_a_sign_in_leads_back_to_the_evidence(office: Desk) -> None:
    for path in ("/evidence", "/evidence/20261123-" + "a" * 32):
        assert (await office.stranger().get(path)).location == f"/sign-in?to={path}"


async def test_nothing_of_the_evidence_is_changed_by_a_form(office: Desk) -> None:
    assert (await (await office.browser("auditor")).post("/evidence", {})).status == 405


async def test_a_link_with_a_decision_in_it_is_refused_on_record(office: Desk) -> None:
    page = await (await office.browser("auditor")).get("/evidence", "verdict=approve")
    assert page.status == 405
    assert office.gateway.evidence.of_calls()[-1]["event"] == "evidence_refused"
