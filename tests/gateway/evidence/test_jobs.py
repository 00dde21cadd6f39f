"""Which outcome of which job people hear of, end to end: from the jobs to the channel that the policy names."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from gateway.composition import open_alarms
from gateway.evidence.alarm import Alarms
from gateway.evidence.checking import Watch
from gateway.evidence.copies import Copier
from gateway.evidence.jobs import Jobs
from gateway.evidence.reading import seal_name
from gateway.evidence.sealing import public_keys
from tests.fakes.blobs import BlobFault, MemoryBlobs
from tests.gateway.approvals.tending import POLICY, Channels, Fault, tending
from tests.gateway.evidence.archive import Archive

WITH_ALERTS = POLICY.replace("rules:", "alerts: [leads]\nrules:")
ALARM, CLEAR = "/leads Evidence alarm", "/leads All clear"


@dataclass(slots=True)
class Watched:
    """The jobs over an archive with copies, and the channel of Teams."""

    jobs: Jobs
    archive: Archive
    copies: MemoryBlobs
    channels: Channels

    async def seal(self, *, again_after: float = 5) -> None:
        self.archive.advance(minutes=again_after)
        await self.archive.record("20261123-a")
        await self.jobs.seal()

    async def look(self) -> None:
        await self.jobs.look()

    def heard(self) -> list[str]:
        found = self.channels.posted()
        self.channels.posts.clear()
        return found

    def said(self) -> str:
        """The facts of the last message."""
        facts = self.channels.posts[-1][1]["attachments"][0]["content"]["body"][1]["facts"]
        return " ".join(fact["value"] for fact in facts)


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    async with asyncio.timeout(30), tending(tmp_path, policy=WITH_ALERTS) as opened:
        archive, copies = Archive(), MemoryBlobs()
        live = open_alarms(opened.rooms)
        alarms = Alarms("https://mcp.example.com", live._notifiers, live._send, lambda: archive.now)
        watch = Watch(archive.evidence, partial(public_keys, archive.signing), lambda: archive.now, copies)
        jobs = Jobs(archive.sealer, watch, alarms, Copier(archive.seals, copies))
        yield Watched(jobs, archive, copies, opened.channels)


async def test_while_all_is_well_nobody_hears_anything(watched: Watched) -> None:
    for _ in range(3):
        await watched.seal()
    await watched.look()
    assert watched.heard() == []


async def test_a_seal_that_fails_is_told_and_its_end_too(watched: Watched) -> None:
    await watched.seal()
    watched.archive.seals.is_down = True
    await watched.seal()
    assert "The seal after number 1 could not be written." in watched.said()
    await watched.seal()
    watched.archive.seals.is_down = False
    await watched.seal()
    assert watched.heard() == [ALARM, CLEAR]
    watched.archive.seals.is_down = True
    await watched.seal()
    assert watched.heard() == []
    await watched.seal(again_after=60)
    assert ALARM in watched.heard()


async def test_a_copy_that_fails_is_told_and_stops_no_sealing(watched: Watched) -> None:
    watched.copies.is_down = True
    for _ in range(3):
        await watched.seal()
    assert (watched.archive.sealer.newest, watched.heard()) == (3, [ALARM])
    watched.copies.is_down = False
    await watched.seal()
    assert watched.heard() == [CLEAR]
    assert watched.copies.blobs == watched.archive.seals.blobs


async def test_a_copy_that_contradicts_its_seal_is_told_with_its_number(watched: Watched) -> None:
    watched.copies.blobs[seal_name(1)] = b"another"
    await watched.seal()
    assert "1 fault; the first one is seal_copy at seal 1." in watched.said()
    assert watched.heard() == [ALARM]


async def test_a_fault_that_the_schedule_finds_is_told_and_nothing_of_a_record(watched: Watched) -> None:
    await watched.archive.record("20261123-a", target="Ada Lovelace")
    await watched.seal()
    key = next(iter(watched.archive.store.rows))
    changed = {**watched.archive.store.rows[key], "hash": "[click](https://evil.example)"}
    watched.archive.store.rows[key] = changed
    await watched.look()
    assert "changed at 20261123-a/" in watched.said()
    posted = str(watched.channels.posts)
    assert "Lovelace" not in posted
    assert "evil" not in posted
    assert watched.heard() == [ALARM]


async def test_what_somebody_wrote_into_the_store_is_no_link_in_a_message(watched: Watched) -> None:
    session = "20261123-[x](https://evil.example)"
    watched.archive.store.index["~day-20261123", f"{session}~w"] = {}
    watched.archive.store.rows[session, "w-00000000"] = {"body": "", "hash": ""}
    await watched.seal()
    watched.archive.advance(hours=1)
    await watched.seal()
    await watched.look()
    assert "changed at 20261123-" in watched.said()
    assert "https://evil" not in str(watched.channels.posts)
    assert "[x]" not in str(watched.channels.posts)
    assert watched.heard() == [ALARM] * 2


async def test_a_chain_that_was_broken_when_it_was_sealed_is_told(watched: Watched) -> None:
    for _ in range(3):
        await watched.archive.record("20261123-a")
    del watched.archive.store.rows[list(watched.archive.store.rows)[1]]
    await watched.seal()
    assert "1 fault in the records that seal 1 covers; it names them." in watched.said()


@pytest.mark.parametrize("broken", ["rows", "key", "copies"])
async def test_a_verification_that_could_not_be_done_is_told_and_its_end_too(watched: Watched, broken: str) -> None:
    await watched.seal()
    watched.archive.advance(minutes=2)
    watched.archive.rows.is_down = broken == "rows"
    watched.archive.key.reachable = broken != "key"
    watched.copies.is_down = broken == "copies"
    await watched.look()
    what = "The seals could not be compared" if broken == "copies" else "The hourly verification could not be run"
    assert what in watched.said()
    watched.archive.rows.is_down, watched.archive.key.reachable, watched.copies.is_down = False, True, False
    watched.archive.advance(minutes=2)
    await watched.look()
    assert watched.heard() == [ALARM, CLEAR]
    assert watched.jobs.watch.failures == 1


async def test_records_are_verified_while_the_copies_do_not_answer(watched: Watched) -> None:
    await watched.seal()
    del watched.archive.store.rows[next(iter(watched.archive.store.rows))]
    watched.copies.is_down = True
    await watched.look()
    assert "missing at 20261123-a/" in watched.said()


@pytest.mark.parametrize("fault", [Fault.BREAKS, Fault.IS_UNREACHABLE, Fault.IS_SILENT])
async def test_a_channel_that_takes_nothing_stops_no_sealing_and_hears_of_it_with_the_next_job(
    watched: Watched, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    watched.channels.fault = fault
    watched.copies.is_down = True
    await watched.seal()
    await watched.seal()
    assert watched.archive.sealer.newest == 2
    assert "countersign.alarm_not_sent countersign.seal_copy_failed by teams" in caplog.text
    watched.channels.fault = None
    await watched.seal()
    assert watched.heard() == [ALARM]


async def test_what_the_hourly_verification_could_not_tell_is_told_with_the_next_seal(watched: Watched) -> None:
    await watched.seal()
    watched.archive.rows.is_down, watched.channels.fault = True, Fault.BREAKS
    await watched.look()
    watched.archive.rows.is_down, watched.channels.fault = False, None
    await watched.seal()
    assert watched.heard() == [ALARM]


async def test_another_process_that_seals_is_no_alarm(watched: Watched) -> None:
    watched.archive.seals.faults = [BlobFault.IS_WRITTEN_AND_SENT_AGAIN]
    await watched.archive.another_sealer().seal()
    await watched.seal()
    assert watched.heard() == []
    assert watched.copies.blobs == watched.archive.seals.blobs


async def test_without_a_second_account_nothing_is_copied_or_compared(watched: Watched) -> None:
    jobs = Jobs(watched.archive.sealer, Watch(watched.archive.evidence, watched.archive.keys), watched.jobs.alarms)
    await jobs.seal()
    assert watched.copies.blobs == {}
