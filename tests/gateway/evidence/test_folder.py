import random
from pathlib import Path

import pytest

from gateway.evidence.checking import check
from gateway.evidence.folder import Folder
from gateway.evidence.statement import keys_of
from gateway.evidence.verdict import Report
from gateway.evidence.verify import Scope
from gateway.storage.contract import StoreUnavailableError
from tests.gateway.evidence.archive import recorded, told
from tests.gateway.evidence.export import exported, lines, write_lines


async def verdict(path: Path, scope: Scope = Scope(whole=False, has_columns=False)) -> Report:  # noqa: B008 - frozen
    folder = Folder(path)
    return await check(folder, keys_of(folder.keys()), scope)


async def test_an_export_is_read_as_the_stores_are(tmp_path: Path) -> None:
    archive = await recorded()
    folder = Folder(await exported(archive, tmp_path))
    for options in ((), ("20261123",), ("", "20261122")):
        assert await folder.chains(*options) == await archive.evidence.chains(*options)
    tenant, subject = "tenant of intent", "subject of intent"
    assert await folder.sessions_of(tenant, subject) == await archive.evidence.sessions_of(tenant, subject) != []
    assert [seal async for seal in folder.seals(2)] == [seal async for seal in archive.evidence.seals(2)]
    assert await folder.last_seal() == await archive.evidence.last_seal()
    keys = [str(row["RowKey"]) async for row in archive.evidence.rows("20261123-one")]
    assert [row["RowKey"] async for row in folder.rows("20261123-one")] == keys
    assert [row["RowKey"] async for row in folder.rows("20261123-one", keys[3], keys[5])] == keys[3:6]
    assert list(folder.altered()) == []


async def test_the_order_of_lines_proves_nothing_and_changes_nothing(tmp_path: Path) -> None:
    path = await exported(await recorded(), tmp_path)
    rows = lines(path)
    random.Random(1).shuffle(rows)
    write_lines(path / "records.jsonl", rows)
    report = await verdict(path)
    assert (report.faults, report.records) == (0, len(rows))


async def test_a_line_that_is_there_twice_or_is_no_row_is_a_fault(tmp_path: Path) -> None:
    path = await exported(await recorded(), tmp_path)
    rows = lines(path)
    write_lines(path / "records.jsonl", [*rows, rows[4]])
    assert told(await verdict(path)) == {("added", f"{rows[4]['PartitionKey']}/{rows[4]['RowKey']}")}
    with (path / "records.jsonl").open("a") as more:
        more.write('{"PartitionKey": 1}\nnonsense\n')
    assert {kind for kind, _ in told(await verdict(path))} == {"added"}
    assert ("added", f"/line {len(rows) + 3}") in told(await verdict(path))


async def test_a_file_that_is_not_the_one_of_the_manifest_is_named(tmp_path: Path) -> None:
    folder = Folder(await exported(await recorded(), tmp_path))
    (tmp_path / "index.jsonl").write_text("")
    (tmp_path / "seals" / "0000000002.jws").unlink()
    assert [(each.place, each.detail) for each in folder.altered()] == [
        ("index.jsonl", "is not the one that the manifest names"),
        ("seals/0000000002.jws", "is not there"),
    ]


async def test_a_folder_that_is_no_export_and_keys_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match="no records"):
        Folder(tmp_path)
    path = await exported(await recorded(), tmp_path)
    (path / "keys.json").write_text("[")
    with pytest.raises(StoreUnavailableError, match=r"keys\.json"):
        Folder(path).keys()
