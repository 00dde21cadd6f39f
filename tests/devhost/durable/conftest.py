"""The sample app in its process, and the SDK's own client for it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import azure.durable_functions as df  # type: ignore[import-untyped]  # no py.typed
import pytest
from azure.durable_functions.models.utils import http_utils  # type: ignore[import-untyped]  # no py.typed

from devhost import children
from devhost.durable import bindings
from devhost.ports import Ports
from devhost.stack import ROOT
from tests.devhost.conftest import SAMPLE, free_ports, host_part


@dataclass(frozen=True, slots=True)
class Served:
    """A host that runs."""

    http: aiohttp.ClientSession
    client: Any
    """The SDK's."""
    child: children.Child | None = None

    async def quiet(self) -> None:
        async with self.http.get("/devhost/durable/quiet") as response:
            assert response.status == 200

    async def advance(self, seconds: float) -> Mapping[str, Any]:
        """Timers due within these seconds have fired, and what followed is over."""
        async with self.http.post("/devhost/durable/advance", json={"seconds": seconds}) as response:
            state: Mapping[str, Any] = await response.json()
        await self.quiet()
        return state

    async def ended(self, instance: str) -> tuple[str, Any]:
        """Status and output once nothing is under way."""
        await self.quiet()
        found = await self.client.get_status(instance)
        return found.runtime_status.name, found.output


@asynccontextmanager
async def connected(ports: Ports, child: children.Child | None = None) -> AsyncIterator[Served]:
    client = df.DurableOrchestrationClient(bindings.client(ports.gateway))
    timeout = aiohttp.ClientTimeout(total=20)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{ports.gateway}", timeout=timeout) as http:
        try:
            yield Served(http, client, child)
        finally:
            # The SDK keeps one session for all clients, and no way to end it but this.
            await http_utils._close_session()


@asynccontextmanager
async def running(state: Path, app: Path = SAMPLE) -> AsyncIterator[Served]:
    """A host of its own on that state; it ends by SIGKILL."""
    ports = free_ports()
    child = await children.start(host_part(ports, app, state), state / "log", folder=ROOT)
    try:
        async with connected(ports, child) as served:
            yield served
    finally:
        await children.kill(child)


@pytest.fixture
async def served(sample: tuple[Ports, Path]) -> AsyncIterator[Served]:
    """The host of the whole session."""
    async with connected(sample[0]) as found:
        yield found
