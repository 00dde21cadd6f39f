"""Looks after one approval: does all that is due, and says when to look again.

Takes the id of an approval and gives the next step for its orchestration. What was done is a row, so
that it may be called at any time, any number of times, by any process. A store or an evidence that is
down loses nothing: whatever is left is due at the next look. A message may be sent twice, where a
process ends between sending it and writing that down; nothing else has an effect twice.
"""

import asyncio
from datetime import datetime
from typing import Any

from gateway.approvals import evidence, rulings
from gateway.approvals.agenda import LOOK, STARTED, Agenda, agenda
from gateway.approvals.approval import Approval, State
from gateway.approvals.book import CALL, SYSTEM, Book
from gateway.approvals.message import message
from gateway.approvals.notices import FAILED, NO_NOTIFIER, Notice, Stage, recorded_mark
from gateway.approvals.notifiers import send
from gateway.approvals.task import passing
from gateway.events import Event, Outcome
from gateway.rooms import Rooms
from gateway.storage.contract import Columns, StoreUnavailableError
from gateway.values import Refusal

ROUNDS = 8
"""Looks at the rows within one call; each does what the one before has made due."""
OVER: dict[str, Any] = {"wake": "", "event": "", "run": False}
"""The step of an approval that nothing is left to be done about."""


async def tend(identifier: str, rooms: Rooms) -> dict[str, Any]:
    """All that is due is done. Gives `wake` (a time; empty: over), `event` (what may wake earlier) and `run`."""
    try:
        return await _tended(identifier, rooms)
    except StoreUnavailableError:
        return _later(rooms.approvals.now())


async def _tended(identifier: str, rooms: Rooms) -> dict[str, Any]:
    book = rooms.approvals
    for _ in range(ROUNDS):
        approval, policy = await book.read(identifier), await rooms.policy.current()
        if approval is None:
            return OVER
        if policy is None:
            break
        due = agenda(approval, policy.notifiers, book.now())
        if due.is_done:
            return await _left(due, approval, book)
        if not await _do(due, approval, rooms):
            break
    return _later(book.now())


async def _left(due: Agenda, approval: Approval, book: Book) -> dict[str, Any]:
    """The step, once nothing is left but to forget."""
    others = passing(approval) if CALL in due.forget else ()
    for name in (*due.forget, *others):
        await book.store.forget(approval.id, name)
    if due.wake is None:
        await book.store.delist(approval.id)
        return OVER
    return {"wake": due.wake.isoformat(), "event": due.event, "run": due.run}


def _later(now: datetime) -> dict[str, Any]:
    return {"wake": (now + LOOK).isoformat(), "event": "", "run": False}


async def _do(due: Agenda, approval: Approval, rooms: Rooms) -> bool:
    """Everything that is due is done; False: something has to wait."""
    book = rooms.approvals
    if due.start:
        # Nothing starts an orchestration before the approval is asked for on record.
        await book.mark(approval, STARTED)
        return True
    done = [await _record_notice(approval, row, columns, book) for row, columns in (due.unrecorded or {}).items()]
    if due.settle:
        await rulings.settle(book, approval)
    if due.record and approval.settled is not None:
        done.append(await rulings.record_settled(book, approval, approval.settled.state))
    if due.expire:
        done.append(not isinstance(await rulings.end(book, approval, State.EXPIRED, SYSTEM), Refusal))
    done += [await _escalate(approval, stage, book) for stage in due.escalations]
    done += await asyncio.gather(*(_tell(approval, notice, rooms) for notice in due.notices))
    return all(done)


async def _escalate(approval: Approval, stage: Stage, book: Book) -> bool:
    """That further groups may decide is on record, and marked. On record twice if the mark fails, never not at all."""
    fields = evidence.fields(approval, Event.APPROVAL_ESCALATED, Outcome.ALLOWED)
    if not await book.record(approval, fields | {"groups": ",".join(sorted(stage.groups))}):
        return False
    await book.mark(approval, stage.name)
    return True


async def _tell(approval: Approval, notice: Notice, rooms: Rooms) -> bool:
    """One attempt was made, and what came of it is a row and on record; False: one of these is not so."""
    book, failure = rooms.approvals, NO_NOTIFIER
    if notice.notifier is not None:
        told = message(approval, notice.stage, rooms.settings.url, book.now())
        failure = await send(notice.notifier, told, rooms)
    columns = notice.columns(failure)
    recorded = await book.record(approval, _notified(approval, columns))
    try:
        # Without the row it would be sent again and again while the evidence is down.
        await book.mark(approval, notice.row, **columns, recorded=int(recorded))
    except StoreUnavailableError:
        return False
    return recorded


async def _record_notice(approval: Approval, row: str, columns: Columns, book: Book) -> bool:
    """An attempt of which only the row could be written is on record now."""
    if not await book.record(approval, _notified(approval, columns)):
        return False
    await book.mark(approval, recorded_mark(row))
    return True


def _notified(approval: Approval, columns: Columns) -> dict[str, str | int]:
    outcome = Outcome.FAILED if columns["outcome"] == FAILED else Outcome.SUCCEEDED
    said = {name: columns[name] for name in ("stage", "attempt", "groups", "way", "detail")}
    return evidence.fields(approval, Event.APPROVAL_NOTIFIED, outcome) | said
