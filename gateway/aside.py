"""Large messages beside the event loop: what would hold it for long is done in a thread.

A value and the work that it makes go in, what the work gives comes out, or what it raises. It is the size of the value
that decides, since nobody knows beforehand what masking it costs. Other callers are served meanwhile: the threads are
few and nothing else uses them, so that many large messages wait for each other, by turns of their callers, and for
nothing else. A caller that goes leaves a thread to its end; what comes of it is used by nobody.
"""

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from weakref import WeakKeyDictionary

from gateway.turns import Turns
from gateway.values import Caller, Json

LARGE = 16 * 1024
"""Characters. The dearest hostile ones known take some 20 ms to mask, ordinary ones less than one."""
THREADS = 2

_threads = ThreadPoolExecutor(THREADS, "large-message")
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, Turns] = WeakKeyDictionary()


async def aside[T](value: Json, work: Callable[[], T], caller: Caller | None) -> T:
    """What the work on a value gives, done in a thread if the value is large: it must change nothing that is shared."""
    if not is_large(value):
        return work()
    loop = asyncio.get_running_loop()
    turns = _turns.setdefault(loop, Turns(THREADS))
    await turns.take(_whose(caller))
    doing = loop.run_in_executor(_threads, copy_context().run, work)

    def done(ended: asyncio.Future[T]) -> None:
        if not ended.cancelled():
            # Looked at, so that nothing is said of an error that nobody waits for any more.
            ended.exception()
        turns.give_back()

    doing.add_done_callback(done)
    # The place is free when the thread is, and not when the caller has gone.
    return await asyncio.shield(doing)


def _whose(caller: Caller | None) -> Hashable:
    return (caller.tenant, caller.object_id) if caller is not None else None


def is_large(value: Json) -> bool:
    """Whether a value has more than LARGE characters as JSON, roughly; looks at no more of it than it takes to know."""
    left = LARGE
    waiting: list[Json] = [value]
    while waiting:
        item = waiting.pop()
        left -= len(item) + 2 if isinstance(item, str | list | dict) else 4
        # Before what it holds is laid out: that might take long in itself.
        if left < 0:
            return True
        if isinstance(item, dict):
            waiting += (*item, *item.values())
        elif isinstance(item, list):
            waiting += item
    return False
