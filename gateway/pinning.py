"""The pins of this process: what is known of each server's tools, and what becomes of news.

Takes definitions as an upstream publishes them and gives the hashes that may be used. A definition
that no pin knows is treated as the server's `trust` says, and that is on record before it is stored,
so that no pin changes unseen. What the store or the evidence does not confirm is refused.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from gateway import jsontext, mask
from gateway.canonical import canonical
from gateway.payloads import for_record
from gateway.policy.document import Server
from gateway.reasons import Reason
from gateway.record import Outcome, Passage, Recorder, ToolChange
from gateway.storage.contract import Pin, PinChangedError, PinStore
from gateway.tools.definition import MAX_TEXT, Definition
from gateway.tools.pins import KNOWN, Verdict, decide, follow
from gateway.values import Refusal

LIFETIME = 30.0
"""Seconds for which pins are used before they are read again: an operator's acceptance takes effect within them."""
MAX_PINS = 4000
"""Tools of one server. Without a bound a server that invents names could fill the store."""
ATTEMPTS = 5
"""Writes of one pin that other writers may get ahead of."""
AT_ONCE = 16


@dataclass(slots=True)
class _Read:
    """The pins of one server, as last read and since written."""

    has_baseline: bool
    by_tool: dict[str, Pin]
    at: float


@dataclass(slots=True)
class _Server:
    read: _Read | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Pinning:
    """The pins, by server. Every method may raise StoreUnavailableError."""

    def __init__(self, store: PinStore, recorder: Recorder, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._recorder = recorder
        self._clock = clock
        self._servers: dict[str, _Server] = {}

    async def has_baseline(self, server: str) -> bool:
        """Whether a whole catalogue of the server has been pinned."""
        return (await self._known(server)).has_baseline

    async def verdict(self, server: Server, tool: str, digest: str) -> Verdict:
        """What the pins say of a definition that was seen earlier. Changes nothing."""
        known = await self._known(server.name)
        return decide(digest, known.by_tool.get(tool), has_baseline=True, trust=server.trust)

    async def admit(
        self, passage: Passage, server: Server, found: Mapping[str, Definition], *, is_whole: bool
    ) -> frozenset[str] | Refusal:
        """Names of the definitions that may be used; news is on record and stored by then.

        Only a whole catalogue becomes a baseline: from one page of it the others would look like news later.
        """
        known = await self._known(server.name)
        has_baseline = known.has_baseline or not is_whole
        verdicts = _verdicts(known, server, found.values(), has_baseline)
        if not KNOWN.issuperset(verdicts.values()):
            async with self._servers[server.name].lock:
                # News for this process may be known to others by now.
                known = await self._fetch(server.name)
                has_baseline = known.has_baseline or not is_whole
                refusal = await self._take_in(passage, server, found, known, has_baseline=has_baseline)
            if refusal is not None:
                return refusal
            verdicts = _verdicts(known, server, found.values(), has_baseline)
        if is_whole and not known.has_baseline:
            await self._store.mark_baseline(server.name)
            known.has_baseline = True
        return frozenset(name for name, verdict in verdicts.items() if verdict is Verdict.USABLE)

    async def _known(self, server: str) -> _Read:
        held = self._servers.setdefault(server, _Server())
        if held.read is None or self._clock() - held.read.at >= LIFETIME:
            async with held.lock:
                # Others may have read it while this one waited for the lock.
                if held.read is None or self._clock() - held.read.at >= LIFETIME:
                    await self._fetch(server)
        assert held.read is not None
        return held.read

    async def _fetch(self, server: str) -> _Read:
        at = self._clock()
        pins = await self._store.pins(server)
        read = self._servers[server].read = _Read(pins.has_baseline, dict(pins.by_tool), at)
        return read

    async def _take_in(
        self,
        passage: Passage,
        server: Server,
        found: Mapping[str, Definition],
        known: _Read,
        *,
        has_baseline: bool,
    ) -> Refusal | None:
        """Every definition has a pin that knows it, or the first refusal says why not."""
        verdicts = _verdicts(known, server, found.values(), has_baseline)
        room = MAX_PINS - len(known.by_tool)
        news = [found[name] for name, verdict in verdicts.items() if verdict not in KNOWN]
        if sum(definition.name not in known.by_tool for definition in news) > room:
            return Refusal(Reason.CATALOGUE_UNAVAILABLE, f"more than {MAX_PINS} tools of this server would be pinned")
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(definition: Definition) -> Refusal | None:
            async with turns:
                return await self._pin(passage, server, definition, known, has_baseline=has_baseline)

        # All of them end before this does, so that nothing writes on after an error.
        for end in await asyncio.gather(*map(one, news), return_exceptions=True):
            if isinstance(end, BaseException):
                raise end
            if end is not None:
                return end
        return None

    async def _pin(
        self, passage: Passage, server: Server, definition: Definition, known: _Read, *, has_baseline: bool
    ) -> Refusal | None:
        """The pin of one definition knows it, and how it came to that is on record."""
        tool = definition.name
        stored, shown = tool in known.by_tool, _shown(definition, passage)
        for _ in range(ATTEMPTS):
            before = await self._store.pin(server.name, tool) if stored else None
            verdict = decide(definition.digest, before, has_baseline=has_baseline, trust=server.trust)
            if verdict in KNOWN and before is not None:
                known.by_tool[tool] = before
                return None
            if not await self._recorder.tool(passage, _change(server.name, definition, before, verdict)):
                return Refusal(Reason.EVIDENCE_UNAVAILABLE)
            try:
                known.by_tool[tool] = await self._store.write(server.name, follow(before, shown, verdict))
            except PinChangedError:
                stored = True
            else:
                return None
        return Refusal(Reason.CATALOGUE_UNAVAILABLE, "the pin of a tool keeps changing")


def _verdicts(known: _Read, server: Server, found: Iterable[Definition], has_baseline: bool) -> dict[str, Verdict]:
    return {
        one.name: decide(one.digest, known.by_tool.get(one.name), has_baseline=has_baseline, trust=server.trust)
        for one in found
    }


def _shown(definition: Definition, passage: Passage) -> Definition:
    """The definition as the store may hold it: its hash is that of the original, its text is masked as a record is."""
    # fail-closed: without a policy, or where it cannot be masked, nothing of it is kept but its hash.
    hidden = replace(definition, text="")
    entry = jsontext.parse(definition.text)
    if passage.policy is None or not isinstance(entry, dict):
        return hidden
    # Canonical JSON spells large numbers apart, where no rule for the field that they stand in can find them.
    if "numbers" in entry:
        entry |= {"numbers": dict.fromkeys(entry["numbers"], "[hidden]")}
    message = {"jsonrpc": "2.0", "id": 0, "result": {"tools": [entry]}}
    masked = mask.mask(message, for_record(passage.policy), terms=mask.KEPT)
    if isinstance(masked, Refusal):
        return hidden
    text = canonical(masked.message["result"]["tools"][0])
    # Markers may be longer than what they stand for.
    return replace(definition, text=text.decode()) if len(text) <= MAX_TEXT else hidden


def _change(server: str, definition: Definition, before: Pin | None, verdict: Verdict) -> ToolChange:
    pinned = before.accepted if before else ""
    outcome = Outcome.CHANGED if pinned else Outcome.PINNED
    if verdict is Verdict.HOLD:
        outcome = Outcome.QUARANTINED
    return ToolChange(server, definition.name, outcome, definition.digest, pinned)
