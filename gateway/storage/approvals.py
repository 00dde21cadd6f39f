"""The approval store on Azure Table storage, all in one table.

An approval's rows are a partition of its id; each of its contents is a partition of its own, in
parts that mean nothing until the last one is there; what a key names and what waits are a partition
each, of names that no id can have. A row carries a random mark of its insert, so that an insert
that is repeated because its answer was lost is not taken for somebody else's. A table that does
not exist is created on the first insert, where the credential allows it.
"""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.data.tables import EdmType, EntityProperty, TableEntity, UpdateMode
from azure.data.tables.aio import TableClient

from gateway.storage.approval_keys import (
    MARK,
    MAX_WAITING,
    checked_columns,
    checked_content,
    checked_id,
    checked_name,
    is_id,
)
from gateway.storage.contract import Columns, Pointer, RowExistsError, StoreUnavailableError
from gateway.storage.tables import open_client

TABLE, GRANTS, PROPOSALS = "approvals", "grants", "proposals"
PATIENCE = 10.0
"""Seconds for one question to the store with all its retries; a caller waits for this."""
CONTENT_PATIENCE = 45.0
"""Seconds for a whole content."""

_FIND, _WAITING = "~find", "~waiting"
_REQUEST = "request"
_END = "end"
_PIECE = 60_000
"""Bytes of one column, which holds 65,536."""
_PART = 12 * _PIECE
"""Bytes of one entity, which holds 1 MiB; in base64 they are a request of just less than that."""
_TRIES = 3
_OWN = frozenset({"PartitionKey", "RowKey", MARK})


class TableApprovals:
    """An `ApprovalStore` in one table."""

    def __init__(self, client: TableClient, credential: Any = None) -> None:
        self._client = client
        self._credential = credential

    async def insert(self, approval: str, row: str, columns: Columns) -> None:
        entity = {**_typed(checked_columns(columns)), **_keys(checked_id(approval), checked_name(row))}
        async with _in_time():
            before = await self._insert(entity)
        if before is not None:
            raise RowExistsError(_columns(before))

    async def rows(self, approval: str) -> Mapping[str, Columns]:
        found = await self._query("PartitionKey eq @key", checked_id(approval))
        return {row["RowKey"]: _columns(row) for row in found}

    async def keep(self, approval: str, name: str, content: bytes) -> None:
        partition = _content_partition(approval, name)
        *parts, last = _parts(checked_content(content))
        end = {**_keys(partition, _END), **_pieces(last)}
        end |= {"parts": len(parts), "length": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        async with _in_time(CONTENT_PATIENCE):
            for number, part in enumerate(parts):
                # The names of the parts are this attempt's own: what is there of others is not touched or mixed in.
                await self._insert({**_keys(partition, _part_name(end[MARK], number)), **_pieces(part)})
            await self._complete(end)

    async def kept(self, approval: str, name: str) -> bytes | None:
        async with _in_time(CONTENT_PATIENCE):
            end = await self._get(_content_partition(approval, name), _END)
            return None if end is None else await self._whole(end)

    async def forget(self, approval: str, name: str) -> None:
        partition = _content_partition(approval, name)
        async with _in_time():
            # First what makes it whole: if this goes no further, it is gone all the same.
            await self._client.delete_entity(partition, _END)
        for row in await self._query("PartitionKey eq @key", partition, select=["RowKey"]):
            async with _in_time():
                await self._client.delete_entity(partition, row["RowKey"])

    async def find(self, key: str) -> Pointer | None:
        async with _in_time():
            found = await self._get(_FIND, checked_name(key))
        return None if found is None else Pointer(found["approval"], _version(found))

    async def point(self, key: str, approval: str, instead_of: Pointer | None) -> bool:
        entity = {**_keys(_FIND, checked_name(key)), "approval": checked_id(approval)}
        async with _in_time():
            if instead_of is None:
                return await self._insert(entity) is None
            return await self._replace(entity, instead_of.version)

    async def enlist(self, approval: str) -> None:
        async with _in_time():
            with suppress(ResourceExistsError):
                await self._create(_keys(_WAITING, checked_id(approval)))

    async def delist(self, approval: str) -> None:
        async with _in_time():
            await self._client.delete_entity(_WAITING, checked_id(approval))

    async def waiting(self) -> Sequence[str]:
        found = await self._query("PartitionKey eq @key", _WAITING, select=["RowKey"], at_most=MAX_WAITING)
        return sorted(row["RowKey"] for row in found)

    async def known(self) -> Sequence[str]:
        found = await self._query("RowKey eq @key", _REQUEST, select=["PartitionKey"])
        # A key or an id that waits may be called `request` too; their partitions are no ids.
        return sorted(row["PartitionKey"] for row in found if is_id(row["PartitionKey"]))

    async def close(self) -> None:
        await self._client.close()
        if self._credential is not None:
            await self._credential.close()

    async def _insert(self, entity: Mapping[str, Any]) -> TableEntity | None:
        """None if it was this that added the row; else the row that was there before."""
        try:
            await self._create(entity)
        except ResourceExistsError:
            found = await self._client.get_entity(entity["PartitionKey"], entity["RowKey"])
            return None if found.get(MARK) == entity[MARK] else found
        return None

    async def _create(self, entity: Mapping[str, Any]) -> None:
        try:
            await self._client.create_entity(entity)
        except ResourceNotFoundError:
            with suppress(ResourceExistsError):
                await self._client.create_table()
            await self._client.create_entity(entity)

    async def _replace(self, entity: Mapping[str, Any], version: str) -> bool:
        """Whether it was this that replaced the row of that version."""
        try:
            await self._client.update_entity(
                entity, UpdateMode.REPLACE, etag=version, match_condition=MatchConditions.IfNotModified
            )
        except (ResourceModifiedError, ResourceNotFoundError):
            found = await self._get(entity["PartitionKey"], entity["RowKey"])
            return found is not None and found.get(MARK) == entity[MARK]
        return True

    async def _get(self, partition: str, row: str) -> TableEntity | None:
        try:
            return await self._client.get_entity(partition, row)
        except ResourceNotFoundError:
            return None

    async def _complete(self, end: Mapping[str, Any]) -> None:
        """The content of this end is the one of its name. Raises RowExistsError if there is a whole one already."""
        for _ in range(_TRIES):
            before = await self._insert(end)
            if before is None:
                return
            if await self._whole(before) is not None:
                raise RowExistsError({})
            # Parts of it were forgotten while it was written: it is none, and this one takes its place.
            if await self._replace(end, _version(before)):
                return
        raise StoreUnavailableError("the content changed at each try")

    async def _whole(self, end: TableEntity) -> bytes | None:
        """The content that ends so; None if anything of it is missing."""
        parts: list[bytes] = []
        for number in range(end["parts"]):
            part = await self._get(end["PartitionKey"], _part_name(end[MARK], number))
            if part is None:
                return None
            parts.append(_joined(part))
        content = b"".join([*parts, _joined(end)])
        is_whole = len(content) == end["length"] and hashlib.sha256(content).hexdigest() == end["sha256"]
        return content if is_whole else None

    async def _query(
        self, query: str, key: str, *, select: list[str] | None = None, at_most: int | None = None
    ) -> list[TableEntity]:
        """The rows that match, and no more than asked for; each page has its own patience."""
        pages = self._client.query_entities(
            query, parameters={"key": key}, select=select, results_per_page=at_most
        ).by_page()
        found: list[TableEntity] = []
        while at_most is None or len(found) < at_most:
            async with _in_time():
                page = await _next(pages)
                if page is None:
                    break
                found += [row async for row in page]
        return found[:at_most]


def open_approvals(state: str, identity: str, table: str = "", *, as_operator: bool = False) -> TableApprovals:
    """The approvals in the account that the setting names: by identity, or by connection string locally.

    Grants are kept in the same way, in a table of their own, and so are proposals.
    """
    client, credential = open_client(state, table or TABLE, identity, as_operator=as_operator)
    return TableApprovals(client, credential)


@asynccontextmanager
async def _in_time(patience: float | None = None) -> AsyncIterator[None]:
    """That the store did not do what it was asked to in time is StoreUnavailableError."""
    try:
        async with asyncio.timeout(PATIENCE if patience is None else patience):
            yield
    # AttributeError: as in `tables`, where the identity gave no token.
    except (AzureError, TimeoutError, OSError, AttributeError) as error:
        raise StoreUnavailableError(type(error).__name__) from error


async def _next(pages: AsyncIterator[AsyncIterator[TableEntity]]) -> AsyncIterator[TableEntity] | None:
    try:
        return await anext(pages, None)
    except ResourceNotFoundError:
        # No table yet, so nothing is in it.
        return None


def _keys(partition: str, row: str) -> dict[str, Any]:
    return {"PartitionKey": partition, "RowKey": row, MARK: secrets.token_hex(8)}


def _content_partition(approval: str, name: str) -> str:
    return f"{checked_id(approval)}~{checked_name(name)}"


def _part_name(mark: str, number: int) -> str:
    return f"{mark}-{number:03}"


def _typed(columns: Columns) -> dict[str, Any]:
    """The SDK takes a plain int for one of 32 bits."""
    return {
        name: value if isinstance(value, str) or -(2**31) <= value < 2**31 else EntityProperty(value, EdmType.INT64)
        for name, value in columns.items()
    }


def _version(row: TableEntity) -> str:
    version = row.metadata["etag"]
    if version is None:
        raise StoreUnavailableError("a row without a version")
    return version


def _columns(row: TableEntity) -> Columns:
    found = {name: value for name, value in row.items() if name not in _OWN}
    return {name: value.value if isinstance(value, EntityProperty) else value for name, value in found.items()}


def _parts(content: bytes) -> list[bytes]:
    return [content[start : start + _PART] for start in range(0, len(content), _PART)] or [b""]


def _pieces(part: bytes) -> dict[str, bytes]:
    return {f"piece_{start // _PIECE}": part[start : start + _PIECE] for start in range(0, len(part), _PIECE)}


def _joined(row: TableEntity) -> bytes:
    pieces: list[bytes] = []
    while (column := f"piece_{len(pieces)}") in row:
        pieces.append(row[column])
    return b"".join(pieces)
