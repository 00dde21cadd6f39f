"""The evidence store on Azure Table storage (Azurite on a developer's machine).

Inserts and reads, nothing else: on Azure the identity holds a role that allows only these two.
A table that does not exist is created on the first insert, where the credential allows it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from http.client import HTTPException
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.data.tables import TableTransactionError
from azure.data.tables.aio import TableClient

from gateway.storage.contract import BatchRefusedError, Columns, RowExistsError, StoreUnavailableError
from gateway.storage.inserts import Inserts

PATIENCE = 10.0
"""Seconds for one insert with all its retries; a caller waits for this."""
_RETRIES: dict[str, Any] = {"retry_total": 2, "retry_backoff_factor": 0.1, "retry_backoff_max": 1}
_CONFLICT, _FORBIDDEN, _NOT_FOUND = 409, 403, 404
_RANGE = "PartitionKey eq @partition and RowKey ge @first and RowKey le @last"
_TIMEOUTS: dict[str, Any] = {"connection_timeout": 3, "read_timeout": 5}
_QUICK: dict[str, Any] = {"use_env_settings": False}
"""No proxy out of the environment; to look for one the SDK reads `.netrc` in other threads at every request."""
_NO_ECHO: dict[str, Any] = {"response_preference": "return-no-content"}

# At INFO, which the worker sets, the SDK writes twenty lines for each request.
logging.getLogger("azure.core.pipeline.policies.http_logging_policy").setLevel(logging.WARNING)


class TableEvidence:
    """An `EvidenceStore` in one table."""

    def __init__(self, client: TableClient, credential: Any = None) -> None:
        self._client = client
        self._credential = credential
        self._inserts = Inserts(client, **_TIMEOUTS)

    async def insert(self, partition: str, row: str, columns: Columns) -> None:
        await _patiently(self._insert, _entity(partition, row, columns))

    async def insert_all(self, partition: str, rows: Mapping[str, Columns]) -> None:
        await _patiently(self._insert_all, [_entity(partition, row, columns) for row, columns in rows.items()])

    async def between(self, partition: str, first: str, last: str) -> Mapping[str, Columns]:
        return await _patiently(self._between, {"partition": partition, "first": first, "last": last})

    async def _insert(self, entity: dict[str, Any]) -> None:
        if await self._inserts.put(entity):
            return
        try:
            await self._client.create_entity(entity, **_NO_ECHO)
        except ResourceExistsError:
            # Either another writer's row, or our own: a try after one whose answer was lost finds it written.
            raise RowExistsError(await self._read(entity)) from None
        except ResourceNotFoundError:
            await self._create_table()
            await self._client.create_entity(entity, **_NO_ECHO)

    async def _insert_all(self, entities: list[dict[str, Any]]) -> None:
        operations = [("create", entity) for entity in entities]
        try:
            await self._client.submit_transaction(operations)
        except TableTransactionError as error:
            if error.status_code == _CONFLICT:
                raise RowExistsError({}, entities[error.index]["RowKey"]) from None
            if error.status_code != _NOT_FOUND:
                raise
            await self._create_table()
            await self._client.submit_transaction(operations)
        except HttpResponseError as error:
            if error.status_code == _FORBIDDEN:
                raise BatchRefusedError from None
            raise

    async def _between(self, wanted: dict[str, str]) -> dict[str, Columns]:
        found = self._client.query_entities(_RANGE, parameters=wanted)
        return {entity["RowKey"]: _columns(entity) async for entity in found}

    async def _read(self, entity: dict[str, Any]) -> Columns:
        found = await self._client.get_entity(entity["PartitionKey"], entity["RowKey"])
        return _columns(found)

    async def _create_table(self) -> None:
        try:
            await self._client.create_table()
        except ResourceExistsError:
            return

    async def close(self) -> None:
        await self._inserts.close()
        await self._client.close()
        if self._credential is not None:
            await self._credential.close()


async def _patiently[**Given, Found](
    ask: Callable[Given, Awaitable[Found]], *given: Given.args, **named: Given.kwargs
) -> Found:
    try:
        async with asyncio.timeout(PATIENCE):
            return await ask(*given, **named)
    # HTTPException: the SDK's reader of an answer in parts, of one that has none. AttributeError: the SDK looks for the
    # answer's headers where there is no answer, because the identity gave no token.
    except (AzureError, TimeoutError, OSError, HTTPException, AttributeError) as error:
        raise StoreUnavailableError(type(error).__name__) from error


def _entity(partition: str, row: str, columns: Columns) -> dict[str, Any]:
    return {"PartitionKey": partition, "RowKey": row, **columns}


def _columns(entity: Mapping[str, Any]) -> Columns:
    return {name: value for name, value in entity.items() if isinstance(value, str | int)}


def open_table(evidence: str, table: str, identity: str, *, as_operator: bool = False) -> TableEvidence:
    """The table in the account that the setting names."""
    client, credential = open_client(evidence, table, identity, as_operator=as_operator)
    return TableEvidence(client, credential)


def open_client(account: str, table: str, identity: str, *, as_operator: bool = False) -> tuple[TableClient, Any]:
    """A client of one table, and the credential to close after it; None where the account is local storage.

    By managed identity, or, for a command line, by whoever is signed in to the Azure CLI.
    """
    if not account.startswith("https://"):
        return TableClient.from_connection_string(account, table, **_RETRIES, **_TIMEOUTS, **_QUICK), None
    from gateway.storage import identity as identities  # noqa: PLC0415 - 0.2 s that local storage need not pay

    credential = identities.signed_in_operator() if as_operator else identities.managed_identity(identity)
    return TableClient(account, table, credential=credential, **_RETRIES, **_TIMEOUTS, **_QUICK), credential
