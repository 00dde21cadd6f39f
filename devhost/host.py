"""One process that runs a function app: Microsoft's worker, the front before it, and the timers.

`python -m devhost.host --app DIR --port N --worker-port N` loads the app, then serves until SIGTERM
or Ctrl-C. It refuses to start, with the reason in one place, when the app does not index or the port
is taken. Durable instances live below the state folder and go on from there.
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from uvicorn.config import LOGGING_CONFIG

from devhost import front, routes, timers
from devhost.durable import bindings, client
from devhost.ports import Ports
from devhost.worker import HOST, Worker, WorkerError

BACKLOG = 2048  # connections that wait to be taken, as many as for the worker's own server
GRACE = 0.5  # seconds for answers under way when asked to stop, and as long again for streams to be cut

log = logging.getLogger("devhost.host")


async def serve(app: Path, *, port: int, state: Path, worker_port: int = 0) -> None:
    """The app is served until the process is asked to stop. Raises WorkerError, ValueError or OSError."""
    _quieten_uvicorn()
    worker = await Worker.load(app, port=worker_port, durable_client=bindings.client(port))
    table = routes.read(worker.functions, routes.prefix_of(app))
    durable = bindings.functions(worker)
    schedules = timers.schedules(worker.functions, os.environ)
    asked_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    # After loading: the worker's uvicorn has taken both handlers over by then.
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked_to_stop.set)
    async with (
        front.Front(worker, table) as door,
        client.before(door.answer, durable, state / "durable") as answer,
    ):
        http = front.server(answer)
        listener = await loop.create_server(http, HOST, port, backlog=BACKLOG)
        running = [asyncio.create_task(timers.run(worker, *scheduled)) for scheduled in schedules.items()]
        log.info("%d functions, %d routes on http://%s:%d", len(worker.functions), len(table), HOST, port)
        await asked_to_stop.wait()
        listener.close()
        http.pre_shutdown()
        await http.shutdown(GRACE)
        for timer in running:
            timer.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    # The worker's uvicorn ends with the loop, cancelled, and would write that down as a failure.
    logging.getLogger("uvicorn.error").disabled = True


def main(arguments: list[str] | None = None) -> int:
    """Runs the host. The exit code is 0 after a signal and 1 when the app cannot be served."""
    parser = argparse.ArgumentParser(prog="python -m devhost.host", description="Runs a function app.")
    parser.add_argument("--app", type=Path, default=Path(), help="folder of function_app.py and host.json")
    parser.add_argument("--port", type=int, default=Ports().gateway, help="where the app is served")
    parser.add_argument("--worker-port", type=int, default=0, help="where the worker's own HTTP server listens")
    parser.add_argument("--state", type=Path, default=Path(".local"), help="folder of what Durable keeps")
    parser.add_argument("--quiet", action="store_true", help="log no line per request")
    options = parser.parse_args(arguments)
    _log(quiet=options.quiet)
    try:
        app, state = options.app.resolve(), options.state.resolve()
        asyncio.run(serve(app, port=options.port, state=state, worker_port=options.worker_port))
    except (WorkerError, ValueError, OSError) as failure:
        print(f"the app cannot be served: {failure}", file=sys.stderr)
        return 1
    return 0


def _log(*, quiet: bool) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    for chatty in ("azure", "httpx"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    if quiet:
        logging.getLogger("devhost.front").setLevel(logging.WARNING)


def _quieten_uvicorn() -> None:
    # The worker's uvicorn sets up logging by this, with a second line per request that shows the query.
    loggers = LOGGING_CONFIG["loggers"]
    loggers["uvicorn"]["level"] = loggers["uvicorn.error"]["level"] = "WARNING"
    loggers["uvicorn.access"]["handlers"] = []


if __name__ == "__main__":
    sys.exit(main())
