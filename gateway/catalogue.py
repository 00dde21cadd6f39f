"""Room 4: the tool that a call is for, as its server publishes it, and whether it may be used as it is.

Takes the passage of a call that the policy allows, and gives nothing or a refusal; the hash of the
tool's definition is then on the passage, and so in every record of the call. A tool that the server
does not list, one that is in quarantine, and one whose `Mcp-Param-*` headers do not agree with the
body are refused; so is every tool of a server whose catalogue or pins cannot be read (fail-closed).
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from gateway import listing
from gateway.events import Outcome
from gateway.listing import Reach
from gateway.mask import mask_text
from gateway.pinning import Pinning
from gateway.policy.document import Server
from gateway.reasons import Reason
from gateway.record import EVERYTHING, Passage, Recorder, ToolChange
from gateway.storage.contract import StoreUnavailableError
from gateway.tools.definition import Definition, by_name, read_definition
from gateway.tools.headers import Declared, mismatch
from gateway.tools.pins import KNOWN, Verdict
from gateway.values import Era, Json, MessageKind, Refusal

LIFETIME = 300.0
"""Seconds for which a definition is believed before the server is asked again."""
PAUSE = 10.0
"""Seconds after a whole list in which a name that was not on it does not make the gateway ask again."""
MAX_ENTRIES = 1000
"""Lists kept in memory: one for each server and credential, and in the legacy era for each MCP session."""


@dataclass(frozen=True, slots=True)
class _Tool:
    """What of a definition a call needs."""

    digest: str
    headers: tuple[Declared, ...]
    at: float


@dataclass(slots=True)
class _Entry:
    """What one server publishes to one credential."""

    tools: dict[str, _Tool] = field(default_factory=dict)
    whole_at: float = float("-inf")
    """When the last whole list arrived."""
    attempts: int = 0
    failure: Refusal | None = None
    """Of the last attempt."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Catalogue:
    """The tools of all servers, as this process has seen them."""

    def __init__(self, pinning: Pinning, recorder: Recorder, clock: Callable[[], float] = time.monotonic) -> None:
        self._pinning = pinning
        self._recorder = recorder
        self._clock = clock
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    async def check(self, passage: Passage, reach: Reach) -> Refusal | None:
        """None if the call may go on as far as its tool is concerned; `reach` takes a call to the upstream."""
        call = passage.call
        server = _server(passage)
        if server is None:
            return Refusal(Reason.POLICY_UNAVAILABLE)
        passage.admit = self.admit
        try:
            if call.method == "tools/list":
                return await self._prepare(passage, server, reach)
            if call.method == "tools/call" and call.kind is MessageKind.REQUEST:
                return await self._check_tool(passage, server, reach)
        except StoreUnavailableError:
            return _STORE_DOWN
        return None

    async def _prepare(self, passage: Passage, server: Server, reach: Reach) -> Refusal | None:
        """Pins can be read, and there is a baseline to compare a page of a list with."""
        if await self._pinning.has_baseline(server.name):
            return None
        return await self._fetch(passage, server, reach)

    async def _check_tool(self, passage: Passage, server: Server, reach: Reach) -> Refusal | None:
        call, entry = passage.call, self._entry(passage, server)
        if not await self._knows(entry, server, call.target) and (refusal := await self._fetch(passage, server, reach)):
            return refusal
        tool = entry.tools.get(call.target)
        if tool is None:
            return Refusal(Reason.TARGET_HIDDEN, "the server does not list it")
        passage.definition = tool.digest
        if await self._pinning.verdict(server, call.target, tool.digest) is not Verdict.USABLE:
            return Refusal(Reason.TOOL_QUARANTINED)
        declared = tool.headers if call.era is Era.MODERN else ()
        if header := mismatch(declared, call.arguments, dict(call.headers)):
            return Refusal(Reason.HEADER_MISMATCH, mask_text(header, EVERYTHING))
        return None

    async def _knows(self, entry: _Entry, server: Server, name: str) -> bool:
        """Whether what is known of the tool is fresh, and its pin says what to do with it."""
        tool, now = entry.tools.get(name), self._clock()
        if not await self._pinning.has_baseline(server.name):
            return False
        if tool is None:
            return now - entry.whole_at < PAUSE
        return now - tool.at < LIFETIME and await self._pinning.verdict(server, name, tool.digest) in KNOWN

    async def _fetch(self, passage: Passage, server: Server, reach: Reach) -> Refusal | None:
        """The entry holds the whole list as it is now. Those who wait for the same list share what came of it."""
        entry = self._entry(passage, server)
        before = entry.attempts
        async with entry.lock:
            if entry.attempts != before and (entry.failure is None or entry.failure.reason in _SHARED):
                return entry.failure
            try:
                entry.failure = await self._read(passage, server, entry, reach)
            except StoreUnavailableError:
                entry.failure = _STORE_DOWN
            entry.attempts += 1
            return entry.failure

    async def _read(self, passage: Passage, server: Server, entry: _Entry, reach: Reach) -> Refusal | None:
        found = await listing.fetch(passage, server, reach, self._recorder)
        if isinstance(found, Refusal):
            return found
        admitted = await self._pinning.admit(passage, server, found, is_whole=True)
        if isinstance(admitted, Refusal):
            return admitted
        for name in entry.tools.keys() - found.keys():
            gone = ToolChange(server.name, name, Outcome.REMOVED, entry.tools[name].digest, "")
            if not await self._recorder.tool(passage, gone):
                return Refusal(Reason.EVIDENCE_UNAVAILABLE)
        now = self._clock()
        entry.tools = {name: _tool(definition, now) for name, definition in found.items()}
        entry.whole_at = now
        return None

    async def admit(self, passage: Passage, result: dict[str, Json]) -> dict[str, Json] | Refusal:
        """A page of the client's own list without the tools that are held back; what it says is remembered."""
        server, listed = _server(passage), listing.entries(result)
        if server is None:
            return Refusal(Reason.POLICY_UNAVAILABLE)
        if isinstance(listed, Refusal):
            return listed
        definitions = [read_definition(entry) for entry in listed]
        found = by_name(definitions)
        try:
            usable = await self._pinning.admit(passage, server, found, is_whole=False)
        except StoreUnavailableError:
            return _STORE_DOWN
        if isinstance(usable, Refusal):
            return usable
        now = self._clock()
        self._entry(passage, server).tools |= {name: _tool(definition, now) for name, definition in found.items()}
        pairs = zip(listed, definitions, strict=True)
        return result | {"tools": [entry for entry, read in pairs if read is not None and read.name in usable]}

    def _entry(self, passage: Passage, server: Server) -> _Entry:
        call, caller = passage.call, passage.caller
        # A legacy server may show each session other tools, by what that client can do.
        session = call.mcp_session if call.era is Era.LEGACY else ""
        person = (caller.tenant, caller.object_id) if caller and server.needs_user else None
        key = (server.name, server.url, server.credential, person, session)
        entry = self._entries.setdefault(key, _Entry())
        self._entries.move_to_end(key)
        while len(self._entries) > MAX_ENTRIES:
            self._entries.popitem(last=False)
        return entry


def _server(passage: Passage) -> Server | None:
    return passage.policy.servers.get(passage.call.server) if passage.policy else None


def _tool(definition: Definition, now: float) -> _Tool:
    return _Tool(definition.digest, definition.headers, now)


_SHARED = frozenset({Reason.UPSTREAM_TIMEOUT, Reason.UPSTREAM_UNREACHABLE, Reason.CATALOGUE_UNAVAILABLE})
"""Failures that take long and do not depend on who asks: with a new try for each who waits, the last waits for all."""

_STORE_DOWN = Refusal(Reason.CATALOGUE_UNAVAILABLE, "the store of pins does not answer")
