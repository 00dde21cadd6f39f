"""What one process opens once and keeps: settings and rooms, and how it is doing.

Nothing is opened before the first request, so that the platform can index the app anywhere.
"""

import logging
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from gateway import jsontext
from gateway.access.signing_keys import FRESH
from gateway.answer import Answer
from gateway.composition import open_alarms, open_rooms, open_sealing
from gateway.evidence.alarm import SpillAlarms
from gateway.metadata import resource_metadata
from gateway.rooms import Rooms
from gateway.settings import SettingsError, read
from gateway.storage.contract import SecretUnavailableError

if TYPE_CHECKING:
    from gateway.evidence.jobs import Jobs

_log = logging.getLogger("countersign")


@cache
def rooms() -> Rooms:
    """The rooms of this process. Raises SettingsError as long as the environment is not fit to serve (fail-closed)."""
    opened = open_rooms(read())
    opened.recorder.spill.listener = SpillAlarms(open_alarms(opened))
    opened.telemetry.observe(partial(observed, opened))
    return opened


@cache
def sealing() -> "Jobs":
    """The jobs of this process's timers. Raises SettingsError."""
    return open_sealing(rooms().settings, open_alarms(rooms()))


def failed_jobs() -> dict[str, int]:
    """How many jobs of this process failed; a process whose timers never ran has none."""
    ran = sealing() if sealing.cache_info().currsize else None
    copier = ran.copier if ran else None
    return {
        "seals_failed": ran.sealer.failures if ran else 0,
        "seal_copies_failed": copier.failures if copier else 0,
        "verifications_failed": (ran.watch.failures if ran else 0) + (copier.faults if copier else 0),
    }


def observed(opened: Rooms) -> dict[str, int]:
    """What is told to a collector, under the names of `telemetry.meters`."""
    failed = failed_jobs()
    return {
        "countersign.evidence.spilled": len(opened.recorder.spill),
        "countersign.evidence.lost": opened.recorder.spill.lost,
        "countersign.evidence.failed": opened.recorder.failures,
        "countersign.seals.failed": failed["seals_failed"],
        "countersign.seal_copies.failed": failed["seal_copies_failed"],
        "countersign.verifications.failed": failed["verifications_failed"],
    }


async def metadata_of(server: str, opened: Rooms) -> Answer:
    """The resource metadata of the gateway, or of a server that the policy knows; any page may read it."""
    policy = await opened.policy.current()
    if server and (policy is None or server not in policy.servers):
        return Answer(404, _PUBLIC)
    document = resource_metadata(opened.settings, server)
    return Answer(200, _PUBLIC | {"content-type": "application/json"}, jsontext.write(document))


async def jwks_of(opened: Rooms) -> Answer:
    """The public keys of session tokens (RFC 7517); any page may read them."""
    try:
        keys = await opened.signing.published()
    except SecretUnavailableError as error:
        _log.error("countersign.signing_key %s", error)
        return Answer(503, {"cache-control": "no-store", "retry-after": "5"})
    headers = _PUBLIC | {"content-type": "application/json", "cache-control": f"public, max-age={FRESH:.0f}"}
    return Answer(200, headers, jsontext.write({"keys": keys}))


_PUBLIC = {"access-control-allow-origin": "*", "cache-control": "public, max-age=300"}


async def health_of() -> tuple[int, dict[str, Any]]:
    """HTTP status and facts for `/health`: 200 when calls can be served, else 503."""
    try:
        opened = rooms()
    except SettingsError as error:
        _log.error("countersign.settings %s", error)
        return 503, {"status": "misconfigured"}
    return await facts_of(opened)


async def facts_of(opened: Rooms) -> tuple[int, dict[str, Any]]:
    """The same of rooms that are open."""
    policy = await opened.policy.current()
    return 200 if policy else 503, {
        "status": "ok" if policy else "no policy",
        "policy": policy.digest if policy else None,
        # 0: it is the file's, and no version that people agreed on.
        "policy_version": opened.policy.number,
        "policy_rejected": opened.policy.problem is not None,
        "records_failed": opened.recorder.failures,
        "records_spilled": len(opened.recorder.spill),
        "records_lost": opened.recorder.spill.lost,
        "refusals_left_out": opened.recorder.omitted + opened.limits.omitted,
        **failed_jobs(),
    }
