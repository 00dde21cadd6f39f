"""The approver's part in an ordinary browser, by clicking: on a phone and a desktop, without JavaScript too."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Browser, fits
from tests.browser.conftest import browser as browser  # noqa: PLC0414 - a fixture
from tests.live.conftest import Live
from tests.live.test_approvals import asked, refund

SHOTS = Path(".local/screenshots")
"""For people to look at; no test does."""


@pytest.fixture
def folder() -> Path:
    SHOTS.mkdir(parents=True, exist_ok=True)
    return SHOTS


async def sign_in(page: Page, link: str, name: str) -> None:
    await page.goto(link)
    await page.get_by_role("button", name=name).click()


@pytest.mark.parametrize(
    ("width", "dark", "javascript"), [(PHONE, False, False), (PHONE, True, True), (DESKTOP, False, True)]
)
async def test_an_approver_clicks_the_link_signs_in_reads_approves_and_sees_what_became_of_it(
    live: Live, browser: Browser, folder: Path, width: int, dark: bool, javascript: bool
) -> None:
    arguments = refund()
    async with asked(live) as link, browser.page(width=width, dark=dark, javascript=javascript) as page:
        call = asyncio.ensure_future(live.call_tool("engineer", "issue_refund", arguments))
        address = await link()
        await sign_in(page, address, "Abel Approver")
        await expect(page).to_have_url(address)
        await expect(page.get_by_role("heading", level=1)).to_contain_text(
            "Enid Engineer asks for issue_refund on records"
        )
        for shown in (str(arguments["amount"]), "c-1001", "engineers-refund", "records"):
            await expect(page.get_by_role("main")).to_contain_text(shown)
        name = f"{width}{'-dark' if dark else ''}"
        await page.screenshot(path=folder / f"approval-{name}.png", full_page=True)
        assert not javascript or await fits(page)

        await page.get_by_role("button", name="Approve").click()
        # The policy asks approvers for a reason, and the browser itself holds the form back.
        await expect(page.get_by_role("button", name="Approve")).to_be_visible()
        await page.get_by_label("Reason").fill("the parcel was late indeed")
        await page.get_by_role("button", name="Approve").click()
        await expect(page).to_have_url(address)
        await expect(page.get_by_role("button", name="Approve")).to_have_count(0)
        assert (await call).json()["result"]["isError"] is False
        await page.reload()
        await expect(page.get_by_role("main")).to_contain_text("Used")
        await expect(page.get_by_role("main")).to_contain_text("the parcel was late indeed")
        await page.screenshot(path=folder / f"used-{name}.png", full_page=True)
        assert not javascript or await fits(page)


async def test_a_denial_by_clicking_ends_the_call(live: Live, browser: Browser) -> None:
    async with asked(live) as link, browser.page(width=PHONE, javascript=False) as page:
        call = asyncio.ensure_future(live.call_tool("engineer", "issue_refund", refund()))
        await sign_in(page, await link(), "Abel Approver")
        await page.get_by_label("Reason").fill("not this one")
        await page.get_by_role("button", name="Deny").click()
        await expect(page.get_by_role("main")).to_contain_text("Denied")
        assert (await call).json()["result"]["isError"] is True


async def test_the_requester_sees_the_request_and_withdraws_it_and_can_not_approve_it(
    live: Live, browser: Browser, folder: Path
) -> None:
    async with asked(live) as link, browser.page(width=PHONE, javascript=False) as page:
        call = asyncio.ensure_future(live.call_tool("engineer", "issue_refund", refund()))
        address = await link()
        await sign_in(page, address, "Enid Engineer")
        await expect(page.get_by_role("button", name="Approve")).to_have_count(0)
        await page.goto(address.replace("/approvals/", "/requests/"))
        await page.screenshot(path=folder / "request-390.png", full_page=True)
        await page.get_by_role("button", name="Withdraw").click()
        await expect(page.get_by_role("main")).to_contain_text("Withdrawn")
        assert (await call).json()["result"]["isError"] is True


async def test_what_waits_is_listed_and_leads_to_the_page(live: Live, browser: Browser, folder: Path) -> None:
    async with asked(live) as link, browser.page(width=PHONE) as page:
        call = asyncio.ensure_future(live.call_tool("engineer", "issue_refund", refund()))
        address = await link()
        await sign_in(page, f"{live.gateway}/approvals", "Abel Approver")
        await page.screenshot(path=folder / "waiting-390.png", full_page=True)
        assert await fits(page)
        await page.locator(f'a[href$="{address.removeprefix(live.gateway)}"]').click()
        await page.get_by_label("Reason").fill("no")
        await page.get_by_role("button", name="Deny").click()
        await expect(page.get_by_role("main")).to_contain_text("Denied")
        await call
