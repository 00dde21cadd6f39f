"""The tour's chapter on access: nobody may export until they ask, somebody approves, and only for a while.

Takes the tour's guide and how long the access is to last; the engineer asks through the API, the approver
decides on the page that the message links to, and the clock ends it.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from devhost.person import browser
from devhost.story import Guide, chapter, expect, message, show
from devhost.tour_approvals import links, new_link

SECONDS = 60
STEP = 10
"""Seconds between two words on how long it still takes."""
TOOL = "export_customers"


async def access(guide: Guide, seconds: int = SECONDS) -> None:
    """Chapter 6, told and checked."""
    chapter(f"6. Access for {seconds} seconds, and gone by itself")
    refused = message(await guide.tool("engineer", TOOL))["result"]
    expect(refused.get("isError") is True, "an export should need access")
    show(f"engineer, {TOOL}", refused["content"][0]["text"])

    known = await links(guide)
    asked = await _ask(guide, seconds)
    show("engineer asks", f"{seconds} seconds, because: {asked['reason']}; it is {asked['state']}")
    link = await new_link(guide, known)
    show("outbox", link)
    async with browser("approver") as person:
        page = await person.open(link)
        decided = await person.send(page, verdict="approve", reason="the audit is mine")
        expect(decided.status == 200, "the approver should be able to decide")
    show("approver", "signs in and approves")

    opened = message(await guide.tool("engineer", TOOL))["result"]
    expect(not opened.get("isError"), "with access the export should go through")
    show(f"engineer, {TOOL}", f"{len(opened['content'])} files, personal values hidden")
    await _until_over(guide, asked["id"])
    over = message(await guide.tool("engineer", TOOL))["result"]
    expect(over.get("isError") is True, "after its end the access should be gone")
    show(f"engineer, {TOOL}", over["content"][0]["text"])
    print("Nothing had to run for it to end: each call compares the access with the clock.")


async def _ask(guide: Guide, seconds: int) -> Any:
    token = await guide.token("engineer")
    body = {"server": "records", "grant": "export-window", "seconds": seconds, "reason": "yearly audit of customers"}
    response = await guide.http.post(_url(guide, "requests"), json=body, headers={"authorization": f"Bearer {token}"})
    expect(response.status_code == 201, f"the request should be taken: {response.text}")
    return response.json()


async def _until_over(guide: Guide, identifier: str) -> None:
    """Says how long the access still lasts, until it is over."""
    headers = {"authorization": f"Bearer {await guide.token('engineer')}"}
    grant = (await guide.http.get(_url(guide, f"requests/{identifier}"), headers=headers)).json()
    # The API tells whole seconds.
    ends = datetime.fromisoformat(grant["ends"]) + timedelta(seconds=1)
    while (left := (ends - datetime.now(UTC)).total_seconds()) > 0:
        print(f"  ... open for another {left:.0f} seconds", flush=True)
        await asyncio.sleep(min(STEP, left))


def _url(guide: Guide, rest: str) -> str:
    return f"http://localhost:{guide.ports.gateway}/access/{rest}"
