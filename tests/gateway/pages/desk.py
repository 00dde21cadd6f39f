"""The pages as a browser meets them, over a gateway in the test's process, and approvals to decide on."""

import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from devhost.accounts import ACCOUNTS, TENANT
from gateway.answer import Answer
from gateway.approvals.approval import Approval, Request
from gateway.approvals.book import Actor
from gateway.approvals.digest import digest
from gateway.approvals.sealed_call import SealedCall
from gateway.authenticate import authenticate
from gateway.pages import cookies, web_session
from gateway.pages.request import PageRequest
from gateway.pages.serve import serve
from gateway.pages.visit import Visit, Visitor, visitor_of
from gateway.seal import Seal
from gateway.values import Call, Caller, CallerKind, Secret
from tests.fakes.values import CALL, CALLER, ORIGIN
from tests.walk.rooms import Gateway, gateway

URL = "https://mcp.example.com"
SAME_SITE = {"origin": "null", "sec-fetch-site": "same-origin"}
"""What browsers send with the form of a page that sends no referrer."""
ARGUMENTS = {"customer": "c-17", "amount": 120, "note": "for bob@example.com"}


@dataclass(frozen=True, slots=True)
class Page:
    answer: Answer

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def text(self) -> str:
        assert isinstance(self.answer.body, bytes)
        return self.answer.body.decode()

    @property
    def location(self) -> str:
        return self.answer.headers.get("location", "")

    def token(self, action: str) -> str:
        """The hidden token of the first form that is posted there."""
        found = re.search(
            rf'action="{re.escape(action)}">\s*<input type="hidden" name="token" value="([^"]+)"', self.text
        )
        assert found, self.text
        return found[1]


@dataclass(slots=True)
class Browser:
    """One browser with its cookies."""

    gateway: Gateway
    jar: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, query: str = "", method: str = "GET", **headers: str) -> Page:
        return await self.send(method, path, query, headers)

    async def post(self, path: str, fields: Mapping[str, str], **headers: str) -> Page:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"content-type": "application/x-www-form-urlencoded", **SAME_SITE, **named}
        body = urlencode(fields).encode()
        return await self.send("POST", path, "", {name: value for name, value in sent.items() if value}, body)

    async def submit(self, path: str, **fields: str) -> Page:
        """The form of the page at that path, filled in and sent."""
        shown = await self.get(path)
        return await self.post(path, {"token": shown.token(path), **fields})

    async def send(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes | None = b""
    ) -> Page:
        kept = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        sent = {**headers, **({"cookie": kept} if kept else {})}
        request = PageRequest(method, path, query, tuple(sent.items()), body)
        answer = await serve(request, ORIGIN, self.gateway.rooms, self.gateway.orchestrations)
        for line in answer.cookies:
            name, _, rest = line.partition("=")
            value = rest.partition(";")[0]
            self.jar = {**self.jar, name: value} if value else {k: v for k, v in self.jar.items() if k != name}
        return Page(answer)


@dataclass(slots=True)
class Desk:
    """The gateway, with its browsers and approvals."""

    gateway: Gateway

    async def person(self, name: str = "approver", **claims: object) -> Caller:
        """Whom a token of the account names."""
        now = int(self.gateway.calendar().timestamp())
        token = Secret(self.gateway.tenant.token(name, **{"exp": now + 4500, **claims}))
        caller = await authenticate(token, self.gateway.rooms.settings, self.gateway.rooms.keys)
        assert isinstance(caller, Caller), caller
        return caller

    async def browser(self, name: str = "approver", **claims: object) -> Browser:
        """A browser in which that account is signed in."""
        return await self.browser_of(await self.person(name, **claims))

    async def browser_of(self, caller: Caller) -> Browser:
        rooms = self.gateway.rooms
        policy = await rooms.policy.current()
        assert policy
        session = web_session.begin(caller, policy, rooms.now().timestamp())
        seal = await self.visit().seal(web_session.PURPOSE)
        assert isinstance(seal, Seal)
        name = f"__Host-{cookies.SESSION}"
        return Browser(self.gateway, {name: web_session.seal_session(session, seal)})

    def stranger(self) -> Browser:
        return Browser(self.gateway)

    def visit(self, path: str = "/approvals") -> Visit:
        request = PageRequest("GET", path, "", (), b"")
        return Visit(request, ORIGIN, self.gateway.rooms, self.gateway.orchestrations)

    async def token(self, browser: Browser, path: str) -> str:
        """The token that the form of that page would carry, were it shown to whoever is signed in there."""
        kept = (("cookie", "; ".join(f"{name}={value}" for name, value in browser.jar.items())),)
        found = await visitor_of(replace(self.visit(), request=PageRequest("GET", path, "", kept, b"")))
        assert isinstance(found, Visitor), found
        return found.token(path)

    async def asked(
        self, tool: str = "issue_refund", arguments: Mapping[str, Any] | None = None, **changes: Any
    ) -> Approval:
        """An approval that an engineer asked for and that people are told of; `changes` are of its request."""
        reason = changes.pop("reason", "they were charged twice")
        book, given = self.gateway.rooms.approvals, dict(ARGUMENTS if arguments is None else arguments)
        call = call_of(tool, given)
        caller = replace(CALLER, tenant=TENANT, object_id=ACCOUNTS["engineer"].object_id)
        made = await book.request(await self._request(call, caller, changes), _sealed(call, caller), reason, None)
        assert isinstance(made, Approval)
        assert await book.start(made, self.gateway.orchestrations) is None
        read = await book.read(made.id)
        assert read
        return read

    async def now(self, approval: Approval) -> Approval:
        found = await self.gateway.rooms.approvals.read(approval.id)
        assert found
        return found

    def refusals(self) -> list[str]:
        """Why each attempt on an approval was refused, in the order of the records."""
        return [event.partition("/")[2] for event in self.gateway.evidence.events() if "refused/" in event]

    async def actor(self, name: str = "approver") -> Actor:
        return Actor(await self.person(name), ORIGIN)

    async def _request(self, call: Call, caller: Caller, changes: Mapping[str, Any]) -> Request:
        rooms = self.gateway.rooms
        policy, pin = await rooms.policy.current(), await rooms.pins.pin(call.server, call.target)
        assert policy
        definition = pin.accepted if pin else ""
        terms = policy.approvals["wires" if call.target == "wire_money" else "refunds"]
        facts = Request(
            created=rooms.now(),
            tenant=caller.tenant,
            subject=caller.object_id,
            kind=CallerKind.USER,
            client=caller.client,
            name="Eve Engineer",
            server=call.server,
            era=call.era.value,
            method=call.method,
            target=call.target,
            definition=definition,
            digest=digest(caller, call, definition),
            session="20261123-session",
            call="call-1",
            policy=policy.digest,
            rules="refunds",
            terms=(terms,),
            masks="personal",
            source="203.0.113.7",
            trace="",
        )
        return replace(facts, **changes)


def call_of(tool: str, arguments: Mapping[str, Any]) -> Call:
    params = {"name": tool, "arguments": dict(arguments)}
    return replace(CALL, target=tool, message={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})


def _sealed(call: Call, caller: Caller) -> SealedCall:
    return SealedCall(call, caller, ORIGIN, "")


@contextlib.asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[Desk]:
    async with gateway(folder) as opened:
        yield Desk(opened)
