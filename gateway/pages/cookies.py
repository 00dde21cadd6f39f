"""The two cookies of the pages: the session, and a sign-in that is on its way. Pure.

Takes names and sealed values and gives `Set-Cookie` lines, and back from `Cookie` lines. Under https
they are `__Host-` cookies, which no other host can set (RFC 6265bis, section 4.1.3.2); plain http,
which settings allow on this machine alone, knows no such thing.
"""

import re
from collections.abc import Sequence

SESSION = "countersign"
SIGN_IN = "countersign-sign-in"
MAX_COOKIE = 4000
"""Characters of a cookie's value: browsers keep no more than 4,096 bytes with its name."""

_VALUE = re.compile(r"[A-Za-z0-9_-]+")


def read_cookie(headers: Sequence[tuple[str, str]], name: str, *, is_secure: bool) -> str | None:
    """The cookie's value; None if it is not there exactly once, or is none that this gateway writes."""
    wanted = _named(name, is_secure)
    pairs = [pair.partition("=") for header, line in headers if header == "cookie" for pair in line.split(";")]
    found = [value.strip() for key, _, value in pairs if key.strip() == wanted]
    return found[0] if len(found) == 1 and len(found[0]) <= MAX_COOKIE and _VALUE.fullmatch(found[0]) else None


def write_cookie(name: str, value: str, seconds: int, *, is_secure: bool) -> str:
    """The `Set-Cookie` line; no seconds: the browser forgets the cookie."""
    # Lax and not Strict: the way back from the sign-in and the link in a mail come from another site.
    line = f"{_named(name, is_secure)}={value}; Path=/; Max-Age={max(0, seconds)}; HttpOnly; SameSite=Lax"
    return f"{line}; Secure" if is_secure else line


def forget_cookie(name: str, *, is_secure: bool) -> str:
    return write_cookie(name, "", 0, is_secure=is_secure)


def _named(name: str, is_secure: bool) -> str:
    return f"__Host-{name}" if is_secure else name
