"""The words of `python -m gateway evidence digest`: a value goes in, digests come out, and who asked is on record."""

import asyncio
import io
import json
import secrets

import pytest

from devhost import azurite
from devhost.identity import managed
from devhost.stack import Stack
from devhost.vault import Vault as Contents
from gateway.cli import digest
from gateway.cli.digest import main
from gateway.cli.printed import FAILED, MISUSED
from gateway.evidence.payload import body_digest
from gateway.keyed import Keyed, digests, keyed_for
from gateway.storage import tables, vault
from gateway.storage.evidence_reader import open_rows
from gateway.values import Secret

DOWN = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a;"


@pytest.fixture
def key(storage: Stack, monkeypatch: pytest.MonkeyPatch) -> Secret:
    """The secret of the vault that the command reads; its record goes into a table of the test."""
    table = f"e{secrets.token_hex(8)}"
    settings = {
        "COUNTERSIGN_EVIDENCE": azurite.connection_string(storage.ports),
        "COUNTERSIGN_EVIDENCE_TABLE": table,
        "COUNTERSIGN_EVIDENCE_BLOBS": azurite.blobs_connection_string(storage.ports),
        "COUNTERSIGN_KEY_VAULT": f"https://localhost:{storage.ports.vault}",
        **managed.environment(storage.state, f"http://localhost:{storage.ports.identity}"),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setitem(vault._OPTIONS, "connection_verify", str(storage.state / "tls" / "ca.pem"))
    return Secret(Contents(storage.state).versions("session-key")[-1]["value"])


def given(monkeypatch: pytest.MonkeyPatch, value: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(value)))


def recorded(storage: Stack, table: str) -> str:
    async def read() -> str:
        rows = open_rows(azurite.connection_string(storage.ports), table, "")
        found = [str(row) async for row in rows.between("2", "3")]
        await rows.close()
        return "\n".join(found)

    return asyncio.run(read())


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_the_digest_of_a_value_is_that_of_the_evidence(
    key: Secret, monkeypatch: pytest.MonkeyPatch, ending: bytes
) -> None:
    given(monkeypatch, b"mary@shop.example" + ending)
    printed = main([])
    assert (printed.code, printed.text) == (0, digests(b"mary@shop.example", key)[0]), printed


def test_a_message_is_spaced_as_the_gateway_writes_it(key: Secret, monkeypatch: pytest.MonkeyPatch) -> None:
    message = {"jsonrpc": "2.0", "id": 7, "result": {"price": 1, "name": "Müller"}}
    given(monkeypatch, json.dumps(message, indent=4).encode())
    printed = main(["--message", "--json"])

    async def keyed() -> Keyed:
        class Held:
            async def obtain(self, _: str) -> Secret:
                return key

        found = await keyed_for("s", "session-key", Held())  # type: ignore[arg-type]  # no more is asked of it
        assert isinstance(found, Keyed)
        return found

    assert json.loads(printed.text)["digests"] == [body_digest(message, asyncio.run(keyed()))[1]]


def test_who_asked_is_on_record_with_the_digest_and_without_the_value(
    key: Secret, storage: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = f"e{secrets.token_hex(8)}"
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE_TABLE", table)
    given(monkeypatch, b"Schnurrbart 17")
    printed = main(["--as", "ada"])
    read = recorded(storage, table)
    for part in ('"event":"evidence_read"', '"method":"evidence/digest"', '"operator":"ada"', printed.text):
        assert part in read, part
    assert "Schnurrbart" not in read + printed.text


def test_without_a_record_no_digest_is_printed(key: Secret, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "PATIENCE", 0.5)
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE", DOWN)
    given(monkeypatch, b"x")
    printed = main([])
    assert (printed.code, printed.text, "nothing is shown" in printed.complaint) == (FAILED, "", True)


def test_a_vault_without_the_key_gives_none(key: Secret, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERSIGN_SESSION_KEY", "no-such-secret")
    given(monkeypatch, b"x")
    printed = main([])
    assert (printed.code, "does not give the key" in printed.complaint) == (FAILED, True)


@pytest.mark.parametrize(
    ("value", "words", "sentence"),
    [
        (b"", [], "There is no value"),
        (b"\n", [], "There is no value"),
        (b"{", ["--message"], "The message is not JSON"),
        (b"x" * 101, [], "longer than 100 bytes"),
    ],
)
def test_what_is_no_value_is_misuse(
    key: Secret, monkeypatch: pytest.MonkeyPatch, value: bytes, words: list[str], sentence: str
) -> None:
    monkeypatch.setattr(digest, "MAX_READ", 100)
    given(monkeypatch, value)
    printed = main(words)
    assert (printed.code, sentence in printed.complaint) == (MISUSED, True), printed


def test_a_value_on_the_command_line_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["mary@shop.example"])
    assert ended.value.code == 2
    capsys.readouterr()


@pytest.mark.parametrize("missing", ["COUNTERSIGN_EVIDENCE", "COUNTERSIGN_KEY_VAULT"])
def test_a_missing_setting_is_named(key: Secret, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.delenv(missing)
    printed = main([])
    assert (printed.code, missing in printed.complaint) == (MISUSED, True)
