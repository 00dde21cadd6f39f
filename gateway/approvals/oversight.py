"""What operators do with approvals: read all of them, find one by how its id begins, revoke one.

Takes the book and gives approvals, or says which cannot be read. It decides nothing about who is an
operator. A row that this code has not written hides no other approval: its id is told.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from gateway.approvals import rulings
from gateway.approvals.approval import Approval, State
from gateway.approvals.book import Actor, Book
from gateway.reasons import Reason
from gateway.storage.contract import StoreUnavailableError
from gateway.values import Refusal

OPEN = frozenset({State.PENDING, State.APPROVED})
"""Of these something may still come."""
STATES = {"open": OPEN, "all": frozenset(State)} | {state.value: frozenset({state}) for state in State}
"""What an operator may ask for, by name."""
PATIENCE = 60.0
"""Seconds for all of a list."""

_AT_ONCE = 16
"""Approvals that are read at the same time."""
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Found:
    """The approvals that were asked for, the newest first."""

    approvals: tuple[Approval, ...]
    unreadable: tuple[str, ...]
    """Ids of those that are there and cannot be read."""


async def survey(book: Book, states: frozenset[State], server: str = "") -> Found:
    """Every approval in one of the states; of one server where one is named. Raises StoreUnavailableError.

    All that there are are read, since one that waits and one that was used for the first of several
    times are not in one list of the store.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            read = await read_all(await book.store.known(), book.read)
    except TimeoutError as error:
        raise StoreUnavailableError("there are too many to read in time") from error
    found = [approval for approval in read.values() if isinstance(approval, Approval)]
    chosen = [
        approval
        for approval in found
        if approval.state(book.now()) in states and (not server or approval.request.server == server)
    ]
    chosen.sort(key=lambda approval: (approval.request.created, approval.id), reverse=True)
    return Found(tuple(chosen), tuple(sorted(name for name, approval in read.items() if approval is None)))


async def beginning(book: Book, start: str) -> Sequence[str]:
    """Ids of the approvals whose id begins so. Raises StoreUnavailableError."""
    return [identifier for identifier in await book.store.known() if identifier.startswith(start)]


async def revoke(book: Book, approval: Approval, reason: str, actor: Actor) -> Approval | Refusal:
    """The approval is revoked, on record before it is. Raises StoreUnavailableError: then it may be revoked, or not.

    APPROVAL_OVER if it was over: one that somebody approves at the same moment is revoked all the same.
    """
    ended = await rulings.end(book, approval, State.REVOKED, actor, reason)
    for _ in range(_TRIES - 1):
        if not isinstance(ended, Refusal) or ended.reason is not Reason.APPROVAL_OVER:
            break
        current = await book.read(approval.id)
        if current is None or current.state(book.now()) not in OPEN:
            break
        ended = await rulings.end(book, current, State.REVOKED, actor, reason)
    return ended


async def read_all[Kept](
    identifiers: Sequence[str], read: Callable[[str], Awaitable[Kept | None]]
) -> dict[str, Kept | None]:
    """By id; None where there are rows that cannot be read. Raises StoreUnavailableError."""
    found: dict[str, Kept | None] = {}
    for first in range(0, len(identifiers), _AT_ONCE):
        batch = identifiers[first : first + _AT_ONCE]
        async with asyncio.TaskGroup() as group:
            reading = [group.create_task(_read(identifier, read)) for identifier in batch]
        for identifier, task in zip(batch, reading, strict=True):
            outcome = task.result()
            if isinstance(outcome, StoreUnavailableError):
                raise outcome
            found[identifier] = outcome
    return found


async def _read[Kept](
    identifier: str, read: Callable[[str], Awaitable[Kept | None]]
) -> Kept | StoreUnavailableError | None:
    """An unavailable store is a value here, so that those who read at the same time end in peace."""
    try:
        return await read(identifier)
    except StoreUnavailableError as error:
        return error
    except (ValueError, KeyError, TypeError):
        return None
