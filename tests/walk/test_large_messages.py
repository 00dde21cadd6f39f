"""Large messages, hostile ones too: while one is masked, others are served."""

import asyncio
import json
import sys
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from gateway import mask, payloads, relay, settle
from tests.fakes.upstream import Upstream, events, result, serving
from tests.walk.rooms import Gateway, gateway, message, messages
from tests.walk.test_grant_streams import PATIENCE, no_task_is_left

HOSTILE = {f"key{number}@x.co": number for number in range(4000)}
"""Each key has to be replaced; some tens of milliseconds of work."""
DONE = {"jsonrpc": "2.0", "id": ..., "result": {"content": [], "structuredContent": {"n": 1}}}
LOG = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": HOSTILE}}


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(result({"content": [], "structuredContent": HOSTILE})) as running:
        yield running


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, upstream.url) as opened:
        yield opened


ANSWER, EVENT, BODY = settle.visible.__code__, relay._joined.__code__, payloads._payload.__code__
REQUEST = None
"""What a thread of its own runs of each; of a request nothing but the masking itself."""


def is_masking_aside(part: CodeType | None) -> bool:
    """Whether a thread other than this one masks this part of a call at this moment."""
    for thread, top in sys._current_frames().items():
        running: set[CodeType] = set()
        frame: FrameType | None = top
        while frame and thread != threading.get_ident():
            running.add(frame.f_code)
            frame = frame.f_back
        if mask.mask.__code__ in running and (part in running if part else running.isdisjoint({ANSWER, EVENT, BODY})):
            return True
    return False


@dataclass(slots=True)
class Turns:
    """The turns that another coroutine gets while something is masked."""

    part: CodeType | None = ANSWER
    taken: int = 0
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self) -> None:
        while True:
            if is_masking_aside(self.part):
                self.taken += 1
                self.begun.set()
            # Not at every turn of the loop: looking takes longer than what is looked at.
            await asyncio.sleep(0.001)


@pytest.fixture
async def turns() -> AsyncIterator[Turns]:
    turns = Turns()
    taking = asyncio.create_task(turns.take())
    yield turns
    taking.cancel()


def hidden(value: Any) -> bool:
    return len(value) == len(HOSTILE) and all(key.startswith("[hidden:email]") for key in value)


async def test_others_get_turns_while_an_answer_is_masked(door: Gateway, turns: Turns) -> None:
    answer = message(await door.call())
    assert turns.taken > 1
    assert hidden(answer["result"]["structuredContent"])


async def test_others_get_turns_while_an_event_is_masked(door: Gateway, upstream: Upstream, turns: Turns) -> None:
    turns.part = EVENT
    upstream.answer = events(LOG, DONE)
    logged, last = await messages(await door.call())
    assert turns.taken > 1
    assert hidden(logged["params"]["data"])
    assert last["result"]["structuredContent"] == {"n": 1}


async def test_others_get_turns_while_a_request_is_masked(door: Gateway, upstream: Upstream, turns: Turns) -> None:
    turns.part = REQUEST
    upstream.answer = result({"content": []})
    text = door.policy_file.read_text().replace(
        "masks:\n", "masks:\n  outgoing:\n    detect: [email]\n    action: redact\n", 1
    )
    door.policy_file.write_text(text.replace("    client_features: [elicitation]\n", "    mask_requests: [outgoing]\n"))
    await door.call(server="open", arguments=HOSTILE)
    assert turns.taken > 1
    assert hidden(upstream.seen[-1].body["params"]["arguments"])


async def test_others_get_turns_while_a_body_is_masked_for_the_record(
    door: Gateway, upstream: Upstream, turns: Turns
) -> None:
    turns.part = BODY
    upstream.answer = result({"content": []})
    # No mask of this server is for requests, so that only what is kept of one is masked before it is sent.
    await door.call(server="open", arguments=HOSTILE)
    assert turns.taken > 1
    assert upstream.seen[-1].body["params"]["arguments"] == HOSTILE
    assert any("[hidden:email]" in str(row) for row in (door.evidence.rows, door.payloads.blobs))


async def test_a_client_who_leaves_while_its_answer_is_masked_ends_the_call_and_that_is_on_record(
    door: Gateway, upstream: Upstream, turns: Turns
) -> None:
    upstream.answer = events(DONE | {"result": {"content": [], "structuredContent": HOSTILE}})
    stream = (await door.call()).body
    assert not isinstance(stream, bytes)
    reading = asyncio.create_task(anext(stream))
    async with asyncio.timeout(PATIENCE):
        await turns.begun.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    async with asyncio.timeout(PATIENCE):
        await no_task_is_left()
    [outcome] = [row for row in door.evidence.of_calls() if row["event"] == "outcome"]
    assert json.loads(str(outcome["body"]))["outcome"] == "cancelled"
