"""Signing through the real Key Vault SDK, as the managed identity that devhost plays."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import jwt
import pytest

from devhost.identity import managed
from devhost.stack import Stack
from devhost.vault_keys import Keys
from gateway.storage import signing
from gateway.storage.contract import KeyDisabledError, KeyVersion, SecretUnavailableError
from gateway.storage.signing import VaultSigningKey

NAME = "session-token"


@pytest.fixture
async def open_key(storage: Stack, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., VaultSigningKey]]:
    for name, value in managed.environment(storage.state, f"http://localhost:{storage.ports.identity}").items():
        monkeypatch.setenv(name, value)
    authority = storage.state / "tls" / "ca.pem"
    monkeypatch.setitem(signing._OPTIONS, "connection_verify", str(authority))  # production takes the system's store
    opened: list[VaultSigningKey] = []

    def make(name: str = NAME) -> VaultSigningKey:
        opened.append(VaultSigningKey(f"https://localhost:{storage.ports.vault}", name, ""))
        return opened[-1]

    yield make
    for each in opened:
        await each.close()


def is_signed_by(version: KeyVersion, message: bytes, signature: bytes) -> bool:
    key: Any = jwt.PyJWK({"kty": "EC", "crv": "P-256", "x": version.x, "y": version.y}, "ES256").key
    return jwt.get_algorithm_by_name("ES256").verify(message, key, signature)


async def test_a_version_signs_and_its_public_half_verifies(open_key: Callable[..., VaultSigningKey]) -> None:
    key = open_key()
    version = (await key.versions())[-1]
    signature = await key.sign(version.kid, b"message")
    assert len(signature) == 64
    assert is_signed_by(version, b"message", signature)
    assert not is_signed_by(version, b"another", signature)


async def test_a_rotation_is_seen_and_a_disabled_version_is_gone_and_signs_nothing(
    open_key: Callable[..., VaultSigningKey], storage: Stack
) -> None:
    key = open_key()
    [*_, first] = await key.versions()
    second = Keys(storage.state).rotate(NAME)["version"]
    known = {version.kid: version for version in await key.versions()}
    assert known.keys() >= {first.kid, second}
    assert known[second].created > known[first.kid].created
    assert is_signed_by(first, b"message", await key.sign(first.kid, b"message"))
    third = Keys(storage.state).rotate(NAME, disable_old=True)["version"]
    assert [version.kid for version in await key.versions()] == [third]
    with pytest.raises(KeyDisabledError):
        await key.sign(first.kid, b"message")


async def test_a_key_that_is_not_there_has_no_versions_and_signs_nothing(
    open_key: Callable[..., VaultSigningKey],
) -> None:
    key = open_key("no-such-key")
    assert await key.versions() == []
    with pytest.raises(KeyDisabledError):
        await key.sign("1" * 32, b"message")


async def test_a_vault_that_is_down_is_unavailable(open_key: Callable[..., VaultSigningKey], storage: Stack) -> None:
    key = open_key()
    [*_, version] = await key.versions()
    await storage.stop("vault")
    try:
        for asking in (key.versions(), key.sign(version.kid, b"message")):
            with pytest.raises(SecretUnavailableError) as error:
                await asking
            assert not isinstance(error.value, KeyDisabledError)
    finally:
        await storage.start("vault")
