"""Templates and facts become an HTML page with headers that let a browser do nothing but show it.

Takes plain values and gives an Answer. Every value is escaped, whatever a template says, and what a
reader could not see, or would see in another order, is spelled out: a page that people decide by must
not be able to show them something else than what is there.
"""

import asyncio
import base64
import hashlib
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.answer import Answer
from gateway.reasons import Reason

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = (_TEMPLATES / "pages.css").read_text()
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_HIDDEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Unicode categories of what is not seen: controls, formats such as those that turn the direction, no characters."""


def headers(url: str) -> dict[str, str]:
    """What every page carries; `url` is the gateway's own."""
    return _HEADERS | ({"strict-transport-security": "max-age=31536000"} if url.startswith("https://") else {})


async def page(
    template: str, facts: Mapping[str, Any], status: int = 200, *, url: str, set_cookies: tuple[str, ...] = ()
) -> Answer:
    # In a thread: the arguments of a call may be long, and the first page reads the templates.
    body = await asyncio.to_thread(_rendered, template, facts)
    return Answer(status, headers(url), body, set_cookies)


def see_other(location: str, url: str, set_cookies: tuple[str, ...] = ()) -> Answer:
    """The browser goes on with a GET (RFC 9110, section 15.4.4)."""
    return Answer(303, headers(url) | {"location": location}, b"", set_cookies)


def bare(reason: Reason, url: str) -> Answer:
    """The page of a failure, made without any template, so that nothing of it can fail."""
    body = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Countersign</title><style>{_STYLE}</style></head><body><main>"
        f'<section class="card"><h1>Not possible at the moment</h1><p>{reason.wire.sentence}</p></section>'
        "</main></body></html>"
    )
    retry = {"retry-after": "5"} if reason.wire.http == 503 else {}
    return Answer(reason.wire.http, headers(url) | retry, body.encode())


def visible(value: Any) -> Any:
    """A text with every character spelled out that a reader would not see; any other value as it is."""
    # Markup is a text that a template has made, of parts that came through here.
    if type(value) is not str or (value.isascii() and value.isprintable()):
        return value
    return "".join(_seen(character) for character in value)


def _seen(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character) not in _HIDDEN:
        return character
    return f"\\u{{{ord(character):04X}}}"


def _rendered(template: str, facts: Mapping[str, Any]) -> bytes:
    return _environment().get_template(template).render(facts).encode()


@cache
def _environment() -> "Environment":
    # Late: its import takes 60 ms that no call needs to wait for.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415
    from markupsafe import Markup  # noqa: PLC0415

    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["style"] = Markup(_STYLE)  # noqa: S704 - a file of ours
    return made
