"""A short wait for people inside one request, and what ends it: a decision, the time, the client.

Takes a passage and the approval that it waits for, and gives the answer of the walk that goes on, or
the refusal that tells the client to come back. It looks at the store now and then, since whoever
decides does so in another process. A client that leaves or cancels withdraws its call.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any

from gateway import answer, jsontext, sse
from gateway.answer import Answer
from gateway.approvals import rulings
from gateway.approvals.approval import Approval, State
from gateway.approvals.book import Actor
from gateway.reasons import Reason
from gateway.record import Passage
from gateway.rooms import Rooms
from gateway.storage.contract import StoreUnavailableError
from gateway.values import Era, Refusal

type Again = Callable[[], Awaitable[Answer]]
"""The walk from the policy on, once more; never raises."""

_looking: set[asyncio.Future[State]] = set()
"""Waits of streams whose clients may have left; held here because the event loop keeps only weak references."""


async def hold(passage: Passage, approval: Approval, rooms: Rooms, again: Again) -> Answer | Refusal:
    """A short wait; with progress on a stream, where the client asked for progress and takes streams."""
    passage.is_held = True
    await _make_cancellable(passage, approval, rooms)
    meta = passage.call.params.get("_meta")
    token = meta.get("progressToken") if isinstance(meta, dict) else None
    if isinstance(token, str | int) and "text/event-stream" in dict(passage.call.headers).get("accept", ""):
        return answer.streamed("", _with_progress(passage, approval, token, rooms, again))
    state = await settled(passage, approval, rooms, rooms.pace.hold)
    return pending(approval, rooms) if state is State.PENDING else await ended(passage, state, again)


async def _with_progress(
    passage: Passage, approval: Approval, token: str | int, rooms: Rooms, again: Again
) -> AsyncGenerator[bytes]:
    """The client's stream: progress while it waits, then whatever the walk answers."""
    count = 0
    # Not cancelled when the client leaves: it sees that for itself, and withdraws.
    waiting = asyncio.ensure_future(settled(passage, approval, rooms, rooms.pace.hold))
    _looking.add(waiting)
    waiting.add_done_callback(_looking.discard)
    try:
        while not waiting.done():
            yield sse.write(_progress(token, count))
            count += 1
            await asyncio.wait({waiting}, timeout=rooms.pace.progress)
        state = waiting.result()
        found = pending(approval, rooms) if state is State.PENDING else await ended(passage, state, again)
    except (StoreUnavailableError, ValueError, KeyError) as error:
        # fail-closed: a stream runs on after `call.serve` has returned, and rows that cannot be read approve nothing.
        found = Refusal(Reason.APPROVALS_UNAVAILABLE, type(error).__name__)
    if isinstance(found, Refusal):
        recorded = await rooms.recorder.refused(passage, found)
        found = answer.refused(passage.call, found if recorded else Refusal(Reason.EVIDENCE_UNAVAILABLE))
    async for chunk in _events(found):
        yield chunk


async def _events(found: Answer) -> AsyncIterator[bytes]:
    if isinstance(found.body, bytes):
        yield sse.write(sse.Event(found.body.decode(), "message"))
        return
    async for chunk in found.body:
        yield chunk


async def settled(passage: Passage, approval: Approval, rooms: Rooms, seconds: float) -> State:
    """The state once it is settled, or PENDING when the time is over. A client that leaves withdraws (modern era)."""
    gone = asyncio.ensure_future(passage.gone()) if passage.gone and passage.call.era is Era.MODERN else None
    clock = asyncio.get_running_loop().time
    until = clock() + seconds
    try:
        while True:
            current = await rulings.settle(rooms.approvals, approval)
            state = current.state(rooms.now())
            if state is not State.PENDING or clock() >= until:
                return state
            pause = min(rooms.pace.look, until - clock())
            if gone is None:
                await asyncio.sleep(pause)
                continue
            await asyncio.wait({gone}, timeout=pause)
            if gone.done():
                await rulings.end(rooms.approvals, current, State.WITHDRAWN, _actor(passage))
                return State.WITHDRAWN
    finally:
        if gone is not None:
            gone.cancel()


async def ended(passage: Passage, state: State, again: Again) -> Answer | Refusal:
    passage.is_held = True
    if state is State.WITHDRAWN:
        return Refusal(Reason.APPROVAL_WITHDRAWN)
    if state is State.EXPIRED:
        return Refusal(Reason.APPROVAL_EXPIRED)
    return await again()


def pending(approval: Approval, rooms: Rooms) -> Refusal:
    """What a client is told that has to repeat the call. Only what the gateway made itself is in it."""
    url = f"{rooms.settings.url}/requests/{approval.id}"
    reason = Reason.APPROVAL_NEEDS_REASON if approval.lacks_reason else Reason.APPROVAL_PENDING
    return Refusal(reason, data={"approval": approval.id, "url": url, "expires": approval.expires.isoformat()})


async def cancelled(passage: Passage, rooms: Rooms) -> None:
    """A request of a legacy session that its client cancels while it is held is withdrawn (2025-11-25 cancellation)."""
    if passage.call.method != "notifications/cancelled" or not passage.call.mcp_session:
        return
    try:
        pointer = await rooms.approvals.store.find(_request_key(passage, passage.call.params.get("requestId")))
        approval = await rooms.approvals.read(pointer.approval) if pointer else None
        if approval is not None and approval.state(rooms.now()) is State.PENDING:
            await rulings.end(rooms.approvals, approval, State.WITHDRAWN, _actor(passage))
    except StoreUnavailableError:
        return


async def _make_cancellable(passage: Passage, approval: Approval, rooms: Rooms) -> None:
    if passage.call.era is Era.LEGACY and passage.call.mcp_session:
        key = _request_key(passage, passage.call.id)
        await rooms.approvals.store.point(key, approval.id, await rooms.approvals.store.find(key))


def _request_key(passage: Passage, identifier: Any) -> str:
    """A key that names one request of one legacy session."""
    parts = [passage.session, passage.call.server, passage.call.mcp_session, type(identifier).__name__, str(identifier)]
    return f"request-{hashlib.sha256(jsontext.write(parts)).hexdigest()}"


def _actor(passage: Passage) -> Actor:
    return Actor(passage.caller, passage.origin)


def _progress(token: str | int, count: int) -> sse.Event:
    params = {"progressToken": token, "progress": count, "message": "Waiting for the approval of another person."}
    message = {"jsonrpc": "2.0", "method": "notifications/progress", "params": params}
    return sse.Event(jsontext.write(message).decode(), "message")
