"""Whether a form was sent from its own page, by the person who saw it. Pure.

Takes the request, its form and the session, and gives why the form is not genuine. Two independent
proofs are asked for: a token that only the page of this session and this subject holds, and the
browser's own word that the request comes from this site. One that lacks either is refused.

Source: Fetch standard, section "Origin header"; W3C Fetch Metadata; OWASP CSRF prevention.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from gateway.pages.request import PageRequest
from gateway.seal import Seal

PURPOSE = "web-form"
FIELD = "token"


def form_token(seal: Seal, session: str, subject: str) -> str:
    """What the form of this subject carries in this session."""
    return seal.seal_text(b"", _bound_to(session, subject))


def forged(request: PageRequest, form: Mapping[str, str], seal: Seal, session: str, url: str) -> str:
    """Why the form is not genuine; empty if it is. `url` is the gateway's own."""
    if why := foreign(request, url):
        return why
    if seal.open_text(form.get(FIELD, ""), _bound_to(session, request.path)) is None:
        return "its token is missing, changed, or of another page or session"
    return ""


def foreign(request: PageRequest, url: str) -> str:
    """Why the request does not come from a page of this gateway; empty if it does."""
    site, origin = request.sole("sec-fetch-site"), request.sole("origin")
    if site not in ("", "same-origin"):
        return "Sec-Fetch-Site is not same-origin"
    if origin == origin_of(url):
        return ""
    # A page that sends no referrer has its own forms sent with `Origin: null`, as any sandbox has:
    # then, and where there is no Origin, the word of the browser is needed.
    if origin in ("", "null") and site == "same-origin":
        return ""
    return "Origin is missing or is another one"


def origin_of(url: str) -> str:
    """The origin of a URL as browsers write it."""
    parts = urlsplit(url)
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if parts.port in (None, usual) else f":{parts.port}")


def _bound_to(session: str, subject: str) -> bytes:
    return f"{session} {subject}".encode()
