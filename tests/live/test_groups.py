"""A caller with 250 groups, against the whole stack: allowed by a group that only Graph knows; Graph down, refused."""

from typing import Any

from azure.data.tables.aio import TableClient

from devhost import azurite
from devhost.accounts import ACCOUNTS, GROUPS
from tests.live.conftest import Live

OVERAGE = {"groups": None, "_claim_names": {"groups": "src1"}}


async def listing(live: Live, token: str) -> int:
    headers = {"authorization": f"Bearer {token}", "accept": "application/json, text/event-stream"}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    return (await live.http.post(live.url("records"), headers=headers, json=body)).status_code


async def control(live: Live, door: str, **body: Any) -> Any:
    url = f"http://localhost:{live.stack.ports.identity}/devhost/graph/{door}"
    response = await live.http.post(url, json=body) if body else await live.http.get(url)
    return response.raise_for_status().json()


async def questions(live: Live, account: str) -> list[dict[str, Any]]:
    """What Graph was asked about the account."""
    return [one for one in await control(live, "requests") if ACCOUNTS[account].object_id in one["path"]]


async def reasons(live: Live, account: str) -> list[str]:
    connection = azurite.connection_string(live.stack.ports)
    async with TableClient.from_connection_string(connection, "evidence") as table:
        found = table.query_entities(f"subject eq '{ACCOUNTS[account].object_id}' and event eq 'refused'")
        return [row["reason"] async for row in found]


async def test_a_caller_with_250_groups_is_allowed_by_a_group_that_only_graph_knows(live: Live) -> None:
    async with live.python_client("records", "crowd", "2026-07-28") as client:
        assert {tool.name for tool in (await client.list_tools()).tools} >= {"get_customer"}
        assert not (await client.call_tool("search_customers", {})).is_error
    [asked] = await questions(live, "crowd")
    assert sorted(asked["groups"]) == sorted(GROUPS.values())


async def test_while_graph_is_down_a_caller_whose_groups_only_graph_knows_is_refused(live: Live) -> None:
    await control(live, "members", account="auditor", groups=[GROUPS["engineering"]])
    token = await live.token("auditor", claims=OVERAGE)
    await control(live, "fault", fault="down")
    try:
        assert await listing(live, token) == 503
        async with live.python_client("records", "engineer", "2026-07-28") as client:
            assert (await client.list_tools()).tools
    finally:
        await control(live, "fault", fault=None)
    assert "groups_unavailable" in await reasons(live, "auditor")
    assert await questions(live, "auditor") == []
