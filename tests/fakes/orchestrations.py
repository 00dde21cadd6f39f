"""The orchestrations of approvals as their protocol has them: what was started and woken is kept, nothing runs."""

from gateway.approvals.orchestrations import SETTLED


class Orchestrations:
    """`started` and `woken` in order; with `confirms` off, the extension does not answer."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.woken: list[tuple[str, str]] = []
        """Approval and event."""
        self.confirms = True

    async def start(self, approval: str) -> bool:
        if self.confirms:
            self.started.append(approval)
        return self.confirms

    async def wake(self, approval: str, event: str = SETTLED) -> bool:
        if self.confirms:
            self.woken.append((approval, event))
        return self.confirms
