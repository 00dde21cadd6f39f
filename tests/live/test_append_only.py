"""The credential that the running gateway writes its evidence with can do nothing but read and add."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient

from devhost.accounts import ACCOUNTS
from tests.live.conftest import Live
from tests.live.test_stack import ARGUMENTS, TOOL

# The SDK reads Azurite's refusals, which are XML, in a way that Python will change.
pytestmark = pytest.mark.filterwarnings("ignore:Testing an element's truth value:DeprecationWarning")

type Row = dict[str, Any]
type Attempt = Callable[[TableClient, Row], Awaitable[Any]]

ATTEMPTS: dict[str, Attempt] = {
    "merge": lambda table, row: table.update_entity(row, UpdateMode.MERGE),
    "replace": lambda table, row: table.update_entity(row, UpdateMode.REPLACE),
    "insert or merge": lambda table, row: table.upsert_entity(row, UpdateMode.MERGE),
    "insert or replace": lambda table, row: table.upsert_entity(row, UpdateMode.REPLACE),
    "delete": lambda table, row: table.delete_entity(row),
    "delete in a batch": lambda table, row: table.submit_transaction([("delete", row)]),
    "delete the table": lambda table, _row: table.delete_table(),
    "open the table to others": lambda table, _row: table.set_table_access_policy({}),
}


@pytest.fixture
async def table(live: Live) -> AsyncIterator[TableClient]:
    """The table, opened with what the gateway has in its environment."""
    credential = live.stack.parts["gateway"].environment["COUNTERSIGN_EVIDENCE"]
    async with TableClient.from_connection_string(credential, "evidence") as opened:
        yield opened


async def a_record(live: Live, table: TableClient) -> Row:
    assert (await live.call_tool("engineer", TOOL, ARGUMENTS)).status_code == 200
    subject = ACCOUNTS["engineer"].object_id
    found = table.query_entities(f"PartitionKey lt '~' and subject eq '{subject}' and event eq 'intent'")
    async for row in found:
        return dict(row)
    raise AssertionError("the gateway has written nothing")


@pytest.mark.parametrize("attempt", ATTEMPTS)
async def test_the_gateways_credential_changes_and_deletes_nothing(
    live: Live, table: TableClient, attempt: str
) -> None:
    row = await a_record(live, table)
    changed = row | {"subject": "somebody else"}
    with pytest.raises(HttpResponseError) as refused:
        await ATTEMPTS[attempt](table, changed)
    assert refused.value.status_code == 403
    assert dict(await table.get_entity(row["PartitionKey"], row["RowKey"])) == row


async def test_the_gateway_of_these_tests_has_no_other_key_to_its_evidence(live: Live) -> None:
    credential = live.stack.parts["gateway"].environment["COUNTERSIGN_EVIDENCE"]
    assert "AccountKey" not in credential
    assert "sp=ra" in credential.split("SharedAccessSignature=")[1].split("&")
