"""The examination: which checks there are, in which order they are told, and who makes them.

Takes settings, or the rooms of the app, and gives all findings. Checks run side by side, and one that takes too long
is told as what could not be seen.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from types import MappingProxyType

from gateway.composition import open_rooms
from gateway.doctor import (
    acceptance,
    agreed,
    clock,
    documents,
    identity,
    notifiers,
    policy,
    seals,
    stores,
    token,
    vault,
)
from gateway.doctor.bench import Bench, made_of
from gateway.doctor.finding import Finding, cannot_tell
from gateway.held_secrets import HeldSecrets
from gateway.rooms import Rooms
from gateway.settings import Settings, is_loopback
from gateway.storage.identity import Identity
from gateway.storage.vault import Vault
from gateway.values import Secret

PATIENCE = 60.0
"""Seconds for one check."""

type Check = Callable[[Bench], Awaitable[list[Finding]]]

CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        acceptance.SETTINGS: acceptance.check_settings,
        identity.NAME: identity.check,
        vault.NAME: vault.check,
        stores.STORES: stores.check_stores,
        stores.DENIAL: stores.check_denial,
        stores.RETENTION: stores.check_retention,
        seals.NAME: seals.check,
        policy.NAME: policy.check,
        policy.GRAPH: policy.check_graph,
        acceptance.NAME: acceptance.check,
        token.NAME: token.check,
        documents.NAME: documents.check,
        notifiers.NAME: notifiers.check,
        clock.NAME: clock.check,
    }
)
"""By name, in the order in which they are told."""


def without_denial() -> Collection[str]:
    """All checks that try to change nothing in the evidence."""
    return [name for name in CHECKS if name not in (stores.STORES, stores.DENIAL)]


async def examine(bench: Bench, only: Collection[str] = ()) -> list[Finding]:
    """What the checks found, in their order; of all, or of those that are named."""
    chosen = {name: check for name, check in CHECKS.items() if not only or name in only}
    # Once, and before all checks: they look at one and the same policy.
    with_file = replace(bench, document=await policy.document_of(bench.settings.policy))
    prepared = await agreed.with_version(with_file)
    found = await asyncio.gather(*(_bounded(name, check, prepared) for name, check in chosen.items()))
    return [finding for findings in found for finding in findings]


async def examine_app(rooms: Rooms, only: Collection[str] = ()) -> list[Finding]:
    """The same inside the app, by its own identity: what that may do, and may not, is then what counts."""
    identity_of_app = Identity(rooms.settings.identity)
    try:
        return await examine(made_of(rooms, rooms.secrets, identity_of_app, as_operator=False), only)
    finally:
        await identity_of_app.close()


@asynccontextmanager
async def bench_for(
    settings: Settings, *, as_app: bool, is_sending: bool = False, access_token: Secret | None = None
) -> AsyncIterator[Bench]:
    """For an examination from the command line; everything is closed afterwards."""
    rooms = open_rooms(settings)
    # The services on this machine know the managed identity alone.
    is_person = not as_app and not is_loopback(settings.key_vault)
    opened = Vault(settings.key_vault, settings.identity, as_operator=is_person) if settings.key_vault else None
    asking = Identity(settings.identity, as_operator=is_person)
    made = made_of(rooms, HeldSecrets(opened.read if opened else None), asking, as_operator=is_person)
    try:
        yield replace(made, is_sending=is_sending, token=access_token)
    finally:
        await asking.close()
        if opened is not None:
            await opened.close()
        await rooms.client.aclose()


async def _bounded(name: str, check: Check, bench: Bench) -> list[Finding]:
    try:
        async with asyncio.timeout(PATIENCE):
            return await check(bench)
    except TimeoutError:
        return [
            cannot_tell(name, f"no end within {PATIENCE:.0f} seconds", "Something does not answer; look at `stores`.")
        ]
