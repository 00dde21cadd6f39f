import asyncio

import pytest

from gateway.credential import LIFETIME, PAUSE, Credentials, Header
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
def credentials(vault: FakeVault, clock: Clock) -> Credentials:
    return Credentials(vault.read, clock)


def shown(header: Header | Refusal | None) -> tuple[str, str]:
    assert isinstance(header, Header)
    return header.name, header.value.reveal()


async def test_a_bearer_token_and_a_header_of_the_servers_own(credentials: Credentials) -> None:
    assert shown(await credentials.obtain(BEARER)) == ("authorization", "Bearer one")
    assert shown(await credentials.obtain(OWN_HEADER)) == ("x-api-key", "k")
    assert await credentials.obtain(None) is None


async def test_the_secret_is_in_no_repr(credentials: Credentials) -> None:
    header = await credentials.obtain(BEARER)
    assert "one" not in repr(header) + repr(credentials.__dict__)


async def test_a_secret_is_read_once_in_its_lifetime_however_many_ask(
    credentials: Credentials, vault: FakeVault, clock: Clock
) -> None:
    await asyncio.gather(*(credentials.obtain(BEARER) for _ in range(50)))
    assert vault.reads == 1
    clock.advance(LIFETIME)
    vault.secrets["token"] = "two"
    assert shown(await credentials.obtain(BEARER)) == ("authorization", "Bearer two")


async def test_after_a_401_the_secret_is_read_again_even_if_it_was_just_read(
    credentials: Credentials, vault: FakeVault
) -> None:
    first = await credentials.obtain(BEARER)
    vault.secrets["token"] = "two"
    assert isinstance(first, Header)
    assert shown(await credentials.renew(BEARER, first)) == ("authorization", "Bearer two")
    assert shown(await credentials.obtain(BEARER)) == ("authorization", "Bearer two")


async def test_an_unchanged_secret_is_not_sent_again(credentials: Credentials) -> None:
    first = await credentials.obtain(BEARER)
    assert isinstance(first, Header)
    assert await credentials.renew(BEARER, first) is None


async def test_a_refusing_upstream_does_not_flood_the_vault(
    credentials: Credentials, vault: FakeVault, clock: Clock
) -> None:
    first = await credentials.obtain(BEARER)
    assert isinstance(first, Header)
    for _ in range(50):
        await credentials.renew(BEARER, first)
    assert vault.reads == 2
    clock.advance(PAUSE)
    await credentials.renew(BEARER, first)
    assert vault.reads == 3


async def test_others_who_were_refused_get_the_renewed_secret_without_another_read(
    credentials: Credentials, vault: FakeVault
) -> None:
    first = await credentials.obtain(BEARER)
    vault.secrets["token"] = "two"
    assert isinstance(first, Header)
    renewed = await asyncio.gather(*(credentials.renew(BEARER, first) for _ in range(20)))
    assert {shown(header) for header in renewed} == {("authorization", "Bearer two")}
    assert vault.reads == 2


async def test_a_missing_secret_is_a_refusal_that_names_it(credentials: Credentials, vault: FakeVault) -> None:
    vault.secrets.clear()
    refusal = await credentials.obtain(BEARER)
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.detail) == (Reason.CREDENTIAL_UNAVAILABLE, "secret token: ResourceNotFoundError")


async def test_without_a_vault_a_credential_is_unavailable() -> None:
    refusal = await Credentials(None).obtain(BEARER)
    assert isinstance(refusal, Refusal)
    assert "COUNTERSIGN_KEY_VAULT" in refusal.detail


@pytest.mark.parametrize("value", ["a\nb", "a\r\nx: y", "é", "\x00"])
async def test_a_secret_that_does_not_fit_a_header_is_refused_and_not_shown(
    credentials: Credentials, vault: FakeVault, value: str
) -> None:
    vault.secrets["token"] = value
    refusal = await credentials.obtain(BEARER)
    assert isinstance(refusal, Refusal)
    assert value not in refusal.detail
