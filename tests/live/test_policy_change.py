"""The policy of a running gateway is changed by three people: one proposes, two approve; everything is on record."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import expect

from devhost.accounts import ACCOUNTS
from devhost.stack import stack
from tests.browser.conftest import PHONE, Browser, fits
from tests.browser.conftest import browser as browser  # noqa: PLC0414 - a fixture
from tests.conftest import free_row
from tests.live.conftest import Live
from tests.live.test_approval_page import SHOTS, sign_in
from tests.live.test_approvals import decide
from tests.live.test_seals import SEAL, python

BEFORE = 'tools: ["get_*", "search_*", explain_failure, slow_report]'
AFTER = 'tools: ["get_*", "search_*", slow_report, delete_customer]'


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Live]:
    """A stack that no other test sees the policy of."""
    async with stack(free_row(), tmp_path / "state") as running, httpx.AsyncClient(timeout=20) as http:
        yield Live(running, http)


async def run(live: Live, *words: str, given: str = "") -> tuple[int, str]:
    """Exit code and words of a command of the gateway."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", *words),
        env=dict(live.stack.parts["gateway"].environment),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        said, _ = await process.communicate(given.encode())
    return process.returncode or 0, said.decode()


def policy_of(live: Live) -> str:
    """The text of the file that the stack began with."""
    return Path(live.stack.parts["gateway"].environment["COUNTERSIGN_POLICY"]).read_text()


async def is_refused(live: Live, customer: str) -> bool:
    """Whether an engineer may not delete a customer."""
    answer = await live.call_tool("engineer", "delete_customer", {"customer_id": customer})
    return "error" in answer.json()


async def assert_replayed(live: Live, proposed: Path) -> None:
    """Of what an engineer called, the replay names what the proposed policy would refuse, and nothing else."""
    for _ in range(3):
        assert (await live.call_tool("engineer", "explain_failure", {"customer_id": "c-1001"})).status_code == 200
    await live.call_tool("engineer", "get_customer", {"customer_id": "c-1001"})
    code, said = await run(live, "policy", "replay", str(proposed))
    assert code == 1, said
    assert "tightens" in said, said
    assert "3 calls of user" in said, said
    assert "explain_failure" in said, said
    assert "get_customer" not in said, said


async def look(browser: Browser, link: str) -> None:
    """An approver reads on a phone what would change."""
    async with browser.page(width=PHONE) as page:
        await sign_in(page, link, ACCOUNTS["approver"].display_name)
        main = page.get_by_role("main")
        await expect(main).to_contain_text("proposes a change of the policy")
        await expect(main).to_contain_text(AFTER)
        await expect(main).to_contain_text("engineers-read-records")
        await expect(main).to_contain_text("3 calls of user")
        SHOTS.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=SHOTS / "policy-390.png", full_page=True)
        assert await fits(page)


async def test_a_change_that_two_others_approve_takes_effect_and_not_before(own: Live, browser: Browser) -> None:
    live, token = own, await own.token("operator")
    assert await is_refused(live, "c-1001")
    proposed = live.stack.state / "proposed.yaml"
    proposed.write_text(policy_of(live).replace(BEFORE, AFTER))

    await assert_replayed(live, proposed)

    words = ("propose", str(proposed), "--reason", "engineers clean up, ticket 4711", "--token-stdin")
    code, said = await run(live, "policy", *words, given=token)
    assert code == 0, said
    link = said.split()[-1]
    assert await is_refused(live, "c-1001")

    await look(browser, link)
    assert "1 more person has to approve" in await decide(link)
    assert await is_refused(live, "c-1001")
    assert "version 1 of the policy" in await decide(link, account="approver2")

    async with asyncio.timeout(30):
        while await is_refused(live, "c-1001"):  # noqa: ASYNC110 - other processes look every few seconds
            await asyncio.sleep(0.2)
    code, said = await run(live, "policy", "proposals", "--token-stdin", given=token)
    assert (code, "In force: version 1" in said, "in_force" in said) == (0, True, True), said
    assert (await python(live, "-c", SEAL))[0] == 0
    code, said = await run(live, "evidence", "verify")
    assert code == 0, said
