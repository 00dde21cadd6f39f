"""The sign-in page: one button for each person of the tenant, no password, no JavaScript.

Takes the path and query that the form posts back to, and returns HTML. It shows only what it is given,
escaped, and holds no state.
"""

from html import escape

from devhost.accounts import ACCOUNTS

# No form-action: Chromium applies it to every redirect that follows a form, and where a client's own
# callback leads on to is the client's business. There is nothing on these pages but constants.
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
}

_STYLE = """
:root { color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif }
main { max-width: 26rem; margin: 8vh auto; padding: 0 1rem }
button { display: block; width: 100%; margin: .6rem 0; padding: .8rem 1rem; font: inherit; text-align: left }
small { display: block; opacity: .75 }
"""


def sign_in(action: str) -> str:
    """The page on which a person picks an account; the choice is posted to `action`."""
    buttons = "".join(
        f'<button name="account" value="{escape(account.name)}">{escape(account.display_name)}'
        f"<small>{escape(account.mail)} · {escape(', '.join(account.groups) or 'no groups')}</small></button>"
        for account in ACCOUNTS.values()
        if account.kind == "user"
    )
    return _page("Sign in", f'<form method="post" action="{escape(action)}">{buttons}</form>')


def problem(text: str) -> str:
    """The page for a request that cannot be sent back to any client."""
    return _page("Sign-in failed", f"<p>{escape(text)}</p>")


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1><p><small>Development tenant of Countersign</small></p>"
        f"{body}</main></body></html>"
    )
