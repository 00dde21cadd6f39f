"""Looks after one grant, and the approval of the same id: does all that is due, and says when to look again.

Takes an id and gives the next step for its orchestration, at the earlier of the times of the two. What was
done is a row, so that it may be called at any time, any number of times, by any process. Access opens and
ends by the clock without it: here its end is only written down, with the time at which it truly was.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.access import evidence, reminder
from gateway.access.grant import Grant, State
from gateway.access.register import CLOSED
from gateway.approvals import tend as of_approvals
from gateway.approvals.agenda import LOOK
from gateway.approvals.approval import State as ApprovalState
from gateway.approvals.book import SYSTEM
from gateway.approvals.notices import FAILED
from gateway.approvals.notifiers import send
from gateway.events import Event, Outcome
from gateway.rooms import Rooms
from gateway.storage.contract import Columns, StoreUnavailableError

ROUNDS = 4
"""Looks at the rows within one call; each does what the one before has made due."""


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be done about a grant now, in this order, and when to look again where that is nothing."""

    wake: datetime | None
    """None: nothing is left to be done."""
    record: tuple[str, ...] = ()
    """Rows of reminders that are not on record."""
    remind: bool = False
    expire: bool = False
    close: bool = False
    """What waits for people under it is to be withdrawn."""

    @property
    def is_done(self) -> bool:
        return not (self.record or self.remind or self.expire or self.close)


async def tend(identifier: str, rooms: Rooms) -> dict[str, Any]:
    """All that is due is done. Gives `wake` (a time; empty: over), `event` (what may wake earlier) and `run`."""
    # First the grant, which uses up its approval.
    wake = await _tended(identifier, rooms)
    step = await of_approvals.tend(identifier, rooms)
    times = [datetime.fromisoformat(step["wake"])] if step["wake"] else []
    earliest = min([*times, *([wake] if wake else [])], default=None)
    return {**step, "wake": earliest.isoformat() if earliest else ""}


def due(grant: Grant, now: datetime) -> Due:
    """What is due of a grant as its approval has made it by now. Pure."""
    unrecorded, state = tuple(reminder.unrecorded(grant)), grant.state(now)
    if grant.ended is not None:
        return Due(None, unrecorded, close=CLOSED not in grant.marks)
    if state is State.EXPIRED:
        return Due(None, unrecorded, expire=grant.ends is not None)
    if state is State.PENDING:
        return Due(now + LOOK)
    remind_at = reminder.due(grant)
    if remind_at is None or reminder.row(grant) in grant.marks:
        return Due(grant.ends, unrecorded)
    return Due(remind_at, unrecorded, remind=remind_at <= now)


async def _tended(identifier: str, rooms: Rooms) -> datetime | None:
    """When to look at the grant again; None: nothing is left, or there is no such grant."""
    register = rooms.grants
    try:
        for _ in range(ROUNDS):
            grant = await register.read(identifier)
            if grant is None or await _waits(grant, rooms):
                return None
            found = due(grant, register.now())
            if found.is_done:
                return found.wake
            if not await _do(found, grant, rooms):
                break
    except StoreUnavailableError:
        pass
    return register.now() + LOOK


async def _waits(grant: Grant, rooms: Rooms) -> bool:
    """Whether people are yet to decide: then it is the approval that tells when to look."""
    if grant.state(rooms.grants.now()) is not State.PENDING or not grant.request.needs_people:
        return False
    approval = await rooms.approvals.read(grant.id)
    return approval is not None and approval.state(rooms.approvals.now()) is ApprovalState.PENDING


async def _do(found: Due, grant: Grant, rooms: Rooms) -> bool:
    """Everything that is due is done; False: something has to wait."""
    register = rooms.grants
    done = [await _record(grant, row, grant.marks[row], rooms) for row in found.record]
    if found.remind:
        done.append(await _remind(grant, rooms))
    if found.expire:
        done.append((await register.expire(grant)).ended is not None)
    if found.close:
        done.append(await register.close(grant, SYSTEM))
    return all(done)


async def _remind(grant: Grant, rooms: Rooms) -> bool:
    """Those who can be told have been, each once, and what came of it is a row; False: nobody knows whom to tell."""
    policy = await rooms.policy.current()
    if policy is None:
        return False
    told = reminder.told_of(grant, policy)
    said = reminder.message(grant, rooms.settings.url, rooms.grants.now())
    failures = await asyncio.gather(*(send(notifier, said, rooms) for notifier in told))
    await rooms.grants.mark(grant, reminder.row(grant), **reminder.columns(told, failures))
    return True


async def _record(grant: Grant, row: str, columns: Columns, rooms: Rooms) -> bool:
    """The reminder is on record, and marked. On record twice if the mark fails, never not at all."""
    outcome = Outcome.FAILED if columns["outcome"] == FAILED else Outcome.SUCCEEDED
    said = {name: columns[name] for name in ("groups", "way", "detail")}
    if not await rooms.grants.record(grant, evidence.fields(grant, Event.GRANT_REMINDED, outcome, SYSTEM) | said):
        return False
    await rooms.grants.mark(grant, reminder.recorded_mark(row))
    return True
