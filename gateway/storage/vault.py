"""Secrets out of Azure Key Vault, read with the app's managed identity."""

import asyncio
from typing import Any

from azure.core.exceptions import AzureError
from azure.keyvault.secrets.aio import SecretClient

from gateway.settings import is_loopback
from gateway.storage.contract import SecretUnavailableError
from gateway.storage.identity import managed_identity, signed_in_operator
from gateway.values import Secret

PATIENCE = 10.0
"""Seconds for one secret with all retries; a caller waits for this."""


class Vault:
    """A Key Vault, opened once for the process."""

    def __init__(self, url: str, identity: str, *, as_operator: bool = False) -> None:
        """By managed identity, or, for a command line, by whoever is signed in to the Azure CLI."""
        # To a vault on this machine nobody signs in with the Azure CLI.
        is_person = as_operator and not is_loopback(url)
        self._credential = signed_in_operator() if is_person else managed_identity(identity)
        # A vault on this machine cannot have a name below vault.azure.net; everywhere else the check stays.
        self._client = SecretClient(
            url,
            self._credential,
            verify_challenge_resource=not is_loopback(url),
            **_OPTIONS,
        )

    async def read(self, name: str) -> Secret:
        """The current version of a secret. Raises SecretUnavailableError."""
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._client.get_secret(name)
        except (AzureError, TimeoutError, OSError) as error:
            raise SecretUnavailableError(type(error).__name__) from None
        if not found.value:
            raise SecretUnavailableError("empty")
        return Secret(found.value)

    async def close(self) -> None:
        await self._client.close()
        await self._credential.close()


_OPTIONS: dict[str, Any] = {
    "retry_total": 2,
    "retry_backoff_factor": 0.1,
    "connection_timeout": 3,
    "read_timeout": 5,
}
