"""The evidence's table as it is read: in the order of keys, page by page.

Takes ranges of keys and gives rows; it writes nothing. A table that does not exist has none.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.data.tables.aio import TableClient

from gateway.storage.contract import Columns, StoreUnavailableError
from gateway.storage.tables import open_client

PATIENCE = 20.0
"""Seconds for one page of rows with all its retries."""
_KEYS = ["PartitionKey", "RowKey"]


class TableRows:
    """`EvidenceRows` in one table."""

    def __init__(self, client: TableClient, credential: Any = None) -> None:
        self._client = client
        self._credential = credential

    async def rows(self, partition: str, first: str = "", last: str = "") -> AsyncIterator[Columns]:
        query, values = "PartitionKey eq @partition and RowKey ge @first", {"partition": partition, "first": first}
        if last:
            query, values = f"{query} and RowKey le @last", values | {"last": last}
        async for row in self._query(query, values):
            yield row

    async def between(self, first: str, before: str, *, keys_only: bool = False) -> AsyncIterator[Columns]:
        query = "PartitionKey ge @first and PartitionKey lt @before"
        async for row in self._query(query, {"first": first, "before": before}, _KEYS if keys_only else None):
            yield row

    async def close(self) -> None:
        await self._client.close()
        if self._credential is not None:
            await self._credential.close()

    async def _query(
        self, query: str, values: Mapping[str, str], select: list[str] | None = None
    ) -> AsyncIterator[Columns]:
        pages = self._client.query_entities(query, parameters=dict(values), select=select).by_page()
        while (page := await _page(pages)) is not None:
            for row in page:
                yield row


async def _page(pages: AsyncIterator[Any]) -> list[Columns] | None:
    """The next page; None after the last one. Raises StoreUnavailableError."""
    try:
        async with asyncio.timeout(PATIENCE):
            return [_columns(entity) async for entity in await anext(pages)]
    except (StopAsyncIteration, ResourceNotFoundError):
        return None
    # AttributeError: as in `tables`, where the identity gave no token.
    except (AzureError, TimeoutError, OSError, AttributeError) as error:
        raise StoreUnavailableError(type(error).__name__) from error


def _columns(entity: Mapping[str, Any]) -> Columns:
    # The gateway writes no other types; one that somebody else wrote must not be passed over.
    return {name: value if isinstance(value, str | int) else str(value) for name, value in entity.items()}


def open_rows(evidence: str, table: str, identity: str, *, as_operator: bool = False) -> TableRows:
    """The table in the account that the setting names."""
    client, credential = open_client(evidence, table, identity, as_operator=as_operator)
    return TableRows(client, credential)
