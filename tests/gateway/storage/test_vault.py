"""Secrets through the real Key Vault and identity SDKs, as the managed identity that devhost plays."""

from collections.abc import AsyncIterator

import pytest

from devhost.identity import managed
from devhost.stack import Stack
from devhost.vault import Vault as Contents
from gateway.storage import vault
from gateway.storage.contract import SecretUnavailableError
from gateway.storage.vault import Vault


@pytest.fixture
async def opened(storage: Stack, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Vault]:
    for name, value in managed.environment(storage.state, f"http://localhost:{storage.ports.identity}").items():
        monkeypatch.setenv(name, value)
    authority = storage.state / "tls" / "ca.pem"
    monkeypatch.setitem(vault._OPTIONS, "connection_verify", str(authority))  # production takes the system's store
    opened = Vault(f"https://localhost:{storage.ports.vault}", "")
    yield opened
    await opened.close()


async def test_a_secret_is_read_and_never_shown(opened: Vault, storage: Stack) -> None:
    secret = await opened.read("records-token")
    assert secret.reveal() == Contents(storage.state).versions("records-token")[-1]["value"]
    assert secret.reveal() not in repr(secret)


async def test_a_secret_that_is_not_there_is_unavailable(opened: Vault) -> None:
    with pytest.raises(SecretUnavailableError) as error:
        await opened.read("no-such-secret")
    assert str(error.value) == "ResourceNotFoundError"


async def test_a_vault_that_is_down_is_unavailable(opened: Vault, storage: Stack) -> None:
    await storage.stop("vault")
    try:
        with pytest.raises(SecretUnavailableError):
            await opened.read("records-token")
    finally:
        await storage.start("vault")
