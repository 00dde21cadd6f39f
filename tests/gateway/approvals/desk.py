"""An approval, the people around it and a book over fakes, to start from; tests change what matters to them."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.approvals.approval import Approval, Request, Verdict, Vote
from gateway.approvals.book import Actor, Book
from gateway.approvals.sealed_call import SealedCall
from gateway.evidence.chain import Chains
from gateway.record import Recorder
from gateway.seal import Seal
from gateway.values import ApprovalTerms, Caller, CallerKind, Refusal
from tests.fakes.approvals import MemoryApprovals
from tests.fakes.evidence import MemoryEvidence
from tests.fakes.values import CALL, CALLER, ORIGIN

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TERMS = ApprovalTerms(name="refunds", approvers=frozenset({"leads"}), expires=3600, use_within=1800)
REQUEST = Request(
    created=START,
    tenant=CALLER.tenant,
    subject=CALLER.object_id,
    kind=CallerKind.USER,
    client=CALLER.client,
    name="Erin Engineer",
    server="records",
    era="modern",
    method="tools/call",
    target="issue_refund",
    definition="d" * 64,
    digest="e" * 64,
    session="20261123-session",
    call="call-1",
    policy="0" * 64,
    rules="engineers-refund",
    terms=(TERMS,),
    masks="personal",
    source="203.0.113.9",
    trace="",
)
SEALED = SealedCall(CALL, CALLER, ORIGIN, "")


def person(name: str, *groups: str, **changes: Any) -> Caller:
    """Somebody of the tenant, in these groups."""
    return replace(CALLER, object_id=name, groups=frozenset(groups), name=name.title(), **changes)


def actor(name: str, *groups: str, **changes: Any) -> Actor:
    return Actor(person(name, *groups, **changes), ORIGIN)


def vote(name: str, *groups: str, verdict: Verdict = Verdict.APPROVE, after: float = 60) -> Vote:
    at = START + timedelta(seconds=after)
    return Vote(CALLER.tenant, name, verdict, at, frozenset(groups), "because", name.title())


def approval(*votes: Vote, terms: tuple[ApprovalTerms, ...] = (TERMS,), **changes: Any) -> Approval:
    request = replace(REQUEST, terms=terms)
    known: dict[str, Any] = {"reason": None, "settled": None, "spent": None, "marks": {"started": {}}}
    return Approval(id="a" * 32, request=request, votes=votes, **known | changes)


@dataclass(slots=True)
class FakeOrchestrations:
    """Which approvals were started and woken; `reachable` is its fault."""

    started: list[str] = field(default_factory=list)
    woken: list[tuple[str, str]] = field(default_factory=list)
    reachable: bool = True

    async def start(self, approval: str) -> bool:
        if self.reachable:
            self.started.append(approval)
        return self.reachable

    async def wake(self, approval: str, event: str = "settled") -> bool:
        if self.reachable:
            self.woken.append((approval, event))
        return self.reachable


class Desk:
    """A book, its stores, and the time."""

    def __init__(self) -> None:
        self.store = MemoryApprovals()
        self.evidence = MemoryEvidence()
        self.orchestrations = FakeOrchestrations()
        self.now = START
        self.key: Seal | Refusal = Seal([b"k" * 32])
        self.book = Book(
            self.store, Recorder(Chains(self.evidence), now=lambda: self.now), self._seal, lambda: self.now
        )

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    async def ask(self, *terms: ApprovalTerms, reason: str = "", digest: str = REQUEST.digest) -> Approval:
        """An approval that was asked for and started."""
        request = replace(REQUEST, terms=terms or (TERMS,), created=self.now, digest=digest)
        _, pointer = await self.book.find(digest)
        made = await self.book.request(request, SEALED, reason, pointer)
        assert isinstance(made, Approval), made
        assert await self.book.start(made, self.orchestrations) is None
        return await self.read(made)

    async def read(self, known: Approval) -> Approval:
        found = await self.book.read(known.id)
        assert found is not None
        return found

    def events(self) -> list[tuple[str, str]]:
        """Event and outcome of every record, in order."""
        return [(str(row["event"]), str(row["outcome"])) for row in self.evidence.rows.values()]

    async def _seal(self) -> Seal | Refusal:
        return self.key
