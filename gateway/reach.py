"""Rooms 9 and 10 together: the upstream's answer to a call, with the credential that only the gateway holds.

Takes a passage and the rooms, and gives the upstream's answer or a refusal. The credential is got
here and is gone when this returns; a client that leaves meanwhile cancels the request where its era
says so.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from gateway import credential
from gateway.client_features import declared
from gateway.forward import Accepted, EventStream, Reply, forward
from gateway.handshake import offered
from gateway.reasons import Reason
from gateway.record import Passage
from gateway.rooms import Rooms
from gateway.settle import features_of
from gateway.upstream_tokens import Subject
from gateway.values import Era, MessageKind, Refusal

type Response = Reply | Accepted | EventStream | Refusal


async def reach_upstream(passage: Passage, rooms: Rooms) -> Response:
    """The upstream's answer, with the credential that only the gateway holds; read anew once after a 401."""
    if passage.policy is None:
        return Refusal(Reason.POLICY_UNAVAILABLE)
    server = passage.policy.servers[passage.call.server]
    subject = Subject(passage.caller, passage.call.token)
    header = await credential.obtain(server.credential, subject, rooms.secrets, rooms.tokens)
    if isinstance(header, Refusal):
        return header
    call = declared(offered(passage.call), features_of(passage))
    response = await unless_gone(passage, forward(rooms.client, call, server, header))
    if not isinstance(response, Refusal) or response.reason is not Reason.UPSTREAM_UNAUTHORIZED:
        return response
    renewed = await credential.renew(server.credential, header, subject, rooms.secrets, rooms.tokens)
    if renewed is None or isinstance(renewed, Refusal):
        return renewed or response
    # To send the call again is safe: an upstream that answers 401 has not acted.
    return await unless_gone(passage, forward(rooms.client, call, server, renewed))


async def unless_gone(passage: Passage, forwarding: Coroutine[Any, Any, Response]) -> Response:
    """What forwarding gives; CLIENT_GONE, and the upstream's connection closed, if the client leaves before.

    In the modern era closing the response cancels the request (2026-07-28 basic/transports,
    Cancellation); in the legacy era it does not, so nobody looks there.
    """
    if passage.gone is None or passage.call.era is Era.LEGACY:
        return await forwarding
    going, leaving = asyncio.ensure_future(forwarding), asyncio.ensure_future(passage.gone())
    await asyncio.wait({going, leaving}, return_when=asyncio.FIRST_COMPLETED)
    (leaving if going.done() else going).cancel()
    await asyncio.wait({going, leaving})
    return Refusal(Reason.CLIENT_GONE) if going.cancelled() else going.result()


async def tell_upstream(passage: Passage, rooms: Rooms, message: dict[str, Any]) -> None:
    """A message of the gateway's own goes to the upstream, in the session of the call; nobody waits for its answer."""
    headers = tuple(pair for pair in passage.call.headers if pair[0] != "last-event-id")
    call = replace(
        passage.call, kind=MessageKind.RESPONSE, method="", target="", id=None, message=message, headers=headers
    )
    response = await reach_upstream(replace(passage, call=call, gone=None), rooms)
    if isinstance(response, EventStream):
        await response.close()
