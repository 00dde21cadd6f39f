"""A pin store in memory that keeps the contract, and breaks it in named ways."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum, auto
from typing import Any

from gateway.storage.contract import Pin, PinChangedError, Pins, StoreUnavailableError
from gateway.tools.definition import by_name, read_definition
from tests.fakes.upstream import TOOLS


class Fault(Enum):
    WRITE_FAILS_AND_IS_NOT_WRITTEN = auto()
    WRITE_FAILS_BUT_IS_WRITTEN = auto()
    ANOTHER_WRITER_IS_FIRST = auto()
    """With the very same content, as another process of the gateway would write it."""


class MemoryPins:
    """Pins by server and tool. `faults` are used up by writes, one by one; `down` holds until it is lifted."""

    def __init__(self, *faults: Fault | None) -> None:
        self.rows: dict[tuple[str, str], Pin] = {}
        self.baselines: set[str] = set()
        self.faults = list(faults)
        self.reads = 0
        """Of whole servers."""
        self._down = False
        self._versions = 0

    @contextmanager
    def down(self) -> Iterator[None]:
        self._down = True
        try:
            yield
        finally:
            self._down = False

    async def pins(self, server: str) -> Pins:
        await self._turn()
        self.reads += 1
        found = {tool: _bare(pin) for (name, tool), pin in self.rows.items() if name == server}
        return Pins(server in self.baselines, found)

    async def pin(self, server: str, tool: str) -> Pin | None:
        await self._turn()
        return self.rows.get((server, tool))

    async def write(self, server: str, pin: Pin) -> Pin:
        await self._turn()
        fault = self.faults.pop(0) if self.faults else None
        if fault is Fault.WRITE_FAILS_AND_IS_NOT_WRITTEN:
            raise StoreUnavailableError("down")
        stored = self.rows.get((server, pin.tool))
        if (stored.version if stored else "") != pin.version:
            raise PinChangedError
        self._versions += 1
        written = self.rows[server, pin.tool] = replace(pin, version=f"v{self._versions}")
        if fault is Fault.WRITE_FAILS_BUT_IS_WRITTEN:
            raise StoreUnavailableError("answer lost")
        if fault is Fault.ANOTHER_WRITER_IS_FIRST:
            raise PinChangedError
        return _bare(written)

    async def mark_baseline(self, server: str) -> None:
        await self._turn()
        self.baselines.add(server)

    async def servers(self) -> Sequence[str]:
        await self._turn()
        return sorted({server for server, _ in self.rows})

    async def close(self) -> None:
        return

    async def _turn(self) -> None:
        await asyncio.sleep(0)  # a real store gives others a turn here
        if self._down:
            raise StoreUnavailableError("down")


def _bare(pin: Pin) -> Pin:
    return replace(pin, accepted_text="", waiting_text="")


def pinned(servers: Iterable[str], tools: Iterable[dict[str, Any]] = TOOLS) -> MemoryPins:
    """A store in which these tools are the baseline of each of the servers."""
    store = MemoryPins()
    found = by_name(map(read_definition, tools)).values()
    for server in servers:
        store.baselines.add(server)
        for one in found:
            store.rows[server, one.name] = Pin(one.name, one.digest, accepted_text=one.text, version="v0")
    return store
