"""The words of `python -m gateway tools`, and that it finds its stores."""

import asyncio
import json
import secrets

import pytest

from devhost import azurite
from devhost.stack import Stack
from gateway.cli.printed import FAILED, MISUSED
from gateway.cli.tools import main
from gateway.storage import pins as stored
from gateway.storage.contract import Pin
from gateway.storage.pins import open_pins

DOWN = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a;"
REASON = ("--reason", "reviewed")


@pytest.mark.parametrize("command", ["list", "diff", "accept"])
def test_each_command_explains_itself_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert f"  python -m gateway tools {command} " in shown
    assert "exit code: 0 " in shown


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "required: COMMAND"),
        (["diff", "crm"], "required: TOOL"),
        (["accept", "crm", "search"], "required: --reason"),
        (["accept", "crm", "search", "--reason", " "], "must say something"),
        (["accept", "crm", "search", *REASON, "--definition", "12"], "at least the first 8 digits"),
        (["accept", "crm", "search", *REASON, "--definition", "xyzxyzxyz"], "at least the first 8 digits"),
    ],
)
def test_wrong_words_end_with_the_usage_and_exit_code_2(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["search", "--all"]])
def test_an_acceptance_names_one_tool_or_all(words: list[str]) -> None:
    printed = main(["accept", "crm", *words, *REASON])
    assert (printed.code, printed.complaint) == (MISUSED, "Name either one tool or --all.")


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


def test_an_operator_lists_compares_and_accepts(storage: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = azurite.connection_string(storage.ports)
    monkeypatch.setattr(stored, "TABLE", f"p{secrets.token_hex(8)}")
    monkeypatch.setenv("COUNTERSIGN_STATE", connection)
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE", connection)
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE_TABLE", f"e{secrets.token_hex(8)}")

    async def prepare() -> None:
        store = open_pins(connection, "")
        await store.write("crm", Pin("search", "a" * 64, "b" * 64, '{"name":"a"}', '{"name":"b"}'))
        await store.close()

    asyncio.run(prepare())
    assert json.loads(main(["list", "--json"]).text)["tools"][0]["state"] == "changed, waits"
    assert '+  "name": "b"' in main(["diff", "crm", "search"]).text
    assert main(["accept", "crm", "search", "--definition", "b" * 12, *REASON]).code == 0
    assert json.loads(main(["list", "--server", "crm", "--json"]).text)["tools"][0]["state"] == "in use"
