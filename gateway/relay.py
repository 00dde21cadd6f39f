"""Rooms 11 to 13 for a stream: each event masked and handed on as it arrives.

Takes a passage and the upstream's event stream, and gives the bytes of the client's stream. The
response to the call is settled before it leaves; what cannot be read or masked ends the stream with
a JSON-RPC error. However the stream ends - an answer, an error, the client gone - the call's
outcome is on record and the upstream's connection is closed.
"""

import asyncio
import weakref
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any

from gateway import jsontext, sse
from gateway.answer import error_message
from gateway.aside import aside
from gateway.client_features import asked, forbidden
from gateway.forward import BrokenStreamError, EventStream
from gateway.mask import mask_text
from gateway.masking.across import Across
from gateway.policy.document import Streams
from gateway.protocol import is_response_to
from gateway.reasons import Reason
from gateway.record import EVERYTHING, Outcome, Passage, Recorder
from gateway.settle import acts, concluded, fail, features_of, settle, visible
from gateway.stream_progress import Progress, Tell, nobody
from gateway.values import Era, Hidden, Masked, MessageKind, Refusal
from gateway.watch import Watch, tell_cancelled

KEEP_ALIVE = 15.0
"""Seconds of silence before a comment goes to the client."""
DRAIN = 0.5
"""Seconds given to an upstream to end its stream after the answer, so that the connection can be used again."""


def relay(
    passage: Passage, upstream: EventStream, recorder: Recorder, tell: Tell = nobody, watch: Watch | None = None
) -> AsyncGenerator[bytes]:
    """The client's stream, event by event; `tell` answers a server that asks for what it may not.

    `watch` ends the stream once the access that it runs under is over, and tells the client of lists that change.
    """
    progress = Progress(tell=tell, watch=watch, across=Across(is_strict=_is_strict(passage)))
    stream = _relay(passage, upstream, progress, recorder)
    # A client that has gone before the first event never starts the generator, and its `finally` never runs.
    loop = asyncio.get_running_loop()
    abandoned = weakref.finalize(stream, _abandon, loop, passage, upstream, progress, recorder)
    abandoned.atexit = False
    return stream


def _is_strict(passage: Passage) -> bool:
    server = passage.policy.servers.get(passage.call.server) if passage.policy else None
    # fail-closed: without a policy nothing says that the beginning of a value may leave.
    return server is None or server.streams is Streams.STRICT


async def _relay(
    passage: Passage, upstream: EventStream, progress: Progress, recorder: Recorder
) -> AsyncGenerator[bytes]:
    progress.started = True
    progress.events = events = _beating(upstream.events(), progress.watch)
    try:
        async for event in events:
            yield sse.write(await _hand_on(passage, event, progress, recorder))
            if progress.answered:
                await _drain(events)
                return
        ending = await _ended_without_answer(passage, progress, recorder)
        if ending is not None:
            yield sse.write(ending)
    except RefusedStreamError as refused:
        progress.is_cut_off = isinstance(refused, CutOffError)
        yield sse.write(await _error(passage, refused.refusal, progress, recorder))
    except BrokenStreamError as broken:
        yield sse.write(await _error(passage, Refusal(broken.reason), progress, recorder))
    except Exception as error:  # noqa: BLE001 - fail-closed: a stream runs on after `call.serve` has returned
        refusal = Refusal(Reason.INTERNAL, type(error).__name__)
        yield sse.write(await _error(passage, refusal, progress, recorder))
    finally:
        _let_go(passage, upstream, progress, recorder)


class RefusedStreamError(BrokenStreamError):
    """A stream that must not go on."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


class CutOffError(RefusedStreamError):
    """The access that it runs under is over."""


async def _beating(events: AsyncIterator[sse.Event], watch: Watch | None) -> AsyncGenerator[sse.Event]:
    """The events, those of the watch, and a keep-alive whenever nothing came for a while.

    Azure's front end cuts idle connections. Raises CutOffError before anything that has arrived meanwhile.
    """
    waiting: asyncio.Future[sse.Event] | None = None
    watching = _watching(watch)
    try:
        while True:
            waiting = waiting or asyncio.ensure_future(anext(events))
            pending: set[asyncio.Future[Any]] = {waiting, watching}
            await asyncio.wait(pending, timeout=KEEP_ALIVE, return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                yield _signalled(watching.result())
                watching = _watching(watch)
                continue
            if not waiting.done():
                yield sse.Event()
                continue
            try:
                event = waiting.result()
            except StopAsyncIteration:
                return
            waiting = None
            yield event
    finally:
        watching.cancel()
        if waiting is not None:
            waiting.cancel()


def _watching(watch: Watch | None) -> asyncio.Future[Refusal | sse.Event]:
    """What the watch says next; without one, what never comes."""
    if watch is None:
        return asyncio.get_running_loop().create_future()
    return asyncio.ensure_future(watch.signal())


def _signalled(found: Refusal | sse.Event) -> sse.Event:
    if isinstance(found, Refusal):
        raise CutOffError(found)
    return found


async def _hand_on(passage: Passage, event: sse.Event, progress: Progress, recorder: Recorder) -> sse.Event:
    """The event as it may leave. Sets `progress.answered` once the call is answered. Raises BrokenStreamError."""
    if event.id is not None and passage.call.era is Era.LEGACY:
        progress.resumable = True
    if not event.data:
        return event
    message = await aside(event.data, partial(jsontext.parse, event.data, duplicates=True), passage.caller)
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise BrokenStreamError(Reason.UPSTREAM_MALFORMED)
    if "method" not in message:
        answered = _answered(passage, message)
        settled = await _settled(answered, message, progress, recorder)
        progress.answered = answered is passage
        return _with(event, error_message(answered.call, settled) if isinstance(settled, Refusal) else settled)
    if (method := asked(message)) and not await _may_ask(passage, message, method, progress, recorder):
        return sse.Event()
    seen = await _seen(passage, message, progress)
    return _with(event, progress.watch.acknowledged(seen) if progress.watch else seen)


async def _settled(
    answered: Passage, message: dict[str, Any], progress: Progress, recorder: Recorder
) -> dict[str, Any] | Refusal:
    told = progress.hidden.take() if acts(answered) else ()
    try:
        return await settle(answered, message, recorder, told)
    except asyncio.CancelledError:
        if answered.concluding is None:
            # The client left while the answer was masked: the record of that says what was hidden until then.
            progress.hidden.add(told)
        raise


async def _seen(passage: Passage, message: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """What is no answer, as this caller may see it after all that came before. Raises RefusedStreamError."""
    seen, hidden = await aside(message, partial(_joined, passage, message, progress.across), passage.caller)
    progress.hidden.add(hidden)
    if isinstance(seen, Refusal):
        raise RefusedStreamError(seen)
    progress.hidden.add(seen.hidden)
    return seen.message


def _joined(passage: Passage, message: dict[str, Any], across: Across) -> tuple[Masked | Refusal, tuple[Hidden, ...]]:
    """The same with what was hidden of it for the sake of earlier messages."""
    joined = across.masked(message, passage.decision.masks if passage.decision else (), passage.keyed)
    return (joined, ()) if isinstance(joined, Refusal) else (visible(passage, joined.message), joined.hidden)


def _answered(passage: Passage, message: dict[str, Any]) -> Passage:
    """The passage that a response is the answer to. Raises BrokenStreamError where it is no response, or to another.

    On a resumed stream it answers an earlier call (2025-11-25 basic/transports, Resumability), of
    which only the id is known here.
    """
    identifier = message.get("id")
    if passage.call.kind is MessageKind.STREAM and isinstance(identifier, str | int) and type(identifier) is not bool:
        passage = replace(passage, call=replace(passage.call, id=identifier))
    if passage.call.id is None or not is_response_to(message, passage.call):
        raise BrokenStreamError(Reason.UPSTREAM_MALFORMED)
    return passage


async def _may_ask(
    passage: Passage, message: dict[str, Any], method: str, progress: Progress, recorder: Recorder
) -> bool:
    """Whether a server's request may go on to the client. If not, the server is told so and the client is not."""
    refusal = None
    # A question needs somebody who is there to answer it.
    if passage.is_unattended or forbidden(message, features_of(passage)):
        refusal = Refusal(Reason.SERVER_REQUEST_REFUSED, mask_text(method, EVERYTHING))
    if not await recorder.asked(passage, method, refusal, message):
        # The call itself was made by now, so the client must not be told to try again.
        raise BrokenStreamError(Reason.OUTCOME_UNRECORDED)
    if refusal is not None:
        error = {"code": -32601, "message": "Method not found"}
        await progress.tell({"jsonrpc": "2.0", "id": message["id"], "error": error})
    return refusal is None


def _with(event: sse.Event, message: dict[str, Any]) -> sse.Event:
    return sse.Event(jsontext.write(message).decode(), event.name, event.id, event.retry)


async def _ended_without_answer(passage: Passage, progress: Progress, recorder: Recorder) -> sse.Event | None:
    """What a client that still waits is told; None where an ending without an answer is in order."""
    if passage.call.kind is not MessageKind.REQUEST or passage.call.method == "subscriptions/listen":
        progress.answered = True
        return None
    if progress.resumable:
        progress.answered = True
        refusal = None
        if acts(passage) and not await concluded(passage, Outcome.DETACHED, recorder, hidden=progress.hidden.take()):
            refusal = Refusal(Reason.OUTCOME_UNRECORDED)
        return None if refusal is None else sse.Event(jsontext.write(error_message(passage.call, refusal)).decode())
    return await _error(passage, Refusal(Reason.UPSTREAM_BROKE_OFF), progress, recorder)


async def _error(passage: Passage, refusal: Refusal, progress: Progress, recorder: Recorder) -> sse.Event:
    """The JSON-RPC error that ends the stream, on record."""
    told = await fail(passage, refusal, recorder, hidden=progress.hidden.take())
    progress.answered = True
    return sse.Event(jsontext.write(error_message(passage.call, told)).decode(), "message")


async def _drain(events: AsyncIterator[sse.Event]) -> None:
    try:
        async with asyncio.timeout(DRAIN):
            async for _ in events:
                pass
    except (BrokenStreamError, TimeoutError):
        return


def _abandon(
    loop: asyncio.AbstractEventLoop,
    passage: Passage,
    upstream: EventStream,
    progress: Progress,
    recorder: Recorder,
) -> None:
    if not progress.started:
        loop.call_soon_threadsafe(_let_go, passage, upstream, progress, recorder)


_endings: set[asyncio.Task[None]] = set()
"""Held here because the event loop itself keeps only weak references to tasks."""


def _let_go(passage: Passage, upstream: EventStream, progress: Progress, recorder: Recorder) -> None:
    """Closes the upstream and records a departure, in a task of its own: this one may be cancelled by now."""
    task = asyncio.create_task(_end(passage, upstream, progress, recorder))
    _endings.add(task)
    task.add_done_callback(_endings.discard)


async def _end(passage: Passage, upstream: EventStream, progress: Progress, recorder: Recorder) -> None:
    if passage.concluding is not None:
        # The client left while the outcome was being written: that one counts.
        await asyncio.wait([passage.concluding])
        progress.answered = progress.answered or passage.concluding.exception() is None
    if progress.events is not None:
        await progress.events.aclose()
    # Closing the connection is how the modern era cancels; in the legacy era it is no more than a disconnect.
    await upstream.close()
    if progress.is_cut_off:
        await tell_cancelled(passage, progress.tell)
    hidden = progress.hidden.take()
    if hidden or (not progress.answered and acts(passage)):
        outcome = Outcome.SUCCEEDED if progress.answered else Outcome.CANCELLED
        await recorder.outcome(passage, outcome, hidden=hidden)
