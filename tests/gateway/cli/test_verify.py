import asyncio
import json
import os
import secrets
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devhost import azurite
from devhost.identity import managed
from devhost.stack import ROOT, Stack
from gateway.access.signing_keys import SigningKeys
from gateway.cli.evidence import main
from gateway.evidence.chain import Chains
from gateway.evidence.reading import SEALS, Stored
from gateway.evidence.sealing import Sealer
from gateway.evidence.statement import time_of
from gateway.storage import blobs, signing
from gateway.storage.blobs import open_blobs
from gateway.storage.evidence_reader import open_rows
from gateway.storage.signing import VaultSigningKey
from gateway.storage.tables import open_table
from tests.gateway.evidence.archive import Kept, recorded
from tests.gateway.evidence.export import exported, lines, write_lines

OFFLINE = """\
import importlib.abc, socket, sys
class Refused(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in {"azure", "aiohttp", "httpx", "orjson", "jwt", "yaml", "fastapi", "azurefunctions"}:
            raise ImportError(name)
sys.meta_path.insert(0, Refused())
def refuse(*_): raise AssertionError("network")
socket.socket.connect = refuse
from gateway.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def export(tmp_path: Path) -> Path:
    async def write() -> Path:
        return await exported(await recorded(), tmp_path)

    return asyncio.run(write())


def test_an_export_that_nobody_touched_is_whole(export: Path) -> None:
    printed = main(["verify", "--export", str(export)])
    assert printed.code == 0
    assert printed.text.startswith("Nothing that is sealed was changed or taken out.")
    assert "not known:" in printed.text


def test_what_was_changed_is_named_as_text_and_as_json(export: Path) -> None:
    rows = lines(export)
    rows[3]["body"] = rows[3]["body"].replace("request", "answer")
    write_lines(export / "records.jsonl", rows)
    printed = main(["verify", "--export", str(export)])
    place = f"{rows[3]['PartitionKey']}/{rows[3]['RowKey']}"
    assert printed.code == 1
    assert f"changed         {place}: its hash is not that of its body" in printed.text
    assert "records.jsonl: is not the one that the manifest names" in printed.text
    found = json.loads(main(["verify", "--export", str(export), "--json"]).text)
    assert (found["whole"], found["faults"]) == (False, 2)
    assert [each["place"] for each in found["findings"]] == ["records.jsonl", place]


def test_bodies_are_compared_unless_they_are_left_out(tmp_path: Path) -> None:
    async def write() -> Path:
        archive = Kept()
        await archive.body("a body")
        await archive.seal()
        return await exported(archive, tmp_path, archive.payloads.blobs)

    folder = asyncio.run(write())
    assert "payloads: 1 compared" in main(["verify", "--export", str(folder)]).text
    [path] = (folder / "payloads").iterdir()
    path.unlink()
    (folder / "manifest.json").unlink()
    printed = main(["verify", "--export", str(folder)])
    assert (printed.code, "payload_missing 20261123-one/" in printed.text, path.name in printed.text) == (
        1,
        True,
        True,
    )
    for words in (["none"], ["2026-11-24"]):
        printed = main(["verify", "--export", str(folder), "--payloads", *words])
        assert (printed.code, "were not read" in printed.text) == (0, True)
    assert main(["verify", "--export", str(folder), "--payloads", "2026-11-23"]).code == 1


def test_other_keys_than_those_of_the_export_may_be_given(export: Path, tmp_path: Path) -> None:
    keys = json.loads((export / "keys.json").read_text())
    (tmp_path / "mine.json").write_text(json.dumps({"keys": keys["keys"][:1]}))
    printed = main(["verify", "--export", str(export), "--keys", str(tmp_path / "mine.json")])
    assert (printed.code, "unknown_key" in printed.text) == (1, True)


def test_progress_is_told_beside_the_report(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["verify", "--export", str(export), "--progress"])
    assert capsys.readouterr().err.endswith(" records\n")


@pytest.mark.parametrize("words", [["--from", "today"], ["--from", "2026-11-30", "--to", "2026-11-01"], ["more"]])
def test_wrong_words_are_misuse(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["verify", *words])
    assert ended.value.code == 2
    assert capsys.readouterr().err


def test_what_cannot_be_read_is_told_apart(export: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{"keys": [{}]}')
    for words in (
        ["--export", str(tmp_path / "none")],
        ["--export", str(export), "--keys", str(tmp_path / "bad.json")],
    ):
        assert main(["verify", *words]).code == 3


def test_without_settings_there_is_nothing_to_verify_live(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COUNTERSIGN_EVIDENCE", raising=False)
    printed = main(["verify"])
    assert (printed.code, "COUNTERSIGN_EVIDENCE" in printed.complaint) == (2, True)


def test_an_export_is_verified_without_a_network_or_any_package_of_azure(export: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", OFFLINE, "evidence", "verify", "--export", str(export)]
    environment = {"PATH": os.defpath, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Nothing that is sealed was changed" in done.stdout


def test_live_evidence_is_verified_with_the_keys_of_the_vault(storage: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    connection, blobs = azurite.connection_string(storage.ports), azurite.blobs_connection_string(storage.ports)
    vault, table = f"https://localhost:{storage.ports.vault}", f"e{secrets.token_hex(8)}"
    container = f"{SEALS}{secrets.token_hex(8)}"
    monkeypatch.setattr("gateway.cli.auditing.SEALS", container)
    monkeypatch.setitem(signing._OPTIONS, "connection_verify", str(storage.state / "tls" / "ca.pem"))
    settings = {
        "COUNTERSIGN_EVIDENCE": connection,
        "COUNTERSIGN_EVIDENCE_TABLE": table,
        "COUNTERSIGN_EVIDENCE_BLOBS": blobs,
        "COUNTERSIGN_KEY_VAULT": vault,
        **managed.environment(storage.state, f"http://localhost:{storage.ports.identity}"),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    async def record() -> None:
        store, rows = open_table(connection, table, ""), open_rows(connection, table, "")
        seals, key = open_blobs(blobs, container, ""), VaultSigningKey(vault, "evidence-seal", "")
        now = datetime.now(UTC)
        for _ in range(3):
            await Chains(store).append(f"{now:%Y%m%d}-a", {"time": time_of(now), "event": "intent"})
        assert (await Sealer(Stored(rows, seals), seals, SigningKeys(key)).seal()).records == 3
        for each in (store, rows, seals, key):
            await each.close()

    asyncio.run(record())
    found = json.loads(main(["verify", "--json"]).text)
    assert (found["whole"], found["records"], found["sealed"]) == (True, 3, 3)

    async def tamper() -> None:
        store = open_table(connection, table, "")
        rows = [row async for row in store._client.list_entities() if not row["PartitionKey"].startswith("~")]
        await store._client.delete_entity(rows[0])
        await store.close()

    asyncio.run(tamper())
    printed = main(["verify"])
    assert (printed.code, "missing" in printed.text) == (1, True)


def test_copies_that_do_not_answer_are_told_with_the_way_to_verify_without_them(
    export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;{}Endpoint=http://127.0.0.1:9/{};"
    monkeypatch.setattr(blobs, "PATIENCE", 0.5)
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE", account.format("Table", "a"))
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE_BLOBS", account.format("Blob", "a"))
    monkeypatch.setenv("COUNTERSIGN_SEAL_COPY", account.format("Blob", "b"))
    printed = main(["verify", "--keys", str(export / "keys.json")])
    assert printed.code == 3
    assert printed.complaint.startswith("The evidence cannot be verified: the copies of the seals do not answer: ")
    assert printed.complaint.endswith("; unset COUNTERSIGN_SEAL_COPY to verify without them")
