"""The gateway as the bench measures it: `function_app.py` in Microsoft's worker, at the worker's own HTTP server.

`python -m bench.relay_gateway --port N --stores memory|storage` loads the app, or the one in `--app FOLDER`. On
Azure the Functions host, a process of its own, announces each request by a gRPC message and sends it on to this
server; here the invocation is announced, without gRPC, by whichever request carries its id. With `memory` the stores
of evidence and state are in this process; the vault is a dictionary either way. All else is as it is deployed.
"""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from azure_functions_runtime import http_v2  # type: ignore[import-untyped]  # no py.typed
from uvicorn.config import LOGGING_CONFIG

from bench.relay_stores import RecentBlobs, RecentEvidence
from devhost import routes
from devhost.durable import bindings
from devhost.worker import Worker, http_input
from gateway import composition
from gateway.values import Secret
from tests.fakes.approvals import MemoryApprovals
from tests.fakes.pins import MemoryPins

ROOT = Path(__file__).parents[1]
SECRETS = {"session-key": "A" * 43, "records-token": "bench"}


class _Vault:
    def __init__(self, _settings: object) -> None:
        return

    async def read(self, name: str) -> Secret:
        return Secret(SECRETS[name])


def furnish(stores: str, evidence: RecentEvidence) -> None:
    """What the rooms are opened with from now on; evidence in memory goes there.

    Raises AttributeError where the composition has other names.
    """
    doubles: dict[str, Any] = {"_LazyVault": _Vault}
    if stores == "memory":
        doubles |= {
            "open_table": lambda *_: evidence,
            "open_pins": lambda *_: MemoryPins(),
            "open_approvals": lambda *_: MemoryApprovals(),
            "_LazyBlobs": RecentBlobs,
        }
    for name, double in doubles.items():
        getattr(composition, name)
        setattr(composition, name, double)


def announce(worker: Worker, app: Path) -> None:
    """Every request of the worker's server starts the invocation whose id it carries."""
    table = routes.read(worker.functions, routes.prefix_of(app))
    find = cache(lambda method, path: routes.find(table, method, path))
    coordinator = http_v2.http_coordinator
    arrived = coordinator.set_http_request
    running = set()

    def begin(invocation: str, request: Any) -> None:
        found = find(request.method, request.url.path)
        if found is None:
            raise LookupError(request.url.path)
        inputs = {found.function.trigger["name"]: http_input(found.parameters)}
        task = asyncio.create_task(worker.invoke(found.function, invocation, inputs))
        running.add(task)
        task.add_done_callback(running.discard)
        arrived(invocation, request)

    coordinator.set_http_request = begin


async def serve(port: int, stores: str, app: Path) -> None:
    evidence = RecentEvidence()
    furnish(stores, evidence)
    # No line for each request: the real worker writes one, and whoever measures that measures a disk.
    LOGGING_CONFIG["loggers"]["uvicorn"]["level"] = "WARNING"
    LOGGING_CONFIG["loggers"]["uvicorn.access"]["handlers"] = []
    announce(await Worker.load(app, port=port, durable_client=bindings.client(port)), app)
    ended = asyncio.Event()
    # After loading: the worker's uvicorn has taken it over by then.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    logging.getLogger("uvicorn.error").disabled = True
    print(f"{evidence.written} rows in memory", flush=True)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.relay_gateway")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--stores", choices=("memory", "storage"), required=True)
    parser.add_argument("--app", type=Path, default=ROOT)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(serve(options.port, options.stores, options.app))


if __name__ == "__main__":
    main(sys.argv[1:])
