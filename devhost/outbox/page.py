"""The page of the outbox: what was sent, newest first, with links to follow; no JavaScript.

Takes the messages as the store gives them and returns HTML. Everything in them is escaped, and only web
addresses become links.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
}

_STYLE = """
:root { color-scheme: light dark; font: 1.05rem/1.5 system-ui, sans-serif }
main { max-width: 44rem; margin: 4vh auto; padding: 0 1rem }
article { margin: 1rem 0; padding: .8rem 1rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent);
  border-radius: .5rem; overflow-wrap: anywhere }
h2 { font-size: 1.15rem; margin: 0 }
pre { font: inherit; white-space: pre-wrap; margin: .6rem 0 }
small { opacity: .75 }
a { display: inline-block; padding: .3rem 0 }
"""


def page(messages: Sequence[Mapping[str, Any]]) -> str:
    """All messages; a sentence where there is none."""
    shown = "".join(_message(message) for message in reversed(messages))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Outbox</title><style>{_STYLE}</style></head><body><main><h1>Outbox</h1>"
        "<p><small>What Teams and e-mail would have delivered. Nothing here has left this machine. "
        "Load the page again to see what is new.</small></p>"
        f"{shown or '<p>Nothing has been sent yet.</p>'}</main></body></html>"
    )


def _message(message: Mapping[str, Any]) -> str:
    way = "Teams channel" if message["kind"] == "teams" else "Mail to"
    links = "".join(_link(url) for url in message["links"])
    return (
        f"<article><h2>{escape(message['subject'])}</h2>"
        f'<small>{way} {escape(", ".join(message["to"]))} · <time datetime="{escape(message["time"])}">'
        f"{escape(message['time'][:19].replace('T', ' '))} UTC</time></small>"
        f"<pre>{escape(message['text'])}</pre>{links}</article>"
    )


def _link(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        return f"<div>{escape(url)}</div>"
    return f'<div><a href="{escape(url)}">{escape(url)}</a></div>'
