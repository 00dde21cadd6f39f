"""Whether tables and containers exist, can be read and be added to, and whether what is there can be changed.

The denial test adds a probe to the table and to each container of the evidence, tries to change it and to delete it,
and wants to be refused both: by the rights of whoever asks, not only by a retention. Each refusal is a line in the
log of the evidence account, and may raise the alert on denied attempts.
"""

import asyncio
import secrets
from contextlib import AbstractAsyncContextManager

from gateway.doctor.bench import Bench
from gateway.doctor.finding import Finding, cannot_tell, fault, ok, warning
from gateway.evidence.reading import PAYLOADS, SEALS
from gateway.proposals.versions import CONTAINER as POLICIES
from gateway.storage.approvals import GRANTS, PROPOSALS
from gateway.storage.approvals import TABLE as APPROVALS
from gateway.storage.pins import TABLE as PINS
from gateway.storage.probes import Attempt, BlobProbe, TableProbe, blob_probe, table_probe

STORES = "stores"
DENIAL = "denial"
RETENTION = "retention"
_WRITE_ONCE = (SEALS, PAYLOADS, POLICIES)
_IMMUTABLE = "BlobImmutableDueToPolicy"
_ASK_OWNER = "Ask an owner: az storage container immutability-policy show (docs/resources.md)."


async def check_stores(bench: Bench) -> list[Finding]:
    """The tables of the state can be read; the evidence can be read and added to."""
    settings = bench.settings
    state = await asyncio.gather(*(_state(bench, table) for table in (APPROVALS, GRANTS, PROPOSALS, PINS)))
    async with _rows(bench) as rows:
        evidence = [await _added(bench, f"table {settings.evidence_table}", rows)]
    for container in _WRITE_ONCE:
        async with _blobs(bench, container) as blobs:
            evidence.append(await _added(bench, f"container {container}", blobs))
    return [*state, *evidence]


async def check_denial(bench: Bench) -> list[Finding]:
    """What is in the evidence can be neither changed nor deleted."""
    async with _rows(bench) as rows:
        found = await _denied(bench, f"table {bench.settings.evidence_table}", rows)
    for container in _WRITE_ONCE:
        async with _blobs(bench, container) as blobs:
            found += await _denied(bench, f"container {container}", blobs)
    return found


async def check_retention(bench: Bench) -> list[Finding]:
    """Seals, payloads and versions of the policy lie under an immutability policy."""
    if not bench.settings.evidence_blobs.startswith("https://"):
        # Settings take no such storage for a deployment.
        return [ok(RETENTION, "storage on this machine knows no immutability policies, so none is asked for")]
    found = []
    for container in _WRITE_ONCE:
        async with _blobs(bench, container) as blobs:
            found.append(kept(container, await blobs.retention()))
    return found


async def _state(bench: Bench, table: str) -> Finding:
    settings = bench.settings
    probe = table_probe(settings.state, table, settings.identity, "", as_operator=bench.as_operator)
    async with probe as rows:
        attempt = await rows.read()
    if attempt.is_missing and not settings.state.startswith("https://"):
        return ok(STORES, f"table {table} is made when it is first needed")
    if attempt.is_done:
        return ok(STORES, f"table {table} can be read")
    return _unfit(f"table {table}", "read", attempt, "COUNTERSIGN_STATE")


async def _added(bench: Bench, what: str, probe: TableProbe | BlobProbe) -> Finding:
    setting = "COUNTERSIGN_EVIDENCE" if isinstance(probe, TableProbe) else "COUNTERSIGN_EVIDENCE_BLOBS"
    read = await probe.read()
    if read.is_missing and _is_made_when_needed(bench, probe):
        return ok(STORES, f"{what} is made when it is first needed")
    if not read.is_done:
        return _unfit(what, "read", read, setting)
    added = await probe.add()
    if added.is_done:
        return ok(STORES, f"{what} can be read and added to")
    if added.is_refused and bench.as_operator:
        return cannot_tell(
            STORES,
            f"{what} can be read, and whoever is signed in may not add to it",
            "Only the gateway may: ask the app itself, POST /api/health.",
        )
    return _unfit(what, "added to", added, setting)


def _is_made_when_needed(bench: Bench, probe: TableProbe | BlobProbe) -> bool:
    # On this machine a container is made with its first blob; in Azure the deployment makes it.
    return isinstance(probe, BlobProbe) and not bench.settings.evidence_blobs.startswith("https://")


def _unfit(what: str, act: str, attempt: Attempt, setting: str) -> Finding:
    seen = f"{what} cannot be {act} ({attempt.why})"
    if attempt.is_unsent:
        return fault(STORES, seen, "First mend what `identity` found.")
    if attempt.is_refused:
        return fault(STORES, seen, "Give whoever asks the role of docs/resources.md on it; roles take some minutes.")
    if attempt.is_missing:
        return fault(STORES, seen, f"There is none of that name: compare {setting} and infra/, then deploy again.")
    return fault(STORES, seen, f"Compare {setting} with the account's address, and look at its private endpoint.")


async def _denied(bench: Bench, what: str, probe: TableProbe | BlobProbe) -> list[Finding]:
    if bench.as_operator:
        what = f"{what}, as you are"
    added = await probe.add()
    if added.is_missing and _is_made_when_needed(bench, probe):
        return [ok(DENIAL, f"{what} is made when it is first needed")]
    if not added.is_done:
        do = "First mend what `stores` found."
        if bench.as_operator:
            do = "Ask the app itself, POST /api/health: what counts is what the gateway's identity may do."
        return [cannot_tell(DENIAL, f"{what}: no probe could be added ({added.why})", do)]
    attempts = {"changed": await probe.change(), "deleted": await probe.delete()}
    return [judged(what, act, attempt) for act, attempt in attempts.items()]


def judged(what: str, act: str, attempt: Attempt) -> Finding:
    """What it means that the attempt to change or delete a probe came to this."""
    if attempt.is_refused:
        return ok(DENIAL, f"{what}: nothing can be {act} ({attempt.why})")
    mend = "Take every role but those of docs/resources.md from whoever asked, and the account's keys away."
    if attempt.is_done:
        return fault(DENIAL, f"{what}: the probe was {act}, so records can be {act}", mend)
    if attempt.why == _IMMUTABLE:
        return warning(DENIAL, f"{what}: only its retention keeps it from being {act}; the role would not", mend)
    return cannot_tell(DENIAL, f"{what}: no clear answer to the attempt ({attempt.why})", "Try again.")


def kept(container: str, found: bool | Attempt) -> Finding:
    """What it means that the container says this of its immutability policy."""
    if found is True:
        return ok(RETENTION, f"container {container} has an immutability policy; whether it is locked an owner sees")
    if found is False:
        do = "Deploy again, or set one: az storage container immutability-policy create; then lock it."
        return fault(RETENTION, f"container {container} has no immutability policy", do)
    return cannot_tell(RETENTION, f"container {container}: its properties cannot be seen ({found.why})", _ASK_OWNER)


def _rows(bench: Bench) -> AbstractAsyncContextManager[TableProbe]:
    settings = bench.settings
    return table_probe(
        settings.evidence, settings.evidence_table, settings.identity, _new(bench), as_operator=bench.as_operator
    )


def _blobs(bench: Bench, container: str) -> AbstractAsyncContextManager[BlobProbe]:
    settings = bench.settings
    return blob_probe(settings.evidence_blobs, container, settings.identity, _new(bench), as_operator=bench.as_operator)


def _new(bench: Bench) -> str:
    return f"{bench.now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
