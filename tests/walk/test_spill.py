"""Whatever cannot be recorded: before the call, after it, for a while, for good."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.evidence.chain import Chains
from gateway.evidence.spill import Spill
from gateway.reasons import Reason
from gateway.record import Recorder
from tests.fakes.evidence import Fault
from tests.fakes.upstream import Upstream, serving, text_result
from tests.gateway.evidence.test_chain import chains_of
from tests.walk.rooms import Gateway, gateway, message

LOST, UNCONFIRMED = Fault.FAILS_AND_IS_NOT_WRITTEN, Fault.FAILS_BUT_IS_WRITTEN


class Pauses:
    """The pauses between two attempts; each ends when a test says so."""

    def __init__(self) -> None:
        self._begun, self._over = asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def __call__(self, _seconds: float) -> None:
        self._begun.release()
        await self._over.acquire()

    async def attempt(self) -> None:
        """The spill has tried again, and waits once more, if it has a reason to."""
        async with asyncio.timeout(5):
            await self._begun.acquire()
        self._over.release()


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(text_result("hi")) as running:
        yield running


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, upstream.url) as opened:
        await opened.call(server="open")  # the policy and the list of tools are on record
        opened.evidence.rows.clear()
        upstream.seen.clear()
        yield opened


@pytest.fixture
async def pauses(door: Gateway) -> AsyncIterator[Pauses]:
    made = Pauses()
    recorder = door.rooms.recorder
    recorder.spill = Spill(recorder._chains.put, pause=made, limit=2)
    yield made
    if recorder.spill._task is not None:
        recorder.spill._task.cancel()


def bodies(door: Gateway) -> list[dict[str, Any]]:
    return [json.loads(str(row["body"])) for row in door.evidence.of_calls()]


async def unrecorded(door: Gateway, *faults: Fault | None) -> None:
    """A call whose outcome is lost; the client is told what it must not do."""
    door.evidence.faults = list(faults)
    answer = await door.call(server="open")
    error = message(answer)["error"]
    assert (answer.status, error["code"]) == (503, Reason.OUTCOME_UNRECORDED.wire.code)
    assert "do not repeat it blindly" in error["message"]
    assert "hi" not in str(answer.body)


async def test_without_its_intent_nothing_is_forwarded_and_nothing_spilled(
    door: Gateway, upstream: Upstream, pauses: Pauses
) -> None:
    door.evidence.faults = [LOST]
    assert message(await door.call(server="open"))["error"]["code"] == Reason.EVIDENCE_UNAVAILABLE.wire.code
    assert upstream.seen == []
    assert len(door.rooms.recorder.spill) == 0


async def test_without_the_index_of_a_chain_nothing_is_forwarded_either(
    door: Gateway, upstream: Upstream, pauses: Pauses
) -> None:
    door.evidence.index_faults = [LOST]
    answer = await door.call(server="open", token="pipeline")
    assert message(answer)["error"]["code"] == Reason.EVIDENCE_UNAVAILABLE.wire.code
    assert upstream.seen == []


@pytest.mark.parametrize(("fault", "spilled"), [(LOST, 1), (UNCONFIRMED, None)])
async def test_an_outcome_is_recorded_once_the_store_is_back_and_the_answer_stays_withheld(
    door: Gateway, upstream: Upstream, pauses: Pauses, fault: Fault, spilled: int | None
) -> None:
    await unrecorded(door, None, fault)
    assert len(upstream.seen) == 1
    assert len(door.rooms.recorder.spill) == 1
    await pauses.attempt()
    async with asyncio.timeout(5):
        await door.evidence.wait_for("outcome/succeeded")
    assert door.rooms.recorder.spill._task is not None
    await door.rooms.recorder.spill._task
    assert door.evidence.events() == ["intent/allowed", "outcome/succeeded"]
    intent, outcome = bodies(door)
    assert (outcome["call"], outcome.get("spilled")) == (intent["call"], spilled)
    assert len(door.rooms.recorder.spill) == 0


async def test_what_happened_keeps_its_time_and_its_place_says_when_it_was_written(
    door: Gateway, pauses: Pauses
) -> None:
    await unrecorded(door, None, LOST)
    await door.call(server="open")
    await pauses.attempt()
    assert door.rooms.recorder.spill._task is not None
    await door.rooms.recorder.spill._task
    first, second, third, late = bodies(door)
    assert (late["call"], late["event"]) == (first["call"], "outcome")
    assert first["time"] < late["time"] < second["time"] < third["time"]
    chains_of(door.evidence)


async def test_an_outcome_that_is_never_recorded_leaves_an_intent_and_is_counted(
    door: Gateway, upstream: Upstream, pauses: Pauses
) -> None:
    for _ in range(3):
        await unrecorded(door, None, LOST)
    spill = door.rooms.recorder.spill
    assert (len(spill), spill.lost, len(upstream.seen)) == (2, 1, 3)
    with door.evidence.down():
        await pauses.attempt()
        await pauses.attempt()
    assert door.evidence.events() == ["intent/allowed"] * 3


async def test_a_process_that_dies_with_a_full_spill_leaves_an_intent_without_an_outcome(
    door: Gateway, pauses: Pauses
) -> None:
    await unrecorded(door, None, LOST)
    dying = door.rooms.recorder.spill._task
    assert dying is not None
    dying.cancel()
    successor = Recorder(Chains(door.evidence))
    [intent] = bodies(door)
    assert await successor.approval(intent["session"], {"event": "refused", "outcome": "refused"})
    calls = {body["call"] for body in bodies(door) if body["event"] == "outcome"}
    assert intent["call"] not in calls
    written = chains_of(door.evidence).items()
    assert [len(chain) for (session, _), chain in written if session == intent["session"]] == [1, 1]
