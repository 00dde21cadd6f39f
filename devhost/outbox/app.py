"""The doors of the outbox: a workflow's webhook and the e-mail service, and what a person or a test looks at.

Takes the messages' store and returns two ASGI apps: everything, to be served over TLS, and what is only
looked at, for a browser. A card needs no proof, since a webhook's URL is its secret; a mail needs the
managed identity's token. A test tells the next requests to fail by `POST /devhost/fail`.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from devhost.identity.bearer import is_managed_identity
from devhost.outbox import email, teams
from devhost.outbox.messages import Message, Messages
from devhost.outbox.page import HEADERS, page

RETRY_AFTER = 1
"""Seconds: when to ask what became of a mail, where the SDK would wait thirty, and when to try again after a 429."""

_CHANNEL = re.compile(r"[a-z0-9-]{1,64}")


def silent(_line: str) -> None: ...


@dataclass(slots=True)
class Doors:
    messages: Messages
    say: Callable[[str], None] = silent
    """Told of each message in one line."""
    faults: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By kind: the status of the next answers, and how many there are of them."""

    async def card(self, request: Request) -> Response:
        if failed := self._fail("teams"):
            return failed
        channel, content = request.path_params["channel"], await request.body()
        if not _CHANNEL.fullmatch(channel):
            return _error(404, "WorkflowNotFound", "There is no such workflow.")
        if len(content) > teams.MAX_BYTES:
            return _error(413, "RequestEntityTooLarge", f"Teams takes {teams.MAX_BYTES} bytes at most.")
        found = teams.read(channel, _decoded(request, content))
        if isinstance(found, str):
            return _error(400, "TriggerInputSchemaMismatch", found)
        self._keep(found)
        return Response(status_code=202)

    async def mail(self, request: Request) -> Response:
        if failed := self._fail("email") or self._not_the_gateway(request):
            return failed
        found = email.read(_decoded(request, await request.body()))
        if isinstance(found, str):
            return _error(400, "EmailDroppedBadRequest", found)
        operation = request.headers.get("operation-id") or found.id
        self._keep(found)
        headers = {
            "Operation-Location": f"{request.base_url}emails/operations/{operation}?{request.url.query}",
            "Retry-After": str(RETRY_AFTER),
        }
        return JSONResponse({"id": operation, "status": "Running", "error": None}, 202, headers)

    async def operation(self, request: Request) -> Response:
        if refused := self._not_the_gateway(request):
            return refused
        return JSONResponse({"id": request.path_params["id"], "status": "Succeeded", "error": None})

    async def all(self, request: Request) -> Response:
        return JSONResponse(self.messages.all(), headers={"Cache-Control": "no-store"})

    async def empty(self, request: Request) -> Response:
        self.messages.empty()
        return Response(status_code=204)

    async def page(self, request: Request) -> Response:
        return HTMLResponse(page(self.messages.all()), headers=HEADERS)

    async def fail(self, request: Request) -> Response:
        """The next `times` requests of that kind are answered with the status and do nothing; 0 lifts it."""
        asked = _decoded(request, await request.body())
        match asked:
            case {"kind": "teams" | "email" as kind, "status": int(status), "times": int(times)} if (
                400 <= status < 600 and times >= 0
            ):
                self.faults[kind] = (status, times)
                return Response(status_code=204)
        return _error(400, "BadRequest", "kind (teams or email), status (400 to 599) and times are needed.")

    def _keep(self, message: Message) -> None:
        self.messages.add(message)
        self.say(message.line())

    def _fail(self, kind: str) -> Response | None:
        status, times = self.faults.get(kind, (0, 0))
        if times == 0:
            return None
        self.faults[kind] = (status, times - 1)
        failed = _error(status, "Fault", "A test asked for this failure.")
        if status == 429:
            failed.headers["Retry-After"] = str(RETRY_AFTER)
        return failed

    def _not_the_gateway(self, request: Request) -> Response | None:
        if not is_managed_identity(request.headers.get("authorization", ""), self.messages.state, email.AUDIENCES):
            return _error(401, "Denied", "Denied by the resource provider.")
        if request.query_params.get("api-version") not in email.API_VERSIONS:
            return _error(400, "UnsupportedApiVersion", "The api-version is missing or not supported.")
        return None


def app(doors: Doors) -> Starlette:
    """The services, and all that `pages` has."""
    services = [
        Route("/teams/{channel}", doors.card, methods=["POST"]),
        Route("/emails:send", doors.mail, methods=["POST"]),
        Route("/emails/operations/{id}", doors.operation),
    ]
    return _on_localhost([*services, *_looked_at(doors)])


def pages(doors: Doors) -> Starlette:
    """What has been sent, for a person and for a test, and the faults that a test may ask for."""
    return _on_localhost(_looked_at(doors))


def _looked_at(doors: Doors) -> list[BaseRoute]:
    return [
        Route("/", doors.page),
        Route("/messages", doors.all),
        Route("/messages", doors.empty, methods=["DELETE"]),
        Route("/devhost/fail", doors.fail, methods=["POST"]),
    ]


def _on_localhost(routes: list[BaseRoute]) -> Starlette:
    # Other names for this machine are refused (DNS rebinding).
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=["localhost", "127.0.0.1"])
    return Starlette(routes=routes, middleware=[hosts])


def _decoded(request: Request, content: bytes) -> Any:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return None
    try:
        return json.loads(content)
    except ValueError:
        return None


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status)
