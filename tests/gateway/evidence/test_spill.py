"""What happened and could not be recorded is recorded later, or is known to be missing."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from gateway.evidence import spill as spills
from gateway.evidence.chain import Chains
from gateway.evidence.commit import Entry
from gateway.evidence.spill import LONGEST_PAUSE, Spill
from gateway.storage.contract import StoreUnavailableError
from tests.fakes.evidence import Fault, MemoryEvidence
from tests.gateway.evidence.test_chain import chains_of

TIME = "2026-11-23T10:00:00.000000Z"


class Desk:
    """A spill over a fake store, and its pauses, which end when a test says so."""

    def __init__(self, limit: int = spills.MAX_RECORDS) -> None:
        self.store = MemoryEvidence()
        self.chains = Chains(self.store)
        self.spill = Spill(self.chains.put, pause=self._pause, limit=limit)
        self.heard: list[tuple[int, int]] = []
        """How many waited and were lost, each time that the spill told."""
        self.spill.listener = lambda waiting, lost: self.heard.append((waiting, lost))
        self.pauses: list[float] = []
        self._begun, self._over = asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self._begun.release()
        await self._over.acquire()

    async def fail(self, number: int, session: str = "s") -> Entry:
        """A record that could not be written, handed to the spill."""
        entry = Entry(session, {"number": number, "time": TIME})
        with pytest.raises(StoreUnavailableError):
            await self.chains.put(entry)
        self.spill.keep(entry)
        return entry

    async def begun(self) -> None:
        async with asyncio.timeout(5):
            await self._begun.acquire()

    async def attempt(self) -> None:
        """One pause ends, and the attempt after it."""
        self._over.release()
        await self.begun()

    async def last_attempt(self) -> None:
        self._over.release()
        assert self.spill._task is not None
        async with asyncio.timeout(5):
            await self.spill._task


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    yield made
    if made.spill._task is not None:
        made.spill._task.cancel()


async def test_a_record_is_written_when_the_store_is_back_with_its_own_time_and_says_so(desk: Desk) -> None:
    with desk.store.down():
        await desk.fail(1)
        await desk.begun()
        await desk.attempt()
        assert len(desk.spill) == 1
    await desk.chains.append("s", {"number": 2})
    await desk.last_attempt()
    [chain] = chains_of(desk.store).values()
    assert [(body["number"], body.get("spilled")) for body in chain] == [(2, None), (1, 1)]
    assert chain[1]["time"] == TIME
    assert len(desk.spill) == 0


@pytest.mark.parametrize("fault", [Fault.FAILS_BUT_IS_WRITTEN, Fault.IS_WRITTEN_LATE])
async def test_a_record_that_was_written_after_all_is_not_written_twice(desk: Desk, fault: Fault) -> None:
    desk.store.faults = [fault]
    await desk.fail(1)
    await desk.begun()
    await desk.last_attempt()
    [[body]] = chains_of(desk.store).values()
    assert (body["number"], "spilled" in body) == (1, False)


async def test_the_pauses_grow_to_a_minute_and_the_task_goes_on(desk: Desk) -> None:
    with desk.store.down():
        await desk.fail(1)
        await desk.begun()
        for _ in range(9):
            await desk.attempt()
    assert desk.pauses[:4] == [1, 2, 4, 8]
    assert desk.pauses[-2:] == [LONGEST_PAUSE, LONGEST_PAUSE]
    await desk.last_attempt()
    assert len(desk.spill) == 0


async def test_one_record_that_cannot_be_written_holds_up_no_other(desk: Desk) -> None:
    with desk.store.down():
        await desk.fail(1, "stuck")
        await desk.fail(2)
    stuck = desk.chains._chains["stuck"]
    desk.store.rows["stuck", f"{stuck.writer}-00000000"] = {"hash": "of somebody else"}
    await desk.begun()
    await desk.attempt()
    assert len(desk.spill) == 1
    assert [session for session, _ in desk.store.rows] == ["stuck", "s"]
    await desk.attempt()


async def test_the_spill_is_bounded_and_what_has_no_room_is_counted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(limit=2)
    with desk.store.down(), caplog.at_level(logging.ERROR):
        for number in range(4):
            await desk.fail(number)
        assert (len(desk.spill), desk.spill.lost) == (2, 2)
        monkeypatch.setattr(desk.spill, "_limit", 100)
        monkeypatch.setattr(spills, "MAX_CHARACTERS", 100)
        await desk.fail(5)
        await desk.fail(6)
    assert (len(desk.spill), desk.spill.lost) == (3, 3)
    assert "countersign.spill waiting=1" in caplog.text
    assert "countersign.spill lost=1 waiting=2" in caplog.text
    await desk.begun()
    await desk.last_attempt()


async def test_a_spill_that_is_empty_again_can_fill_again(desk: Desk) -> None:
    for number in range(2):
        with desk.store.down():
            await desk.fail(number)
            await desk.begun()
        await desk.last_attempt()
    [chain] = chains_of(desk.store).values()
    assert [body["number"] for body in chain] == [0, 1]


async def test_it_is_heard_that_the_spill_grows_loses_is_tried_in_vain_and_is_empty() -> None:
    desk = Desk(limit=2)
    with desk.store.down():
        for number in range(3):
            await desk.fail(number)
        await desk.begun()
        await desk.attempt()
    await desk.last_attempt()
    assert desk.heard == [(1, 0), (2, 0), (2, 1), (2, 1), (0, 1)]
