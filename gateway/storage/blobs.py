"""Blobs that are created once, in one container of Azure Blob storage (Azurite on a developer's machine).

Creates and reads, nothing else: on Azure the identity holds a role that allows only these two. A container that
does not exist is created with its first blob, where the credential allows it.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import BlobServiceClient, ContainerClient

from gateway.storage.contract import BlobExistsError, StoreUnavailableError

PATIENCE = 10.0
"""Seconds for one blob, or for one page of names, with all retries; a caller waits for this."""
_FORBIDDEN = 403
OPTIONS: dict[str, Any] = {
    "retry_total": 2,
    "retry_backoff_factor": 0.1,
    "connection_timeout": 3,
    "read_timeout": 5,
    # One request for each blob: blocks would need the right to write, which can overwrite.
    "max_single_put_size": 256 * 2**20,
    "max_single_get_size": 256 * 2**20,
}


class Blobs:
    """A `BlobStore` in one container."""

    def __init__(self, service: BlobServiceClient, container: str, credential: Any = None) -> None:
        self._service = service
        self._container: ContainerClient = service.get_container_client(container)
        self._credential = credential

    async def create(self, name: str, content: bytes) -> None:
        try:
            async with _in_time():
                await self._create(name, content)
        except ResourceExistsError:
            raise BlobExistsError(name) from None

    async def read(self, name: str) -> bytes | None:
        try:
            async with _in_time():
                return await (await self._container.download_blob(name)).readall()
        except ResourceNotFoundError:
            return None

    async def names(self, prefix: str = "") -> Sequence[str]:
        pages = self._container.list_blob_names(name_starts_with=prefix).by_page()
        found: list[str] = []
        try:
            while True:
                async with _in_time():
                    # A plain loop would have one time limit for all pages, or none.
                    found += [name async for name in await anext(pages)]
        except StopAsyncIteration:
            return sorted(found)
        except ResourceNotFoundError:
            # No container yet, so no blob.
            return []

    async def close(self) -> None:
        await self._container.close()
        await self._service.close()
        if self._credential is not None:
            await self._credential.close()

    async def _create(self, name: str, content: bytes) -> None:
        try:
            await self._upload(name, content)
        except ResourceNotFoundError:
            with suppress(ResourceExistsError):
                await self._container.create_container()
            await self._upload(name, content)
        except HttpResponseError as error:
            # Whoever may only create is not always told that the blob exists, but that it may not be overwritten.
            if error.status_code != _FORBIDDEN or not await self._container.get_blob_client(name).exists():
                raise
            raise ResourceExistsError from None

    async def _upload(self, name: str, content: bytes) -> None:
        # Without `overwrite` the request says If-None-Match: *.
        await self._container.upload_blob(name, content, overwrite=False)


def open_blobs(account: str, container: str, identity: str, *, as_operator: bool = False) -> Blobs:
    """The container in the account that the setting names: by identity, or by connection string locally."""
    if not account.startswith("https://"):
        return Blobs(BlobServiceClient.from_connection_string(account, **OPTIONS), container)
    from gateway.storage import identity as identities  # noqa: PLC0415 - 0.2 s that local storage need not pay

    credential = identities.signed_in_operator() if as_operator else identities.managed_identity(identity)
    return Blobs(BlobServiceClient(account, credential=credential, **OPTIONS), container, credential)


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    """What the store said of the blob passes; that it said nothing is StoreUnavailableError."""
    try:
        async with asyncio.timeout(PATIENCE):
            yield
    except (ResourceExistsError, ResourceNotFoundError):
        raise
    except (AzureError, TimeoutError, OSError) as error:
        raise StoreUnavailableError(type(error).__name__) from error
