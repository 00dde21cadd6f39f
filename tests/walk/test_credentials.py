"""Whole calls to servers behind each kind of credential; tokens come from the development provider."""

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jwt
import pytest

from devhost.accounts import (
    ACCOUNTS,
    AUDIENCE,
    GROUPS,
    MANAGED_IDENTITY,
    ROLE,
    UPSTREAM,
    UPSTREAM_CLIENT,
    UPSTREAM_SCOPE,
    UPSTREAM_URI,
)
from gateway.held_tokens import HeldTokens
from gateway.identity_keys import IdentityKeys
from gateway.storage.identity import Identity
from gateway.token_endpoint import TokenEndpoint
from gateway.upstream_tokens import UpstreamTokens
from tests.fakes.provider import Provider, provider
from tests.fakes.upstream import Upstream, serving, status, text_result
from tests.walk.rooms import Gateway, gateway, message, request

TOKEN, MSI = "/oauth2/v2.0/token", "/msi/token"
ISSUED = ["client", "identity", "user"]

POLICY = f"""
version: 1
groups: {{engineering: {GROUPS["engineering"]}}}
servers:
  basic: {{url: URL, credential: {{basic: {{user: svc-mcp, secret: password}}}}}}
  key: {{url: URL, credential: {{header: {{name: X-Api-Key, secret: key}}}}}}
  client:
    url: URL
    credential:
      client_credentials:
        token_url: TOKEN_ENDPOINT
        client_id: {UPSTREAM_CLIENT.client}
        secret: client-secret
        scope: {UPSTREAM_URI}/.default
  identity: {{url: URL, credential: {{managed_identity: {{resource: "{UPSTREAM_URI}"}}}}}}
  user: {{url: URL, credential: {{on_behalf_of: {{scope: "{UPSTREAM_URI}/{UPSTREAM_SCOPE}"}}}}}}
rules:
  - {{name: people, effect: allow, who: {{groups: [engineering]}}, servers: ["*"], tools: ["*"]}}
  - {{name: software, effect: allow, who: {{roles: [{ROLE}]}}, servers: ["*"], tools: ["*"]}}
"""


@dataclass(slots=True)
class Door:
    gateway: Gateway
    provider: Provider
    upstream: Upstream

    async def call(self, server: str, account: str = "engineer") -> Any:
        return await self.gateway.call(server=server, token=self.provider.token(account))

    def arrived(self) -> list[dict[str, Any]]:
        """What the bearer tokens say that the upstream saw."""
        tokens = [seen.headers["authorization"].removeprefix("Bearer ") for seen in self.upstream.seen]
        return [jwt.decode(token, options={"verify_signature": False}) for token in tokens]


@pytest.fixture
async def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    async with (
        provider() as issuer,
        serving(text_result("hi")) as upstream,
        gateway(tmp_path, upstream.url) as opened,
    ):
        for name, value in issuer.environment.items():
            monkeypatch.setenv(name, value)
        identity, rooms = Identity(""), opened.rooms
        opened.policy_file.write_text(POLICY.replace("URL", upstream.url).replace("TOKEN_ENDPOINT", issuer.token_url))
        opened.secrets.update({"password": "pass-word", "key": "api-key", "client-secret": UPSTREAM_CLIENT.secret})
        settings = replace(issuer.settings, policy=opened.policy_file)
        endpoint, held = TokenEndpoint(rooms.client), HeldTokens(opened.clock)
        opened.rooms = replace(
            rooms,
            settings=settings,
            keys=IdentityKeys(rooms.client, issuer.issuer.base),
            tokens=UpstreamTokens(settings, rooms.secrets, endpoint, identity.token, held),
        )
        yield Door(opened, issuer, upstream)
        await identity.close()


async def test_stored_credentials_travel_in_the_header_that_the_policy_names(door: Door) -> None:
    for server in ("basic", "key"):
        assert (await door.call(server)).status == 200
    basic, key = (seen.headers for seen in door.upstream.seen)
    assert basic["authorization"] == f"Basic {base64.b64encode(b'svc-mcp:pass-word').decode()}"
    assert (key["x-api-key"], "authorization" in key) == ("api-key", False)


@pytest.mark.parametrize(
    ("server", "audience", "subject"),
    [
        ("client", UPSTREAM, UPSTREAM_CLIENT.object_id),
        ("identity", UPSTREAM_URI, MANAGED_IDENTITY.object_id),
        ("user", UPSTREAM, ACCOUNTS["engineer"].object_id),
    ],
)
async def test_an_issued_token_reaches_the_upstream_and_nothing_else_of_it_stays_anywhere(
    door: Door, server: str, audience: str, subject: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    token = door.provider.token()
    answer = await door.gateway.call(server=server, token=token)
    assert message(answer)["result"]["content"][0]["text"] == "hi"
    [found] = door.arrived()
    assert (found["aud"], found["oid"]) == (audience, subject)
    assert token not in str(door.upstream.seen) + str(door.upstream.listed)
    sent = door.upstream.seen[0].headers["authorization"].rpartition(".")[2]
    left = str(door.gateway.evidence.rows) + str(answer) + caplog.text
    assert not [secret for secret in (sent, token.rpartition(".")[2], UPSTREAM_CLIENT.secret) if secret in left]
    assert door.gateway.evidence.events() == ["intent/allowed", "outcome/succeeded"]


async def test_a_token_is_used_for_the_next_call_too(door: Door) -> None:
    token = door.provider.token()
    for _ in range(3):
        for server in ISSUED:
            assert (await door.gateway.call(server=server, token=token)).status == 200
    assert (door.provider.asked[TOKEN], door.provider.asked[MSI]) == (2, 2)


async def test_each_user_is_answered_for_as_oneself(door: Door) -> None:
    users = [ACCOUNTS[name].object_id for name in ("engineer", "approver")]
    for user in users:
        await door.gateway.call(server="user", token=door.provider.token(oid=user))
    assert [found["oid"] for found in door.arrived()] == users
    assert {found["azp"] for found in door.arrived()} == {AUDIENCE}


@pytest.mark.parametrize("account", ["pipeline", "agent"])
@pytest.mark.parametrize("method", ["tools/call", "tools/list"])
async def test_an_application_is_refused_where_a_user_is_needed_before_anything_is_sent(
    door: Door, account: str, method: str
) -> None:
    body = request(method, {"name": "get_customer", "arguments": {}} if method == "tools/call" else {})
    answer = await door.gateway.send(body, server="user", token=door.provider.token(account))
    assert (answer.status, message(answer)["error"]["code"]) == (403, 40307)
    assert "signed-in user" in message(answer)["error"]["message"]
    assert door.gateway.evidence.events() == ["refused/credential_needs_user"]
    assert (door.upstream.seen, door.upstream.listed) == ([], [])
    assert (door.provider.asked[TOKEN], door.provider.asked[MSI]) == (0, 0)
    assert (await door.call("identity", account)).status == 200


@pytest.mark.parametrize("server", ["client", "user"])
async def test_a_token_that_the_upstream_refuses_is_renewed_once(door: Door, server: str) -> None:
    token = door.provider.token()
    await door.gateway.call(server=server, token=token)
    old = door.upstream.seen[0].headers["authorization"]
    door.upstream.answer = lambda seen: (status(401) if seen.headers["authorization"] == old else text_result("in"))(
        seen
    )
    assert (await door.gateway.call(server=server, token=token)).status == 200
    assert [seen.headers["authorization"] == old for seen in door.upstream.seen] == [True, True, False]
    door.upstream.answer = status(401)
    assert (await door.gateway.call(server=server, token=token)).status == 502
    assert len(door.upstream.seen) == 4
    assert door.gateway.evidence.events()[-1] == "outcome/upstream_unauthorized"


@pytest.mark.parametrize("server", ["client", "user"])
async def test_an_issuer_that_refuses_ends_in_an_error_and_a_record_that_say_no_secret(door: Door, server: str) -> None:
    policy = door.gateway.policy_file.read_text().replace(f"{UPSTREAM_URI}/", "api://unknown/")
    door.gateway.policy_file.write_text(policy)
    answer = await door.call(server)
    assert (answer.status, message(answer)["error"]["code"]) == (502, 50201)
    assert door.gateway.evidence.events()[-1].endswith("/credential_unavailable")
    assert "AADSTS" in str(door.gateway.evidence.rows)
    assert "AADSTS" not in str(answer)
    assert (door.upstream.seen, door.upstream.listed) == ([], [])
