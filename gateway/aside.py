"""Large messages beside the event loop: what would hold it for long is done in a thread.

A value and the work that it makes go in, what the work gives comes out, or what it raises. It is the size of the value
that decides, since nobody knows beforehand what masking it costs. Other callers are served meanwhile: the threads are
few and nothing else uses them, so that many large messages wait for each other, by turns of their callers, and for
nothing else. A caller that goes while it waits is forgotten; one that goes later leaves a thread to its end, and what
comes of it is used by nobody.
"""

import asyncio
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import chain, islice
from typing import Any
from weakref import WeakKeyDictionary

from gateway.jsontext import Number
from gateway.turns import Turns
from gateway.values import Caller, Json

LARGE = 16 * 1024
"""Characters. The dearest hostile ones known take some 20 ms to mask, ordinary ones less than one."""
HEAVY = 256 * 1024
"""Characters. Such a message takes a thread for a tenth of a second and more, and leaves another one to the lighter."""
THREADS = 2
"""They mask no more in a second than one, since Python runs one at a time; but a light message passes a heavy one."""

_ITEMS = LARGE // 4
"""Values and keys that are looked at for their size; that of the others is guessed."""

_threads = ThreadPoolExecutor(THREADS, "large-message")
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, Turns] = WeakKeyDictionary()


async def aside[T](value: Json, work: Callable[[], T], caller: Caller | None) -> T:
    """What the work on a value gives, done in a thread if the value is large: it must change nothing that is shared."""
    size = size_of(value)
    if size <= LARGE:
        return work()
    loop = asyncio.get_running_loop()
    turns = _turns.setdefault(loop, Turns(THREADS, HEAVY))
    turn = await turns.take(_whose(caller), size)
    doing = loop.run_in_executor(_threads, copy_context().run, work)

    def done(ended: asyncio.Future[T]) -> None:
        if not ended.cancelled():
            # Looked at, so that nothing is said of an error that nobody waits for any more.
            ended.exception()
        turns.give_back(turn)

    doing.add_done_callback(done)
    # The place is free when the thread is, and not when the caller has gone.
    return await asyncio.shield(doing)


def _whose(caller: Caller | None) -> Hashable:
    return (caller.tenant, caller.object_id) if caller is not None else None


def is_large(value: Json) -> bool:
    """Whether a value has more than LARGE characters as JSON, roughly."""
    return size_of(value) > LARGE


def size_of(value: Json) -> int:
    """Characters of a value as JSON, or bytes, roughly; of one that holds much no more than a part is looked at."""
    size = 0
    waiting: list[Any] = [value]
    for item in waiting:
        kind = type(item)
        if kind is str or kind is bytes:
            size += len(item) + 2
        elif isinstance(item, dict | list):
            # Four for each that is held, since not all may be looked at.
            size += 4 + (8 if isinstance(item, dict) else 4) * len(item)
            waiting += _inside(item, _ITEMS - len(waiting))
        else:
            # A number may have megabytes of digits.
            size += len(item.text) if kind is Number else 4
    return size


def _inside(holder: Any, most: int) -> Iterable[Any]:
    items = chain(holder.values(), holder) if isinstance(holder, dict) else holder
    # To count them one by one is what costs, and most hold little.
    return items if 2 * len(holder) <= most else islice(items, max(0, most))
