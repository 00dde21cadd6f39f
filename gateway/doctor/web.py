"""How the doctor asks for a page: with a time limit, and what does not answer is a value."""

import asyncio
from dataclasses import dataclass

import httpx

from gateway import jsontext
from gateway.values import Json

PATIENCE = 8.0
"""Seconds for one page."""
MAX_PAGE = 256 * 1024
"""Bytes."""


@dataclass(frozen=True, slots=True)
class Page:
    """An answer over HTTP."""

    status: int
    """0 if nothing answered."""
    why: str = ""
    """The kind of error where nothing answered."""
    date: str = ""
    """The header of that name."""
    document: Json = None
    """The answer as JSON; None if it is none, or was not asked for."""


async def page_of(client: httpx.AsyncClient, url: str, *, is_read: bool = True) -> Page:
    """What lies there; without `is_read` whether anything answers, whatever it says. Never raises."""
    try:
        async with (
            asyncio.timeout(PATIENCE),
            client.stream("GET", url, timeout=PATIENCE, follow_redirects=False) as response,
        ):
            document = jsontext.parse(await _content(response)) if is_read else None
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
        return Page(0, type(error).__name__)
    found = None if isinstance(document, jsontext.Malformed) else document
    return Page(response.status_code, date=response.headers.get("date", ""), document=found)


async def _content(response: httpx.Response) -> bytes:
    """Raises ValueError for a page that is too long to be one of those that are asked for."""
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > MAX_PAGE:
            raise ValueError("too long")
    return bytes(content)
