"""The trace of one call, as OpenTelemetry spans: one for the call, one for each room, one for each request upstream.

Takes what the walk says and gives spans and numbers. It keeps no text of a refusal, of an exception, or of a
message: an error has the name of its reason or of its type.
"""

import asyncio
import contextlib
import time
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING

from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    TraceFlags,
    Tracer,
    set_span_in_context,
)
from opentelemetry.trace.status import StatusCode

from gateway.events import Outcome
from gateway.telemetry.context import TraceContext, carried
from gateway.telemetry.labels import ERROR, OUTCOME, REASON, of_call, of_passage, of_tool, span_name, unsaid
from gateway.telemetry.meters import Meters
from gateway.telemetry.trace import Trace
from gateway.values import Call, Hidden, Refusal

if TYPE_CHECKING:
    from gateway.approvals.approval import Approval
    from gateway.passage import Passage

_inside: ContextVar[Span | None] = ContextVar("countersign-room", default=None)
"""The room that this task is in. A stream is read by another task than the walk, which is in none."""

_FAILURES = frozenset({Outcome.FAILED, Outcome.SERVER_ERROR, Outcome.TOOL_ERROR, Outcome.WITHHELD, Outcome.AMBIGUOUS})


class Spans(Trace):
    """Spans and numbers of one call."""

    def __init__(self, tracer: Tracer, meters: Meters, call: Call, parents: tuple[TraceContext, ...]) -> None:
        super().__init__()
        self._tracer = tracer
        self._meters = meters
        self._goes_on = bool(parents)
        self._call = call
        self._parents = parents
        self._began = time.perf_counter()
        self._elsewhere = 0.0
        """Seconds in which the upstream was waited for."""
        self._waited = False
        """Whether people were waited for; then how long the call took says nothing of the gateway."""
        self._outcome = ""
        self._refusal: Refusal | None = None
        self._is_over = False

    def start(self, began: int | None, *, is_served: bool) -> None:
        """The span of the call is open, and the room `inbound` is behind it where the call was read just now."""
        parent = set_span_in_context(NonRecordingSpan(_context(self._parents[0]))) if self._parents else None
        self._root = self._tracer.start_span(
            span_name(self._call),
            parent,
            SpanKind.SERVER if is_served else SpanKind.INTERNAL,
            of_call(self._call),
            [Link(_context(other)) for other in self._parents[1:]],
            began,
        )
        self.traceparent = str(_named(self._root))
        if began is not None:
            self._began -= max(0, time.time_ns() - began) / 1e9
            self._child("inbound", SpanKind.INTERNAL, began).end()

    async def room[T](self, name: str, work: Awaitable[T]) -> T:
        self._waited = self._waited or name == "wait for people"
        with self._open(name) as span:
            return _seen(span, await work)

    def pure[T](self, name: str, work: Callable[[], T]) -> T:
        with self._open(name) as span:
            return _seen(span, work())

    async def upstream[T](self, call: Call, send: Callable[[Call], Awaitable[T]]) -> T:
        began = time.perf_counter()
        try:
            with self._open("forward", SpanKind.CLIENT) as span:
                span.set_attributes(of_call(call))
                return _seen(span, await send(carried(call, _named(span), goes_on=self._goes_on)))
        finally:
            self._elsewhere += time.perf_counter() - began

    def approved(self, approval: "Approval | None") -> None:
        if approval is not None and approval.settled is not None:
            waited = approval.settled.at - approval.request.created
            self._meters.approval_wait.record(waited.total_seconds())

    def came_of(
        self, passage: "Passage", outcome: str, refusal: Refusal | None = None, hidden: Sequence[Hidden] = ()
    ) -> None:
        self._outcome, self._refusal = outcome, refusal
        labels = of_passage(passage)
        self._meters.calls.add(1, labels | {OUTCOME: outcome})
        if refusal is not None:
            self._meters.refusals.add(1, labels | {REASON: _reason(refusal)})
        for item in hidden:
            found = {"countersign.mask": item.mask, "countersign.action": str(item.action)}
            self._meters.masked.add(item.count, found)

    def through(self, passage: "Passage", body: bytes | AsyncGenerator[bytes]) -> bytes | AsyncGenerator[bytes]:
        if isinstance(body, bytes):
            self._end(passage, is_whole=True)
            return body
        stream = self._streamed(passage, body)
        # A client that has gone before the first event never starts the generator.
        weakref.finalize(stream, self._end, passage).atexit = False
        return stream

    async def _streamed(self, passage: "Passage", body: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        try:
            async with contextlib.aclosing(body):
                async for chunk in body:
                    yield chunk
        finally:
            self._end(passage)

    def _end(self, passage: "Passage", *, is_whole: bool = False) -> None:
        if self._is_over:
            return
        self._is_over = True
        if not self._outcome:
            self.came_of(passage, unsaid(passage, is_whole=is_whole))
        labels, error = of_passage(passage), self._error()
        self._root.set_attributes(
            labels | of_tool(passage) | error | {OUTCOME: self._outcome, "countersign.call": passage.id}
        )
        if self._refusal is not None:
            self._root.set_attribute(REASON, _reason(self._refusal))
        if error:
            self._root.set_status(StatusCode.ERROR)
        self._root.end()
        took = time.perf_counter() - self._began
        self._meters.duration.record(took, labels | error)
        if is_whole and not self._waited:
            self._meters.added.record(max(0.0, took - self._elsewhere), labels)

    def _error(self) -> dict[str, str]:
        if self._refusal is not None:
            return {ERROR: _reason(self._refusal)}
        return {ERROR: self._outcome} if self._outcome in _FAILURES else {}

    @contextlib.contextmanager
    def _open(self, name: str, kind: SpanKind = SpanKind.INTERNAL) -> Iterator[Span]:
        span = self._child(name, kind)
        token = _inside.set(span)
        try:
            yield span
        except (Exception, asyncio.CancelledError) as error:
            # The type alone: the text of an error may hold what the call held.
            _fail(span, "cancelled" if isinstance(error, asyncio.CancelledError) else type(error).__name__)
            raise
        finally:
            _inside.reset(token)
            span.end()

    def _child(self, name: str, kind: SpanKind, began: int | None = None) -> Span:
        outer = _inside.get()
        is_ours = outer is not None and outer.get_span_context().trace_id == self._root.get_span_context().trace_id
        parent = outer if is_ours and outer is not None else self._root
        return self._tracer.start_span(name, set_span_in_context(parent), kind, start_time=began)


def _seen[T](span: Span, result: T) -> T:
    """The result; a refusal is the error of its room."""
    if isinstance(result, Refusal):
        _fail(span, _reason(result))
    return result


def _fail(span: Span, error: str) -> None:
    span.set_attribute(ERROR, error)
    span.set_status(StatusCode.ERROR)


def _reason(refusal: Refusal) -> str:
    return refusal.reason.name.lower()


def _context(found: TraceContext) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if found.is_sampled else TraceFlags.DEFAULT)
    return SpanContext(found.trace, found.span, is_remote=True, trace_flags=flags)


def _named(span: Span) -> TraceContext:
    context = span.get_span_context()
    return TraceContext(context.trace_id, context.span_id, context.trace_flags.sampled)
