"""What is measured, started: the upstream, the bare relay, and the gateway with either kind of stores.

Takes names and a folder for logs and data; gives one endpoint for each, with the session of its processes.
What is measured runs on one core and everything else on the other. Nothing runs any more after the block.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.relay_cells import CONNECTIONS, FORMS, SIZES, Cell, Endpoint
from bench.relay_process import Cores, pin
from devhost import accounts, azurite, children
from devhost.children import Child, Part
from devhost.identity.issuer import Issuer
from devhost.identity.keys import KeyRing
from devhost.ports import Ports

ROOT = Path(__file__).parents[1]
FIRST_PORT = 21_000
OWN = {
    "direct": "the upstream server itself",
    "relay": "a bare streaming relay",
    "worker": "that relay in Microsoft's worker",
    "memory": "the gateway, stores in memory",
    "azurite": "the gateway, stores in Azurite",
}
"""What is measured besides other gateways, and how it is called in the report."""

POLICY = """\
version: 1
groups:
  engineering: {engineering}
  hr: {hr}
servers:
  records:
    url: {url}
    credential: {{bearer: {{secret: records-token}}}}
    mask: [personal, secrets]
    trust: accept
masks:
  personal:
    detect: [email, phone, payment_card, us_ssn, iban]
    fields: [salary, address, birth_date]
    action: redact
    clear_for: [hr]
  secrets:
    detect: [private_key, jwt, cloud_key]
rules:
  - name: engineers-read
    effect: allow
    who: {{groups: [engineering]}}
    servers: [records]
    tools: ["get-*", "list-*", "stream-*"]
  - name: hr-reads
    effect: allow
    who: {{groups: [hr]}}
    servers: [records]
    tools: ["get-*"]
  - name: no-large-refunds
    effect: deny
    who: anyone
    servers: [records]
    tools: [issue-refund]
    when: args.amount > 1000
  - name: nobody-deletes
    effect: deny
    who: anyone
    servers: ["*"]
    tools: ["delete-*"]
"""


@dataclass(frozen=True, slots=True)
class Target:
    """Something that calls can be made through."""

    name: str
    endpoint: Endpoint
    session: int
    """Of the processes that are measured."""
    is_apart: bool = True
    """Whether it has the measured core to itself."""
    is_guest: bool = False
    """Somebody else's: it is halted while others are measured, and where it fails, it is left out."""
    connections: tuple[int, ...] = CONNECTIONS
    sizes: tuple[str, ...] = tuple(SIZES)
    forms: tuple[str, ...] = FORMS

    def measures(self, cell: Cell) -> bool:
        """Whether it takes part in that cell."""
        return (
            cell.era in self.endpoint.eras
            and cell.connections in self.connections
            and cell.size in self.sizes
            and cell.form in self.forms
        )


@dataclass(slots=True)
class Bench:
    """The folder, the ports and the cores of one run."""

    folder: Path
    cores: Cores
    ports: Ports
    issuer: Issuer
    running: list[Child]

    @property
    def upstream(self) -> str:
        return f"http://127.0.0.1:{self.ports.records}/mcp"

    async def start(self, part: Part, *, measured: bool, within: float = children.READY_WITHIN) -> int:
        """The part answers; gives its session. Raises PartError."""
        pin(self.cores.measured if measured else self.cores.others)
        try:
            child = await children.start(part, self.folder / f"{part.name}.log", folder=ROOT, within=within)
        finally:
            pin(self.cores.others)
        self.running.append(child)
        return child.process.pid

    async def stop(self) -> None:
        """Nothing of it runs any more."""
        for child in self.running:
            # Those that are halted could not end otherwise.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.process.pid, signal.SIGCONT)
        await asyncio.gather(*(children.stop(child) for child in reversed(self.running)))

    def module(self, name: str, module: str, port: int, *arguments: str, **environment: str) -> Part:
        """A part that runs a module of this folder; it is ready when it answers anything."""
        command = (sys.executable, "-m", module, *arguments)
        return Part(name, command, f"http://127.0.0.1:{port}/", inherited() | environment, answers_any=True)


def inherited() -> dict[str, str]:
    # No proxy of the network stands between the parts, which get the environment of this command otherwise.
    return os.environ | dict.fromkeys(("NO_PROXY", "no_proxy"), "localhost,127.0.0.1")  # noqa: TID251


@contextlib.asynccontextmanager
async def bench(folder: Path) -> AsyncIterator[Bench]:
    """The upstream runs inside the block; whatever else was started ends with it."""
    before = frozenset(os.sched_getaffinity(0))
    made = _prepared(folder)
    try:
        yield made
    finally:
        await made.stop()
        pin(before)


def _prepared(folder: Path) -> Bench:
    folder.mkdir(parents=True, exist_ok=True)
    ports = Ports.free(FIRST_PORT)
    issuer = Issuer(f"http://127.0.0.1:{ports.records}", KeyRing.fresh())
    made = Bench(folder, Cores.here(), ports, issuer, [])
    (folder / "keys.json").write_text(json.dumps(issuer.keys.jwks(issuer.name())))
    (folder / "policy.yaml").write_text(POLICY.format(url=made.upstream, **accounts.GROUPS))
    return made


async def start(made: Bench, names: Collection[str]) -> list[Target]:
    """Those of OWN that are named. Raises PartError."""
    port, keys = made.ports.records, str(made.folder / "keys.json")
    part = made.module("upstream", "bench.relay_upstream", port, "--port", str(port), "--keys", keys)
    targets = [Target("direct", Endpoint(port), await made.start(part, measured=False), is_apart=False)]
    if "relay" in names:
        port = made.ports.everything
        part = made.module("relay", "bench.relay_bare", port, str(port), made.upstream)
        targets.append(Target("relay", Endpoint(port), await made.start(part, measured=True)))
    if "worker" in names:
        targets.append(await _relay_in_worker(made))
    if "memory" in names:
        targets.append(await _gateway(made, "memory", made.ports.gateway))
    if "azurite" in names:
        await _azurite(made)
        targets.append(await _gateway(made, "azurite", made.ports.worker))
    return [target for target in targets if target.name in names]


async def _relay_in_worker(made: Bench) -> Target:
    port = made.ports.vault
    app = str(Path(__file__).parent / "relay_app")
    arguments = ("--port", str(port), "--stores", "memory", "--app", app)
    part = made.module("worker", "bench.relay_gateway", port, *arguments, BENCH_UPSTREAM=made.upstream)
    endpoint = Endpoint(port, "/mcp/records", is_worker=True)
    return Target("worker", endpoint, await made.start(part, measured=True), sizes=("small",))


async def _gateway(made: Bench, name: str, port: int) -> Target:
    stores = "memory" if name == "memory" else "storage"
    arguments = ("--port", str(port), "--stores", stores)
    part = made.module(name, "bench.relay_gateway", port, *arguments, **_settings(made, port))
    account = accounts.ACCOUNTS["engineer"]
    tokens = tuple(made.issuer.access_token(account, {}) for _ in range(max(CONNECTIONS)))
    endpoint = Endpoint(port, "/mcp/records", is_worker=True, tokens=tokens, is_masked=True)
    return Target(name, endpoint, await made.start(part, measured=True))


def _settings(made: Bench, port: int) -> Mapping[str, str]:
    # The whole key: under a signature Azurite takes no batches, and under the role on Azure a table does.
    storage = azurite.connection_string(made.ports)
    return {
        "COUNTERSIGN_URL": f"http://localhost:{port}",
        "COUNTERSIGN_POLICY": str((made.folder / "policy.yaml").absolute()),
        "COUNTERSIGN_TENANTS": accounts.TENANT,
        "COUNTERSIGN_AUDIENCE": f"{accounts.AUDIENCE},{accounts.AUDIENCE_URI}",
        "COUNTERSIGN_SCOPE": accounts.SCOPE,
        "COUNTERSIGN_AUTHORITY": made.issuer.base,
        "COUNTERSIGN_KEY_VAULT": "https://localhost:1",
        "COUNTERSIGN_EVIDENCE": storage,
        "COUNTERSIGN_EVIDENCE_BLOBS": storage,
        "COUNTERSIGN_STATE": storage,
        "FUNCTIONS_WORKER_RUNTIME": "python",
    }


async def _azurite(made: Bench) -> None:
    command = azurite.command(made.ports, made.folder)
    # In memory: its file would be written anew, whole, every five seconds of the run.
    at = command.index("--location")
    command = (*command[:at], "--inMemoryPersistence", *command[at + 2 :])
    probe = f"http://{azurite.HOST}:{made.ports.table}/"
    part = Part("azurite-storage", command, probe, inherited() | azurite.environment(), answers_any=True)
    await made.start(part, measured=False)
    await azurite.provision(made.ports)
