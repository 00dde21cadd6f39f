"""How far the relay of one stream has come, which its end has to know whoever ends it.

Held by the relay and by what cleans up after it: a client may leave at any moment, in the middle of a record too.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from gateway import sse
from gateway.masking.across import Across, Tally
from gateway.watch import Watch

type Tell = Callable[[dict[str, Any]], Awaitable[None]]
"""Sends a message to the upstream, in the session of the call."""


async def nobody(_message: dict[str, Any]) -> None:
    return


@dataclass(slots=True)
class Progress:
    """Of one stream; its relay alone changes it."""

    started: bool = False
    answered: bool = False
    """The response to the call, or an error in its place, has been handed on and recorded."""
    resumable: bool = False
    """The upstream gave event ids, so that the client can ask for the rest by GET (legacy era)."""
    events: AsyncGenerator[sse.Event] | None = None
    tell: Tell = nobody
    watch: Watch | None = None
    across: Across = field(default_factory=Across)
    hidden: Tally = field(default_factory=Tally)
    """What was hidden of notifications and is not on record yet."""
    is_cut_off: bool = False
    """The access that the call was made under has ended, and the call with it."""
