"""The managed identity that this app is on Azure; locally devhost plays the endpoint that answers for it."""

import asyncio
import time

from azure.core.exceptions import AzureError
from azure.identity import CredentialUnavailableError
from azure.identity.aio import AzureCliCredential, ManagedIdentityCredential

from gateway.held_tokens import Token
from gateway.storage.contract import SecretUnavailableError
from gateway.values import Secret

PATIENCE = 10.0
"""Seconds for one token with all retries; a caller waits for this."""

NO_CREDENTIAL = CredentialUnavailableError
"""What a client of Azure raises where nobody is signed in, or there is no identity."""


def managed_identity(client_id: str) -> ManagedIdentityCredential:
    """The user-assigned identity of that client id, or the system-assigned one if it is empty.

    Managed identity alone: no environment secret, no developer's sign-in is ever tried.
    """
    return ManagedIdentityCredential(client_id=client_id) if client_id else ManagedIdentityCredential()


def signed_in_operator() -> AzureCliCredential:
    """Whoever is signed in with `az login`: for the command line alone, never for a call."""
    return AzureCliCredential()


class Identity:
    """The identity as a source of tokens, opened once for the process; its package keeps them until they expire."""

    def __init__(self, client_id: str, *, as_operator: bool = False) -> None:
        """By managed identity, or, for a command line, whoever is signed in to the Azure CLI."""
        self._credential = signed_in_operator() if as_operator else managed_identity(client_id)

    async def token(self, resource: str) -> Token:
        """A token for the App ID URI of a registration. Raises SecretUnavailableError."""
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._credential.get_token(f"{resource}/.default")
        except (AzureError, TimeoutError, OSError) as error:
            raise SecretUnavailableError(type(error).__name__) from None
        return Token(Secret(found.token), found.expires_on - time.time())

    async def close(self) -> None:
        await self._credential.close()
