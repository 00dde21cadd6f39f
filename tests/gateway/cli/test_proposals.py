"""`python -m gateway policy propose|proposals|withdraw` against a gateway that answers on a port of this machine."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from devhost.serve import serving
from gateway.cli.policy import main
from gateway.cli.printed import FAILED, MISUSED, REFUSED, Printed
from gateway.pages.request import PageRequest
from gateway.proposals.api import serve
from tests.fakes.entra import ENVIRONMENT
from tests.fakes.values import ORIGIN
from tests.gateway.proposals.conftest import room as room  # noqa: PLC0414 - a fixture
from tests.gateway.proposals.room import Room

ID = "0123456789abcdef" * 2
REASON = ("--reason", "analysts read invoices")


class Shell:
    """Runs commands beside a gateway, with the token of an account on standard input."""

    def __init__(self, room: Room, patch: pytest.MonkeyPatch, folder: Path) -> None:
        self.room, self._patch, self._folder = room, patch, folder

    async def run(self, *words: str, account: str = "operator") -> Printed:
        self._patch.setattr("sys.stdin", io.StringIO(self.room.gateway.tenant.token(account) + "\n"))
        async with asyncio.timeout(20):
            return await asyncio.to_thread(main, [*words, "--token-stdin"])

    def written(self, text: str) -> str:
        path = self._folder / "proposed.yaml"
        path.write_text(text)
        return str(path)


def app_of(room: Room) -> Starlette:
    """The API, as it answers over HTTP."""

    async def answer(request: Request) -> Response:
        headers = tuple(request.headers.items())
        asked = PageRequest(request.method, request.url.path, "", headers, await request.body())
        found = await serve(asked, ORIGIN, room.gateway.rooms, room.gateway.orchestrations)
        return Response(found.body if isinstance(found.body, bytes) else b"", found.status, found.headers)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])


@pytest.fixture
async def shell(room: Room, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Shell]:
    async with serving(app_of(room)) as url:
        for name, value in (ENVIRONMENT | {"COUNTERSIGN_URL": url, "NO_PROXY": "*"}).items():
            monkeypatch.setenv(name, value)
        yield Shell(room, monkeypatch, tmp_path)


async def test_a_policy_is_proposed_listed_and_taken_back(shell: Shell) -> None:
    file = shell.written(shell.room.text.replace("wire_money", "send_money"))
    proposed = await shell.run("propose", file, *REASON)
    assert (proposed.code, "People are being told: " in proposed.text) == (0, True), proposed
    identifier = proposed.text.rpartition("/")[2]
    listed = await shell.run("proposals")
    assert listed.text.startswith("In force: the file that was deployed, SHA-256 ")
    assert [word in listed.text for word in (identifier, "pending", "analysts read invoices")] == [True] * 3
    ended = await shell.run("withdraw", identifier, *REASON)
    assert (ended.code, ended.text) == (0, "It is over: withdrawn")
    again = await shell.run("withdraw", identifier, *REASON)
    assert again.code == REFUSED


async def test_what_is_in_force_is_told_by_its_number(shell: Shell) -> None:
    room = shell.room
    identifier = await room.proposed(room.text + "# second\n")
    await room.decide(identifier, "approvers", "hr")
    await room.tend(identifier)
    await room.in_force()
    listed = await shell.run("proposals")
    assert listed.text.startswith("In force: version 1, SHA-256 ")
    found = json.loads((await shell.run("proposals", "--json")).text)
    assert (found["in_force"]["number"], found["proposals"][0]["state"]) == (1, "in_force")


async def test_mistakes_are_told_one_a_line_and_nothing_is_proposed(shell: Shell) -> None:
    file = shell.written(shell.room.text.replace("effect: allow", "effect: perhaps", 1))
    printed = await shell.run("propose", file, *REASON)
    assert (printed.code, printed.text.startswith("line ")) == (FAILED, True), printed
    assert json.loads((await shell.run("proposals", "--json")).text)["proposals"] == []


@pytest.mark.parametrize("words", [("proposals",), ("withdraw", ID, *REASON)])
@pytest.mark.parametrize("account", ["engineer", "agent", "outsider"])
async def test_a_refusal_is_told_and_has_an_exit_code_of_its_own(
    shell: Shell, words: tuple[str, ...], account: str
) -> None:
    printed = await shell.run(*words, account=account)
    assert (printed.code, printed.complaint.startswith("The gateway refuses: ")) == (REFUSED, True)


async def test_a_gateway_that_does_not_answer_is_told_by_its_address(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTERSIGN_URL", "http://127.0.0.1:9")
    printed = await shell.run("proposals")
    assert (printed.code, "does not answer at http://127.0.0.1:9" in printed.complaint) == (FAILED, True)


async def test_without_anybody_signed_in_the_command_says_so(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    printed = await asyncio.to_thread(main, ["proposals"])
    assert (printed.code, "az login" in printed.complaint) == (FAILED, True)


async def test_a_setting_that_is_missing_is_named(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COUNTERSIGN_TENANTS")
    printed = await shell.run("proposals")
    assert (printed.code, "COUNTERSIGN_TENANTS" in printed.complaint) == (MISUSED, True)


async def test_a_file_that_is_not_there_is_not_proposed(shell: Shell) -> None:
    printed = await shell.run("propose", "none.yaml", *REASON)
    assert (printed.code, "none.yaml cannot be read" in printed.complaint) == (FAILED, True)


@pytest.mark.parametrize("command", ["propose", "proposals", "withdraw"])
def test_each_command_explains_itself_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    help_text = capsys.readouterr().out
    assert f"  python -m gateway policy {command} " in help_text
    assert "exit code: 0 " in help_text


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["propose", "policy.yaml"], "required: --reason"),
        (["propose", "policy.yaml", "--reason", " "], "must say something"),
        (["withdraw", *REASON], "required: ID"),
        (["withdraw", "../secrets", *REASON], "must be the id"),
    ],
)
def test_wrong_words_end_with_the_usage_and_exit_code_2(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err
