"""The upstream of the endurance run: an MCP server that notes each call that it was asked to make, and answers.

Every answer holds values that nobody may see. It takes only the secret that lies in the vault at that moment, so
that a gateway with an older one has to read it again. What it notes is what the evidence is compared with.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from tests.fakes.upstream import Seen, events, status

MAIL, CARD = "ada.planted@secret.example", "4539148803436467"
PLANTED = (MAIL, CARD)
"""In every answer; the policy hides them from everybody."""
SMALL, LARGE, STREAM, HANGS = "get_order", "list_orders", "watch_order", "await_order"
REFUND, EXPORT, FORBIDDEN = "refund_order", "export_orders", "delete_order"
TOOLS = (SMALL, LARGE, STREAM, HANGS, REFUND, EXPORT, FORBIDDEN)
LONGEST = 0.03
"""Seconds that an answer takes, at most."""
LARGE_SIZE = 100_000
"""Bytes of a large result."""


@dataclass(slots=True)
class Orders:
    """What reached the upstream."""

    secret: Callable[[], str]
    """What the credential must be now."""
    made: Counter[str] = field(default_factory=Counter)
    """How often each call, by its id, was made."""
    tools: dict[str, str] = field(default_factory=dict)
    """The tool of each."""
    orders: Counter[str] = field(default_factory=Counter)
    """How often each order was refunded."""
    refused: int = 0
    """Requests with a credential that was not the right one; none of them was carried out."""
    requests: int = 0
    tokens: int = 0
    """Requests that carried what looks like a caller's token."""
    _sessions: int = 0

    def answer(self, seen: Seen) -> Response:
        self.requests += 1
        self.tokens += "eyJ" in seen.headers.get("authorization", "")
        if seen.headers.get("authorization") != f"Bearer {self.secret()}":
            self.refused += 1
            return status(401)(seen)
        if seen.http_method != "POST":
            return status(405)(seen)
        method = seen.body.get("method", "")
        if method == "initialize":
            self._sessions += 1
            answer = JSONResponse({"jsonrpc": "2.0", "id": seen.id, "result": _GREETING})
            answer.headers["mcp-session-id"] = f"orders-{self._sessions}"
            return answer
        if "id" not in seen.body:
            return Response(status_code=202)
        if method == "subscriptions/listen":
            return events(_event("listening"), then="hangs")(seen)
        return self._called(seen) if method == "tools/call" else _result(seen, {"tools": tools()})

    def _called(self, seen: Seen) -> Response:
        params = seen.body["params"]
        tool, arguments = params["name"], params.get("arguments", {})
        self.made[str(seen.id)] += 1
        self.tools[str(seen.id)] = tool
        if tool == REFUND:
            self.orders[arguments["order"]] += 1
        if tool == STREAM:
            return StreamingResponse(_stream(seen), media_type="text/event-stream")
        if tool == HANGS:
            return events(_event("waiting"), then="hangs")(seen)
        text = str(arguments.get("says", f"{MAIL} paid with {CARD}. "))
        size = int(arguments.get("bytes", LARGE_SIZE if tool == LARGE else len(text)))
        return _result(seen, _content(text * (size // len(text))))


_GREETING = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "orders", "version": "1"},
}


class _Unhurried(JSONResponse):
    """It takes its time, so that calls are under way at any moment."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(random.random() * LONGEST)
        await super().__call__(scope, receive, send)


def tools() -> list[dict[str, Any]]:
    return [{"name": name, "inputSchema": {"type": "object"}} for name in TOOLS]


def _content(text: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}], "isError": False, "resultType": "complete"}


def _result(seen: Seen, result: dict[str, Any]) -> Response:
    return _Unhurried({"jsonrpc": "2.0", "id": seen.id, "result": result})


def _event(text: str) -> dict[str, Any]:
    params = {"level": "info", "data": f"{text}: {MAIL} {CARD}"}
    return {"jsonrpc": "2.0", "method": "notifications/message", "params": params}


async def _stream(seen: Seen) -> AsyncIterator[str]:
    last = {"jsonrpc": "2.0", "id": seen.id, "result": _content(f"{MAIL} {CARD}")}
    for message in (_event("one"), _event("two"), last):
        await asyncio.sleep(random.random() * LONGEST)
        yield f"event: message\ndata: {json.dumps(message)}\n\n"


@dataclass(slots=True)
class SecretOnDisk:
    """The current value of a secret of the vault, looked at again after a moment."""

    read: Callable[[], str]
    _value: str = ""
    _until: float = 0.0

    def __call__(self) -> str:
        if time.monotonic() >= self._until:
            self._value, self._until = self.read(), time.monotonic() + 0.2
        return self._value
