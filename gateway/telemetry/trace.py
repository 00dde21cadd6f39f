"""What the rooms tell of a call while it goes through them. Here it goes nowhere.

The walk names each room as it enters it, and what came of the call. Where no collector is named, these two
classes are all there is: nothing is imported, kept or sent. `spans` has those that do something.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from gateway.storage.contract import EvidenceStore
from gateway.telemetry.context import TraceContext
from gateway.values import Call, Hidden, Refusal

if TYPE_CHECKING:
    from gateway.approvals.approval import Approval
    from gateway.passage import Passage


class Trace:
    """The trace of one call."""

    traceparent = ""
    """Of the call's own span, or else of the client's; empty where there is neither."""

    def __init__(self, traceparent: str = "") -> None:
        self.traceparent = traceparent

    async def room[T](self, name: str, work: Awaitable[T]) -> T:
        """What the room gives."""
        return await work

    def pure[T](self, name: str, work: Callable[[], T]) -> T:
        """What a room without input and output gives."""
        return work()

    async def upstream[T](self, call: Call, send: Callable[[Call], Awaitable[T]]) -> T:
        """What the upstream answers to the call, which carries the trace on."""
        return await send(call)

    def approved(self, approval: "Approval | None") -> None:
        """People have let the call through, and it is being made."""

    def came_of(
        self, passage: "Passage", outcome: str, refusal: Refusal | None = None, hidden: Sequence[Hidden] = ()
    ) -> None:
        """How the call ended, and what was hidden of the answer."""

    def through(self, passage: "Passage", body: bytes | AsyncGenerator[bytes]) -> bytes | AsyncGenerator[bytes]:
        """The body as it leaves; the trace ends with it."""
        return body


class Telemetry:
    """Where traces and numbers go."""

    def begin(
        self, call: Call, parents: tuple[TraceContext, ...], began: int | None = None, *, is_served: bool = True
    ) -> Trace:
        """The trace of a call that was read between `began` (nanoseconds since 1970) and now."""
        return Trace(str(parents[0]) if parents else "")

    def timed(self, store: EvidenceStore) -> EvidenceStore:
        """The store, whose writes are timed."""
        return store

    def observe(self, read: Callable[[], Mapping[str, int]]) -> None:
        """What is read from now on whenever numbers are sent; from another thread."""


OFF = Telemetry()
