"""The page of access: what is offered, held and waits, and what the form may ask for."""

import json
from datetime import timedelta
from typing import Any

import pytest

from devhost.accounts import ACCOUNTS
from gateway.access.grant import Grant, State
from tests.gateway.pages.desk import Browser, Desk, Page

TICKET = {"what": "records ticket", "minutes": "10", "reason": "CHG123456"}
DESK = {"what": "records desk", "minutes": "10", "reason": "the customer waits"}


async def ask(browser: Browser, **fields: str) -> Page:
    return await browser.submit("/access", **fields)


async def grant_of(office: Desk, page: Page) -> Grant:
    assert page.status == 303, page.text
    found = await office.gateway.rooms.grants.read(page.location.rpartition("/")[2])
    assert found is not None
    return found


def recorded(office: Desk) -> list[dict[str, Any]]:
    rows = office.gateway.evidence.rows.values()
    return [json.loads(str(row["body"])) for row in rows if str(row["event"]).startswith("grant")]


@pytest.fixture
async def mine(office: Desk) -> Browser:
    return await office.browser("engineer")


async def test_the_form_offers_what_the_policy_does_with_its_ceiling(mine: Browser) -> None:
    page = await mine.get("/access")
    assert page.status == 200
    for text in ("records: desk, at most 1 hour", "records: ticket, at most 2 hours", "up to 1 day ahead"):
        assert text in page.text, text
    assert "selected" not in page.text


async def test_whoever_may_ask_for_nothing_is_told_so(office: Desk) -> None:
    page = await (await office.browser("outsider")).get("/access")
    assert "There is nothing that you may ask for." in page.text
    assert "<select" not in page.text


async def test_the_link_of_a_refused_call_chooses_in_the_form(mine: Browser) -> None:
    page = await mine.get("/access", "server=records&grant=ticket")
    assert '<option value="records ticket" selected>' in page.text
    other = await mine.get("/access", "server=elsewhere&grant=%3Cb%3E")
    assert "not for you to ask for" in other.text
    assert "<b>" not in other.text


async def test_the_link_of_a_refused_call_survives_the_sign_in(office: Desk) -> None:
    page = await office.stranger().get("/access", "server=records&grant=ticket")
    assert page.location == "/sign-in?to=/access%3Fserver%3Drecords%26grant%3Dticket"
    other = await office.stranger().get("/access", "server=records&grant=%0d%0aset-cookie")
    assert other.location == "/sign-in?to=/access"


async def test_what_a_condition_approves_is_open_and_listed_with_its_end(office: Desk, mine: Browser) -> None:
    grant = await grant_of(office, await ask(mine, **TICKET))
    assert grant.state(office.gateway.rooms.now()) is State.OPEN
    page = await mine.get("/access")
    assert "for another 9 minutes" in page.text
    assert "End now" in page.text
    # One that is held is not offered again.
    assert "records: ticket" not in page.text


async def test_what_people_approve_waits_and_is_listed(office: Desk, mine: Browser) -> None:
    grant = await grant_of(office, await ask(mine, **DESK))
    assert office.gateway.orchestrations.started == [grant.id]
    page = await mine.get("/access")
    assert "What waits for approval" in page.text
    assert "Withdraw" in page.text


async def test_a_start_is_in_utc(office: Desk, mine: Browser) -> None:
    starts = office.gateway.rooms.now() + timedelta(hours=2)
    grant = await grant_of(office, await ask(mine, **DESK, starts=f"{starts:%Y-%m-%dT%H:%M}"))
    assert grant.request.starts == starts.replace(second=0, microsecond=0)


@pytest.mark.parametrize(
    ("changes", "status", "sentence"),
    [
        ({"minutes": "61"}, 422, "does not last that long"),
        # Its end would lie before its start.
        ({"minutes": "-5"}, 422, "does not last that long"),
        ({"minutes": "0"}, 422, "does not last that long"),
        ({"starts": "2020-01-01T12:00"}, 422, "cannot start then"),
        ({"starts": "2199-01-01T12:00"}, 422, "cannot start then"),
        ({"reason": " "}, 422, "Say why"),
        ({"what": "records other"}, 403, "You may not ask"),
        ({"what": ""}, 403, "You may not ask"),
        ({"what": "records ticket"}, 403, "You may not ask"),
        ({"subject": ACCOUNTS["approver"].object_id}, 403, "by whoever is to have it"),
    ],
)
async def test_what_may_not_be_asked_for_is_said_above_the_form_and_on_record(
    office: Desk, mine: Browser, changes: dict[str, str], status: int, sentence: str
) -> None:
    page = await ask(mine, **DESK | changes)
    assert (page.status, 'role="alert"' in page.text) == (status, True)
    assert sentence in page.text
    assert (DESK | changes)["reason"] in page.text
    assert len(office.refusals()) == 1
    assert recorded(office)[-1]["approver"] == ACCOUNTS["engineer"].object_id
    assert office.gateway.grants.approvals == {}


async def test_the_same_is_not_asked_for_twice(office: Desk, mine: Browser) -> None:
    token = (await mine.get("/access")).token("/access")
    await mine.post("/access", {"token": token, **DESK})
    again = await mine.post("/access", {"token": token, **DESK})
    assert (again.status, "You have this access already" in again.text) == (409, True)
    assert office.refusals() == ["grant_held"]


@pytest.mark.parametrize(
    "changes", [{"minutes": "ten"}, {"minutes": ""}, {"starts": "now"}, {"starts": "2026-02-31T10:00"}]
)
async def test_a_form_that_its_page_would_not_send_is_not_read(
    office: Desk, mine: Browser, changes: dict[str, str]
) -> None:
    assert (await ask(mine, **DESK | changes)).status == 400
    assert office.refusals() == ["form_invalid"]


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"sec_fetch_site": "cross-site"}, {"origin": "", "sec_fetch_site": ""}],
)
async def test_a_form_of_another_site_asks_for_nothing(office: Desk, mine: Browser, headers: dict[str, str]) -> None:
    token = (await mine.get("/access")).token("/access")
    assert (await mine.post("/access", {"token": token, **TICKET}, **headers)).status == 403
    assert office.refusals() == ["form_forged"]
    assert office.gateway.grants.approvals == {}


async def test_a_form_without_the_token_of_this_page_and_session_asks_for_nothing(office: Desk, mine: Browser) -> None:
    other = await office.browser("engineer")
    for token in (
        "",
        "x",
        (await other.get("/access")).token("/access"),
        (await mine.get("/access")).token("/sign-out"),
    ):
        assert (await mine.post("/access", {"token": token, **TICKET})).status == 403
    assert office.refusals() == ["form_forged"] * 4
    assert {row["event"] for row in recorded(office)} == {"grant_refused"}


async def test_nobody_asks_without_a_session(office: Desk) -> None:
    assert (await office.stranger().post("/access", TICKET)).status == 401
    assert office.refusals() == ["sign_in_needed"]


async def test_nothing_is_asked_for_by_a_link(office: Desk, mine: Browser) -> None:
    page = await mine.get("/access", "action=ask&what=records+ticket&minutes=5")
    assert page.status == 405
    assert office.refusals() == ["verdict_by_link"]
    assert recorded(office)[-1]["event"] == "grant_refused"


async def test_what_others_hold_is_not_listed(office: Desk, mine: Browser) -> None:
    grant = await grant_of(office, await ask(mine, **TICKET))
    for name in ("approver", "operator"):
        page = await (await office.browser(name)).get("/access")
        assert page.status == 200
        assert grant.id not in page.text


async def test_stores_that_are_down_are_a_page(office: Desk, mine: Browser) -> None:
    token = (await mine.get("/access")).token("/access")
    with office.gateway.grants.down():
        assert (await mine.get("/access")).status == 503
        assert (await mine.post("/access", {"token": token, **TICKET})).status == 503
    with office.gateway.evidence.down():
        assert (await mine.post("/access", {"token": token, **TICKET})).status == 503
