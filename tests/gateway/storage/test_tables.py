"""The contract of the evidence store, on Azurite through the real SDK."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
from azure.data.tables import TableSasPermissions, generate_table_sas
from azure.data.tables.aio import TableClient

from devhost import azurite
from devhost.stack import Stack
from gateway.storage import tables
from gateway.storage.contract import EvidenceStore, RowExistsError, StoreUnavailableError
from gateway.storage.tables import TableEvidence, open_table


@pytest.fixture
async def store(storage: Stack) -> AsyncIterator[TableEvidence]:
    opened = open_table(azurite.connection_string(storage.ports), f"t{secrets.token_hex(8)}", "")
    yield opened
    await opened.close()


async def test_the_first_insert_creates_the_table_and_the_row_stays(store: EvidenceStore) -> None:
    await store.insert("p", "r", {"hash": "a", "n": 1})
    with pytest.raises(RowExistsError) as taken:
        await store.insert("p", "r", {"hash": "b"})
    assert taken.value.columns["hash"] == "a"
    assert taken.value.columns["n"] == 1


async def test_of_twenty_inserts_of_one_key_one_succeeds(store: EvidenceStore) -> None:
    await store.insert("p", "first", {})

    async def attempt(number: int) -> bool:
        try:
            await store.insert("p", "r", {"hash": str(number)})
        except RowExistsError:
            return False
        return True

    assert sum(await asyncio.gather(*map(attempt, range(20)))) == 1


async def test_a_store_that_is_down_is_unavailable_within_the_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "PATIENCE", 5.0)
    connection = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a;"
    store = open_table(connection, "evidence", "")
    async with asyncio.timeout(8):
        with pytest.raises(StoreUnavailableError):
            await store.insert("p", "r", {})
    await store.close()


async def test_a_store_that_hangs_is_unavailable_after_the_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "PATIENCE", 0.1)

    async def never(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            writer.close()

    async with await asyncio.start_server(never, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        connection = (
            f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:{port}/a;"
        )
        store = open_table(connection, "evidence", "")
        with pytest.raises(StoreUnavailableError):
            await store.insert("p", "r", {})
        await store.close()
        server.close_clients()


async def test_a_credential_that_only_reads_and_adds_is_enough(storage: Stack) -> None:
    """As the role on Azure does: no update, no delete."""
    name = f"t{secrets.token_hex(8)}"
    connection = azurite.connection_string(storage.ports)
    await (first := open_table(connection, name, "")).insert("p", "first", {})
    await first.close()
    sas = generate_table_sas(
        AzureNamedKeyCredential(azurite.ACCOUNT, azurite.KEY),
        name,
        permission=TableSasPermissions(read=True, add=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    endpoint = f"http://{azurite.HOST}:{storage.ports.table}/{azurite.ACCOUNT}"
    store = TableEvidence(TableClient(endpoint, name, credential=AzureSasCredential(sas)))
    await store.insert("p", "r", {"hash": "a"})
    with pytest.raises(RowExistsError):
        await store.insert("p", "r", {"hash": "b"})
    await store.close()
