"""A person of the development tenant with a browser: opens links, signs in where asked, sends forms.

Takes an account and gives pages as the browser would see them, without JavaScript. It knows nothing
of the gateway: it follows redirects, keeps cookies, and finds the form that stands on a page. The tour
and the live tests act with it.
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx


@dataclass(frozen=True, slots=True)
class Page:
    """A page and the first of its forms."""

    url: str
    status: int
    html: str
    action: str
    """Where the form is sent; empty without one."""
    hidden: dict[str, str]
    text: str
    """What a reader sees, blanks folded."""


@dataclass(slots=True)
class Person:
    """One person's browser."""

    account: str
    http: httpx.AsyncClient
    signed_in: list[str] = field(default_factory=list)
    """Addresses at which the person signed in."""

    async def open(self, url: str) -> Page:
        """The page at that address, after a sign-in where one is asked for."""
        page = _page(await self.http.get(url))
        if 'name="account"' not in page.html:
            return page
        self.signed_in.append(page.url)
        return _page(await self.http.post(page.action, data={"account": self.account}))

    async def send(self, page: Page, **fields: str) -> Page:
        """What answers the page's form with these fields filled in."""
        headers = {"origin": str(httpx.URL(page.url).copy_with(raw_path=b"/")).rstrip("/")}
        headers["sec-fetch-site"] = "same-origin"
        return _page(await self.http.post(page.action, data=page.hidden | fields, headers=headers))


@contextlib.asynccontextmanager
async def browser(account: str) -> AsyncIterator[Person]:
    """A fresh browser of that person, without any cookie."""
    async with httpx.AsyncClient(follow_redirects=True, timeout=20) as http:
        yield Person(account, http)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.hidden: dict[str, str] = {}
        self.words: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self._silent += tag in ("style", "script", "title")
        # The first form that is not the header's sign-out.
        if tag == "form" and self.action is None and not (found.get("action") or "").endswith("/sign-out"):
            self.action = found.get("action") or ""
            self.hidden.clear()
        if tag == "input" and found.get("type") == "hidden" and found.get("name"):
            self.hidden.setdefault(str(found["name"]), found.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("style", "script", "title")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)


def _page(response: httpx.Response) -> Page:
    reader = _Reader()
    reader.feed(response.text)
    url = str(response.url)
    action = "" if reader.action is None else urljoin(url, reader.action)
    return Page(
        url, response.status_code, response.text, action, reader.hidden, " ".join(" ".join(reader.words).split())
    )
