"""The room before `authorize`: whether this caller asks more of this server than the policy's limits let one caller.

Takes a passage whose caller is known with all groups, and returns a refusal, or None once what the call takes is noted;
`during` gives it back when the answer has ended. A call meets this room before it is decided on, so that one that the
policy refuses counts too: it costs a decision and a record, and who tries many is to be slowed down. It meets it before
anything is asked of an upstream or of people, and once: not again when people have decided, and not where the gateway
makes a call by itself after an approval, which nobody is there to repeat.

What is counted here is counted by one process. Another instance lets the same caller do as much once more, and a
process that ends forgets.
"""

import asyncio
import contextlib
import math
import time
import weakref
from collections import Counter, OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, replace

from gateway.answer import Answer
from gateway.forward import listens
from gateway.passage import Passage
from gateway.policy.document import Limit
from gateway.policy.limits import applying
from gateway.protocol import METHODS
from gateway.quota import Bucket, Use, excess, spend
from gateway.values import MessageKind, Refusal

CAPACITY = 10_000
"""Buckets, sessions and refusals, each, that one process keeps; an entry takes about half a KB."""
LOOKS = 16
"""Buckets that are looked at for one that may be forgotten."""
PAUSE = 10.0
"""Seconds between two records of a caller's refusals by one limit; those between are counted."""

type _Key = tuple[str, ...]
"""Begins with the name of the limit."""


def largest_answer(passage: Passage) -> int:
    """Bytes that the answer may have; 0: as many as the gateway takes. Pure.

    Of calls that act or read, those included that the gateway makes after an approval: like a mask, it is about what
    leaves. On a stream that only listens it bounds each event, since a client may fetch the answer of a call there.
    """
    if not (_is_call(passage) or listens(passage.call)):
        return 0
    return min((limit.result_bytes for limit in _limits(passage) if limit.result_bytes), default=0)


@dataclass(slots=True)
class _Told:
    """When a caller's refusals by a limit were last put on record, and how many were not since."""

    at: float
    omitted: int = 0


class Limits:
    """What the callers of this process have used of their limits, in bounded memory.

    A bucket is forgotten only once it is full again, which changes nothing. Where none is, callers who have none yet
    share one for each limit and server (fail-closed), so that nobody gets a new one by coming along with many others.
    A session's count is forgotten after those of `capacity` others, which wins its caller no more than beginning
    another session does.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, capacity: int = CAPACITY) -> None:
        self._clock = clock
        self._capacity = capacity
        self._buckets: OrderedDict[_Key, Bucket] = OrderedDict()
        self._open: Counter[_Key] = Counter()
        self._made: OrderedDict[_Key, int] = OrderedDict()
        self._told: OrderedDict[_Key, _Told] = OrderedDict()
        self.omitted = 0
        """Refusals that were counted and not yet mentioned in a record."""

    def admit(self, passage: Passage) -> Refusal | None:
        """None once what the call takes is noted, all of it; else why it goes no further, and nothing is.

        A refusal that follows another one closely is counted and not recorded (`passage.is_counted`).
        """
        if passage.give_back is not None or passage.is_unattended:
            return None
        now, limits = self._clock(), _limits(passage)
        found = [over for limit in limits if (over := excess(limit, self._use(limit, passage, now), now))]
        if found:
            worst = max(found, key=lambda over: over.wait or math.inf)
            omitted = self._mention(_key(worst.limit, passage), now)
            passage.is_counted = omitted is None
            return worst.refusal(passage.policy.digest if passage.policy else "", omitted or 0)
        taken = [self._take(limit, passage, now) for limit in limits]
        passage.give_back = _once(taken) if taken else _nothing
        return None

    def _use(self, limit: Limit, passage: Passage, now: float) -> Use:
        place, session = _place(limit, passage), _session(limit, passage)
        bucket = self._buckets.get(self._bucket(limit, passage, now)) if limit.rate else None
        return Use(
            bucket or Bucket(),
            None if place is None else self._open[place],
            None if session is None else self._made.get(session, 0),
        )

    def _take(self, limit: Limit, passage: Passage, now: float) -> Callable[[], None]:
        """Notes what the call takes of a limit; gives what gives it back."""
        if limit.rate:
            key = self._bucket(limit, passage, now)
            self._buckets[key], _ = spend(self._buckets.get(key, Bucket()), limit.rate, limit.burst, now)
            self._buckets.move_to_end(key)
        place, session = _place(limit, passage), _session(limit, passage)
        if place is not None:
            self._open[place] += 1
        if session is not None:
            _keep(self._made, session, self._made.get(session, 0) + 1, self._capacity)

        def give_back() -> None:
            if place is not None:
                self._open[place] -= 1
                if not self._open[place]:
                    del self._open[place]
            # A call that was not made, since it was refused or waits for people, is none of its session's calls.
            if session is not None and session in self._made and not passage.on_its_way:
                self._made[session] = max(0, self._made[session] - 1)

        return give_back

    def _bucket(self, limit: Limit, passage: Passage, now: float) -> _Key:
        """Which bucket is the caller's: its own, or that of all who are one too many."""
        key = _key(limit.name, passage)
        if key in self._buckets or len(self._buckets) < self._capacity:
            return key
        for _ in range(LOOKS):
            oldest, bucket = self._buckets.popitem(last=False)
            if bucket.full_at <= now:
                return key
            self._buckets[oldest] = bucket
        return (limit.name, passage.call.server)

    def _mention(self, key: _Key, now: float) -> int | None:
        """How many refusals the record of this one mentions; None: it is counted itself."""
        told = self._told.get(key)
        if told is not None and now - told.at < PAUSE:
            told.omitted += 1
            self.omitted += 1
            return None
        _keep(self._told, key, _Told(now), self._capacity)
        omitted = told.omitted if told else 0
        self.omitted -= omitted
        return omitted


async def during(passage: Passage, steps: Awaitable[Answer]) -> Answer:
    """What the steps answer. What the call took is given back once its answer has ended, however that happens."""
    is_streamed = False
    try:
        found = await steps
        give_back, body = passage.give_back, found.body
        if isinstance(body, bytes) or give_back is None or give_back is _nothing:
            return found
        is_streamed, stream = True, _streamed(body, give_back)
        # A client that has gone before the first event never starts the generator, and its `finally` never runs.
        weakref.finalize(stream, _abandoned, asyncio.get_running_loop(), give_back).atexit = False
        return replace(found, body=stream)
    finally:
        if passage.give_back is not None and not is_streamed:
            passage.give_back()


async def _streamed(body: AsyncGenerator[bytes], give_back: Callable[[], None]) -> AsyncGenerator[bytes]:
    try:
        async with contextlib.aclosing(body):
            async for chunk in body:
                yield chunk
    finally:
        give_back()


def _abandoned(loop: asyncio.AbstractEventLoop, give_back: Callable[[], None]) -> None:
    # Not at once: a finalizer may run in the middle of anything, also of counting.
    if not loop.is_closed():
        loop.call_soon_threadsafe(give_back)


def _limits(passage: Passage) -> tuple[Limit, ...]:
    """Those that apply; without a policy there are none, and nothing is allowed either."""
    caller, policy = passage.caller, passage.policy
    return applying(policy, caller, passage.call.server) if caller and policy else ()


def _nothing() -> None:
    return


def _once(steps: list[Callable[[], None]]) -> Callable[[], None]:
    def give_back() -> None:
        while steps:
            steps.pop()()

    return give_back


def _key(limit: str, passage: Passage) -> _Key:
    caller = passage.caller
    return (limit, caller.tenant, caller.object_id, passage.call.server) if caller else (limit,)


def _place(limit: Limit, passage: Passage) -> _Key | None:
    """Where it counts as open: streams that only listen among themselves, so that none takes the place of a call.

    Notifications and answers to the server count nowhere: a client that may not send them cannot end what is open.
    """
    if not limit.concurrent:
        return None
    if listens(passage.call):
        return (*_key(limit.name, passage), "listening")
    return _key(limit.name, passage) if passage.call.kind is MessageKind.REQUEST else None


def _session(limit: Limit, passage: Passage) -> _Key | None:
    """Which session's call it is: with session tokens, that of their grant, however many there are."""
    if not limit.calls or not _is_call(passage) or passage.caller is None:
        return None
    return (limit.name, passage.caller.grant or passage.session)


def _is_call(passage: Passage) -> bool:
    known = METHODS.get(passage.call.method)
    return passage.call.kind is MessageKind.REQUEST and known is not None and known.acts


def _keep[Value](kept: OrderedDict[_Key, Value], key: _Key, value: Value, capacity: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > capacity:
        kept.popitem(last=False)
