"""Tasks over the whole stack, as the official TypeScript package for them drives them."""

import asyncio
import json
from typing import Any

import pytest

from devhost.stack import ROOT
from gateway.reasons import Reason
from tests.live.conftest import Live
from tests.live.test_approvals import asked, decide, refund


@pytest.mark.parametrize("verdict", ["approve", "deny"])
async def test_the_typescript_package_for_tasks_polls_until_the_call_is_made_or_denied(
    live: Live, verdict: str
) -> None:
    async with asked(live) as link:
        command = ("node", "tests/live/tasks.mjs", live.url("records"), await live.token("engineer"), "issue_refund")
        process = await asyncio.create_subprocess_exec(
            *command, json.dumps(refund()), cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout
        created = (await process.stdout.readline()).decode().split()
        assert created[0::2] == ["tools/call", "working"]
        page = await link()
        assert created[1] in page
        await decide(page, verdict)
        *lines, last = (await process.stdout.read()).decode().splitlines()
        assert await process.wait() == 0
    assert lines == [f"tasks/get {created[1]} completed"]
    outcome: dict[str, Any] = json.loads(last)
    result = outcome["result"]
    if verdict == "approve":
        assert result.get("isError", False) is False
        assert "structuredContent" in result
    else:
        assert (result["isError"], result["content"][0]["text"]) == (True, Reason.APPROVAL_DENIED.wire.sentence)
