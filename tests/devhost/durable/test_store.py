"""Logs on disk, cut off at any byte."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devhost.durable.store import Store


def logs(folder: Path) -> list[list[object]]:
    with Store(folder) as store:
        return [list(records) for records in store.load()]


def test_records_come_back_in_order(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.begin("one", {"begun": 1})
        store.append("one", {"arrived": "a\nb"})
        store.begin("two", {"begun": 2})
    assert logs(tmp_path) == [[{"begun": 1}, {"arrived": "a\nb"}], [{"begun": 2}]]


def test_to_begin_again_leaves_nothing_of_the_former_log(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.begin("one", {"begun": 1})
        store.append("one", {"arrived": 1})
        store.begin("one", {"begun": 2})
    assert logs(tmp_path) == [[{"begun": 2}]]


async def test_a_removed_log_is_gone_and_both_can_be_settled(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.begin("one", {"begun": 1})
        await store.settle("one")
        store.remove("one")
        store.remove("one")
        await store.settle("one")
    assert logs(tmp_path) == []


@pytest.mark.parametrize("instance", ["..", "a/b", "ä" * 100, "%2e", "a\0b", "CON"])
def test_an_odd_id_names_one_file_in_the_folder(tmp_path: Path, instance: str) -> None:
    with Store(tmp_path) as store:
        store.begin(instance, {"begun": 1})
        store.begin(instance + "x", {"begun": 2})
    assert len(list(tmp_path.glob("*.jsonl"))) == 2


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_log_cut_off_anywhere_keeps_its_whole_lines_and_takes_new_ones(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    records: list[dict[str, Any]] = [{"begun": 0}, *({"arrived": "é" * number} for number in range(4))]
    with Store(folder) as store:
        store.begin("one", records[0])
        for record in records[1:]:
            store.append("one", record)
    (path,) = folder.glob("*.jsonl")
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    cut = data.draw(st.integers(first, len(whole)))
    path.write_bytes(whole[:cut])
    kept = records[: whole[:cut].count(b"\n")]
    assert logs(folder) == [kept]
    with Store(folder) as store:
        store.append("one", {"arrived": "new"})
    assert logs(folder) == [[*kept, {"arrived": "new"}]]


def test_a_draft_that_never_became_a_log_is_no_log(tmp_path: Path) -> None:
    (tmp_path / "one-0.draft").write_bytes(b'{"begun"')
    assert logs(tmp_path) == []


def test_a_folder_has_one_user(tmp_path: Path) -> None:
    with Store(tmp_path), pytest.raises(OSError, match="another host uses"):
        Store(tmp_path)
