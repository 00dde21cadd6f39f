"""Tokens for upstreams, each from the token endpoint of the development provider."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import jwt
import pytest

from devhost.accounts import (
    ACCOUNTS,
    AUDIENCE,
    AUDIENCE_URI,
    MANAGED_IDENTITY,
    TENANT,
    UPSTREAM,
    UPSTREAM_CLIENT,
    UPSTREAM_ROLE,
    UPSTREAM_SCOPE,
    UPSTREAM_URI,
)
from gateway.forward import open_client
from gateway.held_secrets import HeldSecrets
from gateway.held_tokens import HeldTokens
from gateway.policy.document import ClientCredentials, IssuedCredential, ManagedIdentity, OnBehalfOf
from gateway.reasons import Reason
from gateway.settings import Settings
from gateway.storage.contract import SecretUnavailableError
from gateway.storage.identity import Identity
from gateway.token_endpoint import TokenEndpoint
from gateway.upstream_tokens import Subject, UpstreamTokens
from gateway.values import CallerKind, Refusal, Secret
from tests.fakes.clock import Clock
from tests.fakes.entra import settings
from tests.fakes.provider import Provider, provider
from tests.fakes.values import CALLER

NOBODY = Subject(None, None)
AS_IDENTITY = ManagedIdentity(UPSTREAM_URI)
AS_USER = OnBehalfOf(f"{UPSTREAM_URI}/{UPSTREAM_SCOPE}")
TOKEN, MSI = "/oauth2/v2.0/token", "/msi/token"


@dataclass(slots=True)
class Bench:
    """The tokens of one gateway, and what a test breaks or looks at."""

    provider: Provider
    http: httpx.AsyncClient
    identity: Identity
    vault: dict[str, str]
    clock: Clock

    def tokens(self, configured: Settings | None = None, identity: Identity | None = None) -> UpstreamTokens:
        secrets, held = HeldSecrets(self._read, self.clock), HeldTokens(self.clock)
        lend = (identity or self.identity).token
        return UpstreamTokens(configured or self.provider.settings, secrets, TokenEndpoint(self.http), lend, held)

    async def _read(self, name: str) -> Secret:
        if name not in self.vault:
            raise SecretUnavailableError("not found")
        return Secret(self.vault[name])

    @property
    def as_client(self) -> ClientCredentials:
        return ClientCredentials(self.provider.token_url, UPSTREAM_CLIENT.client, "crm", f"{UPSTREAM_URI}/.default")

    def subject(self, name: str = "engineer", **changes: object) -> Subject:
        caller = replace(CALLER, tenant=TENANT, kind=CallerKind(ACCOUNTS[name].kind))
        return Subject(caller, Secret(self.provider.token(name, **changes)))


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    async with provider() as running, open_client() as http:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        identity = Identity("")
        yield Bench(running, http, identity, {"crm": UPSTREAM_CLIENT.secret}, Clock())
        await identity.close()


def claims(answer: Secret | Refusal) -> dict[str, Any]:
    assert isinstance(answer, Secret), answer
    found: dict[str, Any] = jwt.decode(answer.reveal(), options={"verify_signature": False})
    return found


def detail(answer: Secret | Refusal) -> str:
    assert isinstance(answer, Refusal), answer
    assert answer.reason is Reason.CREDENTIAL_UNAVAILABLE
    return answer.detail


async def test_a_client_gets_a_token_with_its_own_role(bench: Bench) -> None:
    found = claims(await bench.tokens().obtain(bench.as_client, NOBODY))
    assert (found["aud"], found["oid"], found["roles"]) == (UPSTREAM, UPSTREAM_CLIENT.object_id, [UPSTREAM_ROLE])


async def test_the_managed_identity_gets_a_token_for_the_upstream(bench: Bench) -> None:
    found = claims(await bench.tokens().obtain(AS_IDENTITY, NOBODY))
    assert (found["aud"], found["oid"]) == (UPSTREAM_URI, MANAGED_IDENTITY.object_id)


async def test_a_users_token_becomes_another_one_of_the_same_user_for_the_upstream(bench: Bench) -> None:
    tokens, subject = bench.tokens(), bench.subject()
    answer = await tokens.obtain(AS_USER, subject)
    found = claims(answer)
    assert (found["aud"], found["azp"], found["scp"]) == (UPSTREAM, AUDIENCE, UPSTREAM_SCOPE)
    assert found["oid"] == ACCOUNTS["engineer"].object_id
    assert subject.token is not None
    assert isinstance(answer, Secret)
    assert answer.reveal() != subject.token.reveal()


async def test_each_token_is_asked_for_once_however_many_want_it(bench: Bench) -> None:
    tokens = bench.tokens()
    credentials: tuple[IssuedCredential, ...] = (bench.as_client, AS_IDENTITY, AS_USER)
    subject = bench.subject()
    async with asyncio.timeout(10):
        await asyncio.gather(*(tokens.obtain(credential, subject) for credential in credentials for _ in range(20)))
    # On behalf of a user takes two: the identity's assertion, and the exchange.
    assert (bench.provider.asked[TOKEN], bench.provider.asked[MSI]) == (2, 2)


async def test_no_user_gets_the_token_of_another_or_of_another_sign_in(bench: Bench) -> None:
    tokens = bench.tokens()
    subjects = [bench.subject(), bench.subject("approver"), bench.subject()]
    found = [claims(await tokens.obtain(AS_USER, subject)) for subject in subjects]
    assert [one["oid"][-1] for one in found] == ["1", "2", "1"]
    assert len({one["sid"] for one in found}) == 3
    other = OnBehalfOf(f"{UPSTREAM_URI}/.default")
    assert claims(await tokens.obtain(other, subjects[0]))["uti"] != found[0]["uti"]


@pytest.mark.parametrize("name", ["pipeline", "agent"])
async def test_on_behalf_of_an_application_nothing_is_asked(bench: Bench, name: str) -> None:
    tokens = bench.tokens()
    for answer in (
        await tokens.obtain(AS_USER, bench.subject(name)),
        await tokens.renew(AS_USER, bench.subject(name)),
        await tokens.obtain(AS_USER, NOBODY),
        await tokens.obtain(AS_USER, replace(bench.subject(), token=None)),
        await tokens.obtain(AS_USER, replace(bench.subject(), caller=replace(CALLER, grant="a-grant"))),
    ):
        assert isinstance(answer, Refusal)
        assert answer.reason is Reason.CREDENTIAL_NEEDS_USER
    assert not bench.provider.asked


async def test_a_token_that_opens_this_gateway_is_not_asked_for(bench: Bench) -> None:
    tokens = bench.tokens()
    own: tuple[IssuedCredential, ...] = (
        OnBehalfOf(f"{AUDIENCE_URI}/mcp.access"),
        ManagedIdentity(AUDIENCE_URI.upper().replace("API", "api")),
        replace(bench.as_client, scope=f"{AUDIENCE}/.default"),
    )
    for credential in own:
        assert "names this gateway" in detail(await tokens.obtain(credential, bench.subject()))
    assert not bench.provider.asked


async def test_a_renewed_token_is_a_new_one_and_the_identitys_package_keeps_its_own(bench: Bench) -> None:
    tokens, subject = bench.tokens(), bench.subject()
    for credential, is_new in ((bench.as_client, True), (AS_USER, True), (AS_IDENTITY, False)):
        first, second = await tokens.obtain(credential, subject), await tokens.renew(credential, subject)
        assert (claims(first)["uti"] != claims(second)["uti"]) is is_new


async def test_a_rotated_client_secret_is_read_again_when_the_issuer_refuses_the_old_one(bench: Bench) -> None:
    tokens = bench.tokens()
    bench.vault["crm"] = "old"
    assert detail(await tokens.obtain(bench.as_client, NOBODY)) == (
        "client_credentials: status 401, invalid_client, AADSTS7000215"
    )
    bench.vault["crm"] = UPSTREAM_CLIENT.secret
    bench.clock.advance(60)
    assert claims(await tokens.obtain(bench.as_client, NOBODY))["aud"] == UPSTREAM


async def test_a_client_secret_that_the_vault_does_not_give_is_named(bench: Bench) -> None:
    bench.vault.clear()
    assert detail(await bench.tokens().obtain(bench.as_client, NOBODY)) == "secret crm: not found"
    assert not bench.provider.asked


async def test_what_entra_refuses_is_told_by_its_number(bench: Bench) -> None:
    unconsented = OnBehalfOf("https://graph.microsoft.com/User.Read")
    assert detail(await bench.tokens().obtain(unconsented, bench.subject())) == (
        "on_behalf_of: status 400, invalid_grant, AADSTS65001"
    )
    # The gateway checked the token before; here Entra does so again.
    expired = bench.subject(exp=1)
    assert detail(await bench.tokens().obtain(AS_USER, expired)).endswith("AADSTS50013")


async def test_without_a_managed_identity_neither_it_nor_a_user_gets_a_token(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "guess")
    tokens = bench.tokens(identity=(stranger := Identity("")))
    for credential, kind in ((AS_IDENTITY, "managed_identity"), (AS_USER, "on_behalf_of")):
        why = f"{kind}: the managed identity has no token (ClientAuthenticationError)"
        assert detail(await tokens.obtain(credential, bench.subject())) == why
    assert bench.provider.asked[TOKEN] == 0
    await stranger.close()


@pytest.mark.parametrize("audiences", ["api://gateway.example", f"{AUDIENCE},{UPSTREAM}"])
async def test_on_behalf_of_needs_to_know_the_gateways_registration(bench: Bench, audiences: str) -> None:
    configured = settings(COUNTERSIGN_AUTHORITY=bench.provider.issuer.base, COUNTERSIGN_AUDIENCE=audiences)
    scope = OnBehalfOf("api://crm.example/access")
    assert "COUNTERSIGN_AUDIENCE" in detail(await bench.tokens(configured).obtain(scope, bench.subject()))
    assert not bench.provider.asked


async def test_no_token_is_in_a_repr_or_a_log(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    tokens, subject = bench.tokens(), bench.subject()
    credentials: tuple[IssuedCredential, ...] = (bench.as_client, AS_IDENTITY, AS_USER)
    given = [await tokens.obtain(credential, subject) for credential in credentials]
    assert subject.token is not None
    secrets = [subject.token, Secret(UPSTREAM_CLIENT.secret), *(one for one in given if isinstance(one, Secret))]
    shown = repr(subject) + repr(tokens.__dict__) + repr(given) + caplog.text
    assert len(secrets) == 5
    assert not [secret for secret in secrets if secret.reveal().rpartition(".")[2] in shown]
