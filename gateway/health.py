"""How the gateway is doing, for operators, over HTTP: `GET /api/health`, and its doctor: `POST /api/health`.

Takes a request with an access token, checked as a call's is, and answers members of the policy's operators' groups in
JSON. GET tells what this process knows, the last seal (read at most once a minute), and with `?look=upstreams` which
servers answer. POST runs the doctor as the gateway's own identity, which is the one whose rights count, and is on
record first; where it cannot be, what tries to change the evidence is left out. What strangers may know is under
`/health`.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.answer import Answer
from gateway.approvals.orchestrations import Orchestrations
from gateway.events import Event, Outcome
from gateway.evidence.library import Library
from gateway.evidence.reading import Stored
from gateway.json_api import Asking, Ending, answered, bounded, caller_of, not_operator
from gateway.pages.request import PageRequest, fields_in
from gateway.policy.document import Policy
from gateway.process import facts_of
from gateway.reasons import Reason
from gateway.rooms import Rooms
from gateway.storage.contract import StoreUnavailableError
from gateway.values import Origin, Refusal

FRESH = 60.0
"""Seconds before the last seal is read again."""
_UPSTREAMS = "upstreams"
_ENDING = Ending(Event.EVIDENCE_REFUSED, "approval", "operators", Reason.EVIDENCE_UNAVAILABLE)
_STARTED = datetime.now(UTC)


@dataclass(slots=True)
class Memory:
    """What this process remembers between two requests."""

    clock: Callable[[], float] = time.monotonic
    seal: dict[str, Any] | None = None
    read_at: float = float("-inf")
    policy: str = ""
    seen: datetime = _STARTED
    """Since when that policy is known to be in force here."""


_MEMORY = Memory()


async def serve(
    request: PageRequest, origin: Origin, rooms: Rooms, orchestrations: Orchestrations, memory: Memory = _MEMORY
) -> Answer:
    """The answer to one request. Never raises: what was not foreseen is an internal error, on record."""
    asking = Asking(request, origin, rooms, orchestrations)
    return await bounded(asking, _served(asking, memory), _ENDING)


async def _served(asking: Asking, memory: Memory) -> Answer | Refusal:
    method = asking.request.method
    asking.what = f"{'POST' if method == 'POST' else 'GET'} /api/health"
    if method not in ("GET", "POST"):
        return Refusal(Reason.HTTP_METHOD, method)
    known = await caller_of(asking)
    if isinstance(known, Refusal):
        return known
    if refusal := not_operator(*known):
        return refusal
    query = fields_in(asking.request.query)
    looks = {_UPSTREAMS} if method == "GET" else set()
    if query is None or not query.keys() <= {"look"} or not set(query.values()) <= looks:
        return Refusal(Reason.LISTING_INVALID)
    return await (_examined(asking) if method == "POST" else _told(asking.rooms, known[1], memory, bool(query)))


async def _told(rooms: Rooms, policy: Policy, memory: Memory, is_looking: bool) -> Answer:
    now = rooms.now()
    if memory.policy != policy.digest:
        memory.policy, memory.seen = policy.digest, now
    _, facts = await facts_of(rooms)
    facts |= {
        "time": _text(now),
        "process_since": _text(_STARTED),
        "policy_seen_since": _text(memory.seen),
        "policy_problem": list(rooms.policy.problem or ()),
        "last_seal": await _last_seal(rooms.library, memory),
        "approvals_waiting": await _waiting(rooms),
    }
    if is_looking:
        facts[_UPSTREAMS] = await _upstreams(rooms, policy)
    return answered(200, facts)


async def _last_seal(library: Library, memory: Memory) -> dict[str, Any] | None:
    """Number and end of the newest seal; None where there is none, or none can be read."""
    if memory.clock() - memory.read_at < FRESH:
        return memory.seal
    memory.read_at, memory.seal = memory.clock(), None
    if isinstance(library, Stored):
        try:
            memory.seal = await _read_seal(library)
        except StoreUnavailableError as error:
            memory.seal = {"problem": str(error)}
    return memory.seal


async def _read_seal(library: Stored) -> dict[str, Any] | None:
    # Only here: a call needs nothing of it.
    from gateway.doctor.seals import read_last  # noqa: PLC0415

    async for number, text in library.seals(await library.last_seal()):
        last = read_last(number, text)
        return {"number": last.number, "until": _text(last.end) if last.end else None}
    return None


async def _waiting(rooms: Rooms) -> int | None:
    """How many approvals, proposals and grants wait to be tended, 1,000 each at most; None if that is not known."""
    # The approval of a proposal is among the approvals.
    try:
        both = await asyncio.gather(rooms.approvals.store.waiting(), rooms.grants.store.waiting())
    except StoreUnavailableError:
        return None
    return sum(map(len, both))


async def _upstreams(rooms: Rooms, policy: Policy) -> dict[str, Any]:
    """By server: the status of its answer to a GET without a credential, whatever it is; or why there was none."""
    from gateway.doctor.web import page_of  # noqa: PLC0415 - see _read_seal

    async def look(url: str) -> dict[str, Any]:
        start = time.monotonic()
        page = await page_of(rooms.client, url, is_read=False)
        took = round((time.monotonic() - start) * 1000)
        return (
            {"answers": True, "status": page.status, "ms": took} if page.status else {"answers": False, "why": page.why}
        )

    names = sorted(policy.servers)
    return dict(zip(names, await asyncio.gather(*(look(policy.servers[name].url) for name in names)), strict=True))


async def _examined(asking: Asking) -> Answer:
    from gateway.doctor.report import as_value  # noqa: PLC0415 - see _read_seal
    from gateway.doctor.run import examine_app, without_denial  # noqa: PLC0415 - see _read_seal

    fields = asking.fields(Event.EVIDENCE_READ, Outcome.ALLOWED, "approval") | {"detail": "the doctor"}
    session = f"{asking.rooms.now():%Y%m%d}-operators"
    # fail-closed: nothing that is not on record tries to change evidence. The rest is needed most just then.
    only = () if await asking.rooms.recorder.approval(session, fields) else without_denial()
    return answered(200, as_value(await examine_app(asking.rooms, only)))


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
