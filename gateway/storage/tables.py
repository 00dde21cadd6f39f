"""The evidence store on Azure Table storage (Azurite on a developer's machine).

Inserts and reads, nothing else: on Azure the identity holds a role that allows only these two.
A table that does not exist is created on the first insert, where the credential allows it.
"""

import asyncio
from typing import Any

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.data.tables.aio import TableClient

from gateway.storage.contract import Columns, RowExistsError, StoreUnavailableError

PATIENCE = 10.0
"""Seconds for one insert with all its retries; a caller waits for this."""
_RETRIES: dict[str, Any] = {"retry_total": 2, "retry_backoff_factor": 0.1, "retry_backoff_max": 1}
_TIMEOUTS: dict[str, Any] = {"connection_timeout": 3, "read_timeout": 5}


class TableEvidence:
    """An `EvidenceStore` in one table."""

    def __init__(self, client: TableClient, credential: Any = None) -> None:
        self._client = client
        self._credential = credential

    async def insert(self, partition: str, row: str, columns: Columns) -> None:
        entity = {"PartitionKey": partition, "RowKey": row, **columns}
        try:
            async with asyncio.timeout(PATIENCE):
                await self._insert(entity)
        except (AzureError, TimeoutError, OSError) as error:
            raise StoreUnavailableError(type(error).__name__) from error

    async def _insert(self, entity: dict[str, Any]) -> None:
        try:
            await self._client.create_entity(entity)
        except ResourceExistsError:
            # Either another writer's row, or our own: a retry after an answer that was lost finds it written.
            raise RowExistsError(await self._read(entity)) from None
        except ResourceNotFoundError:
            await self._create_table()
            await self._client.create_entity(entity)

    async def _read(self, entity: dict[str, Any]) -> Columns:
        found = await self._client.get_entity(entity["PartitionKey"], entity["RowKey"])
        return {name: value for name, value in found.items() if isinstance(value, str | int)}

    async def _create_table(self) -> None:
        try:
            await self._client.create_table()
        except ResourceExistsError:
            return

    async def close(self) -> None:
        await self._client.close()
        if self._credential is not None:
            await self._credential.close()


def open_table(evidence: str, table: str, identity: str, *, as_operator: bool = False) -> TableEvidence:
    """The table in the account that the setting names."""
    client, credential = open_client(evidence, table, identity, as_operator=as_operator)
    return TableEvidence(client, credential)


def open_client(account: str, table: str, identity: str, *, as_operator: bool = False) -> tuple[TableClient, Any]:
    """A client of one table, and the credential to close after it; None where the account is local storage.

    By managed identity, or, for a command line, by whoever is signed in to the Azure CLI.
    """
    if not account.startswith("https://"):
        return TableClient.from_connection_string(account, table, **_RETRIES, **_TIMEOUTS), None
    from gateway.storage import identity as identities  # noqa: PLC0415 - 0.2 s that local storage need not pay

    credential = identities.signed_in_operator() if as_operator else identities.managed_identity(identity)
    return TableClient(account, table, credential=credential, **_RETRIES, **_TIMEOUTS), credential
