import asyncio

import pytest

from gateway.credential import Header, obtain, renew
from gateway.held_secrets import LIFETIME, PAUSE, HeldSecrets
from gateway.policy.document import Credential
from gateway.reasons import Reason
from gateway.storage.contract import SecretUnavailableError
from gateway.values import Refusal, Secret
from tests.fakes.clock import Clock

BEARER = Credential(header="authorization", secret="token")
OWN_HEADER = Credential(header="x-api-key", secret="key")


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


async def test_a_bearer_token_and_a_header_of_the_servers_own(secrets: HeldSecrets) -> None:
    assert shown(await obtain(BEARER, secrets)) == ("authorization", "Bearer one")
    assert shown(await obtain(OWN_HEADER, secrets)) == ("x-api-key", "k")
    assert await obtain(None, secrets) is None


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
    vault.secrets["token"] = value
    refusal = await obtain(BEARER, secrets)
    assert isinstance(refusal, Refusal)
    assert value not in refusal.detail
