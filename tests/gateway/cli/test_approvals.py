"""The words of `python -m gateway approvals`, and that it finds its stores."""

import asyncio
import json
import secrets
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from devhost import azurite
from devhost.stack import Stack
from gateway.approvals.approval import request_columns
from gateway.approvals.oversight import STATES
from gateway.cli.approvals import main
from gateway.cli.printed import FAILED, MISUSED
from gateway.storage import approvals as stored
from gateway.storage.approvals import open_approvals
from tests.gateway.approvals.desk import REQUEST

DOWN = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a;"
ID = "0123456789abcdef" * 2
REASON = ("--reason", "stolen account")


@pytest.mark.parametrize("command", ["list", "show", "revoke"])
def test_each_command_explains_itself_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    help_text = capsys.readouterr().out
    assert f"  python -m gateway approvals {command} " in help_text
    assert "exit code: 0 " in help_text


def test_every_state_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["list", "--help"])
    help_text = capsys.readouterr().out
    assert all(state in help_text for state in STATES)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "required: COMMAND"),
        (["show"], "required: ID"),
        (["revoke", ID], "required: --reason"),
        (["revoke", ID, "--reason", " "], "must say something"),
        (["revoke", ID, "--reason", "x" * 1001], "at most 1000 characters"),
        (["show", "0123456"], "at least the first 8 digits"),
        (["show", ID + "0"], "at least the first 8 digits"),
        (["show", "ABCDEFGH"], "at least the first 8 digits"),
        (["list", "--state", "gone"], "invalid choice"),
    ],
)
def test_wrong_words_end_with_the_usage_and_exit_code_2(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err


def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE", DOWN)
    monkeypatch.delenv("COUNTERSIGN_STATE", raising=False)
    printed = main(["list"])
    assert (printed.code, "COUNTERSIGN_STATE" in printed.complaint) == (MISUSED, True)


def test_a_store_that_is_down_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "PATIENCE", 0.5)
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE", DOWN)
    monkeypatch.setenv("COUNTERSIGN_STATE", DOWN)
    printed = main(["list"])
    assert (printed.code, "does not answer" in printed.complaint) == (FAILED, True)


def test_an_operator_lists_shows_and_revokes(storage: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = azurite.connection_string(storage.ports)
    monkeypatch.setattr(stored, "TABLE", f"a{secrets.token_hex(8)}")
    monkeypatch.setenv("COUNTERSIGN_STATE", connection)
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE", connection)
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE_TABLE", f"e{secrets.token_hex(8)}")

    async def prepare() -> None:
        store = open_approvals(connection, "")
        await store.insert(ID, "request", request_columns(replace(REQUEST, created=datetime.now(UTC))))
        await store.insert(ID, "started", {"at": datetime.now(UTC).isoformat()})
        await store.keep(ID, "call", b"sealed")
        await store.close()

    asyncio.run(prepare())
    assert [each["id"] for each in json.loads(main(["list", "--json"]).text)["approvals"]] == [ID]
    assert main(["show", ID[:8]]).text.startswith(f"approval   {ID}\nstate      pending, 59m ")
    assert main(["revoke", ID[:8], *REASON, "--as", "olga"]).text.startswith(f"Revoked {ID[:12]}: issue_refund ")
    after = json.loads(main(["show", ID, "--json"]).text)
    assert (after["state"], after["settled"]["by"], after["settled"]["reason"]) == ("revoked", "olga", "stolen account")
    again = main(["revoke", ID, *REASON])
    assert (again.code, "already over: it is revoked since" in again.complaint) == (FAILED, True)
    assert json.loads(main(["list", "--state", "open", "--json"]).text)["approvals"] == []
