"""Over HTTP the provider is where Entra would be: discovery, keys, sign-in by page and by hint, tokens, control."""

import base64
import hashlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import jwt
import pytest
import pytest_asyncio

from devhost.accounts import ACCOUNTS, AUDIENCE, AUDIENCE_URI, PUBLIC_CLIENT, TENANT
from devhost.identity.app import app
from devhost.identity.issuer import Issuer
from devhost.identity.keys import KeyRing

BASE = "http://localhost:7072"
AUTHORIZE, TOKEN = f"/{TENANT}/oauth2/v2.0/authorize", f"/{TENANT}/oauth2/v2.0/token"
VERIFIER = "verifier-" * 5
QUERY = {
    "client_id": PUBLIC_CLIENT,
    "redirect_uri": "http://127.0.0.1:5000/callback",
    "response_type": "code",
    "scope": f"openid {AUDIENCE_URI}/mcp.access",
    "state": "state & more",
    "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("="),
    "code_challenge_method": "S256",
    "resource": "http://localhost:7071/mcp/records",
}


@pytest_asyncio.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    provider = app(Issuer(BASE, KeyRing.fresh()), "msi-secret")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(provider), base_url=BASE) as found:
        yield found


def sent_back(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 302, response.text
    target = urlsplit(response.headers["location"])
    assert (target.netloc, target.path) == ("127.0.0.1:5000", "/callback")
    return dict(parse_qsl(target.query))


async def redeem(client: httpx.AsyncClient, code: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "client_id": PUBLIC_CLIENT, "code": code, "code_verifier": VERIFIER}
    return await client.post(TOKEN, data=form | {"redirect_uri": QUERY["redirect_uri"]})


async def test_discovery_leads_to_keys_that_verify_a_token(client: httpx.AsyncClient) -> None:
    for version, path, audience in (("2.0", "/v2.0", AUDIENCE), ("1.0", "", AUDIENCE_URI)):
        found = (await client.get(f"/{TENANT}{path}/.well-known/openid-configuration")).json()
        assert not {"code_challenge_methods_supported", "registration_endpoint"} & set(found)
        answer = await client.post("/devhost/token", json={"account": "auditor", "version": version})
        token = answer.json()["access_token"]
        keys = jwt.PyJWKSet.from_dict((await client.get(found["jwks_uri"])).json())
        key = keys[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(token, key, algorithms=["RS256"], audience=audience, issuer=found["issuer"])
        assert claims["oid"] == ACCOUNTS["auditor"].object_id


async def test_another_tenant_is_not_served(client: httpx.AsyncClient) -> None:
    other = TENANT.replace("1", "2")
    assert (await client.get(f"/{other}/v2.0/.well-known/openid-configuration")).status_code == 404


async def test_a_person_signs_in_by_the_page(client: httpx.AsyncClient) -> None:
    page = await client.get(AUTHORIZE, params=QUERY)
    assert page.status_code == 200
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    action = page.text.partition('action="')[2].partition('"')[0].replace("&amp;", "&")
    answer = sent_back(await client.post(action, data={"account": "approver"}))
    assert answer["state"] == "state & more"
    token = (await redeem(client, answer["code"])).json()["access_token"]
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    assert claims["preferred_username"] == "approver@countersign.example"


async def test_a_test_signs_in_without_the_page(client: httpx.AsyncClient) -> None:
    for hint in ("engineer", "engineer@countersign.example"):
        hinted = QUERY | {"prompt": "none", "login_hint": hint}
        answer = sent_back(await client.get(AUTHORIZE, params=hinted))
        redeemed = await redeem(client, answer["code"])
        assert (redeemed.status_code, redeemed.headers["cache-control"]) == (200, "no-store")
        assert (await redeem(client, answer["code"])).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("hint", ["", "pipeline", "nobody"])
async def test_only_a_person_can_be_hinted_at(client: httpx.AsyncClient, hint: str) -> None:
    answer = sent_back(await client.get(AUTHORIZE, params=QUERY | {"prompt": "none", "login_hint": hint}))
    assert (answer["error"], answer["state"], "code" in answer) == ("login_required", QUERY["state"], False)


async def test_an_app_cannot_be_picked_on_the_page(client: httpx.AsyncClient) -> None:
    assert (await client.post(AUTHORIZE, params=QUERY, data={"account": "pipeline"})).status_code == 400


async def test_a_wrong_redirect_gets_a_page_and_is_never_followed(client: httpx.AsyncClient) -> None:
    for change in ({"redirect_uri": "https://evil.example/"}, {"client_id": "other"}):
        answer = await client.get(AUTHORIZE, params=QUERY | change)
        assert (answer.status_code, "location" in answer.headers) == (400, False)


async def test_a_wrong_request_goes_back_to_the_client_with_its_state(client: httpx.AsyncClient) -> None:
    answer = sent_back(await client.get(AUTHORIZE, params=QUERY | {"code_challenge": ""}))
    assert (answer["error"], answer["state"]) == ("invalid_request", QUERY["state"])
    assert answer["error_description"].startswith("AADSTS")


async def test_an_app_signs_in_with_its_secret_in_the_form_or_the_header(client: httpx.AsyncClient) -> None:
    account = ACCOUNTS["pipeline"]
    form = {"grant_type": "client_credentials", "scope": f"{AUDIENCE_URI}/.default"}
    secret = {"client_id": account.client, "client_secret": account.secret}
    assert (await client.post(TOKEN, data=form | secret)).status_code == 200
    assert (await client.post(TOKEN, data=form, auth=(account.client, account.secret))).status_code == 200
    refused = await client.post(TOKEN, data=form, auth=(account.client, "guess"))
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    assert refused.json()["error_codes"] == [7000215]


async def test_the_managed_identity_endpoint_answers_as_app_service_does(client: httpx.AsyncClient) -> None:
    query = {"api-version": "2019-08-01", "resource": "https://vault.azure.net"}
    answer = await client.get("/msi/token", params=query, headers={"X-IDENTITY-HEADER": "msi-secret"})
    assert set(answer.json()) == {"access_token", "expires_on", "resource", "token_type", "client_id"}
    assert answer.json()["expires_on"].isdigit()
    for headers, parameters, status in (
        ({}, query, 401),
        ({"X-IDENTITY-HEADER": "guess"}, query, 401),
        ({"X-IDENTITY-HEADER": "msi-secret"}, {"api-version": "2019-08-01"}, 400),
        ({"X-IDENTITY-HEADER": "msi-secret"}, {"resource": "x"}, 400),
    ):
        refused = await client.get("/msi/token", params=parameters, headers=headers)
        assert (refused.status_code, "access_token" in refused.json()) == (status, False)


async def test_keys_are_rotated_and_fetches_are_counted(client: httpx.AsyncClient) -> None:
    async def kids() -> list[str]:
        answer = (await client.get(f"/{TENANT}/discovery/v2.0/keys")).json()
        return [key["kid"] for key in answer["keys"]]

    (first,) = await kids()
    second = (await client.post("/devhost/keys/rotate")).json()["kid"]
    assert await kids() == [first, second]
    third = (await client.post("/devhost/keys/rotate", json={"delete_old": True})).json()["kid"]
    assert await kids() == [third]
    counted = (await client.get("/devhost/requests")).json()
    assert counted == {"configuration": 0, "keys": 3, "authorize": 0, "token": 0, "msi": 0}


async def test_another_host_name_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/devhost/token", json={"account": "engineer"}, headers={"Host": "evil.example"})
    assert (answer.status_code, "access_token" in answer.text) == (400, False)


async def test_a_control_request_that_is_not_json_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.post("/devhost/token", content=b"{")).status_code == 400
