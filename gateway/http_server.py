"""The HTTP server of the Functions worker, as this app has it: uvicorn, and nothing between it and the doors.

The worker takes it from whichever web extension an app has imported (`azurefunctions.extensions.base`). Microsoft's own
has FastAPI there, whose middleware, routes and validation have nothing to do: the Functions host has found the route
by then, and `door` reads the request. It takes requests and gives the worker's answers, and decides nothing. What
comes without an invocation the worker refuses; uvicorn answers 500 to whatever is raised.
"""

from collections.abc import Awaitable, Callable, Mapping

import uvicorn
from azurefunctions.extensions import base  # type: ignore[import-untyped]  # no py.typed
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.types import ASGIApp, Receive, Scope, Send

type Door = Callable[[HttpRequest], Awaitable[HttpResponse]]


class Synchronizer(base.RequestSynchronizer):  # type: ignore[misc]
    """The parts of the path that the host found reach the request."""

    def sync_route_params(self, request: HttpRequest, path_params: Mapping[str, str]) -> None:
        request.scope["path_params"] = dict(path_params)


class Request(metaclass=base.RequestTrackerMeta):  # type: ignore[metaclass]
    """Tells the worker which annotation of a door is an HTTP request."""

    request_type = HttpRequest
    synchronizer = Synchronizer()


class Response(metaclass=base.ResponseTrackerMeta):  # type: ignore[metaclass]
    """Tells the worker which annotation of a door is an HTTP response; those that derive from it count too."""

    label = base.ResponseLabels.STANDARD
    response_type = HttpResponse


class WebApp(base.WebApp):  # type: ignore[misc]
    """The ASGI application: each request goes to the worker, whose answer goes out."""

    def __init__(self) -> None:
        self._door: Door | None = None

    def route(self, door: Door) -> Door:
        """Everything goes to this one from now on."""
        self._door = door
        return door

    def get_app(self) -> ASGIApp:
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request is answered. Raises whatever the door does."""
        if scope["type"] != "http" or self._door is None:
            # fail-closed: there is no door for anything else.
            raise LookupError(scope["type"])
        answer = await self._door(HttpRequest(scope, receive, send))
        await answer(scope, receive, send)


class WebServer(base.WebServer):  # type: ignore[misc]
    """Serves the application until the process ends."""

    def config(self) -> uvicorn.Config:
        """Where a request came from is read by `door`, and the host has a line in the log for each invocation."""
        return uvicorn.Config(
            self.web_app,
            host=self.hostname,
            port=self.port,
            # By name: another parser, were one installed, has no bound on the size of a request's headers.
            http="h11",
            ws="none",
            lifespan="off",
            proxy_headers=False,
            access_log=False,
            server_header=False,
        )

    async def serve(self) -> None:
        await uvicorn.Server(self.config()).serve()
