"""Rows put by the shortest way: those that the SDK's ordinary one writes, on Azurite, and no other answer believed."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from azure.core.credentials import AccessToken, AccessTokenInfo, AzureSasCredential
from azure.data.tables.aio import TableClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from devhost import azurite, certificates
from devhost.ports import Ports
from devhost.serve import serving
from devhost.stack import Stack
from gateway.storage.contract import Columns, RowExistsError, StoreUnavailableError
from gateway.storage.inserts import Inserts
from gateway.storage.tables import TableEvidence, open_client
from tests.fakes.proxy import Break, Proxy, Silence, proxy

COLUMNS = st.dictionaries(
    st.from_regex(r"[a-z]{1,8}", fullmatch=True).map(lambda name: f"c_{name}"),
    st.one_of(
        st.text(max_size=60).filter(lambda text: "\0" not in text),
        st.integers(min_value=-(2**31), max_value=2**31 - 1),
    ),
    max_size=5,
)


def inserts(client: TableClient) -> Inserts:
    return Inserts(client, connection_timeout=3, read_timeout=0.5)


@pytest.fixture
async def network(storage: Stack) -> AsyncIterator[Proxy]:
    async with proxy(storage.ports.table) as running:
        yield running


@pytest.fixture
async def client(storage: Stack, network: Proxy) -> AsyncIterator[TableClient]:
    """Of a table that is there, behind the network."""
    name = f"t{secrets.token_hex(8)}"
    made, _ = open_client(azurite.connection_string(replace(storage.ports, table=network.port)), name, "")
    await made.create_table()
    network.seen = 0
    yield made
    await made.close()


@pytest.fixture
async def short(client: TableClient) -> AsyncIterator[Inserts]:
    opened = inserts(client)
    yield opened
    await opened.close()


async def read(client: TableClient, row: str) -> dict[str, object]:
    found = await client.get_entity("p", row)
    return {name: (type(value), value) for name, value in found.items() if name != "RowKey"}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(columns=COLUMNS)
async def test_a_row_is_the_one_that_the_ordinary_way_writes(
    client: TableClient, short: Inserts, columns: Columns
) -> None:
    one, other = secrets.token_hex(8), secrets.token_hex(8)
    assert await short.put({"PartitionKey": "p", "RowKey": one, **columns})
    await client.create_entity({"PartitionKey": "p", "RowKey": other, **columns})
    assert await read(client, one) == await read(client, other)


@pytest.mark.parametrize("text", ["", "'", '"\\\r\n\t\x7f', "é", "\U0001f600" * 50, "z" * 20_000])
async def test_text_comes_back_as_it_was(client: TableClient, short: Inserts, text: str) -> None:
    assert await short.put({"PartitionKey": "p", "RowKey": "r", "text": text})
    assert (await client.get_entity("p", "r"))["text"] == text


async def test_a_row_takes_one_request(network: Proxy, short: Inserts) -> None:
    assert await short.put({"PartitionKey": "p", "RowKey": "r", "hash": "a"})
    assert network.seen == 1


async def test_a_number_that_is_no_int32_is_left_to_the_sdk(network: Proxy, short: Inserts) -> None:
    assert not await short.put({"PartitionKey": "p", "RowKey": "r", "n": 2**31})
    assert network.seen == 0


@pytest.mark.parametrize("broken", Break)
async def test_only_the_tables_word_is_a_row_and_it_is_asked_once(
    network: Proxy, short: Inserts, broken: Break
) -> None:
    network.breaks = [broken]
    assert not await short.put({"PartitionKey": "p", "RowKey": "r", "hash": "a"})
    assert network.seen == 1
    assert network.breaks == []


async def test_a_row_that_is_there_stays_and_the_store_says_so(client: TableClient) -> None:
    store = TableEvidence(client)
    await store.insert("p", "r", {"hash": "a"})
    with pytest.raises(RowExistsError) as taken:
        await store.insert("p", "r", {"hash": "b"})
    assert taken.value.columns["hash"] == "a"
    await store.close()


@pytest.mark.parametrize("silence", Silence)
async def test_a_table_that_took_the_row_and_says_nothing_is_not_asked_again(
    network: Proxy, client: TableClient, silence: Silence
) -> None:
    store = TableEvidence(client)
    store._inserts = inserts(client)
    network.breaks = [silence]
    with pytest.raises(StoreUnavailableError):
        await store.insert("p", "r", {"hash": "a"})
    assert network.seen == 1
    await store.close()


async def test_nothing_listens_and_no_row_is_there() -> None:
    client, _ = open_client(azurite.connection_string(replace(Ports(), table=9)), "evidence", "")
    async with client:
        short = inserts(client)
        assert not await short.put({"PartitionKey": "p", "RowKey": "r"})
        await short.close()


async def test_a_signature_that_may_only_read_and_add_is_enough(storage: Stack, client: TableClient) -> None:
    signed, _ = open_client(azurite.evidence_connection_string(storage.ports, client.table_name), client.table_name, "")
    async with signed:
        short = inserts(signed)
        assert await short.put({"PartitionKey": "p", "RowKey": "r", "hash": "a"})
        await short.close()
    assert (await client.get_entity("p", "r"))["hash"] == "a"


@pytest.mark.parametrize(("status", "is_a_row"), [(201, True), (200, False), (202, False), (307, False), (401, False)])
async def test_no_other_status_is_a_row(status: int, is_a_row: bool) -> None:
    came: list[Request] = []

    async def table(request: Request) -> Response:
        came.append(request)
        return Response(status_code=status, headers={"location": "/evidence"})

    async with (
        serving(Starlette(routes=[Route("/evidence", table, methods=["POST"])])) as url,
        TableClient(url, "evidence", credential=AzureSasCredential("sig=s")) as client,
    ):
        short = inserts(client)
        assert await short.put({"PartitionKey": "p", "RowKey": "r"}) is is_a_row
        await short.close()
    assert [request.query_params["sig"] for request in came] == ["s"]


class _Identity:
    """An identity that counts the tokens it gives."""

    given = 0

    async def get_token(self, *scopes: str, **_options: object) -> AccessToken:
        raise NotImplementedError(scopes)

    async def get_token_info(self, *scopes: str, **_options: object) -> AccessTokenInfo:
        assert scopes == ("https://storage.azure.com/.default",)
        self.given += 1
        return AccessTokenInfo("the-token", 2**40)

    async def close(self) -> None:
        return

    async def __aenter__(self) -> "_Identity":
        return self

    async def __aexit__(self, *_error: object) -> None:
        return


async def test_on_azure_the_identity_signs_in_once_and_its_token_goes_with_each_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = certificates.ensure(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.authority))
    came: list[tuple[Request, bytes]] = []

    async def table(request: Request) -> Response:
        came.append((request, await request.body()))
        return Response(status_code=204)

    identity = _Identity()
    async with (
        serving(Starlette(routes=[Route("/evidence", table, methods=["POST"])]), tls) as url,
        TableClient(url, "evidence", credential=identity) as client,
    ):
        short = Inserts(client, connection_timeout=3, read_timeout=5)
        rows = [{"PartitionKey": "p", "RowKey": str(number)} for number in range(3)]
        assert all(await asyncio.gather(*map(short.put, rows)))
        await short.close()
    assert identity.given == 1
    assert sorted(body for _, body in came) == [b'{"PartitionKey":"p","RowKey":"%d"}' % number for number in range(3)]
    for request, _ in came:
        assert request.headers["authorization"] == "Bearer the-token"
        assert request.headers["x-ms-date"].endswith("GMT")
        assert request.headers["x-ms-version"] >= "2019-02-02"
        assert request.headers["prefer"] == "return-no-content"
        assert request.headers["content-type"] == "application/json;odata=nometadata"
