"""Seals follow each other without a gap and without a double, whatever ends a job half-way."""

import asyncio
import itertools
import weakref
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.growth import growth_of
from gateway.evidence.reading import seal_name
from gateway.evidence.sealing import IDLE, Job
from gateway.evidence.statement import Statement, parse
from gateway.storage.contract import Columns
from tests.fakes.blobs import BlobFault, ProcessEndedError
from tests.fakes.evidence import Fault
from tests.gateway.evidence.archive import Archive, body_of, row_of, told, verified


def statements(archive: Archive) -> list[Statement]:
    return [parse(text).statement for _, text in sorted(archive.texts().items())]


def covered(archive: Archive) -> list[tuple[str, str, int]]:
    """Session, writer and sequence of everything that is sealed, as often as it is."""
    return [
        (each.session, each.writer, sequence)
        for statement in statements(archive)
        for each in statement.chains
        for sequence in range(each.first, each.last + 1)
    ]


async def assert_whole(archive: Archive) -> None:
    report = verified(archive.table(), archive.texts(), await archive.keys())
    assert report.findings == ()


async def test_every_record_is_sealed_once_and_the_seals_are_a_chain() -> None:
    archive = Archive()
    for number in range(6):
        await archive.record("20261123-a")
        await archive.record(f"20261123-{number % 2}", event="outcome")
        await archive.seal()
    first, second, *_ = statements(archive)
    assert [statement.number for statement in statements(archive)] == [1, 2, 3, 4, 5, 6]
    assert (first.records, first.events, first.previous) == (2, {"intent": 1, "outcome": 1}, "0" * 64)
    assert second.start == first.end < second.end
    assert len(covered(archive)) == len(set(covered(archive))) == 12
    await assert_whole(archive)


async def test_an_idle_time_is_sealed_too() -> None:
    archive = Archive()
    for _ in range(3):
        await archive.seal()
    assert [(each.number, each.records, each.chains) for each in statements(archive)] == [
        (1, 0, ()),
        (2, 0, ()),
        (3, 0, ()),
    ]
    await assert_whole(archive)


@pytest.mark.parametrize("fault", list(BlobFault))
@pytest.mark.parametrize("is_same_process", [True, False])
async def test_whatever_happens_to_the_writing_of_a_seal_there_is_no_gap_and_no_double(
    fault: BlobFault, is_same_process: bool
) -> None:
    archive = Archive()
    await archive.record("20261123-a")
    await archive.seal()
    await archive.record("20261123-a")
    archive.seals.faults = [fault]
    try:
        await archive.seal()
    except ProcessEndedError:
        is_same_process = False
    if not is_same_process:
        archive.sealer = archive.another_sealer()
    await archive.record("20261123-a")
    await archive.seal()
    assert [each for _, _, each in covered(archive)] == [0, 1, 2]
    await assert_whole(archive)


@given(st.lists(st.sampled_from([None, *BlobFault]), max_size=12))
async def test_no_sequence_of_faults_ends_and_restarts_leaves_a_gap_or_a_double(
    faults: list[BlobFault | None],
) -> None:
    archive = Archive()
    archive.seals.faults = list(faults)
    for number in range(len(faults) + 2):
        await archive.record(f"20261123-{number % 3}")
        try:
            await archive.seal()
        except ProcessEndedError:
            archive.sealer = archive.another_sealer()
        if number % 4 == 3:
            archive.key.rotate()
    await archive.seal()
    assert len(covered(archive)) == len(set(covered(archive))) == len(archive.store.rows)
    await assert_whole(archive)


async def test_of_many_jobs_at_a_time_one_writes_each_seal() -> None:
    archive = Archive()
    sealers = [archive.another_sealer() for _ in range(5)]
    written = 0
    for _ in range(4):
        await archive.record("20261123-a")
        archive.advance(minutes=5)
        jobs = await asyncio.gather(*(sealer.seal() for sealer in sealers))
        written += sum(job.number > 0 for job in jobs)
        assert not any(job.is_failed for job in jobs)
    assert written == len(archive.texts())
    assert [each for _, _, each in covered(archive)] == [0, 1, 2, 3]
    assert sum(sealer.failures for sealer in sealers) == 0
    await assert_whole(archive)


async def test_a_seal_that_cannot_be_written_is_counted_and_told_and_the_next_one_covers_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    archive = Archive()
    await archive.record("20261123-a")
    for name in ("key", "seals", "rows"):
        fake = getattr(archive, name)
        setattr(fake, "reachable" if name == "key" else "is_down", name != "key")
        assert await archive.seal() == 0
        setattr(fake, "reachable" if name == "key" else "is_down", name == "key")
    assert archive.sealer.failures == 3
    assert caplog.text.count("countersign.seal_failed") == 3
    assert await archive.seal() == 1
    assert len(covered(archive)) == 1


async def test_a_last_seal_that_is_none_stops_the_sealing_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    archive = Archive()
    await archive.seal()
    archive.seals.blobs[seal_name(2)] = b"no seal"
    for sealer in (archive.sealer, archive.another_sealer()):
        assert await sealer.seal() == Job(0, is_failed=True)
    assert "countersign.seal_failed" in caplog.text
    assert seal_name(3) not in archive.seals.blobs


async def test_a_new_version_of_the_key_signs_and_the_old_seals_verify() -> None:
    archive = Archive()
    await archive.record("20261123-a")
    await archive.seal()
    archive.key.rotate()
    archive.advance(minutes=2)
    await archive.record("20261123-a")
    await archive.seal()
    assert [parse(text).kid for _, text in sorted(archive.texts().items())] == ["version-1", "version-2"]
    await assert_whole(archive)


async def test_a_session_that_goes_on_after_days_is_sealed_from_where_it_stopped() -> None:
    archive = Archive()
    await archive.record("20261123-long")
    for _ in range(40):
        archive.advance(hours=3)
        await archive.record(f"{archive.now:%Y%m%d}-busy")
        await archive.seal()
    await archive.record("20261123-long")
    archive.sealer = archive.another_sealer()
    await archive.seal()
    assert len(covered(archive)) == len(set(covered(archive))) == len(archive.store.rows)
    await assert_whole(archive)


async def test_after_days_without_a_job_everything_of_these_days_is_sealed() -> None:
    archive = Archive()
    await archive.seal()
    for _ in range(5):
        archive.advance(days=1)
        await archive.record(f"{archive.now:%Y%m%d}-a")
    await archive.seal()
    assert statements(archive)[-1].records == 5


async def test_records_of_before_the_index_are_sealed_as_well() -> None:
    archive = Archive()
    archive.rows.has_index = False
    await archive.record("20261123-a")
    await archive.seal()
    await archive.record("20261123-a")
    archive.advance(days=1)
    await archive.seal()
    assert [statement.records for statement in statements(archive)] == [1, 1]
    await assert_whole(archive)


async def test_a_session_counts_as_ended_once_when_it_was_quiet_for_long() -> None:
    archive = Archive()
    await archive.record("20261123-a")
    await archive.seal()
    for number in range(int(IDLE.total_seconds() // 1800) + 4):
        archive.advance(minutes=25)
        if number < 3:
            await archive.record("20261123-b")
        if number % 5 == 0:
            archive.sealer = archive.another_sealer()
        await archive.seal()
    assert [session for statement in statements(archive) for session in statement.ended] == ["20261123-a", "20261123-b"]
    await assert_whole(archive)


async def test_a_chain_that_is_broken_is_sealed_as_it_is_and_told(caplog: pytest.LogCaptureFixture) -> None:
    archive = Archive()
    for _ in range(6):
        await archive.record("20261123-a")
    keys = list(archive.store.rows)
    del archive.store.rows[keys[1]]
    archive.store.rows[keys[3]] = row_of(body_of(archive.store.rows[keys[3]]) | {"target": "innocent"})
    archive.store.rows[keys[5]] = {**archive.store.rows[keys[5]], "hash": "x"}
    await archive.seal()
    [statement] = statements(archive)
    assert [(each.sequence, each.fault) for each in statement.broken] == [
        (2, "missing before"),
        (4, "not linked"),
        (5, "changed"),
    ]
    assert statement.records == 5
    assert "countersign.verification_failed" in caplog.text
    report = verified(archive.table(), archive.texts(), await archive.keys())
    assert {kind for kind, _ in told(report)} == {"missing", "changed"}


@given(st.lists(st.sampled_from([None, *Fault]), max_size=20), st.integers(1, 5))
async def test_what_an_unreliable_store_of_records_makes_of_them_is_sealed(
    faults: list[Fault | None], every: int
) -> None:
    archive = Archive()
    archive.store.faults = list(faults)
    for number in range(len(faults)):
        await asyncio.gather(*(archive.record("20261123-a", number=each) for each in range(3)), return_exceptions=True)
        if number % every == 0:
            await archive.seal()
    await archive.seal()
    assert len(covered(archive)) == len(archive.store.rows)
    await assert_whole(archive)


async def test_seals_of_a_hundred_days_are_read_as_far_back_as_needed_and_no_further() -> None:
    archive = Archive()
    for _ in range(200):
        archive.advance(hours=12)
        await archive.seal()
    archive.seals.reads = 0
    archive.sealer = archive.another_sealer()
    await archive.record(f"{archive.now:%Y%m%d}-a")
    await archive.seal()
    assert archive.seals.reads < 40
    assert [each.number for each in statements(archive)] == list(itertools.islice(itertools.count(1), 201))


async def test_of_a_long_chain_no_row_is_held_once_it_was_read() -> None:
    class Row(dict[str, Any]):
        """One that can be asked whether it is still there."""

    read: list[weakref.ref[Row]] = []
    most = 0

    async def rows() -> AsyncIterator[Columns]:
        nonlocal most
        for sequence in range(100):
            row = Row(RowKey=f"w-{sequence:08d}", body="{}", hash="")
            read.append(weakref.ref(row))
            yield row
            most = max(most, sum(each() is not None for each in read))

    grown = await growth_of(("20261123-a", "w"), None, rows())
    assert (len(grown.leaves), most) == (100, 1)
