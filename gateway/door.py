"""Between the platform's HTTP types and the walk's values.

Takes the request of an HTTP trigger and gives an Arrival; takes an Answer and gives the response.
It decides nothing; it only bounds what is read.
"""

import ipaddress
import re
from collections.abc import Awaitable, Callable
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from gateway.answer import Answer
from gateway.inbound import MAX_BODY
from gateway.pages.request import MAX_FORM, PageRequest
from gateway.values import Arrival, Origin

_LONGEST_ADDRESS = 100
"""Characters of an address with its port; of IPv6, with a zone too."""
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


async def arrival_of(request: Request) -> Arrival:
    """The request with its body read, as far as the limit allows."""
    return Arrival(
        http_method=request.method,
        server=str(request.path_params.get("server", "")),
        headers=_headers(request),
        body=await _body(request, MAX_BODY),
    )


async def page_request_of(request: Request, limit: int = MAX_FORM) -> PageRequest:
    """The request of a browser or of an API beside MCP, with its body read as far as the limit allows."""
    return PageRequest(
        method=request.method,
        path=request.url.path,
        query=request.url.query,
        headers=_headers(request),
        body=await _body(request, limit),
    )


def origin_of(request: Request) -> Origin:
    """Where the request came from.

    The platform's front end appends the address that it saw as the last entry of `X-Forwarded-For`;
    entries before it are the client's own words.
    """
    last = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    trace = request.headers.get("traceparent", "")
    return Origin(source=_address(last), trace=trace if _TRACEPARENT.fullmatch(trace) else "")


def gone_from(request: Request) -> Callable[[], Awaitable[None]]:
    """What returns once the client has left. To be asked after the body was read, by one at a time."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    return gone


def response_of(answer: Answer) -> Response:
    if not isinstance(answer.body, bytes):
        return StreamingResponse(answer.body, answer.status, answer.headers)
    response = Response(answer.body, answer.status, answer.headers)
    for cookie in answer.cookies:
        response.headers.append("set-cookie", cookie)
    return response


def _headers(request: Request) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in request.headers.raw)


async def _body(request: Request, limit: int) -> bytes | None:
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced) > limit:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            return None
    return bytes(body)


def _address(text: str) -> str:
    """An IP address without its port, or the empty string."""
    return _read_address(text) if len(text) <= _LONGEST_ADDRESS else ""


# The platform's front end is one of few addresses; a client of a session is the same one for many calls.
@lru_cache(maxsize=1000)
def _read_address(text: str) -> str:
    host = text.rpartition(":")[0] if text.count(":") == 1 else text.partition("]")[0]
    try:
        return str(ipaddress.ip_address(host.lstrip("[")))
    except ValueError:
        return ""
