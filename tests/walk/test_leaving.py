"""A client that leaves before its answer: nobody works on that any more, and there is one outcome of its call."""

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gateway import payloads, relay, settle
from gateway.evidence.index import is_index
from gateway.storage.contract import Columns
from tests.fakes.evidence import MemoryEvidence
from tests.fakes.upstream import events, serving, text_result
from tests.walk.rooms import gateway
from tests.walk.starts import starts

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


CROWD = 12
DENSE = "ada.lovelace@example.com or 4539148803436467, " * 4_000
"""Some 180 KB in which there is much to hide."""


def at_once(name: str, leave: Callable[[], object]) -> Callable[[str], None]:
    """As soon as a function of that name begins in a thread, the client leaves, and the loop has taken it in."""
    loop, taken = asyncio.get_running_loop(), threading.Event()

    def leaves() -> None:
        leave()
        loop.call_later(0.02, taken.set)

    def then(begun: str) -> None:
        if begun == name:
            loop.call_soon_threadsafe(leaves)
            taken.wait(5)

    return then


@pytest.mark.parametrize("modern", [False, True], ids=["legacy", "modern"])
async def test_large_answers_for_clients_who_have_left_are_not_masked_and_that_they_left_is_on_record(
    tmp_path: Path, modern: bool
) -> None:
    async with serving(text_result(DENSE)) as upstream, gateway(tmp_path, upstream.url) as door:
        await door.call("no_such_tool", server="open")
        door.evidence.rows.clear()
        door.gone = asyncio.Event()
        door.gone.set()
        with starts(settle.visible) as began:
            async with asyncio.timeout(30):
                answers = await asyncio.gather(*(door.call(server="open", modern=modern) for _ in range(CROWD)))
        # Some turns may have begun before anybody could know.
        assert len(began) <= CROWD // 4
        assert {answer.status for answer in answers} == {499}
        assert sorted(door.evidence.events()) == ["intent/allowed"] * CROWD + ["outcome/client_gone"] * CROWD
        # In the modern era to leave cancels what the server has not answered yet.
        outcomes = {row["outcome"] for row in door.evidence.of_calls() if row["event"] == "outcome"}
        assert outcomes <= {"withheld", "cancelled"} if modern else outcomes == {"withheld"}


async def test_an_answer_whose_client_leaves_while_it_is_masked_is_not_masked_again_for_the_record(
    tmp_path: Path,
) -> None:
    async with serving(text_result(DENSE)) as upstream, gateway(tmp_path, upstream.url) as door:
        await door.call(server="open")
        door.evidence.rows.clear()
        door.gone = gone = asyncio.Event()
        with starts(settle.visible, payloads._payload, then=at_once("visible", gone.set)) as began:
            async with asyncio.timeout(30):
                answer = await door.call(server="open")
        # The request is masked for its record, and the answer for its caller.
        assert [name for name, _ in began] == ["_payload", "visible"]
        assert answer.status == 499
        assert door.evidence.events() == ["intent/allowed", "outcome/client_gone"]


async def test_what_was_hidden_of_a_stream_is_on_record_where_its_client_leaves_while_the_answer_is_masked(
    tmp_path: Path,
) -> None:
    log = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "ada@example.com"}}
    last = ANSWER | {"result": {"content": [{"type": "text", "text": DENSE}]}}
    async with serving(events(log, last)) as upstream, gateway(tmp_path, upstream.url) as door:
        stream = (await door.call()).body
        assert not isinstance(stream, bytes)
        assert b"ada@example.com" not in await anext(stream)
        reading = asyncio.ensure_future(anext(stream))
        with starts(settle.visible, then=at_once("visible", reading.cancel)) as began:
            async with asyncio.timeout(30):
                await asyncio.wait([reading])
                await door.evidence.wait_for("outcome/cancelled")
                await asyncio.gather(*relay._endings)
        assert len(began) == 1
        [outcome] = [row for row in door.evidence.of_calls() if row["event"] == "outcome"]
        assert json.loads(str(outcome["body"]))["hidden"] == 1
