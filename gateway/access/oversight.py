"""What operators do with grants: read all of them, find one by how its id begins, revoke any number at once.

Takes the register and gives grants, or says which cannot be read. It decides nothing about who is an
operator, and reading changes nothing: a grant is told as its rows and the clock have it. A row that this
code has not written hides no other grant: its id is told.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.access.grant import Grant, State, from_rows
from gateway.access.register import Register
from gateway.access.review import Chosen
from gateway.approvals.approval import Approval
from gateway.approvals.book import Actor, is_identifier
from gateway.approvals.oversight import PATIENCE, read_all
from gateway.storage.contract import StoreUnavailableError
from gateway.values import Refusal

_AT_ONCE = 8
"""Grants that are revoked at the same time."""


@dataclass(frozen=True, slots=True)
class Found:
    """The grants that were asked for, the newest first."""

    grants: tuple[Grant, ...]
    approvals: Mapping[str, Approval]
    """Of those that wait for people, by the same id."""
    unreadable: tuple[str, ...]
    """Ids of those that are there and cannot be read."""


async def survey(register: Register, chosen: Chosen) -> Found:
    """Every grant that is chosen. Raises StoreUnavailableError."""
    try:
        async with asyncio.timeout(PATIENCE):
            read = await read_all(await register.store.known(), lambda identifier: as_it_stands(register, identifier))
            found = [grant for grant in read.values() if grant is not None and chosen.covers(grant, register.now())]
            waiting = [grant.id for grant in found if grant.state(register.now()) is State.PENDING]
            approvals = await read_all(waiting, register.book.read)
    except TimeoutError as error:
        raise StoreUnavailableError("there are too many to read in time") from error
    found.sort(key=lambda grant: (grant.request.created, grant.id), reverse=True)
    return Found(
        tuple(found),
        {identifier: approval for identifier, approval in approvals.items() if approval is not None},
        tuple(sorted(identifier for identifier, grant in read.items() if grant is None)),
    )


async def as_it_stands(register: Register, identifier: str) -> Grant | None:
    """The grant, without a look at whether people have opened it meanwhile, which would write that down.

    None if there is none. Raises StoreUnavailableError; ValueError, KeyError or TypeError on foreign rows.
    """
    if not is_identifier(identifier):
        return None
    return from_rows(identifier, await register.store.rows(identifier))


async def beginning(register: Register, start: str) -> Sequence[str]:
    """Ids of the grants whose id begins so. Raises StoreUnavailableError."""
    return [identifier for identifier in await register.store.known() if identifier.startswith(start)]


type Revoked = tuple[Grant, Grant | Refusal | StoreUnavailableError]


async def revoke(register: Register, grants: Iterable[Grant], reason: str, actor: Actor) -> list[Revoked]:
    """Each is revoked, on record before it is; beside each what came of it. One that fails holds up no other.

    Beside one that was over: GRANT_ENDED; beside one that the store broke off at: it may be revoked, or not.
    """
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(grant: Grant) -> Revoked:
        async with gate:
            try:
                return grant, await register.end(grant, State.REVOKED, actor, reason)
            except StoreUnavailableError as error:
                return grant, error

    return list(await asyncio.gather(*map(one, grants)))
