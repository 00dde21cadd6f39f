"""What the running gateway recorded is sealed with its own credentials, and verified as an operator does it."""

import asyncio
import sys

from azure.data.tables.aio import TableClient

from devhost import azurite
from devhost.stack import ROOT
from gateway.evidence.index import is_index
from tests.live.conftest import Live
from tests.live.test_stack import ARGUMENTS, TOOL

SEAL = "import asyncio; from gateway import process; print(asyncio.run(process.sealing().sealer.seal()).number)"
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
