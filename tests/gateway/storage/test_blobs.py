"""The contract of blobs, on Azurite through the real SDK, with the right to read, list and create alone."""

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest
from azure.core.exceptions import HttpResponseError

from devhost import azurite
from devhost.stack import Stack
from gateway.storage import blobs
from gateway.storage.blobs import Blobs, open_blobs
from gateway.storage.contract import BlobExistsError, BlobStore, StoreUnavailableError

DOWN = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;BlobEndpoint=http://127.0.0.1:9/a;"


@pytest.fixture
async def store(storage: Stack) -> AsyncIterator[Blobs]:
    opened = open_blobs(azurite.blobs_connection_string(storage.ports), f"c{secrets.token_hex(8)}", "")
    yield opened
    await opened.close()


async def test_a_blob_is_created_once_and_stays_as_it_was(store: BlobStore) -> None:
    await store.create("a/1", b"first")
    with pytest.raises(BlobExistsError):
        await store.create("a/1", b"second")
    assert await store.read("a/1") == b"first"
    assert await store.read("a/2") is None


async def test_the_names_come_in_order_and_by_their_beginning(store: BlobStore) -> None:
    assert await store.names() == []
    assert await store.read("a") is None
    for name in ("b/1", "a/2", "a/1"):
        await store.create(name, b"")
    assert await store.names() == ["a/1", "a/2", "b/1"]
    assert await store.names("a/") == ["a/1", "a/2"]


async def test_of_twenty_at_a_time_one_creates_the_blob(store: BlobStore) -> None:
    await store.create("first", b"")

    async def attempt(number: int) -> bool:
        try:
            await store.create("one", str(number).encode())
        except BlobExistsError:
            return False
        return True

    assert sum(await asyncio.gather(*map(attempt, range(20)))) == 1


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # as the SDK hands it to aiohttp
async def test_a_large_blob_is_created_in_one_request_or_not_at_all(store: BlobStore) -> None:
    large = secrets.token_bytes(2**20) * 10
    await store.create("large", large)
    assert await store.read("large") == large


async def test_what_the_gateway_has_can_neither_overwrite_nor_delete(store: Blobs) -> None:
    await store.create("a", b"first")
    for attempt in (store._container.upload_blob("a", b"x", overwrite=True), store._container.delete_blob("a")):
        with pytest.raises(HttpResponseError) as refused:
            await attempt
        assert refused.value.status_code == 403
    assert await store.read("a") == b"first"


async def test_a_store_that_is_down_is_unavailable_within_the_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "PATIENCE", 5.0)
    store = open_blobs(DOWN, "c", "")
    async with asyncio.timeout(20):
        for asked in (store.create("a", b""), store.read("a"), store.names()):
            with pytest.raises(StoreUnavailableError):
                await asked
    await store.close()


async def test_a_store_that_hangs_is_unavailable_after_the_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "PATIENCE", 0.1)

    async def never(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            writer.close()

    async with await asyncio.start_server(never, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        store = open_blobs(DOWN.replace(":9/", f":{port}/"), "c", "")
        for asked in (store.create("a", b""), store.read("a"), store.names()):
            with pytest.raises(StoreUnavailableError):
                await asked
        await store.close()
        server.close_clients()
