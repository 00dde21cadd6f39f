"""A client that leaves at the very moment at which the outcome of its call is being written: there is one outcome."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from gateway import relay
from gateway.evidence.index import is_index
from gateway.storage.contract import Columns
from tests.fakes.evidence import MemoryEvidence
from tests.fakes.upstream import events, serving
from tests.walk.rooms import gateway

ANSWER = {"jsonrpc": "2.0", "id": ..., "result": {"content": [], "resultType": "complete"}}


class Gate:
    """Before the store of evidence: a write of an outcome waits here until it is let through."""

    def __init__(self, evidence: MemoryEvidence) -> None:
        self.reached, self.opened = asyncio.Event(), asyncio.Event()
        self._write = evidence._write
        evidence._write = self._held  # type: ignore[method-assign]

    async def _held(self, partition: str, rows: Mapping[str, Columns]) -> None:
        if not is_index(partition) and any(row["event"] == "outcome" for row in rows.values()):
            self.reached.set()
            await self.opened.wait()
        await self._write(partition, rows)


async def test_a_stream_whose_client_leaves_while_its_outcome_is_written_has_one_outcome(tmp_path: Path) -> None:
    async with serving(events(ANSWER)) as upstream, gateway(tmp_path, upstream.url) as door:
        gate = Gate(door.evidence)
        answer = await door.call(server="open", modern=True)
        assert not isinstance(answer.body, bytes)
        reading = asyncio.ensure_future(anext(answer.body))
        async with asyncio.timeout(5):
            await gate.reached.wait()
            reading.cancel()
            await asyncio.wait([reading])
            gate.opened.set()
            await door.evidence.wait_for("outcome/succeeded")
            # What the departure leads to, if to anything, comes in a task of its own.
            await asyncio.gather(*relay._endings)
        assert door.evidence.events() == ["intent/allowed", "outcome/succeeded"]
