"""Approvals over the whole stack: real clients, a person with a browser, Durable, and processes that are killed."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import ElicitResult

from devhost.person import browser
from devhost.stack import ROOT
from gateway.reasons import Reason
from tests.live.conftest import Live
from tests.live.test_stack import rows
from tests.walk.rooms import MODERN_META

TASKS: dict[str, Any] = {"extensions": {"io.modelcontextprotocol/tasks": {}}}
_amounts = iter(range(100, 900))


def refund() -> dict[str, Any]:
    """A refund that nobody has asked for yet."""
    return {"customer_id": "c-1001", "amount": next(_amounts), "reason": "late parcel"}


async def links(live: Live) -> set[str]:
    found = await live.http.get(f"http://localhost:{live.stack.ports.outbox_page}/messages")
    return {link for each in found.json() for link in each["links"]}


@asynccontextmanager
async def asked(live: Live) -> AsyncIterator[Callable[[], Any]]:
    """Gives what returns the approver's link of the approval that is asked for inside."""
    before = await links(live)

    async def link() -> str:
        while not (new := await links(live) - before):  # noqa: ASYNC110 - an outbox has no bell
            await asyncio.sleep(0.05)
        return new.pop()

    async with asyncio.timeout(60):
        yield link


async def decide(link: str, verdict: str = "approve", account: str = "approver") -> str:
    """What the page says after the decision."""
    async with browser(account) as person:
        page = await person.open(link)
        assert page.status == 200, page.text
        decided = await person.send(page, verdict=verdict, reason="looked at it")
        assert decided.status == 200, decided.text
        return decided.text


async def opens(_context: Any, params: Any) -> ElicitResult:
    """A person who opens every page."""
    assert "/requests/" in params.url
    return ElicitResult(action="accept")


@asynccontextmanager
async def client(live: Live, mode: str, **options: Any) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {await live.token('engineer')}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(live.url("records"), http_client=http), mode=mode, **options) as opened,
    ):
        yield opened


async def test_the_python_client_opens_the_page_and_gets_the_result_of_its_one_call(live: Live) -> None:
    async with asked(live) as link, client(live, "2026-07-28", elicitation_callback=opens) as python:
        call = asyncio.ensure_future(python.call_tool("issue_refund", refund()))
        await decide(await link())
        result = await call
    assert not result.is_error
    assert "number" in str(result.structured_content)


@pytest.mark.parametrize("mode", ["2026-07-28", "legacy"])
async def test_a_python_client_that_opens_no_page_waits_for_a_moment_and_gets_the_result(live: Live, mode: str) -> None:
    async with asked(live) as link, client(live, mode) as python:
        call = asyncio.ensure_future(python.call_tool("issue_refund", refund()))
        await decide(await link())
        assert not (await call).is_error


async def test_a_denial_reaches_the_client_as_a_result_that_names_nobody(live: Live) -> None:
    async with asked(live) as link, client(live, "legacy") as python:
        call = asyncio.ensure_future(python.call_tool("issue_refund", refund()))
        assert "Denied" in await decide(await link(), "deny")
        result = await call
    assert result.is_error
    assert result.content[0].text == Reason.APPROVAL_DENIED.wire.sentence  # type: ignore[union-attr]


async def test_the_typescript_client_opens_the_page_and_gets_the_result(live: Live) -> None:
    async with asked(live) as link:
        process = await node(live, "auto", refund())
        page = await _line(process)
        assert page.startswith(f"page {live.gateway}/requests/")
        await decide(await link())
        assert json.loads(await _line(process))["result"]["isError"] is False
        await process.wait()


async def test_the_typescript_client_of_2025_11_25_learns_the_page_and_its_repeat_succeeds(live: Live) -> None:
    arguments = refund()
    async with asked(live) as link:
        process = await node(live, "legacy", arguments)
        found = json.loads(await _line(process))
        await process.wait()
        assert found["code"] == -32042
        [page] = found["elicitations"]
        assert page["url"].startswith(f"{live.gateway}/requests/")
        await decide(await link())
        again = await node(live, "legacy", arguments)
        assert json.loads(await _line(again))["result"]["isError"] is False
        await again.wait()


async def node(live: Live, mode: str, arguments: dict[str, Any]) -> asyncio.subprocess.Process:
    command = ("node", "tests/live/waiting.mjs", live.url("records"), await live.token("engineer"))
    rest = (mode, "issue_refund", json.dumps(arguments))
    return await asyncio.create_subprocess_exec(*command, *rest, cwd=ROOT, stdout=asyncio.subprocess.PIPE)


async def _line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout
    return (await process.stdout.readline()).decode().strip()


async def modern(live: Live, method: str, named: str, token: str, params: dict[str, Any]) -> Any:
    """The response to one request that declares the tasks extension."""
    meta = MODERN_META | {"io.modelcontextprotocol/clientCapabilities": TASKS}
    response = await live.http.post(
        live.url("records"),
        headers={
            "authorization": f"Bearer {token}",
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": "2026-07-28",
            "mcp-method": method,
            "mcp-name": named,
        },
        json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params | {"_meta": meta}},
        timeout=60,
    )
    return response.json()


async def task(live: Live, tool: str, arguments: dict[str, Any], token: str) -> str:
    """The id of the task that a call becomes."""
    made = (await modern(live, "tools/call", tool, token, {"name": tool, "arguments": arguments}))["result"]
    assert (made["resultType"], made["status"]) == ("task", "working"), made
    return str(made["taskId"])


async def ended(live: Live, task_id: str, token: str) -> Any:
    """The task once it is no longer at work; the caller bounds the wait."""
    while True:
        found = (await modern(live, "tasks/get", task_id, token, {"taskId": task_id}))["result"]
        if found["status"] != "working":
            return found
        await asyncio.sleep(0.1)


async def test_a_task_is_made_by_the_gateway_itself_once_it_is_approved(live: Live) -> None:
    token = await live.token("engineer")
    async with asked(live) as link:
        task_id = await task(live, "issue_refund", refund(), token)
        await decide(await link())
        found = await ended(live, task_id, token)
    assert found["status"] == "completed"
    assert found["result"]["structuredContent"]["number"] > 0


async def test_a_task_that_is_denied_is_completed_with_an_error_and_one_of_anothers_is_unknown(live: Live) -> None:
    token, other = await live.token("engineer"), await live.token("approver2")
    async with asked(live) as link:
        task_id = await task(live, "issue_refund", refund(), token)
        stolen = await modern(live, "tasks/get", task_id, other, {"taskId": task_id})
        assert "error" in stolen
        await decide(await link(), "deny")
        found = await ended(live, task_id, token)
    assert (found["status"], found["result"]["isError"]) == ("completed", True)


async def test_an_approval_outlives_a_gateway_that_is_killed_while_it_waits(live: Live) -> None:
    arguments = refund()
    async with asked(live) as link:
        held = asyncio.ensure_future(live.call_tool("engineer", "issue_refund", arguments))
        page = await link()
        await live.stack.kill("gateway")
        with pytest.raises(httpx.HTTPError):
            await held
        await live.stack.start("gateway")
        await decide(page)
        answer = await live.call_tool("engineer", "issue_refund", arguments)
    assert answer.json()["result"]["isError"] is False


async def test_a_task_outlives_a_gateway_that_is_killed_while_it_waits(live: Live) -> None:
    token = await live.token("engineer")
    async with asked(live) as link:
        task_id = await task(live, "issue_refund", refund(), token)
        page = await link()
        await live.stack.kill("gateway")
        await live.stack.start("gateway")
        await decide(page)
        assert (await ended(live, task_id, token))["result"]["structuredContent"]["number"] > 0


@asynccontextmanager
async def slow_reports_need_an_approval(live: Live) -> AsyncIterator[None]:
    """Another policy is in force inside."""
    file = live.stack.state / "policy.yaml"
    before = file.read_text()
    changed = before.replace("explain_failure, slow_report]", "explain_failure]")
    changed = changed.replace(
        "    tools: [issue_refund]\n    require", "    tools: [issue_refund, slow_report]\n    require"
    )
    assert changed.count("slow_report") == 1
    file.write_text(changed)
    try:
        yield
    finally:
        file.write_text(before)


async def test_a_call_whose_fate_is_unknown_is_ambiguous_on_record_and_not_made_again(live: Live) -> None:
    token = await live.token("engineer")

    def reached() -> int:
        return sum(dict(each["headers"]).get("mcp-name") == "slow_report" for each in live.requests_seen_by_records())

    before = reached()
    async with slow_reports_need_an_approval(live), asked(live) as link:
        await live.stack.stop("gateway")
        await live.stack.start("gateway")
        task_id = await task(live, "slow_report", {"steps": 1, "delay_ms": 5000}, token)
        await decide(await link())
        while reached() == before:  # noqa: ASYNC110 - a log has no bell
            await asyncio.sleep(0.05)
        await live.stack.kill("gateway")
        await live.stack.start("gateway")
        found = await ended(live, task_id, token)
    assert found["result"]["isError"] is True
    assert "not known" in found["result"]["content"][0]["text"]
    assert reached() == before + 1
    outcomes = [row["outcome"] for row in await rows(live) if row.get("approval") == task_id]
    assert outcomes.count("ambiguous") == 1
