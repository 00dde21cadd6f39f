"""A look at access while something runs under it: whether it is over, and whether lists have changed.

Takes a call on its way or an open stream and says when it has to stop, or what its client has to be
told of. Each grant is read again now and then, since whoever ends one does so in another process, and
compared with the clock, so that its end is not missed. As long as the store does not answer, what was
read last holds until its end by the clock, and no longer (fail-closed): nobody could have ended it there
meanwhile, and new calls are refused.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from gateway import jsontext, sse
from gateway.access.grant import Ending, Grant, State
from gateway.passage import Passage
from gateway.policy.hiding import changing_lists
from gateway.reasons import Reason
from gateway.rooms import Rooms
from gateway.shown import is_listening
from gateway.storage.contract import StoreUnavailableError
from gateway.values import Era, MessageKind, Refusal

SHORTEST = 0.01
"""Seconds of the shortest pause."""
ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
"""The first message of a `subscriptions/listen` (2026-07-28 basic/utilities/subscriptions)."""
SUBSCRIPTION_META = "io.modelcontextprotocol/subscriptionId"


@dataclass(slots=True)
class Watch:
    """Over one call or stream."""

    passage: Passage
    rooms: Rooms
    grants: list[Grant]
    """Those that it runs under and that are open, as they were last read."""
    lists: tuple[str, ...]
    """Of which the client wants to be told."""
    is_ready: bool
    """Whether the client may be told yet."""
    _due: deque[str] = field(default_factory=deque)

    async def signal(self) -> Refusal | sse.Event:
        """Why the call or stream has to stop now, or what its client is to be told; returns only once there is one."""
        while True:
            if refusal := self._cut_off():
                return refusal
            if self._due:
                return self._changed(self._due.popleft())
            if not self.grants and not self.lists:
                await asyncio.Event().wait()
            await asyncio.sleep(max(SHORTEST, min([self.rooms.pace.watch, *self._left()])))
            await self._look()

    def acknowledged(self, message: dict[str, Any]) -> dict[str, Any]:
        """The server's message; its acknowledgement of a subscription with what the gateway adds to it."""
        if self.is_ready or message.get("method") != ACKNOWLEDGED:
            return message
        self.is_ready = True
        params = message.get("params")
        known = params if isinstance(params, dict) else {}
        honoured = known.get("notifications")
        ours = {f"{name}ListChanged": True for name in self.lists}
        honoured = {**(honoured if isinstance(honoured, dict) else {}), **ours}
        return {**message, "params": {**known, "notifications": honoured}}

    def _cut_off(self) -> Refusal | None:
        """The refusal in place of what must stop; what may finish goes on, and is known to outlast its access."""
        now = self.rooms.now()
        over = [grant for grant in self.grants if grant.state(now) is not State.OPEN]
        if not over:
            return None
        self.passage.grant_over = True
        self.grants = [grant for grant in self.grants if grant not in over]
        detail = "; ".join(f"{grant.id} is {grant.state(now).value}" for grant in over)
        if is_listening(self.passage.call):
            return Refusal(Reason.GRANT_OVER, detail)
        is_cut = any(grant.request.cancels_calls for grant in over)
        return Refusal(Reason.GRANT_CUT_OFF, detail) if is_cut else None

    def _left(self) -> Iterable[float]:
        """Seconds until the end of each grant."""
        now = self.rooms.now()
        return [max(0.0, (grant.ends - now).total_seconds()) for grant in self.grants if grant.ends is not None]

    async def _look(self) -> None:
        """The grants and the lists as they are now, or as they were if the store does not answer."""
        try:
            # No longer than until the next end: a store that hangs must not delay it.
            async with asyncio.timeout(max(SHORTEST, min(self._left())) if self.grants else None):
                self.grants = [await self._read(grant) for grant in self.grants]
                await self._look_at_lists()
        except (StoreUnavailableError, TimeoutError):
            return

    async def _read(self, grant: Grant) -> Grant:
        found = await self.rooms.grants.read(grant.id)
        # fail-closed: what is not there any more is over.
        return found or replace(grant, ended=Ending(State.REVOKED, self.rooms.now()))

    async def _look_at_lists(self) -> None:
        passage = self.passage
        if not self.lists or not self.is_ready or passage.look is None:
            return
        before = passage.open_grants
        if await passage.look(passage) is None and passage.open_grants != before:
            self._due = deque(self.lists)

    def _changed(self, name: str) -> sse.Event:
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": f"notifications/{name}/list_changed"}
        if self.passage.call.era is Era.MODERN:
            message["params"] = {"_meta": {SUBSCRIPTION_META: self.passage.call.id}}
        return sse.Event(jsontext.write(message).decode(), "message")


def watch_over(passage: Passage, rooms: Rooms) -> Watch | None:
    """The watch over a call or stream; None where there is nothing to look at."""
    lists = _wanted(passage)
    if not passage.grants and not lists:
        return None
    return Watch(passage, rooms, list(passage.grants), lists, is_ready=passage.call.kind is MessageKind.STREAM)


async def cut_off(passage: Passage, rooms: Rooms) -> Refusal:
    """Why a call that is not answered yet has to stop; returns only once it has to."""
    watch = Watch(passage, rooms, list(passage.grants), (), is_ready=True)
    while True:
        found = await watch.signal()
        if isinstance(found, Refusal):
            return found


async def tell_cancelled(passage: Passage, tell: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    """A server of the legacy era is told that its request is cancelled: there a closed connection does not say so."""
    if passage.call.era is Era.LEGACY and passage.call.kind is MessageKind.REQUEST:
        params = {"requestId": passage.call.id, "reason": "The caller's access has ended."}
        await tell({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params})


def _wanted(passage: Passage) -> tuple[str, ...]:
    """The lists that follow access and that the client of this stream wants to hear of."""
    policy, caller, call = passage.policy, passage.caller, passage.call
    if policy is None or caller is None or not is_listening(call):
        return ()
    lists = changing_lists(policy, caller, call.server)
    if call.kind is MessageKind.STREAM:
        return lists
    wanted = call.params.get("notifications")
    return tuple(name for name in lists if isinstance(wanted, dict) and wanted.get(f"{name}ListChanged") is True)
