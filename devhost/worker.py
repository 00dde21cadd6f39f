"""Drives Microsoft's worker library (azure-functions-runtime) the way the Functions host does.

Takes the folder of a function app; gives its functions, the address of the HTTP server that the
library opens for them, and a way to invoke one. The library keeps global state, so a process has
one worker; it knows nothing of routes and schedules, and refuses an app that does not index.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self
from urllib.parse import urlsplit

import orjson
from azure_functions_runtime import handle_event, http_v2  # type: ignore[import-untyped]  # no py.typed

from devhost import protos
from devhost.protos import Message, ParameterBinding, StatusResult, TypedData

HOST = "127.0.0.1"
OPEN_WITHIN = 10.0  # seconds, for the library's HTTP server

log = logging.getLogger("devhost.worker")


class WorkerError(Exception):
    """The worker refused the app, or an invocation failed; the message is for the log, never for the wire."""


# eq=False: the library keeps one of each, and a mapping has no hash.
@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """One function of the app as the library indexed it."""

    id: str
    name: str
    trigger: Mapping[str, Any]
    """The binding that starts it: `type`, `name` and what the type adds."""
    durable_clients: tuple[str, ...] = ()
    """Parameters that take a Durable client."""


@dataclass(frozen=True, slots=True)
class Worker:
    functions: tuple[Function, ...]
    address: str
    """Base URL of the library's HTTP server; empty when the app has no HTTP trigger with FastAPI types."""
    durable_client: str = ""
    """What a Durable client is made of, as JSON."""

    @classmethod
    async def load(cls, app: Path, *, port: int = 0, durable_client: str = "") -> Self:
        """The app is indexed and its HTTP server answers. Raises WorkerError with the library's reason.

        Signal handlers of the process are the library's afterwards: put your own back.
        """
        if port:
            # The library lets its free port go before it binds it; a port given to it cannot be lost in between.
            http_v2.get_unused_tcp_port = lambda: port
        os.chdir(app)
        sys.path.insert(0, str(app))
        started = await handle_event.worker_init_request(_initialise(app))
        _check(started)
        address = str(started.capabilities.get("HttpUri", ""))
        if address:
            await _answering(address)
        indexed = await handle_event.functions_metadata_request(_request())
        functions = tuple(_function(found) for found in indexed.function_metadata_results or ())
        for function in functions:
            _check(await handle_event.function_load_request(_load(function)))
        return cls(functions=functions, address=address, durable_client=durable_client)

    async def invoke(
        self, function: Function, invocation: str, inputs: Mapping[str, TypedData], *, trace_parent: str = ""
    ) -> Message:
        """The library's InvocationResponse once the function has returned. Raises WorkerError when it failed.

        An HTTP function's answer does not come back here: it goes out by the library's HTTP server.
        """
        clients = {name: TypedData(string=self.durable_client) for name in function.durable_clients}
        request = Message(
            invocation_id=invocation,
            function_id=function.id,
            input_data=[ParameterBinding(name=name, data=data) for name, data in (clients | dict(inputs)).items()],
            trigger_metadata={},
            trace_context=Message(trace_parent=trace_parent, trace_state="", attributes={}),
            retry_context=Message(retry_count=0, max_retry_count=0, exception=None),
        )
        response: Message = await handle_event.invocation_request(_request(invocation_request=request))
        _check(response)
        return response


def _initialise(app: Path) -> SimpleNamespace:
    return _request(worker_init_request=Message(capabilities={}, function_app_directory=str(app)))


def _load(function: Function) -> SimpleNamespace:
    return _request(function_load_request=Message(function_id=function.id))


def _request(**message: Message) -> SimpleNamespace:
    return SimpleNamespace(request=SimpleNamespace(**message), properties={"host": HOST, "protos": protos})


def _check(response: Message) -> None:
    if response.result.status != StatusResult.Success:
        exception = response.result.exception
        raise WorkerError(f"{exception.message}\n{exception.stack_trace}".strip())


def _function(found: Message) -> Function:
    bindings = [orjson.loads(binding) for binding in found.raw_bindings]
    triggers = [binding for binding in bindings if binding["type"].lower().endswith("trigger")]
    if len(triggers) != 1:
        raise WorkerError(f"the function {found.name} has {len(triggers)} triggers, not one")
    clients = tuple(binding["name"] for binding in bindings if binding["type"] == "durableClient")
    return Function(id=found.function_id, name=found.name, trigger=triggers[0], durable_clients=clients)


async def _answering(address: str) -> None:
    url = urlsplit(address)
    async with asyncio.timeout(OPEN_WITHIN):
        while True:
            try:
                _, writer = await asyncio.open_connection(url.hostname, url.port)
            except OSError:
                await asyncio.sleep(0.005)
                continue
            writer.close()
            return


def http_input(parameters: Mapping[str, str]) -> TypedData:
    """What the host sends for an HTTP trigger when the worker has its own HTTP server: route parameters alone."""
    # The library decodes all of it, and takes a body of bytes only.
    nothing = {"method": "", "url": "", "headers": {}, "query": {}, "body": TypedData(bytes=b"")}
    return TypedData(http=protos.RpcHttp(params=dict(parameters), **nothing))


def json_input(value: object) -> TypedData:
    return TypedData(json=orjson.dumps(value).decode())
