"""The words of `python -m gateway evidence replay`, over an export and over stores that answer."""

import asyncio
import contextlib
import json
import os
import pty
import re
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from devhost import azurite
from devhost.stack import Stack
from gateway.__main__ import main as command
from gateway.cli.printed import FAILED, MISUSED
from gateway.cli.replay import main
from gateway.evidence.chain import Chains
from gateway.evidence.told import told
from gateway.storage import tables
from gateway.storage.evidence_reader import open_rows
from gateway.storage.tables import open_table
from tests.gateway.evidence.archive import Archive
from tests.gateway.evidence.export import exported
from tests.gateway.evidence.rows import ABEL, EVE, SESSION, bodied, story

DAY = ("--from", "2026-11-23")
DOWN = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a;"


async def _story(archive: Archive, rows: list[dict[str, Any]] | None = None) -> None:
    for row in rows or story():
        record = told(row)
        own = ("v", "session", "writer", "sequence", "previous")
        await archive.writer.append(SESSION, {name: value for name, value in record.fields.items() if name not in own})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    async def write() -> Path:
        archive = Archive()
        await _story(archive)
        await archive.seal()
        return await exported(archive, tmp_path)

    return asyncio.run(write())


@pytest.fixture
def bodies(tmp_path: Path) -> Path:
    """An export of a session with bodies."""

    async def write() -> Path:
        archive, (rows, payloads) = Archive(), bodied()
        await _story(archive, rows)
        await archive.seal()
        return await exported(archive, tmp_path, payloads)

    return asyncio.run(write())


def test_requests_and_answers_are_shown_as_masked(bodies: Path) -> None:
    some = main([SESSION, "--export", str(bodies)]).text
    for part in (
        '"name": "get_customer"',
        '"price": 1.5',
        "kept whole",
        "the policy keeps no such body",
        "digest d1d1",
    ):
        assert part in some, part
    assert (0 < some.count("and so on") < 60, "(--bodies all shows the rest)" in some) == (True, True)
    everything = main([SESSION, "--export", str(bodies), "--bodies", "all"]).text
    assert re.sub(r"\n {14}", "", everything).count("and so on") == 600
    nothing = main([SESSION, "--export", str(bodies), "--bodies", "none"]).text
    assert ('get_customer"' in nothing, "kept whole" in nothing) == (False, True)


def test_json_has_the_bodies_whole(bodies: Path) -> None:
    found = json.loads(main([SESSION, "--export", str(bodies), "--json"]).text)["sessions"][0]["entries"][0]
    request, question, answer = found["bodies"]
    assert request["message"]["params"]["name"] == "get_customer"
    assert question["text"].startswith('{"v": 1, "beginning"')
    assert (answer["message"]["result"]["price"], answer["hidden"][0]["count"]) == (1.5, 2)
    assert answer["blob"].endswith(".json")


def test_a_body_that_was_changed_is_told_and_not_shown(bodies: Path) -> None:
    [path] = (bodies / "payloads").iterdir()
    path.write_bytes(path.read_bytes().replace(b"and so on", b"forged one"))
    shown = main([SESSION, "--export", str(bodies)]).text
    assert ("forged" in shown, "its SHA-256" in shown) == (False, True)


def test_help_has_examples_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "  python -m gateway evidence replay --person " in shown
    assert "exit code: 0 " in shown


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((SESSION, "--call", "c1"), "Name one of"),
        (("--person", "eve"), "person must be an object id"),
        (("--outcome", "fine"), "outcome must be one of"),
        (("--from", "2026-01-01", "--to", "2026-11-23"), "within 31 days"),
        (("--from", "2026-11-23", "--to", "2026-11-01"), "last must lie"),
    ],
)
def test_words_that_cannot_be_read_are_told(folder: Path, words: tuple[str, ...], sentence: str) -> None:
    printed = main([*words, "--export", str(folder)])
    assert (printed.code, sentence in printed.complaint) == (MISUSED, True), printed


@pytest.mark.parametrize("words", [("x",), ("--from", "yesterday")])
def test_wrong_words_end_with_the_usage(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "error: argument" in capsys.readouterr().err


def test_a_session_of_an_export_is_replayed(folder: Path) -> None:
    printed = main([SESSION, "--export", str(folder)])
    assert (printed.code, "they were charged" in printed.text) == (0, True)
    assert "\x1b[" in printed.painted
    assert "\x1b[" not in printed.text


def test_filters_leave_what_fits(folder: Path) -> None:
    printed = main([SESSION, "--export", str(folder), "--outcome", "refused"])
    assert "10 records, 1 entry shown, 3 left out" in printed.text


def test_json_has_everything(folder: Path) -> None:
    found = json.loads(main([SESSION, "--export", str(folder), "--json"]).text)["sessions"][0]
    assert (found["session"], found["records"], len(found["entries"])) == (SESSION, 10, 4)
    refund = found["entries"][2]
    assert (refund["outcome"], refund["people"], refund["seconds"]) == ("succeeded", sorted([EVE, ABEL]), 1.0)


@pytest.mark.parametrize("person", [EVE, ABEL])
def test_the_sessions_of_a_person_are_replayed(folder: Path, person: str) -> None:
    printed = main(["--person", person, "--tenant", "t", "--export", str(folder)])
    assert (printed.code, SESSION in printed.text) == (0, True)


def test_without_a_tenant_nobody_is_looked_for(folder: Path) -> None:
    printed = main(["--person", EVE, "--export", str(folder)])
    assert (printed.code, "--tenant" in printed.complaint) == (MISUSED, True)


def test_one_call_is_found_and_shown_alone(folder: Path) -> None:
    printed = main(["--call", "c3", *DAY, "--export", str(folder)])
    assert (printed.code, printed.text.count("tools/call")) == (0, 1)
    assert main(["--call", "c99", *DAY, "--export", str(folder)]).code == FAILED


def test_the_sessions_of_days_are_listed(folder: Path) -> None:
    assert SESSION in main([*DAY, "--export", str(folder)]).text
    found = json.loads(main([*DAY, "--export", str(folder), "--json"]).text)
    assert found["sessions"][0]["records"] == 10
    assert "No session" in main(["--from", "2026-11-20", "--export", str(folder)]).text


def test_what_is_not_there_is_told(folder: Path, tmp_path: Path) -> None:
    assert main(["20261123-none", "--export", str(folder)]).code == FAILED
    printed = main([SESSION, "--export", str(tmp_path / "none")])
    assert (printed.code, "cannot be read" in printed.complaint) == (FAILED, True)


def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COUNTERSIGN_EVIDENCE", raising=False)
    printed = main([SESSION])
    assert (printed.code, "COUNTERSIGN_EVIDENCE" in printed.complaint) == (MISUSED, True)


def test_without_a_record_of_the_reading_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "PATIENCE", 0.5)
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE", DOWN)
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE_BLOBS", DOWN.replace("Table", "Blob"))
    printed = main([SESSION])
    assert (printed.code, "nothing is shown" in printed.complaint) == (FAILED, True)


def test_a_live_replay_is_on_record_before_it_shows_anything(storage: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    connection, table = azurite.connection_string(storage.ports), f"e{secrets.token_hex(8)}"
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE", connection)
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE_TABLE", table)
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE_BLOBS", connection)
    monkeypatch.setenv("COUNTERSIGN_TENANTS", "t")

    async def prepare() -> None:
        store = open_table(connection, table, "")
        await Chains(store).append(SESSION, dict(told(story()[0]).fields))
        await store.close()

    async def auditors() -> list[str]:
        rows = open_rows(connection, table, "")
        found = [
            str(row.get("body")) async for row in rows.between("2", "3") if "-auditors" in str(row["PartitionKey"])
        ]
        await rows.close()
        return found

    asyncio.run(prepare())
    printed = main([SESSION, "--as", "ada", "--tool", "get_customer"])
    assert (printed.code, "get_customer" in printed.text) == (0, True), printed
    assert EVE in main(["--person", EVE]).text
    read = asyncio.run(auditors())
    assert len(read) == 2
    for part in ('"operator":"ada"', '"method":"evidence/replay"', f'"target":"{SESSION}"', "tool=get_customer"):
        assert part in read[0] + read[1], part


def test_there_is_colour_on_a_terminal_and_nowhere_else(folder: Path) -> None:
    words = [sys.executable, "-m", "gateway", "evidence", "replay", SESSION, "--export", str(folder)]
    plain = subprocess.run(words, capture_output=True, timeout=30, check=True).stdout
    leader, follower = pty.openpty()
    with subprocess.Popen(words, stdout=follower) as running:
        os.close(follower)
        shown = b""
        with contextlib.suppress(OSError):  # the end of a terminal
            while part := os.read(leader, 4096):
                shown += part
        assert running.wait(30) == 0
    os.close(leader)
    assert b"\x1b[32msucceeded" in shown
    assert b"\x1b" not in plain
    assert re.sub(rb"\x1b\[[0-9]+m", b"", shown).replace(b"\r\n", b"\n") == plain


def test_a_colour_in_a_record_is_no_colour(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "records.jsonl"
    path.write_text(path.read_text().replace("tool_not_allowed", "\\\\u001b[31mred"))
    command(["evidence", "replay", SESSION, "--export", str(folder)])
    assert "\\u001b[31mred" in capsys.readouterr().out
    assert "\x1b[31mred" not in main([SESSION, "--export", str(folder)]).painted
