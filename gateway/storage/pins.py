"""The pin store on Azure Table storage: one row for each tool, and one that marks a server's baseline.

The partition is the server, the row a hash of the tool's name, since names may hold characters that
keys may not. A definition's text is spread over columns, since one column holds 32,768 characters. A
table that does not exist is created on the first write, where the credential allows it.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import (
    AzureError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient

from gateway.storage.contract import Pin, PinChangedError, Pins, StoreUnavailableError
from gateway.storage.tables import open_client

TABLE = "pins"
PATIENCE = 10.0
"""Seconds for one question to the store with all its retries; a caller waits for this."""

_BASELINE = "baseline"
_HASHES = ("PartitionKey", "RowKey", "tool", "accepted", "waiting")
_CHUNK = 16_000
"""Characters of one column: at most 32,000 UTF-16 units."""


class TablePins:
    """A `PinStore` in one table."""

    def __init__(self, client: TableClient, credential: Any = None) -> None:
        self._client = client
        self._credential = credential

    async def pins(self, server: str) -> Pins:
        rows = await self._rows("PartitionKey eq @server", {"server": server})
        found = {row["tool"]: _pin(row) for row in rows if "tool" in row}
        return Pins(any(row["RowKey"] == _BASELINE for row in rows), found)

    async def pin(self, server: str, tool: str) -> Pin | None:
        try:
            async with _in_time():
                return _pin(await self._client.get_entity(server, _row_key(tool)))
        except ResourceNotFoundError:
            return None

    async def write(self, server: str, pin: Pin) -> Pin:
        entity = {"PartitionKey": server, "RowKey": _row_key(pin.tool), **_columns(pin)}
        try:
            async with _in_time():
                written = await self._replace(entity, pin.version) if pin.version else await self._insert(entity)
        except (ResourceExistsError, ResourceModifiedError, ResourceNotFoundError):
            raise PinChangedError from None
        return replace(pin, accepted_text="", waiting_text="", version=written["etag"])

    async def mark_baseline(self, server: str) -> None:
        try:
            async with _in_time():
                await self._insert({"PartitionKey": server, "RowKey": _BASELINE})
        except ResourceExistsError:
            return

    async def servers(self) -> Sequence[str]:
        return sorted({row["PartitionKey"] for row in await self._rows("PartitionKey ge @first", {"first": ""})})

    async def close(self) -> None:
        await self._client.close()
        if self._credential is not None:
            await self._credential.close()

    async def _rows(self, query: str, parameters: dict[str, str]) -> list[Mapping[str, Any]]:
        try:
            async with _in_time():
                found = self._client.query_entities(query, parameters=parameters, select=list(_HASHES))
                return [row async for row in found]
        except ResourceNotFoundError:
            # No table yet, so nothing is pinned.
            return []

    async def _insert(self, entity: dict[str, Any]) -> Mapping[str, Any]:
        try:
            return await self._client.create_entity(entity)
        except ResourceNotFoundError:
            with suppress(ResourceExistsError):
                await self._client.create_table()
            return await self._client.create_entity(entity)

    async def _replace(self, entity: dict[str, Any], version: str) -> Mapping[str, Any]:
        return await self._client.update_entity(
            entity, UpdateMode.REPLACE, etag=version, match_condition=MatchConditions.IfNotModified
        )


def open_pins(state: str, identity: str, *, as_operator: bool = False) -> TablePins:
    """The pins in the account that the setting names: by identity, or by connection string locally."""
    client, credential = open_client(state, TABLE, identity, as_operator=as_operator)
    return TablePins(client, credential)


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    """What the store said of the row passes; that it said nothing is StoreUnavailableError."""
    try:
        async with asyncio.timeout(PATIENCE):
            yield
    except (ResourceExistsError, ResourceModifiedError, ResourceNotFoundError):
        raise
    # AttributeError: as in `tables`, where the identity gave no token.
    except (AzureError, TimeoutError, OSError, AttributeError) as error:
        raise StoreUnavailableError(type(error).__name__) from error


def _row_key(tool: str) -> str:
    return f"tool-{hashlib.sha256(tool.encode()).hexdigest()}"


def _columns(pin: Pin) -> dict[str, str]:
    texts = {"accepted": pin.accepted_text, "waiting": pin.waiting_text}
    chunks = {
        f"{name}_{start // _CHUNK}": text[start : start + _CHUNK]
        for name, text in texts.items()
        for start in range(0, len(text), _CHUNK)
    }
    return {"tool": pin.tool, "accepted": pin.accepted, "waiting": pin.waiting, **chunks}


def _pin(row: Mapping[str, Any]) -> Pin:
    return Pin(
        tool=row["tool"],
        accepted=row["accepted"],
        waiting=row["waiting"],
        accepted_text=_text(row, "accepted"),
        waiting_text=_text(row, "waiting"),
        version=row.metadata["etag"],  # type: ignore[attr-defined]  # a TableEntity; the SDK types it as a mapping
    )


def _text(row: Mapping[str, Any], name: str) -> str:
    chunks: list[str] = []
    while (column := f"{name}_{len(chunks)}") in row:
        chunks.append(row[column])
    return "".join(chunks)
