import asyncio

import httpx
import pytest

from gateway import credential
from gateway.credential import Header
from gateway.held_secrets import LIFETIME, PAUSE, HeldSecrets
from gateway.held_tokens import HeldTokens, Token
from gateway.policy.document import Basic, Bearer, Credential, ManagedIdentity, OwnHeader
from gateway.reasons import Reason
from gateway.storage.contract import SecretUnavailableError
from gateway.token_endpoint import TokenEndpoint
from gateway.upstream_tokens import Subject, UpstreamTokens
from gateway.values import Refusal, Secret
from tests.fakes.clock import Clock
from tests.fakes.entra import settings

BEARER, OWN_HEADER, BASIC = Bearer("token"), OwnHeader("x-api-key", "key"), Basic("svc", "token")
IDENTITY = ManagedIdentity("api://crm")
NOBODY = Subject(None, None)


class FakeVault:
    def __init__(self) -> None:
        self.secrets = {"token": "one", "key": "k"}
        self.reads = 0

    async def read(self, name: str) -> Secret:
        self.reads += 1
        await asyncio.sleep(0)
        if name not in self.secrets:
            raise SecretUnavailableError("ResourceNotFoundError")
        return Secret(self.secrets[name])


@pytest.fixture
def vault() -> FakeVault:
    return FakeVault()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def secrets(vault: FakeVault, clock: Clock) -> HeldSecrets:
    return HeldSecrets(vault.read, clock)


def shown(header: Header | Refusal | None) -> tuple[str, str]:
    assert isinstance(header, Header)
    return header.name, header.value.reveal()


class Identity:
    """Lends `identity-1`, `identity-2`, ..."""

    def __init__(self) -> None:
        self.lent = 0

    async def token(self, resource: str) -> Token:
        self.lent += 1
        return Token(Secret(f"identity-{self.lent}"), 3600)


async def obtain(wanted: Credential | None, secrets: HeldSecrets) -> Header | Refusal | None:
    return await credential.obtain(wanted, NOBODY, secrets, tokens(secrets))


async def renew(wanted: Credential, refused: Header, secrets: HeldSecrets) -> Header | Refusal | None:
    return await credential.renew(wanted, refused, NOBODY, secrets, tokens(secrets))


def tokens(secrets: HeldSecrets) -> UpstreamTokens:
    # What issuers do with each kind is in test_upstream_tokens.py; here none is asked.
    return UpstreamTokens(settings(), secrets, TokenEndpoint(httpx.AsyncClient()), Identity().token, HeldTokens())


async def test_a_bearer_token_and_a_header_of_the_servers_own(secrets: HeldSecrets) -> None:
    assert shown(await obtain(BEARER, secrets)) == ("authorization", "Bearer one")
    assert shown(await obtain(OWN_HEADER, secrets)) == ("x-api-key", "k")
    assert await obtain(None, secrets) is None


async def test_a_user_name_and_a_password_in_any_script(secrets: HeldSecrets, vault: FakeVault) -> None:
    assert shown(await obtain(BASIC, secrets)) == ("authorization", "Basic c3ZjOm9uZQ==")
    vault.secrets["password"] = "p:ä"
    assert shown(await obtain(Basic("svc", "password"), secrets)) == ("authorization", "Basic c3ZjOnA6w6Q=")


async def test_a_token_that_was_issued_travels_as_a_bearer_token(secrets: HeldSecrets) -> None:
    issued = tokens(secrets)
    first = await credential.obtain(IDENTITY, NOBODY, secrets, issued)
    assert shown(first) == ("authorization", "Bearer identity-1")
    assert isinstance(first, Header)
    renewed = await credential.renew(IDENTITY, first, NOBODY, secrets, issued)
    assert shown(renewed) == ("authorization", "Bearer identity-2")
    assert isinstance(renewed, Header)
    assert await credential.renew(IDENTITY, renewed, NOBODY, secrets, issued) is None
    assert await credential.renew(None, None, NOBODY, secrets, issued) is None


async def test_the_secret_is_in_no_repr(secrets: HeldSecrets) -> None:
    header = await obtain(BEARER, secrets)
    assert "one" not in repr(header) + repr(secrets.__dict__)


async def test_a_secret_is_read_once_in_its_lifetime_however_many_ask(
    secrets: HeldSecrets, vault: FakeVault, clock: Clock
) -> None:
    await asyncio.gather(*(obtain(BEARER, secrets) for _ in range(50)))
    assert vault.reads == 1
    clock.advance(LIFETIME)
    vault.secrets["token"] = "two"
    assert shown(await obtain(BEARER, secrets)) == ("authorization", "Bearer two")


async def test_after_a_401_the_secret_is_read_again_even_if_it_was_just_read(
    secrets: HeldSecrets, vault: FakeVault
) -> None:
    first = await obtain(BEARER, secrets)
    vault.secrets["token"] = "two"
    assert isinstance(first, Header)
    assert shown(await renew(BEARER, first, secrets)) == ("authorization", "Bearer two")
    assert shown(await obtain(BEARER, secrets)) == ("authorization", "Bearer two")


async def test_an_unchanged_secret_is_not_sent_again(secrets: HeldSecrets) -> None:
    first = await obtain(BEARER, secrets)
    assert isinstance(first, Header)
    assert await renew(BEARER, first, secrets) is None


async def test_a_refusing_upstream_does_not_flood_the_vault(
    secrets: HeldSecrets, vault: FakeVault, clock: Clock
) -> None:
    first = await obtain(BEARER, secrets)
    assert isinstance(first, Header)
    for _ in range(50):
        await renew(BEARER, first, secrets)
    assert vault.reads == 2
    clock.advance(PAUSE)
    await renew(BEARER, first, secrets)
    assert vault.reads == 3


async def test_others_who_were_refused_get_the_renewed_secret_without_another_read(
    secrets: HeldSecrets, vault: FakeVault
) -> None:
    first = await obtain(BEARER, secrets)
    vault.secrets["token"] = "two"
    assert isinstance(first, Header)
    renewed = await asyncio.gather(*(renew(BEARER, first, secrets) for _ in range(20)))
    assert {shown(header) for header in renewed} == {("authorization", "Bearer two")}
    assert vault.reads == 2


async def test_a_missing_secret_is_a_refusal_that_names_it(secrets: HeldSecrets, vault: FakeVault) -> None:
    vault.secrets.clear()
    refusal = await obtain(BEARER, secrets)
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.detail) == (Reason.CREDENTIAL_UNAVAILABLE, "secret token: ResourceNotFoundError")


async def test_without_a_vault_a_credential_is_unavailable() -> None:
    refusal = await obtain(BEARER, HeldSecrets(None))
    assert isinstance(refusal, Refusal)
    assert "COUNTERSIGN_KEY_VAULT" in refusal.detail


@pytest.mark.parametrize("value", ["a\nb", "a\r\nx: y", "é", "\x00"])
async def test_a_secret_that_does_not_fit_a_header_is_refused_and_not_shown(
    secrets: HeldSecrets, vault: FakeVault, value: str
) -> None:
    vault.secrets |= {"token": value, "key": value}
    for wanted in (BEARER, OWN_HEADER, BASIC) if value != "é" else (BEARER, OWN_HEADER):
        refusal = await obtain(wanted, secrets)
        assert isinstance(refusal, Refusal)
        assert value not in refusal.detail
