from datetime import UTC, datetime

import pytest

from gateway.evidence import period as periods
from gateway.evidence.period import Period, records_of, sealed_rows, seals_of
from gateway.evidence.verify import Scope
from tests.gateway.evidence.archive import Archive, recorded, told, verified

DAY = Period("2026-11-24", "2026-11-24")


async def three_days() -> Archive:
    """A session that goes on for three days, one of each day, and a seal twice a day and at the end."""
    archive = Archive(begin=datetime(2026, 11, 23, 8, tzinfo=UTC))
    for day in (23, 24, 25):
        for hour in (9, 15):
            archive.now = datetime(2026, 11, day, hour, tzinfo=UTC)
            await archive.record("20261123-long", target=f"{day}-{hour}")
            await archive.record(f"202611{day}-short", target=f"{day}-{hour}")
            await archive.seal()
    return archive


async def test_the_seals_of_a_period_have_no_gap_and_cover_it() -> None:
    archive = await three_days()
    assert [number for number, _ in await seals_of(archive.evidence, DAY)] == [3, 4, 5]
    whole = Period("2026-11-01", "2026-11-30")
    assert [number for number, _ in await seals_of(archive.evidence, whole)] == [1, 2, 3, 4, 5, 6]
    assert await seals_of(Archive().evidence, DAY) == []


async def test_a_period_long_ago_is_found_without_reading_every_seal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    archive = await three_days()
    monkeypatch.setattr(periods, "STRIDE", 2)
    assert [number for number, _ in await seals_of(archive.evidence, DAY)] == [3, 4, 5]
    assert archive.seals.reads < 20


async def test_a_seal_that_cannot_be_read_is_kept_for_verification_to_tell_of() -> None:
    archive = await three_days()
    archive.seals.blobs["0000000003.jws"] = b"nonsense"
    assert [number for number, _ in await seals_of(archive.evidence, DAY)] == [3, 4, 5]


async def test_the_records_of_a_period_are_those_of_its_time() -> None:
    archive = await three_days()
    targets = [str(row["target"]) async for row in records_of(archive.evidence, DAY)]
    assert sorted(targets) == ["24-15", "24-15", "24-9", "24-9"]


async def test_what_is_taken_out_verifies_by_itself() -> None:
    archive = await three_days()
    seals = await seals_of(archive.evidence, DAY)
    rows = [row async for row in sealed_rows(archive.evidence, DAY, seals)]
    table = {(str(row["PartitionKey"]), str(row["RowKey"])): dict(row) for row in rows}
    # Seals are whole: the last one may cover what came late, and so brings what it covers of the morning after.
    assert {session for session, _ in table} == {"20261123-long", "20261124-short", "20261125-short"}
    scope = Scope(whole=False)
    report = verified(table, dict(seals), await archive.keys(), scope)
    assert (report.faults, report.sealed) == (0, 6)
    missing = {key: columns for key, columns in table.items() if columns["target"] != "24-9"}
    assert told(verified(missing, dict(seals), await archive.keys(), scope))


async def test_records_of_every_kind_in_every_seal_verify_by_themselves() -> None:
    archive = await recorded()
    day = Period("2026-11-23", "2026-11-23")
    seals = await seals_of(archive.evidence, day)
    rows = [row async for row in sealed_rows(archive.evidence, day, seals)]
    table = {(str(row["PartitionKey"]), str(row["RowKey"])): dict(row) for row in rows}
    assert table == {key: {"PartitionKey": key[0], "RowKey": key[1], **row} for key, row in archive.table().items()}
    assert [number for number, _ in seals] == sorted(archive.texts())


async def test_a_chain_is_taken_out_in_one_piece() -> None:
    archive = Archive(begin=datetime(2026, 11, 24, 8, tzinfo=UTC))
    for time in ("2026-11-24T08:00:00Z", "2026-11-20T08:00:00Z", "2026-11-24T09:00:00Z"):
        await archive.record("20261124-a", time=time)
    assert len([row async for row in sealed_rows(archive.evidence, DAY, [])]) == 3
