"""Runs an ASGI app on a loopback port, the same way for every part of the local stack.

Takes the app, adds `GET /healthz` in front of it, and serves until SIGTERM or Ctrl-C, then ends with
status 0. It never listens beyond this machine.
"""

import argparse
import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from devhost.certificates import Tls

HOST = "127.0.0.1"
GRACE_SECONDS = 1
START_SECONDS = 10


async def _always() -> bool:
    return True


def with_healthz(app: ASGIApp, ready: Callable[[], Awaitable[bool]] = _always) -> ASGIApp:
    """The app, with `/healthz` answering 200 when ready and 503 until then."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/healthz":
            await app(scope, receive, send)
            return
        response = PlainTextResponse("ok\n") if await ready() else PlainTextResponse("starting\n", 503)
        await response(scope, receive, send)

    return answer


def arguments(name: str, argv: list[str] | None, *urls: str) -> argparse.Namespace:
    """The flags that every service takes, and `--{url}` for each other service that it talks to."""
    parser = argparse.ArgumentParser(prog=f"python -m {name}")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, default=Path(".local"))
    for url in urls:
        parser.add_argument(f"--{url}", required=True)
    return parser.parse_args(argv)


def serve(app: ASGIApp, port: int, tls: Tls | None = None) -> None:
    """Serves until a signal asks for the end, then exits with status 0; where it cannot start, with another."""
    _leave_on_signals()
    uvicorn.Server(_configured(app, port, tls)).run()


def serve_beside(app: ASGIApp, port: int, tls: Tls, *, plain: ASGIApp, plain_port: int) -> None:
    """As `serve`, with a second app on a port without TLS, which answers before the first one does."""

    async def both() -> None:
        async with serving(plain, port=plain_port):
            await uvicorn.Server(_configured(app, port, tls)).serve()

    _leave_on_signals()
    asyncio.run(both())


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, tls: Tls | None = None, port: int = 0) -> AsyncIterator[str]:
    """The app inside the running loop, on a free port of this machine unless one is given; yields its base URL."""
    with socket.create_server((HOST, port)) as listener:
        # asyncio does this for sockets that name their protocol; without it an answer in two writes takes 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        port = listener.getsockname()[1]
        server = _InProcess(_configured(app, port, tls))
        running = asyncio.create_task(server.serve([listener]))
        try:
            await asyncio.wait_for(server.up.wait(), START_SECONDS)
            yield f"{'https' if tls else 'http'}://localhost:{port}"
        finally:
            server.should_exit = True
            await running


class _InProcess(uvicorn.Server):
    """Says when it is up, and leaves the signal handlers to whoever owns the loop."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def _configured(app: ASGIApp, port: int, tls: Tls | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=HOST,
        port=port,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_certfile=tls.certificate if tls else None,
        ssl_keyfile=tls.key if tls else None,
    )


def _leave_on_signals() -> None:
    # uvicorn raises the signal again once it has ended well, so these handlers settle the exit status.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(0)
