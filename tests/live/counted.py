"""Two instances of one gateway before an upstream that counts calls, and what the evidence says of each of them.

Every call has an id that is its own; the upstream notes it, the record holds it (`request`), the client knows whether
it was answered. So what was done, what is on record and what was told can be compared call by call.
"""

import asyncio
import itertools
import json
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from azure.data.tables.aio import TableClient
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from devhost import azurite, parts
from devhost import stack as stacks
from devhost.children import Part
from devhost.stack import ROOT, Stack
from gateway.evidence.index import is_index
from tests.conftest import free_row
from tests.fakes.upstream import Seen, Upstream, serving
from tests.walk.rooms import MODERN_META

TOOL = "get_customer"
INSTANCES = ("gateway", "gateway-2")
CONNECTIONS = 20
"""That a client keeps; httpx is slow with many."""
LONGEST = 0.02
"""Seconds that the upstream takes for an answer, at most."""

_POLICY = f"""
version: 1
servers:
  counted: {{url: URL, timeouts: {{connect: 10s, read: 10s}}, trust: accept}}
rules:
  - {{name: software, effect: allow, who: {{roles: [Mcp.Call]}}, servers: [counted], tools: [{TOOL}]}}
"""
_SEAL = "import asyncio; from gateway import process; print(asyncio.run(process.sealing().sealer.seal()).number)"
_VERIFY = ("-m", "gateway", "evidence", "verify", "--json")


class _Unhurried(JSONResponse):
    """An answer that takes its time, so that calls are under way at any moment."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(random.random() * LONGEST)
        await super().__call__(scope, receive, send)


@dataclass(slots=True)
class Counted:
    stack: Stack
    upstream: Upstream
    http: httpx.AsyncClient
    answered: set[str] = field(default_factory=set)
    """Ids of calls whose result a client has."""
    refused: dict[str, int] = field(default_factory=dict)
    """Codes of the refusals that clients have, by id."""
    _ids: Iterable[int] = field(default_factory=itertools.count)

    async def token(self) -> str:
        """Each is a session of its own."""
        url = f"http://localhost:{self.stack.ports.identity}/devhost/token"
        response = await self.http.post(url, json={"account": "pipeline"})
        return str(response.raise_for_status().json()["access_token"])

    async def call(self, token: str, instance: str = INSTANCES[0]) -> bool:
        """Whether the call was made and not refused. Raises httpx.HTTPError where the client cannot know."""
        name = f"call-{next(iter(self._ids))}"
        response = await self.http.post(
            self.stack.parts[instance].probe.replace("/devhost/ready", "/mcp/counted"),
            headers={
                "authorization": f"Bearer {token}",
                "accept": "application/json, text/event-stream",
                "mcp-protocol-version": "2026-07-28",
                "mcp-method": "tools/call",
                "mcp-name": TOOL,
            },
            json={
                "jsonrpc": "2.0",
                "id": name,
                "method": "tools/call",
                "params": {"name": TOOL, "arguments": {}, "_meta": MODERN_META},
            },
        )
        answer = response.json()
        assert answer["id"] == name
        if "error" in answer:
            self.refused[name] = answer["error"]["code"]
            return False
        assert (response.status_code, answer["result"]["resultType"]) == (200, "complete")
        self.answered.add(name)
        return True

    def forwarded(self) -> Counter[str]:
        """How often each call reached the upstream."""
        return Counter(str(seen.id) for seen in self.upstream.seen)

    async def rows(self) -> list[dict[str, Any]]:
        """Every record, as whoever has the account's key reads it."""
        connection = azurite.connection_string(self.stack.ports)
        async with TableClient.from_connection_string(connection, azurite.EVIDENCE) as table:
            return [dict(row) async for row in table.list_entities() if not is_index(row["PartitionKey"])]

    async def seal(self) -> int:
        """The number of the seal that the gateway's own job makes, in a process of its own."""
        code, told = await self._python("-c", _SEAL)
        assert code == 0, told
        return int(told)

    async def verified(self) -> Any:
        """The report of the command line, which must find no fault."""
        code, told = await self._python(*_VERIFY)
        assert code == 0, told
        return json.loads(told)

    async def _python(self, *words: str) -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-W", "ignore", *words),
            cwd=ROOT,
            env=self.stack.parts["gateway"].environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(40):
            out, errors = await process.communicate()
        return process.returncode, (out if process.returncode == 0 else out + errors).decode()


def ids(rows: Iterable[dict[str, Any]], event: str) -> Counter[str]:
    """How often each call has such a record."""
    bodies = [json.loads(row["body"]) for row in rows if row["event"] == event]
    return Counter(body["request"] for body in bodies)


@asynccontextmanager
async def counted(folder: Path) -> AsyncIterator[Counted]:
    """The instances in Microsoft's worker, with Azurite, identity and vault, and nothing on record yet."""
    async with serving(_answer) as upstream:
        policy = folder / "counted.yaml"
        policy.write_text(_POLICY.replace("URL", upstream.url))
        names = ("azurite", "identity", "vault", INSTANCES[0])
        together = stacks._prepared(free_row(), folder / "state", names, policy, stacks.silent)
        together.parts = {
            **together.parts,
            "azurite": _patient(together.parts["azurite"]),
            INSTANCES[1]: _another(together, folder / "second", policy),
        }
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=CONNECTIONS)
        async with stacks.running(together) as running, httpx.AsyncClient(timeout=20, limits=limits) as http:
            yield Counted(running, upstream, http)


def _answer(seen: Seen) -> Response:
    return _Unhurried({"jsonrpc": "2.0", "id": seen.id, "result": {"content": [], "resultType": "complete"}})


def _patient(store: Part) -> Part:
    """It keeps idle connections longer than the SDK does, as Azure does; else some are closed as they are used."""
    return replace(store, command=(*store.command, "--tableKeepAliveTimeout", "60"))


def _another(together: Stack, state: Path, policy: Path) -> Part:
    """A second instance of the same app: its settings are the first one's, and its host has a folder of its own."""
    state.mkdir()
    # The ports of two parts that this stack does not have.
    ports = replace(together.ports, gateway=together.ports.records, worker=together.ports.everything)
    second = parts.part("gateway", parts.Place(ports=ports, state=state, policy=policy))
    return replace(second, name=INSTANCES[1], environment=together.parts[INSTANCES[0]].environment)
