"""Room 10: the only file that talks to an upstream.

Takes a decided call, the server of the policy and the header with its credential, and returns the
upstream's answer read and checked: one message, a stream of events, an acceptance, or a refusal.
Nothing of the upstream passes unread: redirects, cookies, challenges and bodies that are not
JSON-RPC end here.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, TypeGuard

import httpx

from gateway import jsontext, sse
from gateway.credential import Header
from gateway.policy.document import Server
from gateway.protocol import SESSION_HEADER
from gateway.reasons import Reason
from gateway.values import Call, Era, MessageKind, Refusal

MAX_ANSWER = 16 * 1024 * 1024
"""Bytes of one JSON answer."""

_HTTP_METHOD = {MessageKind.STREAM: "GET", MessageKind.END: "DELETE"}
_ANSWERED = frozenset({MessageKind.REQUEST, MessageKind.STREAM})


@dataclass(frozen=True, slots=True)
class Reply:
    """One JSON-RPC response with the request's id."""

    status: int
    mcp_session: str
    message: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The upstream took a message that has no answer."""

    status: int
    mcp_session: str


@dataclass(frozen=True, slots=True)
class EventStream:
    """An answer that arrives as server-sent events; whoever holds it must close it."""

    mcp_session: str
    response: httpx.Response

    async def events(self) -> AsyncIterator[sse.Event]:
        """The events as they arrive. Raises BrokenStreamError."""
        parser = sse.Parser()
        try:
            async for chunk in self.response.aiter_raw():
                for event in parser.feed(chunk):
                    yield event
        except httpx.TimeoutException:
            raise BrokenStreamError(Reason.UPSTREAM_TIMEOUT) from None
        except httpx.HTTPError:
            raise BrokenStreamError(Reason.UPSTREAM_BROKE_OFF) from None
        except sse.EventTooLargeError:
            raise BrokenStreamError(Reason.UPSTREAM_TOO_LARGE) from None
        except UnicodeDecodeError:
            raise BrokenStreamError(Reason.UPSTREAM_MALFORMED) from None

    async def close(self) -> None:
        await self.response.aclose()


class BrokenStreamError(Exception):
    """A stream that cannot be read on."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.name)
        self.reason = reason


type Answer = Reply | Accepted | EventStream


def open_client() -> httpx.AsyncClient:
    """The one client of this process: no redirects, no cookies, no proxy out of the environment.

    It trusts the authorities that this system trusts (`SSL_CERT_FILE`), as the Azure SDKs do.
    """
    # An ordinary jar would send one caller's upstream cookie along with the next caller's request.
    jar = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return httpx.AsyncClient(
        cookies=jar,
        verify=ssl.create_default_context(),
        follow_redirects=False,
        trust_env=False,
        limits=httpx.Limits(max_connections=1000, max_keepalive_connections=100),
        headers={"accept-encoding": "identity", "user-agent": "countersign"},
    )


async def forward(client: httpx.AsyncClient, call: Call, server: Server, header: Header | None) -> Answer | Refusal:
    """The upstream's answer to the call, checked. Every failure is a refusal; none raises."""
    request = _request(client, call, server, header)
    try:
        async with asyncio.timeout(server.read_timeout):
            response = await client.send(request, stream=True)
    except (httpx.TimeoutException, TimeoutError):
        return Refusal(Reason.UPSTREAM_TIMEOUT)
    except httpx.HTTPError as error:
        return Refusal(Reason.UPSTREAM_UNREACHABLE, type(error).__name__)
    session = response.headers.get(SESSION_HEADER, "") if call.era is Era.LEGACY else ""
    if response.status_code == 200 and _media_type(response) == "text/event-stream" and call.kind in _ANSWERED:
        return EventStream(session, response)
    try:
        async with asyncio.timeout(server.read_timeout):
            return await _read(call, response, session)
    except (httpx.TimeoutException, TimeoutError):
        return Refusal(Reason.UPSTREAM_TIMEOUT)
    except httpx.HTTPError:
        return Refusal(Reason.UPSTREAM_BROKE_OFF)
    finally:
        await response.aclose()


def is_response_to(message: Any, call: Call) -> TypeGuard[dict[str, Any]]:
    """Whether a message is a JSON-RPC 2.0 response that carries this call's id."""
    if (
        not isinstance(message, dict)
        or message.get("jsonrpc") != "2.0"
        or ("result" in message) == ("error" in message)
    ):
        return False
    if not isinstance(message.get("result", message.get("error")), dict):
        return False
    # 1 == True and 1 == 1.0 in Python; in JSON-RPC they are different ids.
    return type(message.get("id")) is type(call.id) and message["id"] == call.id


def _request(client: httpx.AsyncClient, call: Call, server: Server, header: Header | None) -> httpx.Request:
    headers = dict(call.headers)
    content = None
    if call.message:
        content = jsontext.write(call.message)
        headers["content-type"] = "application/json"
    if header is not None:
        headers[header.name] = header.value.reveal()
    # A stream may be silent for as long as nothing happens; an answer may not.
    is_stream = call.kind is MessageKind.STREAM or call.method == "subscriptions/listen"
    timeout = httpx.Timeout(server.read_timeout, connect=server.connect_timeout, read=None) if is_stream else None
    return client.build_request(
        _HTTP_METHOD.get(call.kind, "POST"),
        server.url,
        headers=headers,
        content=content,
        timeout=timeout or httpx.Timeout(server.read_timeout, connect=server.connect_timeout),
    )


def _media_type(response: httpx.Response) -> str:
    media_type: str = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type


async def _read(call: Call, response: httpx.Response, session: str) -> Reply | Accepted | Refusal:
    status = response.status_code
    if refusal := _unusable(response):
        return refusal
    if status < 300 and call.kind not in _ANSWERED:
        return Accepted(200 if call.kind is MessageKind.END else 202, session)
    if _media_type(response) != "application/json":
        return _by_status(call, status, "not JSON")
    body = await _body(response)
    if body is None:
        return Refusal(Reason.UPSTREAM_TOO_LARGE)
    message = jsontext.parse(body, duplicates=True)
    if status >= 400 and isinstance(message, dict) and message.get("id", call.id) is None:
        # The upstream could not read the id; this hop did.
        message = message | {"id": call.id}
    if call.kind is MessageKind.REQUEST and is_response_to(message, call):
        return Reply(status, session, message)
    return _by_status(call, status, "not a JSON-RPC response to this request")


def _unusable(response: httpx.Response) -> Refusal | None:
    """Why an answer is not even read: none of these may reach a client."""
    status = response.status_code
    if status in (401, 403):
        return Refusal(Reason.UPSTREAM_UNAUTHORIZED, f"status {status}")
    if 300 <= status < 400:
        return Refusal(Reason.UPSTREAM_MALFORMED, f"redirect, status {status}")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        return Refusal(Reason.UPSTREAM_MALFORMED, "compressed although not asked for")
    return None


def _by_status(call: Call, status: int, why: str) -> Refusal:
    """What an answer that is no JSON-RPC response amounts to. 404 and 405 mean something to a client."""
    detail = f"status {status}, {why}"
    if status == 404 and call.era is Era.LEGACY and call.mcp_session:
        return Refusal(Reason.SESSION_ENDED, detail)
    if status == 405:
        return Refusal(Reason.UPSTREAM_NOT_ALLOWED, detail)
    if 400 <= status < 500:
        return Refusal(Reason.UPSTREAM_BAD_REQUEST, detail)
    return Refusal(Reason.UPSTREAM_MALFORMED if status < 300 else Reason.UPSTREAM_REJECTED, detail)


async def _body(response: httpx.Response) -> bytes | None:
    """The whole body, or None where it goes past the limit."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_ANSWER:
            return None
    return bytes(body)
