"""Evidence as it is read, and sealed and verified, on Azurite through the real SDKs."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from devhost import azurite
from devhost.stack import Stack
from gateway.access.signing_keys import SigningKeys
from gateway.evidence.chain import Chains
from gateway.evidence.checking import check
from gateway.evidence.reading import Stored
from gateway.evidence.sealing import Sealer, public_keys
from gateway.evidence.statement import time_of
from gateway.evidence.verify import Scope
from gateway.storage.blobs import open_blobs
from gateway.storage.contract import StoreUnavailableError
from gateway.storage.evidence_reader import TableRows, open_rows
from gateway.storage.tables import TableEvidence, open_table
from tests.fakes.signing import MemoryKey

DOWN = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a;"


@dataclass(frozen=True, slots=True)
class Opened:
    store: TableEvidence
    rows: TableRows
    evidence: Stored
    sealer: Sealer
    keys: SigningKeys


@pytest.fixture
async def opened(storage: Stack) -> AsyncIterator[Opened]:
    connection, name = azurite.connection_string(storage.ports), f"t{secrets.token_hex(8)}"
    store, rows = open_table(connection, name, ""), open_rows(connection, name, "")
    seals = open_blobs(azurite.blobs_connection_string(storage.ports), f"c{secrets.token_hex(8)}", "")
    evidence, keys = Stored(rows, seals), SigningKeys(MemoryKey())
    yield Opened(store, rows, evidence, Sealer(evidence, seals, keys), keys)
    for each in (store, rows, seals):
        await each.close()


async def test_rows_come_in_order_by_partition_by_range_and_over_more_than_a_page(opened: Opened) -> None:
    assert [row async for row in opened.rows.rows("a")] == []
    for start in range(0, 1_100, 100):
        await opened.store.insert_all("b", {f"w-{each:08d}": {"n": each} for each in range(start, start + 100)})
    await opened.store.insert("a", "w-00000000", {"n": 1})
    await opened.store.insert("c", "w-00000000", {"n": 1})
    await opened.store._client.create_entity({"PartitionKey": "d", "RowKey": "odd", "at": datetime.now(UTC), "x": 0.5})
    assert [row["n"] async for row in opened.rows.rows("b")] == list(range(1_100))
    assert [row["n"] async for row in opened.rows.rows("b", "w-00000005", "w-00000007")] == [5, 6, 7]
    assert [row["PartitionKey"] async for row in opened.rows.between("b", "d")] == ["b"] * 1_100 + ["c"]
    assert [row.keys() async for row in opened.rows.rows("d")] == [{"PartitionKey", "RowKey", "at", "x"}]
    assert [row async for row in opened.rows.between("a", "b", keys_only=True)] == [
        {"PartitionKey": "a", "RowKey": "w-00000000"}
    ]


async def test_what_was_recorded_is_sealed_and_verified(opened: Opened) -> None:
    now = datetime.now(UTC)
    day, chains = f"{now:%Y%m%d}", Chains(opened.store)
    who = {"tenant": "t", "subject": "s", "time": time_of(now), "event": "intent"}
    for number in range(5):
        await chains.append(f"{day}-{number % 2}", who | {"call": str(number), "hidden": 3})
    assert (await opened.sealer.seal()).records == 5
    await chains.append(f"{day}-0", who | {"target": "\ufffe a\x00b"})
    assert (await opened.sealer.seal()).records == 1
    assert (await opened.sealer.seal()).records == 0
    assert await opened.evidence.sessions_of("t", "s") == [f"{day}-0", f"{day}-1"]
    assert [session for session, _ in await opened.evidence.chains(day, day)] == [f"{day}-0", f"{day}-1"]
    assert await opened.evidence.last_seal() == 3
    report = await check(opened.evidence, await public_keys(opened.keys), Scope(), now=datetime.now(UTC))
    assert (report.findings, report.sealed, report.seals, report.silent) == ((), 6, 3, 0)


async def test_a_store_that_is_down_is_unavailable() -> None:
    rows = open_rows(DOWN, "evidence", "")
    with pytest.raises(StoreUnavailableError):
        _ = [row async for row in rows.rows("a")]
    await rows.close()
