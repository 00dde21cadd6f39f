"""Clients that nobody here wrote, through the gateway, to both demo servers, in each era they speak."""

import pytest

from devhost.demo.people import CUSTOMERS
from tests.live.conftest import Live

MARY = CUSTOMERS[0]


@pytest.mark.parametrize("mode", ["legacy", "auto", "2026-07-28"])
async def test_the_python_sdk_lists_and_calls_tools_of_records(live: Live, mode: str) -> None:
    async with live.python_client("records", "engineer", mode) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        assert "get_customer" in names
        assert "delete_customer" not in names
        result = await client.call_tool("get_customer", {"customer_id": MARY.id})
    assert not result.is_error
    assert result.structured_content
    assert result.structured_content["id"] == MARY.id
    assert MARY.email not in result.model_dump_json()


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_python_sdk_lists_and_calls_tools_of_everything(live: Live, mode: str) -> None:
    async with live.python_client("everything", "engineer", mode) as client:
        assert "echo" in [tool.name for tool in (await client.list_tools()).tools]
        result = await client.call_tool("echo", {"message": "hello"})
    assert "hello" in result.model_dump_json()


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_typescript_sdk_lists_and_calls_tools_of_records(live: Live, mode: str) -> None:
    seen = await live.typescript_client("records", "engineer", mode, "get_customer", {"customer_id": MARY.id})
    assert "get_customer" in seen["tools"]
    assert "delete_customer" not in seen["tools"]
    assert seen["result"]["structuredContent"]["id"] == MARY.id
    assert MARY.email not in str(seen)
    assert (seen["session"] is None) == (mode == "auto")


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_typescript_sdk_lists_and_calls_tools_of_everything(live: Live, mode: str) -> None:
    seen = await live.typescript_client("everything", "engineer", mode, "echo", {"message": "hello"})
    assert "echo" in seen["tools"]
    assert "hello" in str(seen["result"])
    assert seen["session"]


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_progress_of_a_slow_tool_arrives_masked(live: Live, mode: str) -> None:
    told: list[str] = []

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        told.append(message or "")

    async with live.python_client("records", "engineer", mode) as client:
        await client.call_tool("slow_report", {"steps": 3, "delay_ms": 10}, progress_callback=heard)
    assert len(told) == 3
    assert not [text for text in told if "@" in text]


async def test_a_pipeline_signs_in_without_a_person(live: Live) -> None:
    async with live.python_client("records", "pipeline", "auto") as client:
        result = await client.call_tool("get_customer", {"customer_id": MARY.id})
    assert result.structured_content
