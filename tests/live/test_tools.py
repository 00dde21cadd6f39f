"""Pinned tools in the whole stack: what the command line says of them, and what a second era makes of them."""

import asyncio
import json
import os
import sys

from devhost.demo.people import CUSTOMERS
from devhost.parts import Place, gateway_environment
from devhost.stack import ROOT
from tests.live.conftest import Live

PATIENCE = 20


async def operator(live: Live, *words: str) -> str:
    """What `python -m gateway` prints with the stack's settings."""
    environment = os.environ | gateway_environment(Place(live.stack.ports, live.stack.state))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", *words, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(PATIENCE):
        out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()


async def test_tools_are_pinned_once_for_both_eras(live: Live) -> None:
    for mode in ("legacy", "2026-07-28"):
        async with live.python_client("records", "engineer", mode) as client:
            assert "get_customer" in [tool.name for tool in (await client.list_tools()).tools]
            assert not (await client.call_tool("get_customer", {"customer_id": CUSTOMERS[0].id})).is_error
    found = json.loads(await operator(live, "tools", "list", "--server", "records", "--json"))["tools"]
    assert {"get_customer", "delete_customer"} <= {each["tool"] for each in found}
    assert {each["state"] for each in found} == {"in use"}


async def test_m8_an_argument_that_its_header_does_not_repeat_is_refused(live: Live) -> None:
    async with live.python_client("records", "engineer", "2026-07-28") as client:
        await client.list_tools()
        assert not (await client.call_tool("search_customers", {"region": "eu"})).is_error
    headers = {
        "authorization": f"Bearer {await live.token('engineer')}",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": "search_customers",
        "mcp-param-region": "us",
    }
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    params = {"name": "search_customers", "arguments": {"region": "eu"}, "_meta": meta}
    body = {"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": params}
    answer = await live.http.post(live.url("records"), headers=headers, json=body)
    assert (answer.status_code, answer.json()["id"], answer.json()["error"]["code"]) == (400, 5, -32020)
