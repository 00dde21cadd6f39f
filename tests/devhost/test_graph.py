"""The development Graph behaves as the real one, as far as the gateway asks, and breaks as a test wants."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from devhost.accounts import ACCOUNTS, GROUPS, other_group
from devhost.graph import RESOURCE, SLOW
from devhost.identity.app import app
from devhost.identity.issuer import Issuer
from devhost.identity.keys import KeyRing, SigningKey

ISSUER = Issuer("http://localhost:7072", KeyRing.fresh())
CROWD = ACCOUNTS["crowd"].object_id
CHECK = f"/graph/v1.0/users/{CROWD}/checkMemberGroups"
TOKEN, _ = ISSUER.managed_identity_token(RESOURCE)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    provider = httpx.ASGITransport(app(ISSUER, "msi-secret"))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(transport=provider, base_url=ISSUER.base, headers=headers) as found:
        yield found


async def check(client: httpx.AsyncClient, *groups: str, path: str = CHECK) -> Any:
    return await client.post(path, json={"groupIds": groups})


async def test_it_says_which_of_the_groups_an_account_is_in(client: httpx.AsyncClient) -> None:
    answer = await check(client, GROUPS["engineering"], GROUPS["hr"], other_group(248), other_group(249))
    assert answer.json()["value"] == [GROUPS["engineering"], other_group(248)]


WRONG = {
    "no token": "",
    "for another resource": ISSUER.managed_identity_token("https://vault.azure.net")[0],
    "of a person": ISSUER.access_token(ACCOUNTS["operator"], {"aud": RESOURCE}),
    "of another key": ISSUER.sign(ISSUER.claims(ACCOUNTS["operator"]), SigningKey.generate()),
    "not one": "a.b.c",
}


@pytest.mark.parametrize("name", WRONG)
async def test_the_managed_identity_alone_is_answered(client: httpx.AsyncClient, name: str) -> None:
    headers = {"Authorization": f"Bearer {WRONG[name]}"}
    assert (await client.post(CHECK, json={"groupIds": [GROUPS["hr"]]}, headers=headers)).status_code == 401
    assert (await client.get("/graph/v1.0/groups", headers=headers)).status_code == 401


async def test_more_than_twenty_groups_at_once_are_refused(client: httpx.AsyncClient) -> None:
    assert (await check(client, *(other_group(number) for number in range(21)))).status_code == 400
    assert (await check(client)).status_code == 400


@pytest.mark.parametrize("path", [CHECK.replace("users", "servicePrincipals"), CHECK.replace(CROWD, "x")])
async def test_who_is_not_of_that_kind_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    assert (await check(client, GROUPS["hr"], path=path)).status_code == 404


async def test_a_group_is_found_by_its_name(client: httpx.AsyncClient) -> None:
    answer = await client.get("/graph/v1.0/groups", params={"$filter": "displayName eq 'sg-hr'", "$top": "2"})
    assert answer.json()["value"] == [{"id": GROUPS["hr"], "displayName": "SG-HR"}]
    injected = await client.get("/graph/v1.0/groups", params={"$filter": "displayName eq 'x' or 'y' eq 'y'"})
    assert injected.status_code == 400


async def test_a_test_adds_members_and_sees_what_was_asked(client: httpx.AsyncClient) -> None:
    added = await client.post("/devhost/graph/members", json={"account": "outsider", "groups": 250})
    assert added.json() == {"groups": 250}
    added = await client.post("/devhost/graph/members", json={"account": "outsider", "groups": [GROUPS["hr"]]})
    assert added.json() == {"groups": 251}
    path = CHECK.replace(CROWD, ACCOUNTS["outsider"].object_id)
    assert (await check(client, GROUPS["hr"], path=path)).json()["value"] == [GROUPS["hr"]]
    assert (await client.get("/devhost/graph/requests")).json() == [{"path": path, "groups": [GROUPS["hr"]]}]


@pytest.mark.parametrize(("fault", "status"), [("down", 503), ("throttled", 429), ("forbidden", 403)])
async def test_a_fault_holds_for_as_many_requests_as_asked(client: httpx.AsyncClient, fault: str, status: int) -> None:
    await client.post("/devhost/graph/fault", json={"fault": fault, "times": 2})
    seen = [(await check(client, GROUPS["hr"])).status_code for _ in range(3)]
    assert seen == [status, status, 200]


async def test_a_slow_graph_answers_once_the_fault_is_lifted(client: httpx.AsyncClient) -> None:
    await client.post("/devhost/graph/fault", json={"fault": "slow"})
    waiting = asyncio.create_task(check(client, GROUPS["hr"]))
    async with asyncio.timeout(SLOW / 2):
        await client.post("/devhost/graph/fault", json={"fault": None})
        assert (await waiting).status_code == 200


@pytest.mark.parametrize("body", [{"fault": "odd"}, {"fault": 1}])
async def test_a_fault_that_does_not_exist_is_refused(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await client.post("/devhost/graph/fault", json=body)).status_code == 400


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"account": "nobody", "groups": 1}', b'{"account": "crowd"}'])
async def test_members_that_make_no_sense_are_refused(client: httpx.AsyncClient, body: bytes) -> None:
    assert (await client.post("/devhost/graph/members", content=body)).status_code == 400
