"""An upstream MCP server that answers as a test tells it to, over real HTTP.

`answer` is called with what arrived and returns a Starlette response; the functions below build the
usual ones, and those of an upstream that is slow, broken or lying.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from devhost import serve
from gateway.listing import ID_PREFIX

TOOLS: tuple[dict[str, Any], ...] = tuple(
    {"name": name}
    for name in (
        *("get_customer", "slow_report", "issue_refund", "delete_customer", "wire_money"),
        *("read_vault", "restart_host"),
    )
)
"""What the upstream publishes unless a test says otherwise."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as the upstream saw it."""

    http_method: str
    headers: dict[str, str]
    body: Any
    left: asyncio.Event
    """Set when the client has gone while its answer was still being made."""

    @property
    def id(self) -> Any:
        return self.body.get("id")


@dataclass(slots=True)
class Upstream:
    answer: Callable[[Seen], Response]
    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    tools: list[dict[str, Any]] = field(default_factory=lambda: [*TOOLS])
    """The answer to the gateway's own `tools/list`."""
    lists: Callable[[Seen], Response] | None = None
    """Answers the gateway's own `tools/list` instead."""
    listed: list[Seen] = field(default_factory=list)
    """Those requests; they are not among `seen`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # uvicorn asks for lifespan first
            raise NotImplementedError
        request = Request(scope, receive)
        raw = await request.body()
        seen = Seen(request.method, dict(request.headers), json.loads(raw) if raw else {}, asyncio.Event())
        await self._answer_to(seen)(scope, receive, send)

    def _answer_to(self, seen: Seen) -> Response:
        if isinstance(seen.body, dict) and str(seen.id).startswith(ID_PREFIX):
            self.listed.append(seen)
            return (self.lists or result({"tools": self.tools}))(seen)
        self.seen.append(seen)
        return self.answer(seen)


@contextlib.asynccontextmanager
async def serving(answer: Callable[[Seen], Response]) -> AsyncIterator[Upstream]:
    """The upstream on a free port of this machine."""
    upstream = Upstream(answer)
    async with serve.serving(upstream) as base:
        upstream.url = f"{base}/mcp"
        yield upstream


def result(value: dict[str, Any]) -> Callable[[Seen], Response]:
    return lambda seen: JSONResponse({"jsonrpc": "2.0", "id": seen.id, "result": value})


def text_result(text: str) -> Callable[[Seen], Response]:
    return result({"content": [{"type": "text", "text": text}]})


def status(code: int, body: Any = None, **headers: str) -> Callable[[Seen], Response]:
    return lambda _: Response(b"" if body is None else json.dumps(body), code, headers, "application/json")


def raw(body: bytes, media_type: str = "application/json", **headers: str) -> Callable[[Seen], Response]:
    return lambda _: Response(body, 200, headers, media_type)


def events(*messages: dict[str, Any] | bytes, then: str = "ends") -> Callable[[Seen], Response]:
    """A stream of these messages; an id of `...` stands for the request's. Then it `ends`, `hangs` or `breaks`."""

    async def stream(seen: Seen) -> AsyncIterator[bytes]:
        for message in messages:
            if isinstance(message, bytes):
                yield message
                continue
            filled = message | {"id": seen.id} if message.get("id") is ... else message
            yield f"event: message\ndata: {json.dumps(filled)}\n\n".encode()
        if then == "hangs":
            try:
                await asyncio.Event().wait()
            finally:
                seen.left.set()
        if then == "breaks":
            raise ConnectionResetError

    return lambda seen: StreamingResponse(stream(seen), media_type="text/event-stream")


class Hanging(Response):
    """Never answers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.Event().wait()
