"""What browsers are told: which pages may call, with which headers, and what they may read. Pure.

Takes the request's headers and the origins that the operator listed, and gives response headers; an
origin that is not listed gets none, and its calls are refused by `inbound` besides.
"""

import re
from collections.abc import Mapping

from gateway.answer import Answer

_METHODS = "POST, GET, DELETE"
_HEADERS = (
    "authorization, content-type, accept, mcp-protocol-version, mcp-method, mcp-name, mcp-session-id, last-event-id"
)
_PARAM = re.compile(r"mcp-param-[a-z0-9_-]{1,64}")
_EXPOSED = "Mcp-Session-Id, WWW-Authenticate, Retry-After, RateLimit, RateLimit-Policy"
_PREFLIGHT_SECONDS = "600"


def headers(request: Mapping[str, str], origins: frozenset[str]) -> dict[str, str]:
    """What an answer to this request carries for the browser."""
    origin = request.get("origin", "")
    if not origin or origin.lower() not in origins:
        return {}
    return {
        "access-control-allow-origin": origin,
        "access-control-expose-headers": _EXPOSED,
        "vary": "Origin",
    }


def preflight(request: Mapping[str, str], origins: frozenset[str]) -> Answer:
    """The answer to an OPTIONS request: it reaches nothing and tells no secret, so it needs no token."""
    allowed = headers(request, origins)
    if not allowed:
        return Answer(403)
    # `Mcp-Param-*` cannot be listed by pattern, so those that are asked for are named.
    asked = [name.strip().lower() for name in request.get("access-control-request-headers", "").split(",")]
    params = [name for name in asked if _PARAM.fullmatch(name)]
    return Answer(
        204,
        allowed
        | {
            "access-control-allow-methods": _METHODS,
            "access-control-allow-headers": ", ".join([_HEADERS, *params[:20]]),
            "access-control-max-age": _PREFLIGHT_SECONDS,
        },
    )
