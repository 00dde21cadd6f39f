"""An auditor reads a session as a picture: on a phone, on a screen, in the dark, without JavaScript."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from devhost.serve import serving
from gateway.evidence.chosen import Chosen
from gateway.evidence.library import survey, with_bodies
from gateway.evidence.replay import timeline
from gateway.pages import evidence_page, render, session_page
from tests.browser.conftest import DESKTOP, PHONE, Browser, fits
from tests.fakes.blobs import MemoryBlobs
from tests.gateway.evidence.rows import SESSION, bodied, story
from tests.gateway.evidence.test_library import TODAY, holding

VISITOR = {"visitor": {"name": "Ada Auditor", "sign_out": "t", "is_auditor": True}}


async def sessions(_: Request) -> Response:
    found = await survey(holding(story()), Chosen(**TODAY), ["t"])
    facts = evidence_page.facts_of(["hr", "records"], Chosen(**TODAY), found) | VISITOR
    return _response((await render.page("evidence.html", facts, url="https://mcp.example.com")).body)


async def session(_: Request) -> Response:
    facts = session_page.facts_of(timeline(SESSION, story())) | VISITOR
    return _response((await render.page("session.html", facts, url="https://mcp.example.com")).body)


def _response(body: object) -> Response:
    assert isinstance(body, bytes)
    return HTMLResponse(body, headers={"content-security-policy": render.headers("")["content-security-policy"]})


async def session_with_bodies(_: Request) -> Response:
    rows, payloads = bodied()
    kept = MemoryBlobs()
    kept.blobs = payloads
    found = await with_bodies(holding(payloads=kept), timeline(SESSION, rows))
    facts = session_page.facts_of(found) | VISITOR
    return _response((await render.page("session.html", facts, url="https://mcp.example.com")).body)


@asynccontextmanager
async def pages() -> AsyncIterator[str]:
    app = Starlette(routes=[Route("/evidence", sessions), Route("/evidence/{session}", session)])
    app.router.routes.append(Route("/bodies", session_with_bodies))
    async with serving(app) as url:
        yield url


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
async def test_the_pages_fit_and_follow_the_colour_scheme(
    browser: Browser, tmp_path: Path, width: int, dark: bool
) -> None:
    async with pages() as url, browser.page(width=width, dark=dark) as page:
        for name in ("evidence", f"evidence/{SESSION}"):
            await page.goto(f"{url}/{name}")
            assert await fits(page)
            await page.screenshot(path=tmp_path / f"{len(name)}.png", full_page=True)
        background = await page.evaluate("getComputedStyle(document.querySelector('article')).backgroundColor")
        assert background == ("rgb(23, 32, 44)" if dark else "rgb(255, 255, 255)")
        # The axis and its marks have been drawn, in the order of time.
        xs = [await circle.get_attribute("cx") for circle in await page.locator("circle").all()]
        assert [int(x or -1) for x in xs] == sorted(int(x or -1) for x in xs)
        assert (xs[0], xs[-1]) == ("0", str(session_page.AXIS))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
async def test_requests_and_answers_open_and_fit(browser: Browser, tmp_path: Path, width: int, dark: bool) -> None:
    async with pages() as url, browser.page(width=width, dark=dark) as page:
        await page.goto(f"{url}/bodies")
        bodies = page.locator("details.body")
        assert await bodies.count() == 5
        assert not await page.locator("pre").first.is_visible()
        for number in range(5):
            await bodies.nth(number).locator("summary").click()
        assert await page.locator("pre").first.is_visible()
        assert await fits(page)
        await page.screenshot(path=tmp_path / "bodies.png", full_page=True)


async def test_a_request_is_read_without_javascript(browser: Browser) -> None:
    async with pages() as url, browser.page(width=PHONE, javascript=False) as page:
        await page.goto(f"{url}/bodies")
        await page.locator("details.body").first.locator("summary").click()
        await page.get_by_text("get_customer", exact=False).locator("visible=true").first.wait_for()
        assert await page.locator("pre").first.is_visible()


async def test_a_session_is_read_without_javascript(browser: Browser) -> None:
    async with pages() as url, browser.page(width=PHONE, javascript=False) as page:
        await page.goto(f"{url}/evidence")
        await page.get_by_role("link", name="records, 2026-11-23").click()
        await page.get_by_role("heading", name="One session, as it was recorded").wait_for()
        assert await page.get_by_role("article").count() == 4
        await page.get_by_role("article").nth(2).get_by_text("6 records").click()
        await page.get_by_role("article").nth(2).get_by_text("w.1-00000003").wait_for()
