"""The API of policy proposals over a gateway in the test's process, whose policy two people change."""

import json
from typing import Any

from devhost.accounts import ACCOUNTS, GROUPS
from gateway.answer import Answer
from gateway.approvals import rulings
from gateway.approvals.approval import Verdict
from gateway.approvals.book import Actor
from gateway.pages.request import PageRequest
from gateway.proposals.api import serve
from gateway.proposals.proposal import Proposal
from gateway.proposals.tend import tend
from gateway.proposals.versions import INTERVAL
from tests.fakes.policies import policy_text
from tests.fakes.values import ORIGIN
from tests.gateway.approvals.desk import person
from tests.walk.rooms import Gateway

CHANGES = """
changes:
  who: {groups: [operators]}
  approval: policy
"""
TERMS = """approvals:
  policy:
    approvers: [approvers, hr]
    people: 2
    expires: 4h
    use_within: 30m
    reasons: [approver]
"""


def governed(url: str = "http://127.0.0.1:9/mcp") -> str:
    """A policy that says how it is changed: proposed by operators, approved by two others."""
    return policy_text(url).replace("approvals:\n", TERMS, 1) + CHANGES


class Room:
    """Requests to the API, and what came of them."""

    def __init__(self, running: Gateway) -> None:
        self.gateway = running
        self.text = governed()
        running.policy_file.write_text(self.text)

    async def send(self, method: str, path: str, body: Any = b"", *, token: str | None = "operator") -> Answer:
        sent = {"content-type": "application/json"}
        if token is not None:
            sent["authorization"] = f"Bearer {self.gateway.tenant.token(token)}"
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = PageRequest(method, path, "", tuple(sent.items()), content)
        return await serve(request, ORIGIN, self.gateway.rooms, self.gateway.orchestrations)

    async def propose(self, text: str, reason: str = "as agreed", *, token: str = "operator") -> Answer:
        return await self.send("POST", "/api/policies", {"policy": text, "reason": reason}, token=token)

    async def proposed(self, text: str) -> str:
        """The id of a proposal that people are asked about."""
        answer = await self.propose(text)
        assert answer.status == 201, answer.body
        return str(told(answer)["id"])

    async def decide(self, identifier: str, *groups: str, verdict: Verdict = Verdict.APPROVE) -> None:
        """Somebody of each group decides."""
        book = self.gateway.rooms.approvals
        for group in groups:
            approval = await book.read(identifier)
            assert approval is not None
            somebody = person(f"somebody-of-{group}", GROUPS[group])
            await rulings.decide(book, approval, verdict, "read it", Actor(somebody, ORIGIN))

    async def tend(self, identifier: str) -> dict[str, Any]:
        return await tend(identifier, self.gateway.rooms)

    async def found(self, identifier: str) -> Proposal:
        found = await self.gateway.rooms.proposals.find(identifier)
        assert found is not None
        return found

    async def in_force(self) -> tuple[int, str]:
        """Number and digest of the policy in force, once every process has looked again."""
        self.gateway.clock.advance(INTERVAL + 1)
        policy = await self.gateway.rooms.policy.current()
        return self.gateway.rooms.policy.number, policy.digest if policy else ""

    def recorded(self) -> list[tuple[str, str]]:
        """Event and outcome of all records, in their order."""
        rows = self.gateway.evidence.rows.values()
        return [(str(row["event"]), str(row["outcome"])) for row in rows]


def told(answer: Answer) -> Any:
    assert isinstance(answer.body, bytes)
    return json.loads(answer.body)


__all__ = ["ACCOUNTS", "Room", "governed", "told"]
