"""A Key Vault that is too busy, or not there: what a test or the endurance run may switch on.

Takes the vault's app and gives it with `POST /devhost/fault` before it, which says how the requests that come from
then on are answered: with 429 or 503 and a Retry-After, as Key Vault throttles, for so many of them or until it is
lifted. What it answers so, the vault never sees. `/devhost` and the probe pass at all times.
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from devhost.vault_door import error

PATH = "/devhost/fault"
STATUSES = {
    429: ("Throttled", "Request was not processed because too many requests were received."),
    503: ("ServiceUnavailable", "The service is temporarily unavailable."),
}
FOREVER = 1_000_000
"""Requests."""


@dataclass(slots=True)
class Faulty:
    """The app, and the fault in front of it."""

    app: ASGIApp
    status: int = 0
    """What requests are answered with; 0: the vault answers them itself."""
    times: int = 0
    met: int = 0
    """Requests that were answered so since the start."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH:
            await (await self._switched(Request(scope, receive)))(scope, receive, send)
        elif scope["type"] == "http" and self.times > 0 and not scope["path"].startswith(("/devhost", "/healthz")):
            self.times, self.met = self.times - 1, self.met + 1
            response = error(self.status, *STATUSES[self.status])
            response.headers["Retry-After"] = "1"
            await response(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _switched(self, request: Request) -> Response:
        """`{"status": 429, 503 or null, "times": number}`; null lifts it."""
        if request.method != "POST":
            return JSONResponse({"met": self.met})
        asked = await request.json()
        if asked.get("status") not in (None, *STATUSES):
            return error(400, "BadParameter", "There are 429, 503 and null.")
        self.status = asked.get("status") or 0
        self.times = int(asked.get("times", FOREVER)) if self.status else 0
        return JSONResponse({"met": self.met})
