"""What the endurance run runs against: the local stack, with two instances of the gateway before one upstream.

Takes a folder and gives the stage: Microsoft's worker twice, Azurite on disk, identity provider with Graph, vault,
the network to the upstream, and each instance's clock. What a fault needs to be switched on and off is here; which
faults there are, and when, is not.
"""

import asyncio
import random
import sys
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from azure.data.tables.aio import TableClient

from bench.endurance_clock import SteppedClock, stepped_clock
from bench.endurance_policy import policy
from bench.endurance_upstream import Orders, SecretOnDisk, tools
from bench.endurance_wire import Wire, wire
from bench.relay_process import usage
from devhost import azurite, parts
from devhost import stack as stacks
from devhost.ports import Ports
from devhost.stack import ROOT, Stack
from devhost.vault import Vault
from gateway.evidence.index import is_index
from tests.fakes.upstream import serving

INSTANCES = ("gateway", "gateway-2")
SECRET = "records-token"
PATIENCE = 40.0
"""Seconds that a client waits for an answer; longer than the gateway holds a call for people."""
COMMAND_WITHIN = 600.0
"""Seconds for a command of the gateway's own, over all evidence of the run."""
_SEAL = "import asyncio; from gateway import process; print(asyncio.run(process.sealing().sealer.seal()).number)"


@dataclass(slots=True)
class Stage:
    stack: Stack
    orders: Orders
    wire: Wire
    http: httpx.AsyncClient
    clocks: dict[str, SteppedClock]
    """By instance; empty where no clock can be stepped here."""
    began: float = 0.0
    """By the loop's clock."""
    tokens: dict[tuple[str, int], tuple[str, float]] = field(default_factory=dict)
    turn: int = 0
    """How often the policy was written."""

    def now(self) -> float:
        """Seconds since the run began."""
        return asyncio.get_running_loop().time() - self.began

    def url(self, instance: str, path: str) -> str:
        return self.stack.parts[instance].probe.replace("/devhost/ready", path)

    def identity(self, path: str) -> str:
        return f"http://localhost:{self.stack.ports.identity}/devhost{path}"

    async def token(self, account: str, slot: int = 0, **options: Any) -> str:
        """A token of the account; each slot is a sign-in of its own, and lasts ten minutes. Raises httpx.HTTPError."""
        known, until = self.tokens.get((account, slot), ("", 0.0))
        if known and self.now() < until and not options:
            return known
        response = await self.http.post(self.identity("/token"), json={"account": account, **options})
        token = str(response.raise_for_status().json()["access_token"])
        if not options:
            self.tokens[account, slot] = token, self.now() + 600
        return token

    async def vault_answers(self, status: int | None) -> None:
        """Key Vault answers everything with that status from now on; None: as it should."""
        url = f"https://localhost:{self.stack.ports.vault}/devhost/fault"
        async with httpx.AsyncClient(verify=False) as anybody:  # the stack's own authority
            (await anybody.post(url, json={"status": status})).raise_for_status()

    def rotate_secret(self) -> None:
        """The vault has another credential for the upstream, and the upstream takes no other."""
        Vault(self.stack.state).add(SECRET, f"rotated-{random.randbytes(8).hex()}", {})

    def write_policy(self) -> None:
        """The policy names another group that nobody is in, so that memberships are asked for anew."""
        self.turn += 1
        path = Path(self.stack.parts[INSTANCES[0]].environment["COUNTERSIGN_POLICY"])
        fresh = path.with_suffix(".fresh")
        fresh.write_text(policy(self.wire.url, self.turn))
        fresh.rename(path)

    def memory(self, instance: str) -> int:
        """Resident bytes; 0 while it does not run."""
        child = self.stack._children.get(instance)
        return usage(child.process.pid).memory if child else 0

    async def health(self, instance: str) -> dict[str, Any]:
        facts: dict[str, Any] = (await self.http.get(self.url(instance, "/health"))).json()
        return facts

    async def rows(self) -> list[dict[str, Any]]:
        """Every record, as whoever has the account's key reads it."""
        connection = azurite.connection_string(self.stack.ports)
        async with TableClient.from_connection_string(connection, azurite.EVIDENCE) as table:
            return [dict(row) async for row in table.list_entities() if not is_index(row["PartitionKey"])]

    async def seal(self) -> str:
        """What the gateway's own sealing job says, in a process of its own; empty where it could seal."""
        code, told = await self._python("-c", _SEAL)
        return "" if code == 0 else told[-500:]

    async def verify(self) -> tuple[int | None, str]:
        """Exit code and report of `evidence verify`."""
        return await self._python("-m", "gateway", "evidence", "verify", "--json")

    async def _python(self, *words: str) -> tuple[int | None, str]:
        given = self.stack.parts[INSTANCES[0]].environment
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-W", "ignore", *words),
            cwd=ROOT,
            env={name: value for name, value in given.items() if name != "LD_PRELOAD"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(COMMAND_WITHIN):
            out, errors = await process.communicate()
        return process.returncode, (out or errors).decode()


@asynccontextmanager
async def stage(folder: Path, chance: random.Random) -> AsyncIterator[Stage]:
    """Everything runs, and nothing is on record yet. Raises PartError."""
    state = folder / "state"
    orders = Orders(SecretOnDisk(lambda: str(Vault(state).versions(SECRET)[-1]["value"])))
    async with serving(orders.answer) as upstream, wire(int(upstream.url.split(":")[2][:-4]), chance) as between:
        upstream.tools = tools()
        # What is kept of each request is the ledger's business.
        upstream.seen, upstream.listed = deque(maxlen=1), deque(maxlen=1)  # type: ignore[assignment]
        written = folder / "endurance.yaml"
        written.write_text(policy(between.url))
        together, clocks = _prepared(folder, state, written)
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
        async with stacks.running(together) as running, httpx.AsyncClient(timeout=PATIENCE, limits=limits) as http:
            made = Stage(running, orders, between, http, clocks)
            made.began = asyncio.get_running_loop().time()
            yield made


def _prepared(folder: Path, state: Path, written: Path) -> tuple[Stack, dict[str, SteppedClock]]:
    ports = Ports.free(random.SystemRandom().randrange(20_000, 30_000, 20))
    together = stacks._prepared(ports, state, ("azurite", "identity", "vault", INSTANCES[0]), written, stacks.silent)
    clocks: dict[str, SteppedClock] = {}
    for name in INSTANCES:
        (folder / name).mkdir()
        if clock := stepped_clock(folder / name):
            clocks[name] = clock
    first = together.parts[INSTANCES[0]]
    # The ports of two parts that this stack does not have; the host of this instance has a folder of its own.
    moved = replace(ports, gateway=ports.records, worker=ports.everything)
    second = parts.part("gateway", parts.Place(ports=moved, state=folder / INSTANCES[1], policy=written))
    second = replace(second, name=INSTANCES[1], environment=first.environment)
    both = {part.name: part for part in (first, second)}
    for name, clock in clocks.items():
        both[name] = replace(both[name], environment={**both[name].environment, **clock.environment})
    together.parts = {**together.parts, **both}
    return together, clocks
