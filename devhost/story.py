"""What the chapters of the tour share: the guide who makes calls, and how the story is told and checked."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from devhost.ports import Ports

ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "tour", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


class TourError(Exception):
    """Something is not as the tour says."""


@dataclass(frozen=True, slots=True)
class Guide:
    ports: Ports
    state: Path
    http: httpx.AsyncClient

    async def token(self, account: str) -> str:
        url = f"http://localhost:{self.ports.identity}/devhost/token"
        response = await self.http.post(url, json={"account": account})
        token: str = response.raise_for_status().json()["access_token"]
        return token

    async def call(self, account: str, server: str, method: str, **params: Any) -> httpx.Response:
        """One request of the 2026-07-28 revision, as that account."""
        headers = {
            "authorization": f"Bearer {await self.token(account)}",
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": "2026-07-28",
            "mcp-method": method,
        }
        if "name" in params:
            headers["mcp-name"] = params["name"]
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params | {"_meta": ENVELOPE}}
        return await self.http.post(f"http://localhost:{self.ports.gateway}/mcp/{server}", headers=headers, json=body)

    async def tool(self, account: str, name: str, **arguments: Any) -> httpx.Response:
        return await self.call(account, "records", "tools/call", name=name, arguments=arguments)


def message(response: httpx.Response) -> Any:
    """The JSON-RPC response, out of a JSON body or out of the last event of a stream."""
    if response.headers.get("content-type", "").startswith("text/event-stream"):
        return json.loads([line for line in response.text.splitlines() if line.startswith("data: {")][-1][6:])
    return response.json()


def error(response: httpx.Response) -> str:
    return str(message(response).get("error", {}).get("message", "went through"))


def chapter(title: str) -> None:
    print(f"\n{title}\n{'-' * len(title)}")


def show(what: str, value: str) -> None:
    print(f"  {what}: {value}")


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise TourError(otherwise)
