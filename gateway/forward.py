"""Room 10: the only file that talks to an upstream.

Takes a decided call, the server of the policy and the header with its credential, and returns the
upstream's answer read and checked: one message, a stream of events, an acceptance, or a refusal.
Nothing of the upstream passes unread: redirects, cookies, challenges and bodies that are not
JSON-RPC end here.
"""

import asyncio
import io
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import aiohttp
import httpx
from yarl import URL

from gateway import jsontext, sse
from gateway.aside import aside
from gateway.credential import Header
from gateway.policy.document import Server
from gateway.protocol import SESSION_HEADER, is_response_to
from gateway.reasons import Reason
from gateway.values import Call, Caller, Era, MessageKind, Refusal

MAX_ANSWER = 16 * 1024 * 1024
"""Bytes of one JSON answer."""

_LARGE = 1024 * 1024
"""Bytes of a request; larger ones are sent in pieces, so that none of them holds up the others."""
_IDLE = 4.0
"""Seconds for which an unused connection is kept: fewer than the five after which Node and uvicorn close theirs."""
_MAX_FIELD = 64 * 1024
"""Bytes of one header field of an answer."""
_OWN_HEADERS = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "countersign"}
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
    response: aiohttp.ClientResponse
    largest: int = 0
    """Bytes of an answer that the policy lets this caller have; 0: any number."""
    listens: bool = False
    """No answer is to come, so that each event counts for itself."""

    async def events(self) -> AsyncIterator[sse.Event]:
        """The events as they arrive. Raises BrokenStreamError."""
        limit, size = _limit(self.largest, sse.MAX_EVENT), 0
        parser = sse.Parser(limit)
        try:
            async for chunk in self.response.content.iter_any():
                size += len(chunk)
                if 0 < self.largest < size and not self.listens:
                    raise BrokenStreamError(Reason.RESULT_TOO_LARGE)
                for event in parser.feed(chunk):
                    yield event
        except TimeoutError:
            raise BrokenStreamError(Reason.UPSTREAM_TIMEOUT) from None
        except aiohttp.ClientError:
            raise BrokenStreamError(Reason.UPSTREAM_BROKE_OFF) from None
        except sse.EventTooLargeError:
            raise BrokenStreamError(_too_large(limit, sse.MAX_EVENT)) from None
        except UnicodeDecodeError:
            raise BrokenStreamError(Reason.UPSTREAM_MALFORMED) from None

    async def close(self) -> None:
        self.response.close()


class BrokenStreamError(Exception):
    """A stream that cannot be read on."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.name)
        self.reason = reason


type Answer = Reply | Accepted | EventStream


class Upstreams:
    """The connections of this process to all upstreams: no redirects, no cookies, no proxy out of the environment.

    They are kept and used again. What `httpx` does for everything else takes ten times the processor here.
    """

    def __init__(self) -> None:
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None, limits: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:
        """The answer up to its body. Raises TimeoutError and aiohttp.ClientError."""
        # Streams that last for as long as their clients like have connections of their own, and leave calls theirs.
        lasts = limits.sock_read is None
        if lasts not in self._sessions:
            self._sessions[lasts] = _open_session()
        return await self._sessions[lasts].request(
            method,
            # As the policy has it: an upstream may tell one spelling of a path from another.
            URL(url, encoded=True),
            headers=headers,
            data=io.BytesIO(content) if content and len(content) > _LARGE else content,
            timeout=limits,
            allow_redirects=False,
        )

    async def aclose(self) -> None:
        for session in self._sessions.values():
            await session.close()


def _open_session() -> aiohttp.ClientSession:
    """Opened by the first call, since it belongs to the event loop of the calls."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=1000, keepalive_timeout=_IDLE, ssl=_trusted()),
        # An ordinary jar would send one caller's upstream cookie along with the next caller's request.
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        max_field_size=_MAX_FIELD,
        headers=_OWN_HEADERS,
        skip_auto_headers=("content-type",),
    )


def open_client() -> httpx.AsyncClient:
    """The client for all that is no upstream, as careful as `Upstreams`."""
    # As there: no cookie of one answer goes along with the next request.
    jar = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return httpx.AsyncClient(
        cookies=jar,
        verify=_trusted(),
        follow_redirects=False,
        trust_env=False,
        limits=httpx.Limits(max_connections=1000, max_keepalive_connections=100),
        headers=_OWN_HEADERS,
    )


def _trusted() -> ssl.SSLContext:
    """The authorities that this system trusts (`SSL_CERT_FILE`), as the Azure SDKs do."""
    return ssl.create_default_context()


async def forward(
    upstreams: Upstreams,
    call: Call,
    server: Server,
    header: Header | None,
    largest: int = 0,
    caller: Caller | None = None,
) -> Answer | Refusal:
    """The upstream's answer to the call, checked, of at most `largest` bytes (0: as many as the gateway takes).

    A large one is read by turns of the callers. Every failure is a refusal; none raises.
    """
    try:
        async with asyncio.timeout(server.read_timeout):
            response = await _send(upstreams, call, server, header)
    except TimeoutError:
        return Refusal(Reason.UPSTREAM_TIMEOUT)
    except aiohttp.ClientError as error:
        return Refusal(Reason.UPSTREAM_UNREACHABLE, type(error).__name__)
    session = _field(response, SESSION_HEADER) if call.era is Era.LEGACY else ""
    if response.status == 200 and _media_type(response) == "text/event-stream" and call.kind in _ANSWERED:
        return EventStream(session, response, largest, listens(call))
    try:
        async with asyncio.timeout(server.read_timeout):
            body = await _body(call, response, session, largest)
    except TimeoutError:
        return Refusal(Reason.UPSTREAM_TIMEOUT)
    except aiohttp.ClientError:
        return Refusal(Reason.UPSTREAM_BROKE_OFF)
    finally:
        response.close()
    if not isinstance(body, bytes):
        return body
    # The time that an answer waits for its turn here is not the upstream's.
    message = await aside(body, partial(jsontext.parse, body, duplicates=True), caller)
    return _checked(call, response.status, session, message)


def listens(call: Call) -> bool:
    """Whether the call opens a stream that lasts for as long as its client likes, and is no answer to anything."""
    return call.kind is MessageKind.STREAM or call.method == "subscriptions/listen"


def _limit(largest: int, general: int) -> int:
    return min(largest or general, general)


def _too_large(limit: int, general: int) -> Reason:
    return Reason.RESULT_TOO_LARGE if limit < general else Reason.UPSTREAM_TOO_LARGE


async def _send(upstreams: Upstreams, call: Call, server: Server, header: Header | None) -> aiohttp.ClientResponse:
    headers = dict(call.headers)
    content = None
    if call.message:
        content = jsontext.write(call.message)
        headers["content-type"] = "application/json"
    if header is not None:
        headers[header.name] = header.value.reveal()
    # A stream may be silent for as long as nothing happens; an answer may not.
    silence = None if listens(call) else server.read_timeout
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=server.connect_timeout, sock_read=silence)
    return await upstreams.send(_HTTP_METHOD.get(call.kind, "POST"), server.url, headers, content, timeout)


def _field(response: aiohttp.ClientResponse, name: str) -> str:
    """The field, with commas between its values where it was sent more than once (RFC 9110, section 5.2)."""
    return ", ".join(response.headers.getall(name, ()))


def _media_type(response: aiohttp.ClientResponse) -> str:
    return _field(response, "content-type").partition(";")[0].strip().lower()


async def _body(call: Call, response: aiohttp.ClientResponse, session: str, largest: int) -> bytes | Accepted | Refusal:
    """The body of an answer that has one."""
    if refusal := _unusable(response):
        return refusal
    if response.status < 300 and call.kind not in _ANSWERED:
        return Accepted(200 if call.kind is MessageKind.END else 202, session)
    if _media_type(response) != "application/json":
        return _by_status(call, response.status, "not JSON")
    limit = _limit(largest, MAX_ANSWER)
    body = await _whole(response, limit)
    return Refusal(_too_large(limit, MAX_ANSWER)) if body is None else body


def _checked(call: Call, status: int, session: str, message: Any) -> Reply | Refusal:
    if status >= 400 and isinstance(message, dict) and message.get("id", call.id) is None:
        # The upstream could not read the id; this hop did.
        message = message | {"id": call.id}
    if call.kind is MessageKind.REQUEST and is_response_to(message, call):
        return Reply(status, session, message)
    return _by_status(call, status, "not a JSON-RPC response to this request")


def _unusable(response: aiohttp.ClientResponse) -> Refusal | None:
    """Why an answer is not even read: none of these may reach a client."""
    status = response.status
    if status in (401, 403):
        return Refusal(Reason.UPSTREAM_UNAUTHORIZED, f"status {status}")
    if 300 <= status < 400:
        return Refusal(Reason.UPSTREAM_MALFORMED, f"redirect, status {status}")
    if _field(response, "content-encoding").lower() not in ("", "identity"):
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


async def _whole(response: aiohttp.ClientResponse, limit: int) -> bytes | None:
    """The whole body, or None where it goes past the limit."""
    chunks, size = [], 0
    async for chunk in response.content.iter_any():
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            return None
    return b"".join(chunks)
