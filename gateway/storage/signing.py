"""A signing key in Azure Key Vault, used with the app's managed identity; its private half never leaves the vault."""

import asyncio
import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError
from azure.keyvault.keys import KeyProperties, KeyVaultKey
from azure.keyvault.keys.aio import KeyClient
from azure.keyvault.keys.crypto import SignatureAlgorithm
from azure.keyvault.keys.crypto.aio import CryptographyClient

from gateway.settings import is_loopback
from gateway.storage.contract import KeyDisabledError, KeyVersion, SecretUnavailableError
from gateway.storage.identity import managed_identity, signed_in_operator

PATIENCE = 10.0
"""Seconds for one signature, or for all versions, with all retries; a caller waits for this."""


class VaultSigningKey:
    """One key by name, with its versions; opened once for the process. See `contract.VaultKey`."""

    def __init__(self, url: str, name: str, identity: str, *, as_operator: bool = False) -> None:
        """By managed identity, or, for a command line, by whoever is signed in to the Azure CLI."""
        self._name = name
        # To a vault on this machine nobody signs in with the Azure CLI.
        is_person = as_operator and not is_loopback(url)
        self._credential = signed_in_operator() if is_person else managed_identity(identity)
        # A vault on this machine cannot have a name below vault.azure.net; everywhere else the check stays.
        self._client = KeyClient(
            url,
            self._credential,
            verify_challenge_resource=not is_loopback(url),
            **_OPTIONS,
        )
        self._signers: dict[str, CryptographyClient] = {}
        self._known: dict[str, KeyVersion] = {}
        """The public half of a version never changes; that it is enabled may."""

    async def versions(self) -> Sequence[KeyVersion]:
        try:
            async with asyncio.timeout(PATIENCE):
                listed = [each async for each in self._client.list_properties_of_key_versions(self._name)]
                return [await self._version(each.version) for each in listed if each.version and _is_usable(each)]
        except (AzureError, TimeoutError, OSError, ValueError) as error:
            raise SecretUnavailableError(type(error).__name__) from None

    async def sign(self, kid: str, message: bytes) -> bytes:
        if kid not in self._signers:
            self._signers[kid] = self._client.get_cryptography_client(self._name, key_version=kid)
        try:
            async with asyncio.timeout(PATIENCE):
                signed = await self._signers[kid].sign(SignatureAlgorithm.es256, hashlib.sha256(message).digest())
        except (AzureError, TimeoutError, OSError, ValueError) as error:
            is_refused = isinstance(error, HttpResponseError) and error.status_code in (403, 404)
            raise (KeyDisabledError if is_refused else SecretUnavailableError)(type(error).__name__) from None
        return signed.signature

    async def close(self) -> None:
        for signer in self._signers.values():
            await signer.close()
        await self._client.close()
        await self._credential.close()

    async def _version(self, kid: str) -> KeyVersion:
        if kid not in self._known:
            self._known[kid] = _read(kid, await self._client.get_key(self._name, kid))
        return self._known[kid]


_OPTIONS: dict[str, Any] = {
    "retry_total": 2,
    "retry_backoff_factor": 0.1,
    "connection_timeout": 3,
    "read_timeout": 5,
}


def _is_usable(version: KeyProperties) -> bool:
    return bool(version.enabled) and (version.expires_on is None or version.expires_on > datetime.now(UTC))


def _read(kid: str, found: KeyVaultKey) -> KeyVersion:
    """Raises ValueError for a key that cannot sign ES256."""
    created = found.properties.created_on
    # The class of the package makes its attributes from what the vault answers.
    curve, x, y = (getattr(found.key, name, None) for name in ("crv", "x", "y"))
    if curve != "P-256" or not isinstance(x, bytes) or not isinstance(y, bytes):
        raise ValueError("not a P-256 key")
    return KeyVersion(kid, created.timestamp() if created else 0.0, _text(x), _text(y))


def _text(coordinate: bytes) -> str:
    # Key Vault leaves nothing out at the front, but a JWK must have all 32 bytes (RFC 7518, section 6.2.1.2).
    return base64.urlsafe_b64encode(coordinate.rjust(32, b"\0")).decode().rstrip("=")
