"""The vault's switch: what it answers while a fault is on, for how long, and what passes all the same."""

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from devhost.vault_fault import Faulty


@pytest.fixture
async def vault() -> AsyncIterator[httpx.AsyncClient]:
    inner = Starlette(routes=[Route("/{path:path}", lambda _: PlainTextResponse("the vault"))])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(Faulty(inner)), base_url="http://vault") as client:
        yield client


async def statuses(vault: httpx.AsyncClient, *paths: str) -> list[int]:
    return [(await vault.get(path)).status_code for path in paths]


async def test_without_a_fault_the_vault_answers(vault: httpx.AsyncClient) -> None:
    assert await statuses(vault, "/secrets/a") == [200]


@pytest.mark.parametrize("status", [429, 503])
async def test_a_fault_holds_for_so_many_requests_and_says_when_to_try_again(
    vault: httpx.AsyncClient, status: int
) -> None:
    await vault.post("/devhost/fault", json={"status": status, "times": 2})
    refused = await vault.get("/secrets/a")
    assert (refused.status_code, refused.headers["retry-after"]) == (status, "1")
    assert await statuses(vault, "/keys/b", "/secrets/a") == [status, 200]
    assert (await vault.get("/devhost/fault")).json() == {"met": 2}


async def test_it_is_lifted_and_the_probe_and_the_switches_pass_at_all_times(vault: httpx.AsyncClient) -> None:
    await vault.post("/devhost/fault", json={"status": 503})
    assert await statuses(vault, "/secrets/a", "/healthz", "/devhost/keys/a") == [503, 200, 200]
    await vault.post("/devhost/fault", json={"status": None})
    assert await statuses(vault, "/secrets/a") == [200]


async def test_a_fault_that_does_not_exist_is_refused(vault: httpx.AsyncClient) -> None:
    assert (await vault.post("/devhost/fault", json={"status": 418})).status_code == 400
    assert await statuses(vault, "/secrets/a") == [200]
