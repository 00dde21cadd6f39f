"""A gateway in the test's process: everything real but the store, the tenant and the vault."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from gateway.access.register import Register
from gateway.access.signing_keys import SigningKeys
from gateway.answer import Answer
from gateway.approvals.book import Book
from gateway.approvals.sealed_call import PURPOSE
from gateway.call import serve
from gateway.catalogue import Catalogue
from gateway.evidence.chain import Chains
from gateway.evidence.reading import Stored
from gateway.forward import Upstreams, open_client
from gateway.groups import Memberships
from gateway.held_secrets import HeldSecrets
from gateway.held_tokens import HeldTokens, Token
from gateway.identity_keys import IdentityKeys
from gateway.payloads import Payloads
from gateway.pinning import Pinning
from gateway.policy.source import PolicySource
from gateway.proposals.register import Proposals
from gateway.proposals.versions import Versions
from gateway.record import Recorder
from gateway.rooms import Pace, Rooms
from gateway.seal import seal_for
from gateway.storage.contract import SecretUnavailableError
from gateway.token_endpoint import TokenEndpoint
from gateway.upstream_tokens import UpstreamTokens
from gateway.values import Arrival, Secret
from tests.fakes.approvals import MemoryApprovals
from tests.fakes.blobs import MemoryBlobs
from tests.fakes.clock import Calendar, Clock
from tests.fakes.entra import AUTHORITY, Tenant, settings
from tests.fakes.evidence import MemoryEvidence
from tests.fakes.evidence_rows import MemoryRows
from tests.fakes.graph import Network
from tests.fakes.orchestrations import Orchestrations
from tests.fakes.pins import MemoryPins, pinned
from tests.fakes.policies import policy_text
from tests.fakes.signing import MemoryKey
from tests.fakes.values import ORIGIN

MODERN_META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


@dataclass(slots=True)
class Gateway:
    """The rooms, and what a test looks at or breaks."""

    rooms: Rooms
    tenant: Tenant
    evidence: MemoryEvidence
    secrets: dict[str, str]
    clock: Clock
    policy_file: Path
    graph: Network
    pins: MemoryPins
    approvals: MemoryApprovals
    orchestrations: Orchestrations
    calendar: Calendar
    """Advance it, and approvals expire; tokens do not."""
    grants: MemoryApprovals
    key: MemoryKey
    """Signs session tokens."""
    read_rows: MemoryRows
    """The evidence as the auditors' pages read it."""
    payloads: MemoryBlobs
    """Bodies of calls that do not fit a record."""
    gone: asyncio.Event | None = None
    """Set it, and the client has left."""

    async def send(
        self, body: Any, *, token: str | None = "engineer", server: str = "records", **headers: str
    ) -> Answer:
        """A POST; `token` names an account, or is a token itself, or None."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.request("POST", content, token=token, server=server, **headers)

    async def request(
        self, http_method: str, body: bytes, *, token: str | None = "engineer", server: str = "records", **headers: str
    ) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"content-type": "application/json", "accept": "application/json, text/event-stream"} | named
        if token is not None:
            sent["authorization"] = f"Bearer {token if '.' in token else self.tenant.token(token)}"
        return await serve(
            Arrival(http_method, server, tuple(sent.items()), body),
            ORIGIN,
            self.rooms,
            self._gone if self.gone else None,
            self.orchestrations,
        )

    async def _gone(self) -> None:
        assert self.gone
        await self.gone.wait()

    async def call(self, tool: str = "get_customer", *, modern: bool = False, **options: Any) -> Answer:
        """`tools/call` in either era."""
        params: dict[str, Any] = {"name": tool, "arguments": options.pop("arguments", {})}
        if not modern:
            return await self.send(request("tools/call", params), **options)
        headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": tool}
        return await self.send(request("tools/call", params | {"_meta": MODERN_META}), **headers, **options)


def request(method: str, params: dict[str, Any] | None = None, identifier: Any = 7) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": identifier, "method": method, "params": params or {}}


PACE = Pace(hold=0.2, leg=0.2, look=0.01, progress=0.05, watch=0.02)
"""Nobody waits long in a test."""


@contextlib.asynccontextmanager
async def gateway(
    folder: Path, url: str = "http://127.0.0.1:9/mcp", read: str = "5s", pins: MemoryPins | None = None
) -> AsyncIterator[Gateway]:
    """The gateway with a policy whose servers are all at that address, and whose tools are pinned unless others are."""
    policy_file = folder / "policy.yaml"
    policy_file.write_text(policy_text(url, read))
    tenant, evidence, clock = Tenant(), MemoryEvidence(), Clock()
    graph = Network(tenant.issuer)
    directory = graph.open()
    secrets = {"records-token": "vault-token-1", "session-key": "A" * 43}

    async def read_secret(name: str) -> Secret:
        if name not in secrets:
            raise SecretUnavailableError("not found")
        return Secret(secrets[name])

    pins = pins or pinned(yaml.safe_load(policy_text())["servers"])
    approvals, grants, calendar, key = MemoryApprovals(), MemoryApprovals(), Calendar(), MemoryKey()
    read_rows = MemoryRows(evidence)
    async with open_client() as client, tenant.client() as keys, contextlib.aclosing(Upstreams()) as upstreams:
        payloads = MemoryBlobs()
        recorder = Recorder(Chains(evidence), Payloads(payloads), clock=clock)
        configured, held = settings(COUNTERSIGN_POLICY=str(policy_file)), HeldSecrets(read_secret, clock)
        book = Book(approvals, recorder, partial(seal_for, PURPOSE, configured.session_key, held), calendar)
        versions = Versions(MemoryBlobs(), SigningKeys(MemoryKey(), clock), calendar, clock)
        policy = PolicySource(policy_file, clock, directory=directory, newest=versions.newest)
        rooms = Rooms(
            settings=configured,
            keys=IdentityKeys(keys, AUTHORITY),
            policy=policy,
            recorder=recorder,
            secrets=held,
            tokens=UpstreamTokens(configured, held, TokenEndpoint(client), _no_identity, HeldTokens(clock)),
            client=client,
            upstreams=upstreams,
            memberships=Memberships(directory, clock),
            catalogue=Catalogue(Pinning(pins, recorder, clock), recorder, clock),
            pins=pins,
            approvals=book,
            grants=Register(grants, book, calendar),
            signing=SigningKeys(key, clock),
            library=Stored(read_rows, MemoryBlobs(), payloads),
            proposals=Proposals(MemoryApprovals(), book, versions, policy, calendar),
            pace=PACE,
            now=calendar,
        )
        yield Gateway(
            rooms,
            tenant,
            evidence,
            secrets,
            clock,
            policy_file,
            graph,
            pins,
            approvals,
            Orchestrations(),
            calendar,
            grants,
            key,
            read_rows,
            payloads,
        )


async def _no_identity(_resource: str) -> Token:
    raise SecretUnavailableError("no managed identity here")


def message(answer: Answer) -> Any:
    assert isinstance(answer.body, bytes), "a stream"
    return json.loads(answer.body)


async def messages(answer: Answer) -> list[Any]:
    """The JSON-RPC messages of a streamed answer, once it has ended."""
    assert not isinstance(answer.body, bytes)
    raw = b"".join([chunk async for chunk in answer.body]).decode()
    return [json.loads(line[6:]) for line in raw.splitlines() if line.startswith("data: ") and line != "data: "]
