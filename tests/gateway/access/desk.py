"""A register of grants over fakes, the terms and the people around it, to start from."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from gateway.access.grant import Grant
from gateway.access.register import Register
from gateway.access.request import Asked, Wish
from gateway.approvals import rulings
from gateway.approvals.approval import Approval, Verdict
from gateway.approvals.book import Actor
from gateway.policy.document import GrantTerms, Who
from gateway.reasons import Reason
from gateway.values import Caller, Refusal
from tests.fakes.approvals import MemoryApprovals
from tests.fakes.values import ORIGIN
from tests.gateway.approvals import desk
from tests.gateway.approvals.desk import TERMS, actor, person

KIND = GrantTerms(name="desk", ceiling=3600, who=Who(), approval=TERMS, is_extendable=True)
HOLDER = person("holder", "engineering")


class AccessDesk(desk.Desk):
    """The book of approvals, and the register beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.grants = MemoryApprovals()
        self.register = Register(self.grants, self.book, lambda: self.now)

    async def wish(
        self, seconds: int = 600, holder: Caller = HOLDER, terms: GrantTerms = KIND, people: bool = False, **wish: Any
    ) -> Grant | Reason:
        """What becomes of a request: opened by rule, unless people are to be asked."""
        usual: dict[str, Any] = {"server": "records", "grant": terms.name, "seconds": seconds, "reason": "CHG1"}
        wished = Wish(**usual | wish)
        asked = Asked(wished, terms, "0" * 64, people, self.now)
        found = await self.register.ask(asked, holder, Actor(holder, ORIGIN), self.orchestrations)
        return found.reason if isinstance(found, Refusal) else found

    async def opened(self, seconds: int = 600, **options: Any) -> Grant:
        found = await self.wish(seconds, **options)
        assert isinstance(found, Grant), found
        return found

    async def found(self, grant: Grant) -> Grant:
        found = await self.register.read(grant.id)
        assert found is not None
        return found

    async def decided(self, grant: Grant, name: str = "ann", verdict: Verdict = Verdict.APPROVE) -> Approval | Refusal:
        approval = await self.book.read(grant.id)
        assert approval is not None
        return await rulings.decide(self.book, approval, verdict, "fine", actor(name, "leads"))


def kind(**changes: Any) -> GrantTerms:
    return replace(KIND, **changes)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)
