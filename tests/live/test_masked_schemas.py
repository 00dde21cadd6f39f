"""Masked results of tools with an output schema, as both official clients accept them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp.server import Server
from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, TextContent, Tool

from devhost.serve import serving
from tests.live.conftest import Live

ACTIONS = ("redact", "partial", "token", "drop")
MAIL, CARD, SALARY = "mary.major@example.com", "4012888888881881", 7654321
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "mail": {"type": "string", "format": "email", "minLength": 6},
        "card": {"type": "string", "pattern": "^[0-9]{16}$", "maxLength": 16},
        "salary": {"type": "integer", "minimum": 1000, "maximum": 9999999},
        "level": {"type": "string", "enum": ["junior", "senior"]},
        "mails": {"type": "array", "items": {"type": "string", "format": "email"}, "minItems": 2, "uniqueItems": True},
        "city": {"type": "string", "enum": ["Oslo", "Rome"]},
    },
    "required": ["mail", "card", "salary", "level", "mails", "city"],
    "additionalProperties": False,
}
_DATA: dict[str, Any] = {
    "mail": MAIL,
    "card": CARD,
    "salary": SALARY,
    "level": "senior",
    "mails": [MAIL, "nikki.wolf@example.com"],
    "city": "Oslo",
}
_MASK = "  schema_{0}: {{detect: [email, payment_card], fields: [salary, level], action: {0}}}\n"
_RULE = """
  - name: schema-{0}
    effect: allow
    who: {{groups: [engineering]}}
    servers: [schemas]
    tools: [{0}]
    mask: [schema_{0}]
"""


async def _call(_ctx: Any, _params: CallToolRequestParams) -> CallToolResult:
    return CallToolResult(content=[TextContent(text="told")], structured_content=_DATA)


async def _list(_ctx: Any, _params: Any) -> ListToolsResult:
    tools = [Tool(name=name, input_schema={"type": "object"}, output_schema=_SCHEMA) for name in ACTIONS]
    return ListToolsResult(tools=tools)


@pytest.fixture(scope="module")
async def schemas(live: Live) -> AsyncIterator[None]:
    """The policy knows one more server, whose tools are each masked in another way."""
    file = live.stack.state / "policy.yaml"
    before = file.read_text()
    app = Server("schemas", version="1", on_list_tools=_list, on_call_tool=_call).streamable_http_app(host="localhost")
    async with serving(app) as url:
        server = f"\n  schemas: {{url: {url}/mcp, trust: accept}}\n"
        masks = "".join(_MASK.format(action) for action in ACTIONS)
        text = before.replace("\nmasks:\n", f"{server}\nmasks:\n{masks}", 1)
        file.write_text(text + "".join(_RULE.format(action) for action in ACTIONS))
        try:
            async with asyncio.timeout(10):
                while (await live.call("schemas", "engineer", "tools/list")).status_code in (403, 404):  # noqa: ASYNC110 - a file has no bell
                    await asyncio.sleep(0.1)
            yield
        finally:
            file.write_text(before)


def is_masked(structured: Any, action: str) -> bool:
    """Nothing is in clear, all that no mask names is, and members are gone only where they are dropped."""
    whole = str(structured)
    hidden = not any(value in whole for value in (MAIL, CARD, str(SALARY), "senior"))
    return hidden and structured["city"] == "Oslo" and ("mail" in structured) == (action != "drop")


@pytest.mark.usefixtures("schemas")
@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_the_python_sdk_accepts_what_masks_leave_of_a_result_with_a_schema(live: Live, mode: str) -> None:
    async with live.python_client("schemas", "engineer", mode) as client:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert sorted(listed) == sorted(ACTIONS)
        for action in ACTIONS:
            schema = listed[action].output_schema
            assert schema is not None
            assert schema["properties"].keys() == _SCHEMA["properties"].keys()
            result = await client.call_tool(action, {})
            assert not result.is_error
            assert is_masked(result.structured_content, action), action


@pytest.mark.usefixtures("schemas")
@pytest.mark.parametrize("action", ACTIONS)
async def test_the_typescript_sdk_accepts_what_masks_leave_of_a_result_with_a_schema(live: Live, action: str) -> None:
    seen = await live.typescript_client("schemas", "engineer", "auto", action, {})
    assert is_masked(seen["result"]["structuredContent"], action)
