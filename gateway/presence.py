"""Work that only a client who is still there has use for.

Takes what returns once the client has left, and the work; gives what the work gives, or CLIENT_GONE. The work is
cancelled then, wherever it is, so it must be such that nothing is lost by it: what has to be on record is not.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from gateway.reasons import Reason
from gateway.values import Refusal


async def while_there[T](gone: Callable[[], Awaitable[None]] | None, work: Coroutine[Any, Any, T]) -> T | Refusal:
    """What the work gives, unless the client leaves before; without `gone` nobody can know."""
    if gone is None:
        return await work
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(left(gone))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        working.cancel()
        leaving.cancel()
    await asyncio.wait({working, leaving})
    return leaving.result() if working.cancelled() else working.result()


async def left(gone: Callable[[], Awaitable[None]]) -> Refusal:
    """CLIENT_GONE, once the client has left."""
    await gone()
    return Refusal(Reason.CLIENT_GONE)
