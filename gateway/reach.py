"""Rooms 9 and 10 together: the upstream's answer to a call, with the credential that only the gateway holds.

Takes a passage and the rooms, and gives the upstream's answer or a refusal. The credential is got
here and is gone when this returns; a client that leaves meanwhile cancels the request where its era
says so, and so does the end of the access that it is made under, where the policy says so.
"""

import asyncio
import contextlib
from collections.abc import Coroutine
from dataclasses import replace
from functools import partial
from typing import Any

from gateway import credential
from gateway.client_features import declared
from gateway.credential import Header
from gateway.forward import Accepted, EventStream, Reply, forward
from gateway.handshake import offered
from gateway.limits import largest_answer
from gateway.policy.document import Server
from gateway.presence import left
from gateway.reasons import Reason
from gateway.record import Passage
from gateway.rooms import Rooms
from gateway.settle import features_of
from gateway.upstream_tokens import Subject
from gateway.values import Call, Era, MessageKind, Refusal
from gateway.watch import cut_off, tell_cancelled

CANCELLING = 1.0
"""Seconds given to a server to take the cancellation of a request."""

type Response = Reply | Accepted | EventStream | Refusal


async def reach_upstream(passage: Passage, rooms: Rooms) -> Response:
    """The upstream's answer, with the credential that only the gateway holds; read anew once after a 401."""
    if passage.policy is None:
        return Refusal(Reason.POLICY_UNAVAILABLE)
    server = passage.policy.servers[passage.call.server]
    subject = Subject(passage.caller, passage.call.token)
    obtaining = credential.obtain(server.credential, subject, rooms.secrets, rooms.tokens)
    header = await passage.trace.room("credential", obtaining)
    if isinstance(header, Refusal):
        return header
    call = declared(offered(passage.call), features_of(passage))
    response = await undisturbed(passage, rooms, sent(passage, rooms, call, server, header))
    if not isinstance(response, Refusal) or response.reason is not Reason.UPSTREAM_UNAUTHORIZED:
        return response
    renewed = await credential.renew(server.credential, header, subject, rooms.secrets, rooms.tokens)
    if renewed is None or isinstance(renewed, Refusal):
        return renewed or response
    # To send the call again is safe: an upstream that answers 401 has not acted.
    return await undisturbed(passage, rooms, sent(passage, rooms, call, server, renewed))


async def sent(passage: Passage, rooms: Rooms, call: Call, server: Server, header: Header | None) -> Response:
    """What forwarding gives; the call carries the trace on."""
    largest, caller = largest_answer(passage), passage.caller
    return await passage.trace.upstream(
        call, lambda traced: forward(rooms.upstreams, traced, server, header, largest, caller)
    )


async def undisturbed(passage: Passage, rooms: Rooms, forwarding: Coroutine[Any, Any, Response]) -> Response:
    """What forwarding gives, unless the client leaves or its access ends before; then the connection is closed.

    In the modern era a client that closes the response cancels the request (2026-07-28 basic/transports,
    Cancellation); in the legacy era it does not, so nobody looks there.
    """
    disturbances: list[Coroutine[Any, Any, Refusal]] = []
    if passage.gone is not None and passage.call.era is Era.MODERN:
        disturbances.append(left(passage.gone))
    if passage.grants:
        disturbances.append(cut_off(passage, rooms))
    if not disturbances:
        return await forwarding
    found = await _before_any(disturbances, forwarding)
    if isinstance(found, Refusal) and found.reason is Reason.GRANT_CUT_OFF:
        await _cancel_upstream(passage, rooms)
    return found


async def _before_any(
    disturbances: list[Coroutine[Any, Any, Refusal]], forwarding: Coroutine[Any, Any, Response]
) -> Response:
    """What forwarding gives, or the first disturbance, which cancels it.

    Forwarding runs in the task that asks for it: one of its own for each call would cost more than the rest of this.
    """
    here = asyncio.current_task()
    assert here is not None
    others = here.cancelling()
    ended: list[asyncio.Task[Refusal]] = []

    def disturb(ending: asyncio.Task[Refusal]) -> None:
        if not ending.cancelled() and not ended:
            ended.append(ending)
            here.cancel()

    endings = [asyncio.create_task(each) for each in disturbances]
    for ending in endings:
        ending.add_done_callback(disturb)
    try:
        return await forwarding
    except asyncio.CancelledError:
        # As `asyncio.timeout` does: somebody else who cancels, at the same time even, is not held up.
        if not ended or here.uncancel() > others:
            raise
        return ended[0].result()
    finally:
        for ending in endings:
            ending.remove_done_callback(disturb)
            ending.cancel()


async def _cancel_upstream(passage: Passage, rooms: Rooms) -> None:
    """A server that does not take the cancellation at once does not keep the client waiting."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CANCELLING):
            await tell_cancelled(passage, partial(tell_upstream, passage, rooms))


async def tell_upstream(passage: Passage, rooms: Rooms, message: dict[str, Any]) -> None:
    """A message of the gateway's own goes to the upstream, in the session of the call; nobody waits for its answer."""
    headers = tuple(pair for pair in passage.call.headers if pair[0] != "last-event-id")
    call = replace(
        passage.call, kind=MessageKind.RESPONSE, method="", target="", id=None, message=message, headers=headers
    )
    response = await reach_upstream(replace(passage, call=call, gone=None, grants=()), rooms)
    if isinstance(response, EventStream):
        await response.close()
