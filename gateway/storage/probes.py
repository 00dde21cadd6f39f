"""Probes of a table and of a container: whether it can be read, added to, changed and emptied, and by whom not.

Takes an account and a name, and says of each attempt what the store answered. What is added lies in a place of its
own that begins with `~`, which whoever reads the evidence passes over; only that is ever changed or deleted.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient
from azure.storage.blob.aio import BlobServiceClient

from gateway.storage import blobs, tables
from gateway.storage import identity as identities

PATIENCE = 8.0
"""Seconds for one attempt."""
PLACE = "~probe"
"""Partition, and folder of blobs."""
UNSENT = "no token"
_FORBIDDEN, _NOT_FOUND = 403, 404


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of one attempt."""

    status: int
    """HTTP status; 0 if nothing answered, 200 for all that was done."""
    why: str = ""
    """The store's own code, or the kind of error; empty if it was done."""

    @property
    def is_done(self) -> bool:
        return self.status == 200

    @property
    def is_refused(self) -> bool:
        """By the rights of whoever asked."""
        return self.status == _FORBIDDEN

    @property
    def is_unsent(self) -> bool:
        """Whether there was no token to ask with."""
        return self.why == UNSENT

    @property
    def is_missing(self) -> bool:
        return self.status == _NOT_FOUND


class TableProbe:
    """One table. `row` is the key of the row that this probe adds."""

    def __init__(self, client: TableClient, row: str) -> None:
        self._client = client
        self._key = {"PartitionKey": PLACE, "RowKey": row}

    async def read(self) -> Attempt:
        return await _tried(self._look())

    async def add(self) -> Attempt:
        return await _tried(self._client.create_entity({**self._key, "probe": "doctor"}))

    async def change(self) -> Attempt:
        return await _tried(self._client.update_entity({**self._key, "probe": "changed"}, UpdateMode.REPLACE))

    async def delete(self) -> Attempt:
        return await _tried(self._client.delete_entity(PLACE, self._key["RowKey"]))

    async def _look(self) -> None:
        query = self._client.query_entities("PartitionKey eq @place", parameters={"place": PLACE}, results_per_page=1)
        async for _ in query:
            return


class BlobProbe:
    """One container. `name` is that of the blob that this probe adds."""

    def __init__(self, service: BlobServiceClient, container: str, name: str) -> None:
        self._container = service.get_container_client(container)
        self._name = f"{PLACE}/{name}"

    async def read(self) -> Attempt:
        return await _tried(self._look())

    async def add(self) -> Attempt:
        return await _tried(self._container.upload_blob(self._name, b"doctor", overwrite=False))

    async def change(self) -> Attempt:
        return await _tried(self._container.upload_blob(self._name, b"changed", overwrite=True))

    async def delete(self) -> Attempt:
        return await _tried(self._container.delete_blob(self._name))

    async def retention(self) -> bool | Attempt:
        """Whether the container has an immutability policy; who may not see that gets the refusal."""
        found: list[bool] = []

        async def look() -> None:
            found.append(bool((await self._container.get_container_properties()).has_immutability_policy))

        attempt = await _tried(look())
        return found[0] if found else attempt

    async def _look(self) -> None:
        # A page of names, since a role that is given on the container may list it.
        async for _ in self._container.list_blob_names(name_starts_with=PLACE, results_per_page=1):
            return


@asynccontextmanager
async def table_probe(
    account: str, table: str, identity: str, row: str, *, as_operator: bool
) -> AsyncIterator[TableProbe]:
    """The table in the account that the setting names."""
    client, credential = tables.open_client(account, table, identity, as_operator=as_operator)
    try:
        yield TableProbe(client, row)
    finally:
        await client.close()
        if credential is not None:
            await credential.close()


@asynccontextmanager
async def blob_probe(
    account: str, container: str, identity: str, name: str, *, as_operator: bool
) -> AsyncIterator[BlobProbe]:
    """The container in the account that the setting names."""
    if not account.startswith("https://"):
        async with BlobServiceClient.from_connection_string(account, **blobs.OPTIONS) as service:
            yield BlobProbe(service, container, name)
        return
    credential = identities.signed_in_operator() if as_operator else identities.managed_identity(identity)
    async with credential, BlobServiceClient(account, credential=credential, **blobs.OPTIONS) as service:
        yield BlobProbe(service, container, name)


async def _tried(attempt: Awaitable[Any]) -> Attempt:
    try:
        async with asyncio.timeout(PATIENCE):
            await attempt
    except (AttributeError, identities.NO_CREDENTIAL):
        # The tables' SDK looks for the answer in the error of a request that was never sent, for want of a token.
        return Attempt(0, UNSENT)
    except HttpResponseError as error:
        if error.status_code is None:
            return Attempt(0, type(error).__name__)
        code = getattr(error, "error_code", None)
        return Attempt(error.status_code, str(getattr(code, "value", code) or type(error).__name__))
    except (AzureError, TimeoutError, OSError, ValueError) as error:
        return Attempt(0, type(error).__name__)
    return Attempt(200)
