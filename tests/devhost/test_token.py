"""The token command prints a token, or one line that helps."""

import asyncio
import json
import socket

import jwt
import pytest
from starlette.responses import JSONResponse, PlainTextResponse

from devhost import token
from devhost.accounts import ACCOUNTS
from devhost.identity.app import app
from devhost.identity.issuer import Issuer
from devhost.identity.keys import KeyRing
from devhost.serve import HOST, serving


async def command(*arguments: str) -> int:
    return await asyncio.wait_for(asyncio.to_thread(token.main, list(arguments)), 20)


async def test_it_prints_a_token_of_the_account_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    issuer = Issuer("http://localhost:7072", KeyRing.fresh())
    async with serving(app(issuer, "unused")) as url:
        first_port = str(int(url.rpartition(":")[2]) - 1)
        assert await command("engineer", "--first-port", first_port) == 0
        printed = capsys.readouterr().out
        assert await command("pipeline", "--first-port", first_port, "--json") == 0
        answer = json.loads(capsys.readouterr().out)
    claims = jwt.decode(printed.strip(), options={"verify_signature": False})
    assert claims["oid"] == ACCOUNTS["engineer"].object_id
    assert (answer["token_type"], answer["expires_on"] > claims["iat"]) == ("Bearer", True)


async def test_an_unknown_account_is_answered_with_the_names_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert await command("nobody") == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert all(name in line for name in ACCOUNTS)


async def test_without_a_stack_it_says_how_to_start_one(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server((HOST, 0)) as listener:
        unused = listener.getsockname()[1]
    assert await command("engineer", "--first-port", str(unused - 1)) == 1
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert "make run" in captured.err


async def test_another_server_on_the_port_is_not_believed(capsys: pytest.CaptureFixture[str]) -> None:
    for other in (JSONResponse({"hello": "world"}), JSONResponse([]), PlainTextResponse("hello")):
        async with serving(other) as url:
            assert await command("engineer", "--first-port", str(int(url.rpartition(":")[2]) - 1)) == 1
        captured = capsys.readouterr()
        assert ("make run" in captured.err, captured.out) == (True, "")
