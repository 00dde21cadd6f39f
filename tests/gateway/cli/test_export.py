"""The words of `python -m gateway evidence export`, and that it is on record before it writes."""

import asyncio
import json
import secrets
from pathlib import Path

import pytest

from devhost import azurite
from devhost.stack import Stack
from gateway.cli.export import main
from gateway.cli.printed import FAILED, MISUSED
from gateway.evidence.chain import Chains
from gateway.evidence.told import told
from gateway.storage import tables
from gateway.storage.tables import open_table
from tests.gateway.evidence.rows import SESSION, story

DAYS = ("--from", "2026-10-01", "--to", "2026-10-01")
"""Long before that somebody takes it out is recorded."""
DOWN = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a;"


@pytest.fixture
def stores(storage: Stack, monkeypatch: pytest.MonkeyPatch) -> str:
    """A table with one session of that day."""
    connection, table = azurite.connection_string(storage.ports), f"e{secrets.token_hex(8)}"
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE", connection)
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE_TABLE", table)
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE_BLOBS", connection)
    monkeypatch.delenv("COUNTERSIGN_KEY_VAULT", raising=False)

    async def prepare() -> None:
        store = open_table(connection, table, "")
        chains = Chains(store)
        own = ("v", "session", "writer", "sequence", "previous")
        for row in story():
            fields = {name: value for name, value in told(row).fields.items() if name not in own}
            fields["time"] = str(fields["time"]).replace("2026-11-23", "2026-10-01")
            await chains.append(SESSION.replace("20261123", "20261001"), fields)
        await store.close()

    asyncio.run(prepare())
    return table


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "required: --from, --to, --out"),
        (("--from", "2026-11-24", "--to", "2026-11-23", "--out", "x"), "must not lie before"),
        (("--from", "soon", "--to", "2026-11-23", "--out", "x"), "must be a day"),
        ((*DAYS, "--out", "x", "--format", "xml"), "invalid"),
        ((*DAYS, "--out", "x", "--policy", "none.yaml"), "there is no file none.yaml"),
    ],
)
def test_wrong_words_end_with_the_usage(
    words: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("form", ["jsonl", "csv", "oscal"])
def test_a_day_is_written_into_a_new_folder(stores: str, tmp_path: Path, form: str) -> None:
    printed = main([*DAYS, "--out", str(tmp_path / "out"), "--format", form])
    assert (printed.code, "10 records" in printed.text) == (0, True), printed
    assert json.loads((tmp_path / "out/manifest.json").read_text())["records"] == 10


def test_a_folder_that_holds_anything_is_refused(stores: str, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    printed = main([*DAYS, "--out", str(tmp_path), "--format", "csv"])
    assert (printed.code, "not empty" in printed.complaint) == (FAILED, True)


def test_a_bundle_without_public_keys_is_none(stores: str, tmp_path: Path) -> None:
    printed = main([*DAYS, "--out", str(tmp_path / "out")])
    assert (printed.code, "COUNTERSIGN_KEY_VAULT" in printed.complaint) == (MISUSED, True)
    assert not (tmp_path / "out").exists()


def test_what_is_not_on_record_is_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "PATIENCE", 0.5)
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE", DOWN)
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE_BLOBS", DOWN.replace("Table", "Blob"))
    printed = main([*DAYS, "--out", str(tmp_path / "out"), "--format", "csv"])
    assert (printed.code, "nothing is shown" in printed.complaint) == (FAILED, True)
    assert not (tmp_path / "out").exists()
