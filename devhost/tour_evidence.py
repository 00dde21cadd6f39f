"""The tour's last chapter: the evidence replayed and verified, then tampered with behind the gateway's back.

Takes the tour's guide; tampers with the account's key, which the gateway does not have, and undoes each
change before the next. Every one has to be found and named by the command that an auditor uses.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient
from azure.storage.blob.aio import ContainerClient

from devhost import azurite
from devhost.demo.people import CUSTOMERS
from devhost.parts import ROOT, Place, gateway_environment
from devhost.story import Guide, chapter, expect, show

SEAL = "import asyncio; from gateway.process import sealing; asyncio.run(sealing().seal())"
"""What the timer does every five minutes."""
LETTER = "a whole letter, pasted into the field of a search. " * 100
"""So long that the request is a blob, and does not stand in its record."""
REPLAYED = 90
"""Lines of the replay that are shown."""

type Row = dict[str, Any]


async def evidence(guide: Guide, session: str) -> None:
    """Chapter 8, told and checked. `session` is replayed."""
    chapter("8. Replayed, verified, tampered with")
    await guide.tool("engineer", "search_customers", query=LETTER)
    code, told = await _run(guide, "-m", "gateway", "evidence", "replay", session)
    expect(code == 0, f"the session should be replayed: {told}")
    expect("kept whole" in told and CUSTOMERS[0].email not in told, f"bodies should be shown as masked: {told}")
    print("\n".join(f"  {line}" for line in told.splitlines()[:REPLAYED]))
    await _run(guide, "-c", SEAL)
    report = await _verified(guide)
    expect(report["whole"], f"untouched evidence should verify: {report['findings']}")
    show("verify", f"{report['records']} records in {report['seals']['count']} seals: nothing changed, nothing missing")
    show("copies", f"{report['copies']} seals compared with their copies in a second account")
    connection = azurite.connection_string(guide.ports)
    async with (
        TableClient.from_connection_string(connection, azurite.EVIDENCE) as table,
        ContainerClient.from_connection_string(connection, "seals") as seals,
        ContainerClient.from_connection_string(connection, "payloads") as payloads,
    ):
        rows = [dict(row) async for row in table.query_entities("PartitionKey eq @p", parameters={"p": session})]
        tampering = _tampering(table, sorted(rows, key=lambda row: str(row["RowKey"])))
        for what, tampered, kind in [*tampering, *_beside(payloads, seals)]:
            async with tampered():
                report = await _verified(guide)
            found = report["findings"][0] if report["findings"] else {"kind": "nothing", "place": ""}
            expect(found["kind"] in kind, f"{what} should be found, and what was found is {report['findings']}")
            show(what, f"{found['kind']} at {found['place']}")
    report = await _verified(guide)
    expect(report["whole"], "evidence that was put back should verify")
    print("Each was put back; the evidence verifies again. The gateway itself could have done none of it.")


type Tampering = tuple[str, Callable[[], Any], frozenset[str]]


def _tampering(table: TableClient, rows: list[Row]) -> list[Tampering]:
    """What is done, how it is done and undone, and as what it may be found."""
    writer = str(rows[0]["RowKey"]).rpartition("-")[0]
    chain = [row for row in rows if str(row["RowKey"]).startswith(f"{writer}-")]
    first, second, last = chain[0], chain[1], chain[-1]
    changed = first | {"outcome": "denied"}
    added = last | {"RowKey": f"{writer}-{len(chain):08d}"}
    swapped = [first | {"RowKey": second["RowKey"]}, second | {"RowKey": first["RowKey"]}]

    def put(*new: Row, old: tuple[Row, ...]) -> Callable[[], Any]:
        return lambda: _done(lambda: _put(table, new), lambda: _put(table, old))

    return [
        ("one row changed", put(changed, old=(first,)), frozenset({"changed"})),
        (
            "one row deleted",
            lambda: _done(lambda: _drop(table, second), lambda: _put(table, (second,))),
            frozenset({"missing"}),
        ),
        ("one row inserted", lambda: _done(lambda: _put(table, (added,)), lambda: _drop(table, added)), _ADDED),
        ("two rows swapped", put(*swapped, old=(first, second)), frozenset({"reordered", "changed"})),
        (
            "the tail cut off",
            lambda: _done(lambda: _drop(table, last), lambda: _put(table, (last,))),
            frozenset({"missing"}),
        ),
    ]


def _beside(payloads: ContainerClient, seals: ContainerClient) -> list[Tampering]:
    """The same for what does not lie in the table."""
    replaced = frozenset({"seal_copy", "seal_signature", "seal_unreadable", "seal_replaced"})
    return [
        ("a payload changed", lambda: _replaced(payloads), frozenset({"payload_changed"})),
        ("a seal replaced", lambda: _replaced(seals), replaced),
    ]


_ADDED = frozenset({"added", "reordered", "changed"})


@asynccontextmanager
async def _done(do: Callable[[], Awaitable[None]], undo: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    await do()
    try:
        yield
    finally:
        await undo()


async def _put(table: TableClient, rows: tuple[Row, ...]) -> None:
    for row in rows:
        await table.upsert_entity(row, UpdateMode.REPLACE)


async def _drop(table: TableClient, row: Row) -> None:
    await table.delete_entity(row["PartitionKey"], row["RowKey"])


@asynccontextmanager
async def _replaced(blobs: ContainerClient) -> AsyncIterator[None]:
    """The newest blob, which is a seal, or a body of the newest day, has another ending."""
    names = [str(each) async for each in blobs.list_blob_names()]
    name = max(each for each in names if each[0].isdigit())
    before = await (await blobs.download_blob(name)).readall()
    await blobs.upload_blob(name, before[:-8] + b"AAAAAAAA", overwrite=True)
    try:
        yield
    finally:
        await blobs.upload_blob(name, before, overwrite=True)


async def _verified(guide: Guide) -> Any:
    _, told = await _run(guide, "-m", "gateway", "evidence", "verify", "--json")
    return json.loads(told)


async def _run(guide: Guide, *words: str) -> tuple[int, str]:
    """The exit code and output of a Python command with the settings of the local stack."""
    environment = os.environ | gateway_environment(Place(guide.ports, guide.state.absolute()))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *words),
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    return process.returncode or 0, out.decode() or errors.decode()
