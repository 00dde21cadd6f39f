"""The whole local stack, started once for the tests of this folder."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from devhost.stack import ROOT, Stack, stack
from tests.conftest import free_row
from tests.walk.rooms import MODERN_META


@dataclass(frozen=True, slots=True)
class Live:
    """The running stack as a test uses it."""

    stack: Stack
    http: httpx.AsyncClient

    @property
    def gateway(self) -> str:
        return f"http://localhost:{self.stack.ports.gateway}"

    def url(self, server: str) -> str:
        return f"{self.gateway}/mcp/{server}"

    async def token(self, account: str, **options: Any) -> str:
        url = f"http://localhost:{self.stack.ports.identity}/devhost/token"
        response = await self.http.post(url, json={"account": account, **options})
        token: str = response.raise_for_status().json()["access_token"]
        return token

    @contextlib.asynccontextmanager
    async def python_client(self, server: str, account: str, mode: str) -> AsyncIterator[Client]:
        """The official Python SDK's client, signed in."""
        headers = {"Authorization": f"Bearer {await self.token(account)}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=10) as http,
            Client(streamable_http_client(self.url(server), http_client=http), mode=mode) as client,
        ):
            yield client

    async def typescript_client(
        self, server: str, account: str, mode: str, tool: str, arguments: dict[str, Any]
    ) -> dict[str, Any]:
        """What the official TypeScript SDK's client saw: tools, result, session."""
        seen: dict[str, Any] = await run_node(
            *("node", "tests/live/client.mjs", self.url(server), await self.token(account)),
            *(mode, tool, json.dumps(arguments)),
        )
        return seen

    async def call(self, server: str, account: str, method: str = "tools/call", **params: Any) -> httpx.Response:
        """One legacy request over plain HTTP."""
        return await self.http.post(
            self.url(server),
            headers={
                "authorization": f"Bearer {await self.token(account)}",
                "accept": "application/json, text/event-stream",
            },
            json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params},
        )

    async def call_tool(self, account: str, name: str, arguments: dict[str, Any]) -> httpx.Response:
        """One call of a tool of `records` in the modern era, over plain HTTP."""
        params = {"name": name, "arguments": arguments, "_meta": MODERN_META}
        return await self.http.post(
            self.url("records"),
            headers={
                "authorization": f"Bearer {await self.token(account)}",
                "accept": "application/json, text/event-stream",
                "mcp-protocol-version": "2026-07-28",
                "mcp-method": "tools/call",
                "mcp-name": name,
            },
            json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params},
        )

    def requests_seen_by_records(self) -> list[dict[str, Any]]:
        log = self.stack.state / "logs" / "records.requests.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


async def run_node(*command: str, environment: dict[str, str] | None = None) -> Any:
    """What a Node program prints, as JSON; it must end well."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(40):
        out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return json.loads(out)


@pytest.fixture(scope="session")
async def live(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    state: Path = tmp_path_factory.mktemp("state")
    async with stack(free_row(), state) as running, httpx.AsyncClient(timeout=20) as http:
        yield Live(running, http)
