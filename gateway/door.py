"""Between the platform's HTTP types and the walk's values.

Takes the request of an HTTP trigger and gives an Arrival; takes an Answer and gives the response.
It decides nothing; it only bounds what is read.
"""

import ipaddress
import re
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from gateway.answer import Answer
from gateway.inbound import MAX_BODY
from gateway.values import Arrival, Origin

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


async def arrival_of(request: Request) -> Arrival:
    """The request with its body read, as far as the limit allows."""
    headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in request.headers.raw)
    return Arrival(
        http_method=request.method,
        server=str(request.path_params.get("server", "")),
        headers=headers,
        body=await _body(request),
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


def response_of(answer: Answer) -> Any:
    if isinstance(answer.body, bytes):
        return Response(answer.body, answer.status, answer.headers)
    return StreamingResponse(answer.body, answer.status, answer.headers)


async def _body(request: Request) -> bytes | None:
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced) > MAX_BODY:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            return None
    return bytes(body)


def _address(text: str) -> str:
    """An IP address without its port, or the empty string."""
    host = text.rpartition(":")[0] if text.count(":") == 1 else text.partition("]")[0]
    try:
        return str(ipaddress.ip_address(host.lstrip("[")))
    except ValueError:
        return ""
