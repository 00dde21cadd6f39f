"""What the running gateway recorded is sealed with its own credentials, and verified as an operator does it."""

import asyncio
import sys

import pytest
from azure.core.exceptions import HttpResponseError
from azure.data.tables.aio import TableClient
from azure.storage.blob.aio import BlobServiceClient

from devhost import azurite
from devhost.stack import ROOT
from gateway.evidence.index import is_index
from gateway.evidence.reading import seal_name
from tests.live.conftest import Live
from tests.live.test_stack import ARGUMENTS, TOOL

SEAL = "import asyncio; from gateway import process; print(asyncio.run(process.sealing().seal()).number)"
LOOK = "import asyncio; from gateway import process; asyncio.run(process.sealing().look())"
VERIFY = ("-m", "gateway", "evidence", "verify")


async def python(live: Live, *words: str) -> tuple[int | None, str]:
    """What a process with the gateway's environment prints."""
    environment = live.stack.parts["gateway"].environment
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-W", "ignore", *words),
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(40):
        out, _ = await process.communicate()
    return process.returncode, out.decode()


async def test_what_is_recorded_is_sealed_and_verified_and_a_deletion_is_named(live: Live) -> None:
    assert (await live.call_tool("engineer", TOOL, ARGUMENTS)).status_code == 200
    code, told = await python(live, "-c", SEAL)
    assert (code, int(told.splitlines()[0]) > 0) == (0, True), told
    code, told = await python(live, *VERIFY)
    assert (code, "Nothing that is sealed was changed or taken out." in told) == (0, True), told
    connection = azurite.connection_string(live.stack.ports)
    async with TableClient.from_connection_string(connection, "evidence") as table:
        row = [row async for row in table.list_entities() if not is_index(row["PartitionKey"])][0]  # noqa: RUF015
        await table.delete_entity(row)
        code, told = await python(live, *VERIFY)
        await table.create_entity(row)
    assert (code, f"missing         {row['PartitionKey']}/{row['RowKey']}" in told) == (1, True), told
    assert (await python(live, *VERIFY))[0] == 0


async def test_every_seal_is_copied_and_a_replaced_one_is_found_and_told(live: Live) -> None:
    code, told = await python(live, "-c", SEAL)
    assert (code, int(told.splitlines()[0]) > 0) == (0, True), told
    name = seal_name(int(told.splitlines()[0]))
    ports = live.stack.ports
    async with (
        BlobServiceClient.from_connection_string(azurite.connection_string(ports)) as first,
        BlobServiceClient.from_connection_string(azurite.copies_connection_string(ports)) as second,
    ):
        seals, copies = first.get_container_client("seals"), second.get_container_client("seals")
        kept = await (await seals.download_blob(name)).readall()
        assert await (await copies.download_blob(name)).readall() == kept
        code, told = await python(live, *VERIFY)
        assert (code, " compared" in told, "not compared" in told) == (0, True, False), told
        await seals.upload_blob(name, kept.replace(b".", b"A.", 1), overwrite=True)
        code, told = await python(live, *VERIFY)
        looked, said = await python(live, "-c", LOOK)
        await seals.upload_blob(name, kept, overwrite=True)
        with pytest.raises(HttpResponseError):
            await copies.upload_blob(name, b"x", overwrite=True)
    assert (code, f"seal_copy       seal {int(name[:10])}: is not the one that was copied" in told) == (1, True), told
    assert looked == 0, said
    sent = (await live.http.get(f"http://localhost:{ports.outbox_page}/messages")).json()
    alarms = [message for message in sent if message["to"] == ["operators"]]
    assert "seal_copy at seal" in alarms[-1]["text"]
    assert "python -m gateway evidence verify" in alarms[-1]["text"]
