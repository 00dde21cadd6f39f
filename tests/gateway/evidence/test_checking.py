import pytest

from gateway.events import Event
from gateway.evidence.checking import Watch, check, check_newest
from gateway.evidence.jws import Keys
from gateway.evidence.verify import Scope
from tests.fakes.blobs import MemoryBlobs
from tests.gateway.evidence.archive import Archive, body_of, recorded, row_of, told


async def watch(archive: Archive) -> Watch:
    return Watch(archive.evidence, archive.keys, lambda: archive.now)


async def test_everything_is_verified_and_progress_is_told() -> None:
    archive, heard = await recorded(), list[int]()
    for number in range(1_000):
        await archive.record("20261123-many", call=str(number))
    await archive.seal()
    report = await check(archive.evidence, await archive.keys(), Scope(), now=archive.now, tell=heard.append)
    assert (report.faults, report.silent, report.records) == (0, 0, 1_000 + 3 * len(Event))
    assert heard == [1_000]


async def test_the_newest_seals_are_verified_and_nothing_before_them() -> None:
    archive = Archive()
    for number in range(40):
        await archive.record("20261123-a", call=str(number))
        await archive.seal()
    keys = await archive.keys()
    report = await check_newest(archive.evidence, keys, archive.now)
    assert (report.faults, report.seals, report.records) == (0, 24, 24)
    old, new = list(archive.store.rows)[3], list(archive.store.rows)[30]
    archive.store.rows[old] = row_of(body_of(archive.store.rows[old]) | {"target": "innocent"})
    assert (await check_newest(archive.evidence, keys, archive.now)).is_whole
    archive.store.rows[new] = row_of(body_of(archive.store.rows[new]) | {"target": "innocent"})
    assert told(await check_newest(archive.evidence, keys, archive.now)) == {("changed", "/".join(new))}


async def test_a_fault_that_the_schedule_finds_is_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    archive = await recorded()
    watching = await watch(archive)
    assert await watching.look()
    assert (watching.failures, "countersign.verification_failed" in caplog.text) == (0, False)
    del archive.store.rows[next(iter(archive.store.rows))]
    assert await watching.look()
    assert watching.failures == 1
    assert "countersign.verification_failed missing 20261123-one/" in caplog.text


async def test_a_seal_that_is_overdue_is_a_fault_on_the_schedule(caplog: pytest.LogCaptureFixture) -> None:
    archive = await recorded()
    archive.advance(minutes=16)
    await (await watch(archive)).look()
    assert "countersign.verification_failed seal_overdue" in caplog.text


@pytest.mark.parametrize("broken", ["rows", "seals", "key"])
async def test_a_verification_that_cannot_run_is_counted_and_logged(
    caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    archive = await recorded()
    archive.advance(minutes=2)
    archive.rows.is_down = broken == "rows"
    archive.seals.is_down = broken == "seals"
    archive.key.reachable = broken != "key"
    watching = await watch(archive)
    assert await watching.look() is None
    assert watching.failures == 1
    assert "countersign.verification_failed not run" in caplog.text


async def test_copies_that_cannot_be_read_are_told_and_the_records_are_verified_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    archive, copies = await recorded(), MemoryBlobs()
    copies.blobs = dict(archive.seals.blobs)
    watching = Watch(archive.evidence, archive.keys, lambda: archive.now, copies)
    report = await watching.look()
    assert report is not None
    assert report.copies == report.seals
    copies.is_down = True
    del archive.store.rows[next(iter(archive.store.rows))]
    report = await watching.look()
    assert report is not None
    assert (report.copies, report.is_whole) == (None, False)
    assert "countersign.verification_failed not run: CopiesUnavailableError" in caplog.text
    assert "countersign.verification_failed missing 20261123-one/" in caplog.text
    assert watching.failures == 2


async def test_without_any_seal_there_is_nothing_to_verify_yet() -> None:
    keys: Keys = {}
    assert (await check_newest(Archive().evidence, keys, Archive().now)).is_whole
