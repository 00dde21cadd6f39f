"""Which policy is in force: that of the file, or the version that people agreed on since, if it proves to be one.

Takes the bench with the file, and gives it with what is in force, which the other checks then look at. A version that
is not proven is a fault, and the other checks go on with the file.
"""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

from gateway.access.signing_keys import SigningKeys
from gateway.doctor.bench import Bench
from gateway.doctor.finding import Finding, cannot_tell, fault, ok, warning
from gateway.policy.document import Policy
from gateway.policy.parse import Draft, read
from gateway.proposals.version import UnprovenError
from gateway.proposals.versions import CONTAINER, Versions
from gateway.storage.blobs import open_blobs
from gateway.storage.contract import SecretUnavailableError, StoreUnavailableError
from gateway.storage.signing import VaultSigningKey

NAME = "policy"
PATIENCE = 20.0
"""Seconds for the stores and the vault to say which version is the newest."""
_SHOWN = 3
_UNPROVEN = (
    "See in the log of the evidence account who wrote it; if the gateway did, enable the version of the key of seals "
    "that signed it. Until then a process that starts anew has no policy, and refuses every call."
)
_NO_VAULT = "Set COUNTERSIGN_KEY_VAULT: what people agree on is signed with the key of seals."
_CLOSED = "To change it, deploy a file without `changes`: that file then counts, and every record names it."


async def with_version(bench: Bench) -> Bench:
    """The bench with the policy in force, where the file says how it is changed. Never raises."""
    settings = bench.settings
    if not _is_governed(bench) or not settings.key_vault:
        return bench
    async with AsyncExitStack() as stack:
        blobs = open_blobs(settings.evidence_blobs, CONTAINER, settings.identity, as_operator=bench.as_operator)
        stack.push_async_callback(blobs.close)
        key = VaultSigningKey(settings.key_vault, settings.seal_key, settings.identity, as_operator=bench.as_operator)
        stack.push_async_callback(key.close)
        return await looked(bench, Versions(blobs, SigningKeys(key), bench.now))


async def looked(bench: Bench, versions: Versions) -> Bench:
    """The bench with the newest of these versions, or with what keeps it from being known."""
    try:
        async with asyncio.timeout(PATIENCE):
            newest = await versions.latest()
    except UnprovenError as error:
        return replace(bench, unknown=fault(NAME, str(error), _UNPROVEN))
    except (StoreUnavailableError, SecretUnavailableError, TimeoutError) as error:
        return replace(bench, unknown=_unreached(bench, error))
    if newest is None:
        return bench
    found = await asyncio.to_thread(read, newest.text)
    document = "; ".join(map(str, found[:_SHOWN])) if isinstance(found, tuple) else found
    return replace(bench, document=document, version=newest.version)


def told(bench: Bench) -> list[Finding]:
    """What the way in which the policy is changed comes to; nothing where the file alone counts."""
    if bench.unknown is not None:
        return [bench.unknown]
    if bench.version is not None:
        version = bench.version
        of = f"version {version.number} of the policy"
        found = [ok(NAME, f"{of}, of {version.at:%Y-%m-%d %H:%M} UTC, is signed; approval {version.approval}")]
        if isinstance(bench.document, Policy | Draft) and not _is_governed(bench):
            found.append(warning(NAME, f"{of} says nothing of `changes`, so that nobody can propose another", _CLOSED))
        return found
    if not _is_governed(bench):
        return []
    if not bench.settings.key_vault:
        return [warning(NAME, "the policy says how it is changed, and nothing can sign a change", _NO_VAULT)]
    return [ok(NAME, "the file counts until people agree on another version")]


def origin(bench: Bench) -> str:
    """Where the policy in force comes from, in a few words."""
    return f"version {bench.version.number}" if bench.version else bench.settings.policy.name


def _is_governed(bench: Bench) -> bool:
    match bench.document:
        case Policy(changes=changes):
            return changes is not None
        case Draft():
            return bench.document.says_how_to_change
    return False


def _unreached(bench: Bench, error: Exception) -> Finding:
    seen = f"which version of the policy is in force is not known ({error or type(error).__name__})"
    if bench.as_operator:
        return cannot_tell(NAME, seen, "Mend what `stores` and `vault` found; or ask the app itself, POST /api/health.")
    do = "First mend what `stores` and `vault` found: a process that starts anew has no policy until then."
    return fault(NAME, seen, do)
