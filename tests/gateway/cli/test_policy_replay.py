"""`policy replay`, over an export and over stores that answer."""

import asyncio
import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from devhost import azurite
from devhost.stack import Stack
from gateway.__main__ import main as command
from gateway.cli.policy import main
from gateway.evidence.bodies import policy_name
from gateway.evidence.chain import Chains
from gateway.evidence.reading import PAYLOADS, SEALS
from gateway.storage import tables
from gateway.storage.blobs import open_blobs
from gateway.storage.evidence_reader import open_rows
from gateway.storage.tables import open_table
from tests.gateway.cli.test_files import written
from tests.gateway.evidence.export import exported
from tests.gateway.policy.documents import good
from tests.gateway.policy.test_replay import ENGINEER, TEXT, pay
from tests.gateway.policy.test_replay_evidence import STRICTER, archived, decided

DOWN = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a;"
HR = TEXT.replace("groups: [engineering]}, servers: [records], tools: [pay]", "groups: [hr]}, servers: [records], tools: [pay]")  # fmt: skip  # noqa: E501


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An export of three calls, with the policy that decided them."""

    async def write() -> Path:
        archive = await archived(decided(), decided(), decided(pay(9)))
        await archive.seal()
        (tmp_path / "bundle" / "policies").mkdir(parents=True)
        return await exported(archive, tmp_path / "bundle", archive.payloads.blobs)

    return asyncio.run(write())


def replayed(folder: Path, text: str, *words: str) -> Any:
    return main(["replay", str(written(folder.parent, text, "new.yaml")), "--export", str(folder), *words])


def test_decisions_that_change_are_told(folder: Path) -> None:
    printed = replayed(folder, STRICTER)
    first, second = printed.text.splitlines()
    assert (printed.code, first.partition(": ")[2]) == (
        1,
        "2 would be decided otherwise, 0 cannot be told, 1 as before",
    )
    assert second.startswith(
        f"tightens: refused (target_hidden) instead of allowed: 2 calls of user {ENGINEER.object_id} to records: "
        "tools/call get_a (first 2026-11-23T"
    )


def test_a_policy_that_decides_the_same_changes_nothing(folder: Path) -> None:
    printed = replayed(folder, f"# the same\n{TEXT}")
    assert (printed.code, "3 as before" in printed.text) == (0, True)


def test_what_cannot_be_told_has_an_exit_code_of_its_own_and_people_can_tell_it(folder: Path) -> None:
    printed = replayed(folder, HR)
    assert (printed.code, "whether the caller was in the group hr" in printed.text) == (3, True)
    ada = f"ada: {{kind: user, groups: [engineering], oid: {ENGINEER.object_id}}}"
    printed = replayed(folder, HR, "--people", str(written(folder.parent, ada, "people.yaml")))
    assert (printed.code, "1 call of user ada to records" in printed.text) == (1, True)


def test_the_replay_is_there_for_programs(folder: Path) -> None:
    found = json.loads(replayed(folder, STRICTER, "--json").text)
    assert (found["policy"], found["calls"], found["changed"]) == (good(STRICTER).digest, 3, 2)
    [line] = found["lines"]
    assert (line["bearing"], line["can_be_told"], line["calls"], line["target"]) == ("tightens", True, 2, "get_a")


def test_days_choose_the_calls(folder: Path) -> None:
    assert "0 calls" in replayed(folder, STRICTER, "--from", "2026-11-20").text
    assert replayed(folder, STRICTER, "--from", "2026-11-20", "--to", "2026-11-23").code == 1
    assert replayed(folder, STRICTER, "--from", "2026-11-23", "--to", "2026-11-20").code == 2


def test_a_copy_stands_in_for_a_policy_that_was_not_kept(folder: Path) -> None:
    [kept] = (folder / "policies").iterdir()
    kept.unlink()
    assert "is not kept" in replayed(folder, HR).text
    assert replayed(folder, TEXT).code == 0, "that is the policy that decided"
    assert replayed(folder, HR, "--policy", str(written(folder.parent, TEXT, "old.yaml"))).code == 3
    assert replayed(folder, TEXT, "--policy", str(folder / "none.yaml")).code == 2


@pytest.mark.parametrize("wrong", ["version: 2", None])
def test_what_cannot_be_read_is_no_answer(folder: Path, wrong: str | None) -> None:
    if wrong is None:
        (folder / "records.jsonl").unlink()
    assert replayed(folder, wrong or TEXT).code == 2


def test_a_missing_setting_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COUNTERSIGN_EVIDENCE", raising=False)
    printed = main(["replay", str(written(tmp_path, TEXT))])
    assert (printed.code, "COUNTERSIGN_EVIDENCE" in printed.complaint) == (2, True)


def test_without_a_record_of_the_reading_nothing_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "PATIENCE", 0.5)
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE", DOWN)
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE_BLOBS", DOWN.replace("Table", "Blob"))
    printed = main(["replay", str(written(tmp_path, TEXT))])
    assert (printed.code, printed.text, "nothing is shown" in printed.complaint) == (2, "", True)


def test_a_live_replay_is_on_record_and_reads_the_stores(
    storage: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    connection, table = azurite.connection_string(storage.ports), f"e{secrets.token_hex(8)}"
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE", connection)
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE_TABLE", table)
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE_BLOBS", connection)
    monkeypatch.setenv("COUNTERSIGN_TENANTS", "t")

    async def prepare() -> None:
        store = open_table(connection, table, "")
        fields = decided() | {"call": "c1", "time": "2026-11-23T10:00:00.000000Z"}
        await Chains(store).append("20261123-one", fields)
        await store.close()
        for name in (SEALS, PAYLOADS):
            blobs = open_blobs(connection, name, "")
            await blobs.create(policy_name(good(TEXT).digest) if name == PAYLOADS else "x", TEXT.encode())
            await blobs.close()

    async def auditors() -> str:
        rows = open_rows(connection, table, "")
        found = [str(row.get("body")) async for row in rows.between("2", "3") if "auditors" in str(row["PartitionKey"])]
        await rows.close()
        return "".join(found)

    asyncio.run(prepare())
    words = ["policy", "replay", str(written(tmp_path, STRICTER)), "--from", "2026-11-23", "--as", "ada"]
    assert command(words) == 1
    assert "refused (target_hidden) instead of allowed: 1 call" in capsys.readouterr().out
    read = asyncio.run(auditors())
    assert '"method":"evidence/policy-replay"' in read
    assert f"policy={good(STRICTER).digest}" in read
