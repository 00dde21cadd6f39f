# ruff: noqa: E501 - a table of answers
"""What an issuer may answer, and what becomes of it; over real HTTP."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from devhost import serve
from gateway import token_endpoint
from gateway.forward import open_client
from gateway.held_tokens import Token
from gateway.token_endpoint import MAX_ANSWER, UNSTATED_LIFETIME, Failure, TokenEndpoint, client_proof
from gateway.values import Secret
from tests.fakes.upstream import Hanging

GOOD = {"access_token": "abc.def_ghi~1+/==", "token_type": "Bearer", "expires_in": 600}
FORM = {"grant_type": "client_credentials", "scope": "a b&c"}


class Issuer:
    """Answers as it is told, and remembers what it was asked."""

    def __init__(self, answer: Callable[[], Response]) -> None:
        self.answer = answer
        self.url = ""
        self.seen: list[tuple[dict[str, str], dict[str, str]]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError
        request = Request(scope, receive)
        self.seen.append((dict(request.headers), dict(parse_qsl((await request.body()).decode()))))
        await self.answer()(scope, receive, send)


@contextlib.asynccontextmanager
async def issuing(answer: Callable[[], Response]) -> AsyncIterator[tuple[Issuer, TokenEndpoint]]:
    issuer = Issuer(answer)
    async with serve.serving(issuer) as base, open_client() as client:
        issuer.url = f"{base}/token"
        yield issuer, TokenEndpoint(client)


def body(value: Any, status: int = 200) -> Callable[[], Response]:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return lambda: Response(content, status, media_type="application/json")


async def endless() -> AsyncIterator[bytes]:
    yield b" " * (MAX_ANSWER + 1)
    await asyncio.Event().wait()


async def test_a_form_goes_there_and_a_token_comes_back() -> None:
    async with issuing(body(GOOD)) as (issuer, endpoint):
        token = await endpoint.ask(issuer.url, FORM, client_proof("id 1", Secret("p:%ü")))
        assert isinstance(token, Token)
        assert (token.value.reveal(), token.lifetime) == (GOOD["access_token"], 600)
        [(headers, form)] = issuer.seen
        assert (form, headers["accept"]) == (FORM, "application/json")
        assert headers["authorization"] == "Basic aWQlMjAxOnAlM0ElMjUlQzMlQkM="
        await endpoint.ask(issuer.url, FORM)
        assert "authorization" not in issuer.seen[1][0]


@pytest.mark.parametrize(
    ("written", "lifetime"),
    [
        (3600, 3600),
        ("3599", 3599),
        (0, 0),
        (10**9, 86400),
        (None, UNSTATED_LIFETIME),
        (True, UNSTATED_LIFETIME),
        (1.5, UNSTATED_LIFETIME),
        ("-1", UNSTATED_LIFETIME),
        ("٣", UNSTATED_LIFETIME),
        ("9" * 5000, UNSTATED_LIFETIME),
        ([], UNSTATED_LIFETIME),
    ],
)
async def test_a_lifetime_is_a_number_of_seconds_or_a_guess(written: Any, lifetime: float) -> None:
    async with issuing(body(GOOD | {"expires_in": written})) as (issuer, endpoint):
        token = await endpoint.ask(issuer.url, FORM)
        assert isinstance(token, Token)
        assert token.lifetime == lifetime


@pytest.mark.parametrize(
    ("answer", "why", "error"),
    [
        (body({"error": "invalid_client", "error_description": "s3cret"}, 401), "status 401, invalid_client", "invalid_client"),
        (body({"error": "invalid_grant", "error_codes": [65001, "s3cret", True, 1]}, 400), "status 400, invalid_grant, AADSTS65001, AADSTS1", "invalid_grant"),
        (body({"error": "s3cret is wrong"}, 400), "status 400", ""),
        (body({"error": 5, "error_codes": "s3cret"}, 500), "status 500", ""),
        (body(b"<html>s3cret", 502), "status 502, not a JSON object", ""),
        (body([], 200), "status 200, not a JSON object", ""),
        (body({"token_type": "Bearer"}), "status 200 without a usable access_token", ""),
        (body(GOOD | {"access_token": "a\r\nx: s3cret"}), "status 200 without a usable access_token", ""),
        (body(GOOD | {"access_token": ""}), "status 200 without a usable access_token", ""),
        (body(GOOD | {"access_token": 5}), "status 200 without a usable access_token", ""),
        (body(GOOD | {"token_type": "DPoP"}), "status 200 with a token that is not a bearer token", ""),
        (body(GOOD | {"token_type": None}), "status 200 with a token that is not a bearer token", ""),
        (body(GOOD | {"more": "x" * MAX_ANSWER}), "status 200, too large", ""),
        (lambda: StreamingResponse(endless()), "status 200, too large", ""),
        (lambda: RedirectResponse("/elsewhere", 307), "status 307, not a JSON object", ""),
    ],
)  # fmt: skip
async def test_an_answer_without_a_token_is_a_failure_that_repeats_no_text(
    answer: Callable[[], Response], why: str, error: str
) -> None:
    async with issuing(answer) as (issuer, endpoint):
        assert await endpoint.ask(issuer.url, FORM) == Failure(why, error)
        assert len(issuer.seen) == 1


async def test_an_issuer_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_endpoint, "PATIENCE", 0.2)
    async with issuing(Hanging) as (issuer, endpoint), asyncio.timeout(5):
        assert await endpoint.ask(issuer.url, FORM) == Failure("the token endpoint did not answer in time")


async def test_an_issuer_that_is_not_there_is_a_failure() -> None:
    async with open_client() as client:
        answer = await TokenEndpoint(client).ask("http://127.0.0.1:9/token", FORM)
    assert answer == Failure("the token endpoint cannot be reached (ConnectError)")


async def test_no_cookie_of_an_issuer_comes_back_to_it() -> None:
    def with_cookie() -> Response:
        response = body(GOOD)()
        response.set_cookie("session", "1")
        return response

    async with issuing(with_cookie) as (issuer, endpoint):
        for _ in range(2):
            await endpoint.ask(issuer.url, FORM)
        assert all("cookie" not in headers for headers, _ in issuer.seen)
