"""The API of access over a gateway in the test's process, to start from."""

import json
from typing import Any

from devhost.accounts import ACCOUNTS
from gateway.access.api import serve
from gateway.access.grant import Grant, State
from gateway.answer import Answer
from gateway.approvals import rulings
from gateway.approvals.approval import Verdict
from gateway.approvals.book import Actor
from gateway.pages.request import PageRequest
from gateway.reasons import Reason
from tests.fakes.values import ORIGIN
from tests.gateway.approvals.desk import person
from tests.walk.rooms import Gateway

DESK = {"server": "records", "grant": "desk", "minutes": 10, "reason": "the customer waits"}
TICKET = {"server": "records", "grant": "ticket", "seconds": 600, "reason": "CHG123456"}


class Room:
    """Requests to the API, and what came of them."""

    def __init__(self, running: Gateway) -> None:
        self.gateway = running

    async def send(
        self, method: str, path: str, body: Any = b"", *, token: str | None = "engineer", **headers: str
    ) -> Answer:
        """`token` names an account, or is a token itself, or None; `body` is JSON unless it is bytes."""
        sent = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent["authorization"] = f"Bearer {token if '.' in token else self.gateway.tenant.token(token)}"
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        path, _, query = path.partition("?")
        request = PageRequest(method, path, query, tuple(sent.items()), content)
        return await serve(request, ORIGIN, self.gateway.rooms, self.gateway.orchestrations)

    async def asked(self, body: Any = None, **options: Any) -> str:
        """The id of a grant that was asked for; open if it is the one that a condition approves."""
        answer = await self.send("POST", "/access/requests", body or TICKET, **options)
        assert answer.status == 201, answer.body
        return str(told(answer)["id"])

    async def approve(self, identifier: str) -> None:
        """The approver says yes."""
        book = self.gateway.rooms.approvals
        approval = await book.read(identifier)
        assert approval is not None
        [group] = approval.request.terms[0].approvers
        abel = person(ACCOUNTS["approver"].object_id, group)
        await rulings.decide(book, approval, Verdict.APPROVE, "fine", Actor(abel, ORIGIN))

    async def grant(self, identifier: str) -> Grant:
        found = await self.gateway.rooms.grants.read(identifier)
        assert found is not None
        return found

    async def state(self, identifier: str) -> State:
        return (await self.grant(identifier)).state(self.gateway.rooms.now())

    def recorded(self) -> list[dict[str, Any]]:
        """The bodies of all records of grants."""
        rows = self.gateway.evidence.rows.values()
        return [json.loads(str(row["body"])) for row in rows if str(row["event"]).startswith("grant")]

    def refusals(self) -> list[str]:
        return [row["reason"] for row in self.recorded() if row["event"] == "grant_refused"]


def told(answer: Answer) -> Any:
    assert isinstance(answer.body, bytes)
    return json.loads(answer.body)


def assert_refused(answer: Answer, reason: Reason) -> None:
    wire = reason.wire
    assert (answer.status, told(answer)) == (wire.http, {"error": {"code": wire.code, "message": wire.sentence}})
    assert answer.headers["cache-control"] == "no-store"
