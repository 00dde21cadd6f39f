"""The outbox's page shows a person what was sent and leads to where it says."""

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from devhost.outbox import email, teams
from devhost.outbox.app import Doors, pages
from devhost.outbox.messages import Message, Messages
from devhost.serve import serving
from tests.browser.conftest import DESKTOP, PHONE, Browser, fits
from tests.devhost.outbox.samples import LINK, card, mail


def sent(kind: str, link: str) -> Message:
    if kind == "teams":
        body = card()
        body["attachments"][0]["content"]["actions"][0]["url"] = link
        found = teams.read("approvers", body)
    else:
        body = mail()
        body["content"]["plainText"] = body["content"]["plainText"].replace(LINK, link)
        found = email.read(body)
    assert isinstance(found, Message)
    return found


async def approval(request: Request) -> Response:
    return HTMLResponse(f"<h1>The approval {request.path_params['id']}</h1>")


GATEWAY = Starlette(routes=[Route("/approvals/{id}", approval)])


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
async def test_a_person_follows_a_link_without_javascript(
    browser: Browser, tmp_path: Path, width: int, dark: bool
) -> None:
    messages = Messages(tmp_path)
    async with serving(GATEWAY) as there, serving(pages(Doors(messages))) as here:
        messages.add(sent("teams", f"{there}/approvals/{'long' * 40}"))
        messages.add(sent("email", f"{there}/approvals/newest"))
        async with browser.page(width=width, dark=dark) as page:
            await page.goto(here)
            assert await page.get_by_role("article").count() == 2
            assert await fits(page)
            await page.screenshot(path=tmp_path / "outbox.png", full_page=True)
        async with browser.page(width=width, dark=dark, javascript=False) as page:
            await page.goto(here)
            await page.get_by_role("link").first.click()
            await page.get_by_role("heading", name="The approval newest").wait_for()
