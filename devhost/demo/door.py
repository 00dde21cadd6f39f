"""The door of the `records` server: who may come in, and a line in the log for each who tried.

Takes requests to the MCP app behind it. Only `Authorization: Bearer` with the value of the vault's
secret passes; the log holds every header in full, which no product should do and a demo must: it is
how a test sees which token arrived and which did not.
"""

import asyncio
import hmac
import json
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS_BETWEEN_READS = 1.0
SECONDS_BETWEEN_FIRST_READS = 0.1
"""While the stack starts and the vault may not be up yet."""
READ_SECONDS = 5.0


@dataclass(slots=True)
class Token:
    """The one token that opens the door, as last read from the vault."""

    read: Callable[[], Awaitable[str]]
    clock: Callable[[], float] = time.monotonic
    _value: str = ""
    _read_at: float = float("-inf")
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def matches(self, shown: str) -> bool:
        """Whether this is the token; one that is not makes the vault be asked again, at most once a second."""
        return self._is(shown) or (await self._refreshed() and self._is(shown))

    async def is_known(self) -> bool:
        return bool(self._value) or await self._refreshed()

    def _is(self, shown: str) -> bool:
        # fail-closed: an empty value means that the vault was never read.
        return bool(self._value) and hmac.compare_digest(shown.encode(), self._value.encode())

    async def _refreshed(self) -> bool:
        async with self._turn:
            pause = SECONDS_BETWEEN_READS if self._value else SECONDS_BETWEEN_FIRST_READS
            if self.clock() - self._read_at < pause:
                return bool(self._value)
            self._read_at = self.clock()
            try:
                async with asyncio.timeout(READ_SECONDS):
                    self._value = await self.read()
            except Exception as error:  # noqa: BLE001 - any fault of the vault means: not now
                print(f"records: the vault does not answer ({type(error).__name__})", file=sys.stderr)
            return bool(self._value)


@dataclass(frozen=True, slots=True)
class Door:
    """The MCP app behind the check and the log, as an ASGI app."""

    app: ASGIApp
    token: Token
    log: Path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = await Request(scope, receive).body()
        self._note(scope, body)
        scheme, _, shown = Headers(scope=scope).get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and await self.token.matches(shown):
            await self.app(scope, _replay(body, receive), send)
            return
        challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        await JSONResponse({"error": "invalid_token"}, 401, challenge)(scope, receive, send)

    def _note(self, scope: Scope, body: bytes) -> None:
        line = {
            "time": datetime.now(UTC).isoformat(),
            "http_method": scope["method"],
            "path": scope["path"],
            "rpc_method": _rpc_method(body),
            "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]],
        }
        with self.log.open("a") as file:
            file.write(json.dumps(line) + "\n")


def log_file(state: Path) -> Path:
    """`logs/records.requests.jsonl` below the state folder, which exists from now on."""
    path = state / "logs" / "records.requests.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    return path


def _rpc_method(body: bytes) -> str | None:
    try:
        message = json.loads(body)
    except ValueError:
        return None
    method = message.get("method") if isinstance(message, dict) else None
    return method if isinstance(method, str) else None


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body once more, then whatever comes next: the client's disconnect."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return left.pop() if left else await receive()

    return again
