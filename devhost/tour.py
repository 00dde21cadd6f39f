"""`make tour`: the story of a few governed calls, told in the terminal against a running local stack.

Takes the ports; signs in as the test accounts, calls the demo servers through the gateway, and shows
what came back and what the evidence says of it. Each step checks what it claims; one that does not
hold ends the tour with exit code 1.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from azure.data.tables.aio import TableClient

from devhost import azurite
from devhost.accounts import ACCOUNTS
from devhost.demo.people import CUSTOMERS
from devhost.ports import Ports
from devhost.stack import ROOT

ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "tour", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
MARY = CUSTOMERS[0]


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


def main(arguments: list[str]) -> int:
    """Tells the tour; exit code 0 when everything was as told."""
    parser = argparse.ArgumentParser(prog="python -m devhost tour", description="Shows what the gateway does.")
    parser.add_argument("--first-port", help="where the ports of the running stack begin")
    parser.add_argument("--state", type=Path, default=ROOT / ".local", help="folder of the running stack")
    options = parser.parse_args(arguments)
    try:
        asyncio.run(_tour(Ports.chosen(options.first_port), options.state))
    except httpx.ConnectError:
        print("The local stack is not running: start `make run` in another terminal first.", file=sys.stderr)
        return 1
    except (TourError, httpx.HTTPError, ValueError) as error:
        print(f"The tour ends here: {error}", file=sys.stderr)
        return 1
    return 0


async def _tour(ports: Ports, state: Path) -> None:
    async with httpx.AsyncClient(timeout=20) as http:
        guide = Guide(ports, state, http)
        await _lists(guide)
        await _masked(guide)
        await _refused(guide)
        await _credential(guide)
        await _evidence(guide)
    print("\nThat is the tour. What is still to come: approvals, grants, replay and verification of the evidence.")


async def _lists(guide: Guide) -> None:
    _chapter("1. An engineer asks the server `records` for its tools")
    names = [tool["name"] for tool in message(await guide.call("engineer", "records", "tools/list"))["result"]["tools"]]
    _show("sees", ", ".join(names))
    _expect("get_customer" in names and "delete_customer" not in names, "delete_customer should be hidden")
    print("The server has more: `delete_customer` is allowed to nobody, so it is not even shown.")


async def _masked(guide: Guide) -> None:
    _chapter("2. The engineer reads a customer's record")
    result = message(await guide.tool("engineer", "get_customer", customer_id=MARY.id))["result"]
    _show("gets", json.dumps(result["structuredContent"], indent=2, ensure_ascii=False))
    _expect(MARY.email not in json.dumps(result), "the mail address should be hidden")
    print("Mail address, card and account numbers are hidden by what they look like, other fields by their name.")


async def _refused(guide: Guide) -> None:
    _chapter("3. Calls that go no further")
    refusal = await guide.tool("outsider", "get_customer", customer_id=MARY.id)
    _show("outsider, get_customer", _error(refusal))
    _expect(refusal.status_code == 403, "the outsider should be refused")
    hidden = await guide.tool("engineer", "delete_customer", customer_id=MARY.id)
    _show("engineer, delete_customer", _error(hidden))
    _expect("error" in message(hidden), "delete_customer should be refused")
    refund = await guide.tool("engineer", "issue_refund", customer_id=MARY.id, amount=10, reason="late parcel")
    _show("engineer, issue_refund", _error(refund))
    _expect("error" in message(refund), "issue_refund should wait for an approval")


async def _credential(guide: Guide) -> None:
    _chapter("4. What the server saw of it")
    log = guide.state / "logs" / "records.requests.jsonl"
    seen = [json.loads(line) for line in log.read_text().splitlines()]
    sent = dict(seen[-1]["headers"])["authorization"]
    _show("authorization", f"Bearer and {len(sent) - 7} characters out of the Key Vault")
    _expect("eyJ" not in sent, "the caller's token should stay at the gateway")
    print("The engineer's own token never got there, and the refused calls did not either.")


async def _evidence(guide: Guide) -> None:
    _chapter("5. What is on record, as an auditor reads it from the table `evidence`")
    people = {account.object_id: name for name, account in ACCOUNTS.items()}
    connection = azurite.connection_string(guide.ports)
    async with TableClient.from_connection_string(connection, "evidence") as table:
        rows = [row async for row in table.list_entities() if row.get("subject") in people]
    newest = sorted(rows, key=lambda row: row["time"])[-6:]
    _expect(len(newest) == 6, "the calls of this tour should be on record")
    for row in newest:
        print("  " + _line(row, people))
    _expect(MARY.email not in str(newest), "no mail address should be on record")
    print("Each row names the hash of the row before it in its session. No argument and no result is in them.")


def _line(row: Mapping[str, Any], people: Mapping[str, str]) -> str:
    hidden = json.loads(row["body"]).get("hidden", 0)
    what = f"{row['event']}: {row.get('reason', row['outcome'])}"
    return (
        f"{row['time'][11:19]}  {people[row['subject']]:<9} {row['method']:<11} {row.get('target', ''):<16} {what:<28}"
        f"{f'{hidden} values hidden' if hidden else ''}"
    ).rstrip()


def message(response: httpx.Response) -> Any:
    """The JSON-RPC response, out of a JSON body or out of the last event of a stream."""
    if response.headers.get("content-type", "").startswith("text/event-stream"):
        return json.loads([line for line in response.text.splitlines() if line.startswith("data: {")][-1][6:])
    return response.json()


def _error(response: httpx.Response) -> str:
    return str(message(response).get("error", {}).get("message", "went through"))


def _chapter(title: str) -> None:
    print(f"\n{title}\n{'-' * len(title)}")


def _show(what: str, value: str) -> None:
    print(f"  {what}: {value}")


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise TourError(otherwise)
