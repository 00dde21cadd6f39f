"""The official SDK's client sees the people in every kind of place, in both protocol eras, with the vault's token."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
import pytest_asyncio
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp_types import (
    BlobResourceContents,
    CallToolResult,
    EmbeddedResource,
    LoggingMessageNotificationParams,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

from devhost import certificates, vault
from devhost.demo import records
from devhost.demo.people import CUSTOMERS, EMPLOYEES
from devhost.identity.app import app as identity_app
from devhost.identity.issuer import Issuer
from devhost.identity.keys import KeyRing
from devhost.identity.managed import identity_header
from devhost.serve import serving

MARIA = CUSTOMERS[0]
MODERN = "2026-07-28"


@dataclass(frozen=True)
class Stack:
    state: Path
    identity: str
    vault: str
    records: str

    def lines(self) -> list[dict[str, Any]]:
        log = self.state / "logs" / "records.requests.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()]

    def token(self) -> str:
        value: str = vault.Vault(self.state).versions("records-token")[-1]["value"]
        return value


@pytest_asyncio.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    state = tmp_path_factory.mktemp("state")
    issuer = Issuer("http://localhost", KeyRing.at(state))
    async with AsyncExitStack() as parts:
        identity = await parts.enter_async_context(serving(identity_app(issuer, identity_header(state))))
        safe = await parts.enter_async_context(serving(vault.app(state), certificates.ensure(state)))
        app = records.app(records.token_reader(safe, identity, state), state)
        yield Stack(state, identity, safe, await parts.enter_async_context(serving(app)))


@dataclass(frozen=True)
class Session:
    client: Client
    logged: list[LoggingMessageNotificationParams]

    async def call(self, name: str, **arguments: Any) -> CallToolResult:
        return await self.client.call_tool(name, arguments)


@asynccontextmanager
async def session(stack: Stack, era: str) -> AsyncIterator[Session]:
    """A client in this era, with the vault's token. (No fixture: the SDK wants one task to enter and leave.)"""
    logged: list[LoggingMessageNotificationParams] = []

    async def note(params: LoggingMessageNotificationParams) -> None:
        logged.append(params)

    headers = {"Authorization": f"Bearer {stack.token()}"}
    async with httpx2.AsyncClient(headers=headers, timeout=20) as http:
        transport = streamable_http_client(f"{stack.records}/mcp", http_client=http)
        client = Client(transport, mode=era, read_timeout_seconds=20, logging_callback=note, log_level="debug")
        async with client:
            yield Session(client, logged)


both_eras = pytest.mark.parametrize("era", ["legacy", MODERN])


def text(result: CallToolResult) -> str:
    (first, *_) = result.content
    assert isinstance(first, TextContent)
    return first.text


@both_eras
async def test_the_tools_say_which_of_them_destroy(stack: Stack, era: str) -> None:
    async with session(stack, era) as opened:
        tools = {tool.name: tool for tool in (await opened.client.list_tools()).tools}
        dangerous = {name for name, tool in tools.items() if tool.annotations and tool.annotations.destructive_hint}
        assert dangerous == {"delete_customer", "issue_refund"}
        readers = {name for name, tool in tools.items() if tool.annotations and tool.annotations.read_only_hint}
        assert readers | dangerous == set(tools)
        structured = {name for name, tool in tools.items() if tool.output_schema}
        assert {"get_customer", "get_employee", "issue_refund"} <= structured


@both_eras
async def test_a_search_gives_json_inside_text_links_and_meta(stack: Stack, era: str) -> None:
    async with session(stack, era) as opened:
        result = await opened.call("search_customers", query="lindqvist", region="north")
        found = json.loads(text(result))
        assert (found["region"], found["matches"]) == ("north", [MARIA.model_dump()])
        link = result.content[1]
        assert isinstance(link, ResourceLink)
        assert MARIA.email in link.uri
        assert MARIA.phone in (link.description or "")
        assert result.meta
        assert MARIA.email in result.meta["example.countersign/contacts"]
        (contents,) = (await opened.client.read_resource(link.uri)).contents
        assert isinstance(contents, TextResourceContents)
        assert json.loads(contents.text) == MARIA.model_dump()


@both_eras
async def test_records_are_structured_as_their_schemas_say(stack: Stack, era: str) -> None:
    async with session(stack, era) as opened:
        await opened.client.list_tools()  # the client checks structured content against the schemas that it has seen
        customer = await opened.call("get_customer", customer_id="c-1003")
        assert customer.structured_content == CUSTOMERS[2].model_dump()
        assert CUSTOMERS[2].card.number in text(customer)
        employee = await opened.call("get_employee", employee_id="e-201")
        assert employee.structured_content == EMPLOYEES[0].model_dump()
        assert json.loads(text(employee))["salary"] == 91250


@both_eras
async def test_the_export_is_embedded_as_text_and_as_a_blob(stack: Stack, era: str) -> None:
    async with session(stack, era) as opened:
        result = await opened.call("export_customers")
        plain, binary = (part.resource for part in result.content if isinstance(part, EmbeddedResource))
        assert isinstance(plain, TextResourceContents)
        assert isinstance(binary, BlobResourceContents)
        assert base64.b64decode(binary.blob).decode() == plain.text
        assert MARIA.email in plain.text


@both_eras
async def test_failures_carry_data_in_tool_errors_and_in_json_rpc_errors(stack: Stack, era: str) -> None:
    async with session(stack, era) as opened:
        failed = await opened.call("explain_failure")
        assert (failed.is_error, MARIA.card.number in text(failed)) == (True, True)
        with pytest.raises(MCPError) as raised:
            await opened.call("explain_failure", protocol=True)
        assert (raised.value.code, raised.value.data["ssn"]) == (records.APPLICATION_ERROR, MARIA.ssn)
        assert MARIA.email in raised.value.message
        with pytest.raises(MCPError, match=EMPLOYEES[0].ssn):
            await opened.client.read_resource("records://employees/e-999")


@both_eras
async def test_a_slow_report_shows_progress_and_logs_on_its_way(stack: Stack, era: str) -> None:
    async with session(stack, era) as opened:
        seen: list[tuple[float, float | None, str | None]] = []

        async def note(progress: float, total: float | None, message: str | None) -> None:
            seen.append((progress, total, message))

        arguments = {"steps": 2, "delay_ms": 1}
        result = await opened.client.call_tool("slow_report", arguments, progress_callback=note)
        assert [(step, total) for step, total, _ in seen] == [(1, 2), (2, 2)]
        assert MARIA.email in (seen[0][2] or "")
        assert [message.data["email"] for message in opened.logged] == [each.email for each in CUSTOMERS[:2]]
        assert CUSTOMERS[1].email in text(result)


@both_eras
async def test_resources_and_prompts_hold_data_too(stack: Stack, era: str) -> None:
    async with session(stack, era) as opened:
        (listed,) = (await opened.client.list_resources()).resources
        assert EMPLOYEES[1].phone in (listed.description or "")
        (contents,) = (await opened.client.read_resource(listed.uri)).contents
        assert isinstance(contents, BlobResourceContents)
        assert MARIA.email in base64.b64decode(contents.blob).decode()
        prompt = await opened.client.get_prompt("write_to_customer", {"customer_id": "c-1001"})
        assert [message.content.type for message in prompt.messages] == ["text", "resource", "text"]
        assert MARIA.email in prompt.messages[0].model_dump_json()


@both_eras
async def test_refunds_and_deletions_are_remembered_by_the_process(stack: Stack, era: str) -> None:
    async with session(stack, era) as opened:
        gone = "c-1002" if era == MODERN else "c-1003"
        refund = await opened.call("issue_refund", customer_id=gone, amount=9.5, reason="test")
        assert refund.structured_content
        assert refund.structured_content["paid_to"] in {each.card.number for each in CUSTOMERS}
        assert not (await opened.call("delete_customer", customer_id=gone)).is_error
        again = await opened.call("delete_customer", customer_id=gone)
        assert (again.is_error, gone in text(again)) == (True, True)


@both_eras
async def test_the_log_shows_method_era_and_token_of_each_request(stack: Stack, era: str) -> None:
    before = len(stack.lines())
    async with session(stack, era) as opened:
        await opened.client.list_tools()
        await opened.call("search_customers", region="north")
    (call,) = (line for line in stack.lines()[before:] if line["rpc_method"] == "tools/call")
    headers = dict(call["headers"])
    assert headers["authorization"] == f"Bearer {stack.token()}"
    mirrored = {"mcp-method": "tools/call", "mcp-name": "search_customers", "mcp-param-region": "north"}
    assert mirrored.items() <= headers.items() if era == MODERN else "mcp-session-id" in headers


async def test_a_rotated_token_is_demanded_from_the_next_second_on(stack: Stack) -> None:
    # Rotation by the real SDK; the door re-reads when a token does not match.
    old = stack.token()
    async with vault.secret_client(stack.vault, stack.identity, stack.state) as client:
        await client.set_secret("records-token", "rotated")
    async with httpx.AsyncClient(base_url=stack.records) as client_http:

        async def knock(token: str) -> int:
            return (await client_http.get("/mcp", headers={"Authorization": f"Bearer {token}"})).status_code

        # The door does not ask the vault more than once a second.
        async with asyncio.timeout(5):
            while await knock("rotated") == 401:  # noqa: ASYNC110 - another process has no bell
                await asyncio.sleep(0.05)
        assert await knock(old) == 401
        assert await knock("x") == 401


async def test_other_hosts_and_origins_are_refused(stack: Stack) -> None:
    headers = {"Authorization": f"Bearer {stack.token()}", "Content-Type": "application/json"}
    async with httpx.AsyncClient(base_url=stack.records, headers=headers) as client:
        assert (await client.post("/mcp", json={}, headers={"Host": "evil.example"})).status_code == 421
        assert (await client.post("/mcp", json={}, headers={"Origin": "https://evil.example"})).status_code == 403


async def test_healthz_needs_no_token_and_is_not_logged(stack: Stack) -> None:
    before = len(stack.lines())
    async with httpx.AsyncClient(base_url=stack.records) as client:
        assert (await client.get("/healthz")).status_code == 200
    assert len(stack.lines()) == before
