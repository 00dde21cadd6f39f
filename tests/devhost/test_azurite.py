from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError
from azure.data.tables.aio import TableClient
from azure.storage.blob.aio import BlobServiceClient

from devhost import azurite
from devhost.ports import Ports
from devhost.stack import Stack, stack


@pytest.fixture
async def running(tmp_path: Path, ports: Ports) -> AsyncIterator[Stack]:
    async with stack(ports, tmp_path, names=("azurite",)) as together:
        yield together


async def test_the_real_sdk_writes_a_row_that_outlives_a_restart(running: Stack, ports: Ports) -> None:
    connection = azurite.connection_string(ports)
    async with TableClient.from_connection_string(connection, "evidence") as table:
        await table.create_entity({"PartitionKey": "session", "RowKey": "1", "event": "intent"})
    assert await running.stop("azurite") == 0
    await running.start("azurite")
    async with TableClient.from_connection_string(connection, "evidence") as table:
        assert (await table.get_entity("session", "1"))["event"] == "intent"
    assert list((running.state / "azurite").iterdir())


def test_every_service_listens_on_loopback_and_on_its_port() -> None:
    command = azurite.command(Ports(), Path("data"))
    for name, port in (("blob", 7076), ("queue", 7077), ("table", 7078)):
        assert command[command.index(f"--{name}Host") + 1] == "127.0.0.1"
        assert command[command.index(f"--{name}Port") + 1] == str(port)


@pytest.mark.filterwarnings("ignore:Testing an element's truth value:DeprecationWarning")  # of the SDK
async def test_the_gateways_signature_reads_and_adds_rows_of_evidence_alone(running: Stack, ports: Ports) -> None:
    """The table is made with the account's key, and stays when Azurite is started again."""
    await azurite.provision(ports)
    signed = azurite.evidence_connection_string(ports)
    assert azurite.KEY not in signed
    async with TableClient.from_connection_string(signed, "evidence") as table:
        await table.create_entity({"PartitionKey": "p", "RowKey": "1", "event": "intent"})
        assert (await table.get_entity("p", "1"))["event"] == "intent"
    async with TableClient.from_connection_string(signed, "other") as table:
        with pytest.raises(HttpResponseError) as refused:
            await table.create_entity({"PartitionKey": "p", "RowKey": "1"})
        assert refused.value.status_code == 403


async def test_the_second_account_shares_nothing_with_the_first(running: Stack, ports: Ports) -> None:
    signed = azurite.copies_connection_string(ports)
    assert azurite.COPY_KEY not in signed
    async with BlobServiceClient.from_connection_string(signed) as copies:
        await copies.create_container("seals")
        await copies.get_blob_client("seals", "1").upload_blob(b"x")
    async with BlobServiceClient.from_connection_string(azurite.connection_string(ports)) as first:
        assert [container.name async for container in first.list_containers()] == []
