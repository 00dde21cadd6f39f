"""The words of `python -m gateway access`, and that it finds its stores."""

import asyncio
import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from devhost import azurite
from devhost.stack import Stack
from gateway.access.grant import Span, request_columns, span_columns
from gateway.access.request import Asked, Wish, facts
from gateway.approvals.book import Actor
from gateway.cli import access
from gateway.cli.access import main
from gateway.cli.printed import FAILED, MISUSED
from gateway.storage import approvals as stored
from gateway.storage.approvals import open_approvals
from tests.fakes.values import ORIGIN
from tests.gateway.access.desk import KIND
from tests.gateway.approvals.desk import person

DOWN = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a;"
ID = "0123456789abcdef" * 2
REASON = ("--reason", "stolen account")


@pytest.mark.parametrize("command", ["list", "show", "revoke"])
def test_each_command_explains_itself_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    help_text = capsys.readouterr().out
    assert f"  python -m gateway access {command} " in help_text
    assert "exit code: 0 " in help_text


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "required: COMMAND"),
        (["show"], "required: ID"),
        (["show", "0123456"], "at least the first 8 digits"),
        (["revoke", ID], "required: --reason"),
        (["revoke", *REASON], "one of the arguments ID --holder --server --everyone is required"),
        (["revoke", ID, "--everyone", *REASON], "not allowed with"),
        (["revoke", "--holder", "a", "--server", "b", *REASON], "not allowed with"),
        (["revoke", "--holder", "", *REASON], "must not be empty"),
        (["revoke", "--server", " ", *REASON], "must not be empty"),
        (["revoke", ID, "--reason", " "], "must say something"),
        (["list", "--state", "gone"], "invalid choice"),
        (["list", "--open", "--all"], "not allowed with"),
        (["list", "--from", "1 November"], "must be a day such as 2026-11-30"),
        (["list", "--from", "2026-11-02", "--to", "2026-11-01"], "must not lie before --from"),
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


@pytest.fixture
def stores(storage: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The connection string; of grants there is `ID`, whose holder is `erin`, and one that is over."""
    connection = azurite.connection_string(storage.ports)
    monkeypatch.setattr(stored, "TABLE", f"a{secrets.token_hex(8)}")
    grants = f"g{secrets.token_hex(8)}"
    monkeypatch.setattr(access, "GRANTS", grants)
    monkeypatch.setenv("COUNTERSIGN_STATE", connection)
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE", connection)
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE_TABLE", f"e{secrets.token_hex(8)}")

    async def prepare() -> None:
        store = open_approvals(connection, "", grants)
        for identifier, holder, began in ((ID, "erin", timedelta(0)), ("f" * 32, "max", timedelta(days=10))):
            asked = datetime.now(UTC) - began
            wish = Asked(Wish("records", "desk", 3600, reason="CHG1"), KIND, "0" * 64, False, asked)
            request = facts(identifier, wish, Actor(person(holder), ORIGIN), person(holder), None)
            await store.insert(identifier, "request", request_columns(request))
            await store.insert(identifier, "opened", span_columns(Span(asked, asked + timedelta(hours=1))))
            for mark in ("asked", "recorded"):
                await store.insert(identifier, mark, {"at": asked.isoformat()})
        await store.close()

    asyncio.run(prepare())
    yield connection


def found(*words: str) -> list[Any]:
    return [each["holder"]["object_id"] for each in json.loads(main(["list", *words, "--json"]).text)["grants"]]


def test_an_operator_lists_shows_and_revokes(stores: str) -> None:
    today = datetime.now(UTC).date().isoformat()
    long_ago = (datetime.now(UTC) - timedelta(days=8)).date().isoformat()
    assert found() == found("--open") == found("--holder", "erin") == ["erin"]
    assert found("--all") == found("--unused") == found("--to", today) == ["erin", "max"]
    assert found("--from", long_ago) == ["erin"]
    assert found("--state", "expired") == found("--to", long_ago) == ["max"]
    assert found("--unused", "--open") == ["erin"]
    assert main(["show", ID[:8]]).text.startswith(f"grant      {ID}\nstate      open, 59m ")
    assert main(["revoke", ID[:8], *REASON, "--as", "olga"]).text == f"Revoked {ID[:12]}: desk on records, of Erin."
    after = json.loads(main(["show", ID, "--json"]).text)
    assert (after["state"], after["ended"]["by"], after["ended"]["reason"]) == ("revoked", "olga", "stolen account")
    assert found("--state", "revoked") == ["erin"]
    again = main(["revoke", ID, *REASON])
    assert (again.code, "already over: it is revoked since" in again.complaint) == (FAILED, True)


@pytest.mark.parametrize("whom", [("--everyone",), ("--holder", "erin"), ("--server", "records")])
def test_an_operator_revokes_all_that_there_is_of_somebody(stores: str, whom: tuple[str, ...]) -> None:
    printed = main(["revoke", *whom, *REASON])
    assert (printed.code, printed.text) == (0, f"Revoked {ID[:12]}: desk on records, of Erin.")
    none = main(["revoke", *whom, *REASON])
    assert (none.code, "nothing was revoked" in none.complaint) == (FAILED, True)
