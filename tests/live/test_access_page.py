"""Access asked for, approved and given back in an ordinary browser, by clicking."""

from playwright.async_api import expect

from devhost.accounts import ACCOUNTS
from tests.browser.conftest import PHONE, Browser, fits
from tests.browser.conftest import browser as browser  # noqa: PLC0414 - a fixture
from tests.live.conftest import Live
from tests.live.test_access import export, went_through
from tests.live.test_approval_page import SHOTS, sign_in
from tests.live.test_approvals import asked, decide


async def test_an_engineer_asks_on_a_phone_somebody_approves_and_the_engineer_gives_it_back(
    live: Live, browser: Browser
) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    token = await live.token("engineer")
    needed = (await export(live, token)).json()["result"]["_meta"]["countersign/approval"]["url"]
    async with asked(live) as link, browser.page(width=PHONE) as page:
        await sign_in(page, needed, ACCOUNTS["engineer"].display_name)
        await page.get_by_label("Minutes").fill("10")
        await page.get_by_label("Reason").fill("yearly audit of customers")
        await page.screenshot(path=SHOTS / "access-390.png", full_page=True)
        assert await fits(page)
        await page.get_by_role("button", name="Ask for access").click()
        await expect(page.get_by_role("main")).to_contain_text("records")
        await decide(await link())
        await page.goto(f"{live.gateway}/access")
        await expect(page.get_by_role("main")).to_contain_text("Open")
        await page.screenshot(path=SHOTS / "access-open-390.png", full_page=True)
        assert went_through(await export(live, token))
        await page.get_by_role("button", name="End now").click()
        await expect(page.get_by_role("main")).not_to_contain_text("Open")
        assert not went_through(await export(live, token))
