"""Debian's Chromium for the tests of pages: any width, light or dark, with JavaScript or without."""

import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass

import playwright.async_api as playwright
import pytest

PHONE, DESKTOP = 390, 1280
WITHIN = 10_000  # milliseconds for each step of a page

# No sandbox: a build server runs as root. The rest keeps it from asking the network or a graphics card for anything.
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--no-proxy-server"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps"),
)


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser that runs; each page of it is a person of their own, without any cookie of the others."""

    chromium: playwright.Browser

    @contextlib.asynccontextmanager
    async def page(
        self, *, width: int = DESKTOP, dark: bool = False, javascript: bool = True
    ) -> AsyncIterator[playwright.Page]:
        """An empty page of a fresh profile, closed afterwards."""
        context = await self.chromium.new_context(
            viewport={"width": width, "height": 844 if width <= PHONE else 900},
            is_mobile=width <= PHONE,
            has_touch=width <= PHONE,
            color_scheme="dark" if dark else "light",
            java_script_enabled=javascript,
        )
        context.set_default_timeout(WITHIN)
        async with context:
            yield await context.new_page()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    found = shutil.which("chromium")
    if found is None:
        reason = "Chromium is not installed (Debian's package chromium)"
        if "CI" in os.environ:
            pytest.fail(reason)
        pytest.skip(reason)
    async with playwright.async_playwright() as driver:
        chromium = await driver.chromium.launch(executable_path=found, args=FLAGS, timeout=30_000)
        try:
            yield Browser(chromium)
        finally:
            await chromium.close()


async def fits(page: playwright.Page) -> bool:
    """Nothing of the page is wider than the window. Needs JavaScript."""
    wide: bool = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return not wide
