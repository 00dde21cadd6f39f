"""Rooms in which approvals are tended: a real walk's, with channels that cards are posted to and a clock to advance."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from devhost.accounts import GROUPS
from gateway.access.register import Register
from gateway.approvals.approval import Approval
from gateway.approvals.book import Book
from gateway.approvals.orchestrations import Orchestrations
from gateway.approvals.sealed_call import PURPOSE
from gateway.rooms import Rooms
from gateway.seal import seal_for
from gateway.values import ApprovalTerms
from tests.gateway.approvals.desk import REQUEST, SEALED
from tests.walk.rooms import Gateway, gateway

LEADS, HR, OPERATORS = GROUPS["approvers"], GROUPS["hr"], GROUPS["operators"]
HOUR, DAY = 3600, 86400
TERMS = ApprovalTerms(name="refunds", approvers=frozenset({LEADS}), expires=HOUR, use_within=HOUR)

POLICY = f"""
version: 1
groups: {{leads: {LEADS}, hr: {HR}, operators: {OPERATORS}}}
servers: {{records: {{url: "http://127.0.0.1:9/mcp"}}}}
approvals: {{refunds: {{approvers: [leads]}}}}
notify:
  leads: [{{teams: {{webhook: leads-channel}}}}]
  operators: [{{teams: {{webhook: operators-channel}}}}, {{teams: {{webhook: leads-channel}}}}]
rules: [{{name: all, effect: allow, who: {{groups: [hr]}}, servers: [records], tools: ["*"]}}]
"""
"""HR has no notifier."""


class Fault(Enum):
    THROTTLES = auto()
    BREAKS = auto()
    REDIRECTS = auto()
    IS_GONE = auto()
    IS_SILENT = auto()
    IS_UNREACHABLE = auto()
    HANGS = auto()
    NEVER_ENDS = auto()
    """Its answer does."""


@dataclass(slots=True)
class Channels:
    """What was posted to the webhooks of Teams. `fault` holds until it is lifted."""

    fault: Fault | None = None
    posts: list[tuple[str, Any]] = field(default_factory=list)
    """Path and body."""
    tried: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    """Something was posted, whatever became of it."""

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def posted(self) -> list[str]:
        """Where, and what stood on top."""
        found = [(path, body["attachments"][0]["content"]["body"][0]["text"]) for path, body in self.posts]
        return [f"{path} {text.partition(':')[0]}" for path, text in found]

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.tried += 1
        self.arrived.set()
        match self.fault:
            case Fault.HANGS:
                await asyncio.Event().wait()
                raise AssertionError
            case None:
                self.posts.append((request.url.path, json.loads(request.content)))
                return httpx.Response(202)
            case Fault.IS_SILENT:
                raise httpx.ReadTimeout("silent", request=request)
            case Fault.IS_UNREACHABLE:
                raise httpx.ConnectError("https://teams.test/leads?sig=hidden is down", request=request)
            case Fault.NEVER_ENDS:
                return httpx.Response(200, content=_endless())
            case Fault.REDIRECTS:
                return httpx.Response(307, headers={"location": "https://elsewhere.test/"})
            case fault:
                status = {Fault.THROTTLES: 429, Fault.BREAKS: 500, Fault.IS_GONE: 410}[fault]
                return httpx.Response(status, text="https://teams.test/leads?sig=hidden")


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield b"x" * 65536


@dataclass(slots=True)
class Tending:
    gateway: Gateway
    rooms: Rooms
    channels: Channels
    now: Callable[[], datetime]

    async def ask(self, orchestrations: Orchestrations | None = None, **terms: Any) -> Approval:
        """An approval that was asked for and started."""
        book = self.rooms.approvals
        request = replace(REQUEST, terms=(replace(TERMS, **terms),), created=self.now())
        _, pointer = await book.find(request.digest)
        made = await book.request(request, SEALED, "", pointer)
        assert isinstance(made, Approval), made
        assert await book.start(made, orchestrations or self.gateway.orchestrations) is None
        return await self.read(made.id)

    async def read(self, identifier: str) -> Approval:
        found = await self.rooms.approvals.read(identifier)
        assert found is not None
        return found

    def later(self, seconds: float) -> None:
        self.gateway.calendar.advance(seconds)

    def events(self) -> list[str]:
        """`event/outcome` of every record of an approval."""
        rows = self.gateway.evidence.rows.values()
        events = [f"{row['event']}/{row['outcome']}" for row in rows if str(row["event"]).startswith("approval")]
        return [event.removeprefix("approval_") for event in events]

    def bodies(self, event: str) -> list[Any]:
        rows = self.gateway.evidence.rows.values()
        return [json.loads(str(row["body"])) for row in rows if row["event"] == event]


@contextlib.asynccontextmanager
async def tending(
    folder: Path, *, policy: str = POLICY, now: Callable[[], datetime] | None = None
) -> AsyncIterator[Tending]:
    """`now`: the time, where it is not the gateway's own calendar."""
    channels = Channels()
    async with gateway(folder) as opened, channels.client() as client:
        opened.policy_file.write_text(policy)
        for name in ("leads", "operators"):
            opened.secrets[f"{name}-channel"] = f"https://teams.test/{name}?sig=hidden"
        rooms, clock = opened.rooms, now or opened.calendar
        seal = partial(seal_for, PURPOSE, rooms.settings.session_key, rooms.secrets)
        book = Book(opened.approvals, rooms.recorder, seal, clock)
        grants = Register(opened.grants, book, clock)
        shared = replace(rooms, client=client, approvals=book, grants=grants, now=clock)
        yield Tending(opened, shared, channels, clock)
