"""The contract of the evidence store, on Azurite through the real SDK."""

import asyncio
import json
import logging
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.credentials import AccessToken, AccessTokenInfo, AzureNamedKeyCredential, AzureSasCredential
from azure.data.tables import TableSasPermissions, generate_table_sas
from azure.data.tables.aio import TableClient
from azure.identity import CredentialUnavailableError

from devhost import azurite
from devhost.ports import Ports
from devhost.stack import Stack
from gateway.evidence.chain import Chains
from gateway.evidence.commit import Entry
from gateway.storage import tables
from gateway.storage.contract import (
    MAX_BATCH,
    BatchRefusedError,
    Columns,
    EvidenceStore,
    RowExistsError,
    StoreUnavailableError,
)
from gateway.storage.tables import TableEvidence, open_table
from tests.fakes.proxy import Break, Proxy, proxy


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


async def test_it_uses_no_proxy_of_the_environment_and_writes_no_request_to_the_log(
    store: EvidenceStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    caplog.set_level(logging.INFO)
    await store.insert("p", "r", {"hash": "a"})
    assert not [record for record in caplog.records if record.name.startswith("azure.")]


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


async def test_a_batch_is_written_whole_and_its_rows_are_read_back_by_range(store: EvidenceStore) -> None:
    """The first batch makes the table, too."""
    rows: dict[str, Columns] = {f"w-{number:03d}": {"hash": f"h{number}"} for number in range(MAX_BATCH)}
    await store.insert_all("p", rows)
    assert {row: columns["hash"] for row, columns in (await store.between("p", "w-000", "w-999")).items()} == {
        row: columns["hash"] for row, columns in rows.items()
    }
    assert list(await store.between("p", "w-007", "w-009")) == ["w-007", "w-008", "w-009"]
    assert await store.between("o'p", "w-007", "w-009") == {}


async def test_a_batch_with_a_row_that_is_there_writes_nothing_and_says_which(store: EvidenceStore) -> None:
    await store.insert("p", "b", {"hash": "first"})
    with pytest.raises(RowExistsError) as taken:
        await store.insert_all("p", {"a": {}, "b": {}, "c": {}})
    assert taken.value.row == "b"
    found = await store.between("p", "a", "c")
    assert [(row, columns["hash"]) for row, columns in found.items()] == [("b", "first")]


@pytest.fixture
async def network(storage: Stack) -> AsyncIterator[Proxy]:
    async with proxy(storage.ports.table) as running:
        yield running


async def opened(network: Proxy) -> TableEvidence:
    """A store behind the network, whose table is there."""
    ports = replace(Ports(), table=network.port)
    store = open_table(azurite.connection_string(ports), f"t{secrets.token_hex(8)}", "")
    await store.insert("before", "first", {})
    network.seen = 0
    return store


@pytest.mark.parametrize("broken", Break)
@pytest.mark.parametrize("size", [1, 5])
async def test_what_breaks_on_the_way_loses_and_doubles_nothing(network: Proxy, broken: Break, size: int) -> None:
    """The records are put again until they are confirmed, as the spill does, and another one after them."""
    store = await opened(network)
    network.breaks = [broken] * 4  # more often than the SDK tries
    chains = Chains(store)
    waiting = [Entry("s", {"number": number}) for number in range(size)]
    async with asyncio.timeout(30):
        while waiting:
            await asyncio.gather(*map(chains.put, waiting), return_exceptions=True)
            waiting = [entry for entry in waiting if not entry.is_written]
        await chains.append("s", {"number": size})
    rows = list((await store.between("s", "0", "z")).values())
    written = [json.loads(str(columns["body"])) for columns in rows]
    assert [body["number"] for body in written] == [body["sequence"] for body in written] == list(range(size + 1))
    assert [body["previous"] for body in written[1:]] == [columns["hash"] for columns in rows[:-1]]
    assert network.breaks == []
    await store.close()


async def test_a_store_that_throttles_is_asked_again(network: Proxy) -> None:
    store = await opened(network)
    network.breaks = [Break.THROTTLED]
    await store.insert_all("p", {"a": {}, "b": {}})
    assert network.seen == 2
    await store.close()


@pytest.mark.filterwarnings("ignore:Testing an element's truth value:DeprecationWarning")  # of the SDK
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
    with pytest.raises(BatchRefusedError):
        await store.insert_all("p", {"s": {}, "t": {}})
    assert list(await store.between("p", "a", "z")) == ["first", "r"]
    chains = Chains(store)
    await asyncio.gather(*(chains.append("session", {"number": number}) for number in range(5)))
    assert len(await store.between("session", "0", "z")) == 5
    await store.close()


class _NoToken:
    """An identity that does not answer."""

    async def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        raise CredentialUnavailableError("no identity here")

    async def get_token_info(self, *_scopes: str, **_options: object) -> AccessTokenInfo:
        raise CredentialUnavailableError("no identity here")

    async def close(self) -> None:
        return

    async def __aenter__(self) -> "_NoToken":
        return self

    async def __aexit__(self, *_error: object) -> None:
        return


async def test_without_a_token_of_the_identity_the_store_is_unavailable() -> None:
    async with TableClient("https://example.invalid", "evidence", credential=_NoToken()) as client:
        store = TableEvidence(client)
        with pytest.raises(StoreUnavailableError):
            await store.insert("p", "r", {})
        with pytest.raises(StoreUnavailableError):
            await store.insert_all("p", {"r": {}, "s": {}})
        with pytest.raises(StoreUnavailableError):
            await store.between("p", "a", "b")
