import asyncio
import json
import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.checking import check
from gateway.evidence.folder import Folder
from gateway.evidence.jws import keys_of
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


def folder_of(path: Path, rows: list[Any]) -> Folder:
    (path / "seals").mkdir()
    write_lines(path / "records.jsonl", rows)
    return Folder(path)


def row(session: str, key: str) -> dict[str, str]:
    return {"PartitionKey": session, "RowKey": key}


async def test_looking_into_every_session_reads_no_line_more_than_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row(f"20261123-{session:03}", f"w-{number}") for session in range(60) for number in range(3)]
    folder = folder_of(tmp_path, rows)
    read: list[bytes] = []

    def counted(text: bytes, loads: Any = json.loads) -> Any:
        read.append(text)
        return loads(text)

    monkeypatch.setattr(json, "loads", counted)
    found = [found for session in range(60) async for found in folder.rows(f"20261123-{session:03}")]
    assert found == rows
    assert len(read) == 2 * len(rows)


NAMES = st.sampled_from(["", "20261121-a", "20261122-a", "20261122-b", "20261123-a", "~day-1"])
LINES = st.lists(st.builds(row, NAMES, st.sampled_from([f"w-{number}" for number in range(12)])), max_size=25)


@given(LINES, NAMES, st.booleans())
def test_rows_come_in_the_order_of_their_keys_however_lines_lie(
    rows: list[dict[str, str]], session: str, is_sorted: bool
) -> None:
    def key(each: dict[str, str]) -> tuple[str, str]:
        return each["PartitionKey"], each["RowKey"]

    marked = [each | {"body": str(place)} for place, each in enumerate(sorted(rows, key=key) if is_sorted else rows)]
    expected = sorted(marked, key=key)

    async def read(folder: Folder) -> None:
        assert [each async for each in folder.rows(session)] == [
            each for each in expected if each["PartitionKey"] == session
        ]
        assert [each async for each in folder.rows(session, "w-10", "w-3")] == [
            each for each in expected if each["PartitionKey"] == session and "w-10" <= each["RowKey"] <= "w-3"
        ]
        assert [each async for each in folder.records("20261122", "20261122")] == [
            each for each in expected if each["PartitionKey"].startswith("20261122")
        ]

    with tempfile.TemporaryDirectory() as path:
        asyncio.run(read(folder_of(Path(path), marked)))
