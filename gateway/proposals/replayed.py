"""What a proposed policy would have decided otherwise of the last days' calls, for the people who approve it.

Takes the evidence and the proposed policy and gives lines; where it cannot be told in time, a line that says so. It
decides nothing: whoever wants to know more runs `policy replay` over other days.
"""

import asyncio
from datetime import timedelta

from gateway.approvals.book import Actor
from gateway.evidence.library import Library
from gateway.evidence.period import Period
from gateway.evidence.readings import note
from gateway.policy.document import Policy
from gateway.policy.replay import replay
from gateway.policy.replay_evidence import past, with_bodies
from gateway.policy.replay_words import words
from gateway.rooms import Rooms
from gateway.storage.contract import StoreUnavailableError

DAYS = 7
MOST_CALLS = 2_000
MOST_LINES = 200
PATIENCE = 15.0
"""Seconds."""
_UNTOLD = "Recorded calls could not be replayed now ({why}); `python -m gateway policy replay` does it at any time."


async def replayed(proposed: Policy, actor: Actor, rooms: Rooms) -> list[str]:
    """The lines, the sum first; that the evidence was read for them is on record. Never raises for its sake."""
    now = rooms.now()
    period = Period(f"{now - timedelta(days=DAYS - 1):%Y-%m-%d}", f"{now:%Y-%m-%d}")
    about = {"policy": proposed.digest, "first": period.first, "last": period.last}
    if not await note(rooms.recorder, actor, "policy-replay", about):
        return [_UNTOLD.format(why="the reading could not be recorded")]
    try:
        async with asyncio.timeout(PATIENCE):
            return await _lines(rooms.library, proposed, period)
    except (StoreUnavailableError, TimeoutError) as error:
        return [_UNTOLD.format(why=type(error).__name__)]


async def _lines(library: Library, proposed: Policy, period: Period) -> list[str]:
    found = await past(library, period, limit=MOST_CALLS)
    found = await with_bodies(library, found, proposed)
    lines = words(await asyncio.to_thread(replay, proposed, found.calls, found.kept, (), found.undecided))
    lines[0] = f"{period.first} to {period.last}: {lines[0]}"
    cut = [f"Only the first {MOST_CALLS:,} records of calls were read."] if found.is_cut else []
    left_out = [f"{len(lines) - MOST_LINES} more lines."] if len(lines) > MOST_LINES else []
    return [*lines[:MOST_LINES], *left_out, *cut]
