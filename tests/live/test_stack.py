"""The whole stack: what reaches the server, what lies in the store, and what happens without the store."""

import asyncio
import base64
import contextlib
import json
from typing import Any

import httpx
from azure.data.tables.aio import TableClient

from devhost import azurite
from devhost.accounts import ACCOUNTS
from devhost.demo import people
from devhost.vault import Vault, secret_client
from gateway.evidence.form import row_key
from gateway.evidence.index import is_index
from tests.live.conftest import Live

TOOL, ARGUMENTS = "get_customer", {"customer_id": people.CUSTOMERS[0].id}
CALL: dict[str, Any] = {"name": TOOL, "arguments": ARGUMENTS}


async def rows(live: Live) -> list[dict[str, Any]]:
    """Every record in the evidence, as an auditor reads it, with the account's key."""
    connection = azurite.connection_string(live.stack.ports)
    async with TableClient.from_connection_string(connection, "evidence") as table:
        return [dict(row) async for row in table.list_entities() if not is_index(row["PartitionKey"])]


async def of_call(live: Live, account: str) -> list[dict[str, Any]]:
    return [row for row in await rows(live) if row.get("subject") == ACCOUNTS[account].object_id]


def values_that_must_not_leave() -> set[str]:
    """Each mail address, card, SSN and IBAN of the demo data, and each salary."""
    found: set[str] = set()
    for person in [*people.CUSTOMERS, *people.EMPLOYEES]:
        record = person.model_dump()
        found |= {str(record[name]) for name in ("email", "ssn", "iban", "salary") if record.get(name)}
        if "card" in record:
            found.add(record["card"]["number"])
    return found


async def test_health_says_that_the_gateway_serves(live: Live) -> None:
    response = await live.http.get(f"{live.gateway}/health")
    assert response.status_code == 200
    assert response.json()["status"] == "ok"


async def test_the_vaults_token_arrives_and_the_callers_does_not(live: Live) -> None:
    async with live.python_client("records", "engineer", "2026-07-28") as client:
        await client.call_tool(TOOL, ARGUMENTS)
    secrets = {version["value"] for version in Vault(live.stack.state).versions("records-token")}
    requests = live.requests_seen_by_records()
    assert requests
    for request in requests:
        sent = dict(request["headers"])
        assert sent["authorization"].removeprefix("Bearer ") in secrets
        assert "eyJ" not in json.dumps(request)
        assert "cookie" not in sent


async def test_evidence_holds_intent_and_outcome_with_the_callers_object_id(live: Live) -> None:
    async with live.python_client("records", "engineer", "2026-07-28") as client:
        await client.call_tool(TOOL, ARGUMENTS)
    # Other tests kill the gateway in the middle of other tools.
    mine = [row for row in await of_call(live, "engineer") if row.get("target") == TOOL]
    written = [row for row in mine if row["event"] in ("intent", "outcome")]
    assert len(written) >= 2
    pairs: dict[str, list[str]] = {}
    for row in written:
        pairs.setdefault(row["call"], []).append(row["event"])
    assert all(sorted(events) == ["intent", "outcome"] for events in pairs.values())


def check_chains(found: list[dict[str, Any]]) -> None:
    """Each chain is numbered without a gap, and each row names the hash of the one before."""
    chains: dict[tuple[str, str], str] = {}
    for row in sorted(found, key=lambda row: (row["PartitionKey"], row["RowKey"])):
        body = json.loads(row["body"])
        key = (row["PartitionKey"], body["writer"])
        assert row["RowKey"] == row_key(body["writer"], body["sequence"])
        assert body["previous"] == chains.get(key, "0" * 64)
        chains[key] = row["hash"]
    assert chains


async def test_the_chains_in_the_store_are_whole(live: Live) -> None:
    await live.call("records", "outsider", **CALL)
    check_chains(await rows(live))


async def test_a_gateway_killed_under_load_leaves_whole_chains_and_an_intent_for_every_call(live: Live) -> None:
    answered = asyncio.Semaphore(0)

    async def load() -> None:
        with contextlib.suppress(httpx.HTTPError):
            while True:
                assert (await live.call_tool("pipeline", TOOL, ARGUMENTS)).status_code == 200
                answered.release()

    callers = [asyncio.create_task(load()) for _ in range(4)]
    async with asyncio.timeout(30):
        for _ in range(20):
            await answered.acquire()
        await live.stack.kill("gateway")
        await asyncio.gather(*callers)
    await live.stack.start("gateway")
    assert (await live.call_tool("pipeline", TOOL, ARGUMENTS)).status_code == 200
    found = await rows(live)
    check_chains(found)
    intents = sum(row["event"] == "intent" for row in found)
    reached = sum(request["rpc_method"] == "tools/call" for request in live.requests_seen_by_records())
    assert intents >= reached > 20


async def test_no_personal_value_lies_anywhere_in_the_store_or_in_a_log(live: Live) -> None:
    """Every reading tool that needs no grant is used first, and names that hold personal data are tried."""
    async with live.python_client("records", "engineer", "legacy") as client:
        readings: dict[str, dict[str, Any]] = {
            "search_customers": {},
            "get_customer": ARGUMENTS,
            "get_employee": {"employee_id": people.EMPLOYEES[0].id},
            "explain_failure": {},
            "slow_report": {"steps": 2, "delay_ms": 1},
        }
        for name, arguments in readings.items():
            answer = (await client.call_tool(name, arguments)).model_dump_json()
            leaked = [value for value in values_that_must_not_leave() if value in answer]
            assert leaked == [], name
    await live.call("records", "engineer", "resources/read", uri=f"records://customers/{people.CUSTOMERS[0].email}")
    await live.call("records", "engineer", name=people.CUSTOMERS[0].email)
    await live.stack.stop("azurite")  # it writes to its files as it ends
    stored = b"".join(path.read_bytes() for path in (live.stack.state / "azurite").rglob("*") if path.is_file())
    await live.stack.start("azurite")
    logged = live.stack.log("gateway").read_bytes()
    assert b"get_employee" in stored
    for value in values_that_must_not_leave():
        forms = (value.encode(), base64.b64encode(value.encode())[:-4])
        assert not [form for form in forms if len(form) > 5 and (form in stored or form in logged)], value


async def test_an_outsider_is_refused_and_recorded(live: Live) -> None:
    before = len(live.requests_seen_by_records())
    response = await live.call("records", "outsider", **CALL)
    assert response.status_code == 403
    assert response.json()["id"] == 1
    [*_, row] = await of_call(live, "outsider")
    assert (row["event"], row["reason"]) == ("refused", "no_access")
    assert len(live.requests_seen_by_records()) == before


async def test_a_rotated_upstream_secret_is_taken_up_without_a_restart(live: Live) -> None:
    ports = live.stack.ports
    async with live.python_client("records", "engineer", "2026-07-28") as client:
        await client.call_tool(TOOL, ARGUMENTS)
        vault, identity = f"https://localhost:{ports.vault}", f"http://localhost:{ports.identity}"
        async with secret_client(vault, identity, live.stack.state) as secrets:
            await secrets.set_secret("records-token", "rotated-by-a-test")
        # Someone who has the new token makes the server forget the old one.
        headers = {"authorization": "Bearer rotated-by-a-test"}
        await live.http.get(f"http://localhost:{ports.records}/mcp", headers=headers)
        result = await client.call_tool(TOOL, ARGUMENTS)
    assert result.structured_content
    *_, refused, accepted = live.requests_seen_by_records()
    assert dict(accepted["headers"])["authorization"] == "Bearer rotated-by-a-test"
    assert dict(refused["headers"])["authorization"] != "Bearer rotated-by-a-test"


async def test_without_the_store_nothing_reaches_the_server_and_all_goes_on_afterwards(live: Live) -> None:
    await live.stack.stop("azurite")
    before = len(live.requests_seen_by_records())
    try:
        response = await live.call("records", "engineer", **CALL)
        assert response.status_code == 503
        assert response.json()["error"]["code"] == 50303
        assert len(live.requests_seen_by_records()) == before
    finally:
        await live.stack.start("azurite")
    async with live.python_client("records", "engineer", "2026-07-28") as client:
        assert (await client.call_tool(TOOL, ARGUMENTS)).structured_content
