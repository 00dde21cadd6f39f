"""The tour's chapter on approvals: a call waits, a second person decides, and one approval is one call.

Takes the tour's guide; the approver of it finds the link in the outbox, signs in with a browser of
their own and sends the form of the page, as anybody would.
"""

import asyncio
import secrets
from typing import Any

from devhost.demo.people import CUSTOMERS
from devhost.person import Page, browser
from devhost.story import Guide, chapter, expect, message, show

PATIENCE = 20.0
"""Seconds for a message to come; the gateway holds the call for 25."""


async def approvals(guide: Guide) -> None:
    """Chapter 5, told and checked."""
    chapter("5. A refund needs a second person")
    # Another amount in each tour: a denial stands for an hour.
    refund = {"customer_id": CUSTOMERS[0].id, "amount": 100 + secrets.randbelow(800), "reason": "late parcel"}
    known = await links(guide)
    call = asyncio.ensure_future(guide.tool("engineer", "issue_refund", **refund))
    link = await new_link(guide, known)
    show("engineer", f"calls issue_refund with {refund['amount']} for {refund['customer_id']}, and the call waits")
    show("outbox", link)
    page = await _decide(link, "approve", "the parcel was late indeed")
    show("approver", f"signs in, reads what would be done, approves: {_state(page)}")
    answered = message(await call)["result"]
    expect(not answered.get("isError"), "the approved call should go through")
    show("engineer gets", _text(answered))

    again = asyncio.ensure_future(guide.tool("engineer", "issue_refund", **refund))
    second = await new_link(guide, known | {link})
    expect(not again.done(), "an approval should be for one call")
    show("engineer", f"makes the same call again; it waits again: {second}")
    page = await _decide(second, "deny", "once is enough")
    show("approver", f"denies: {_state(page)}")
    refused = message(await again)["result"]
    expect(refused.get("isError") is True, "the denied call should not go through")
    show("engineer gets", _text(refused))
    print("Nobody approves a call of their own, and an approval is for exactly this call: one other digit waits anew.")


async def _decide(link: str, verdict: str, reason: str) -> Page:
    async with browser("approver") as person:
        page = await person.open(link)
        expect(page.status == 200, f"the approver should see the page at {link}")
        decided = await person.send(page, verdict=verdict, reason=reason)
        expect(decided.status == 200, "the decision should be taken")
        return decided


async def new_link(guide: Guide, known: set[str]) -> str:
    """The link of a message that was not there before."""
    async with asyncio.timeout(PATIENCE):
        while not (new := await links(guide) - known):  # noqa: ASYNC110 - an outbox has no bell
            await asyncio.sleep(0.2)
    return new.pop()


async def links(guide: Guide) -> set[str]:
    """The links of all messages so far."""
    response = await guide.http.get(f"http://localhost:{guide.ports.outbox_page}/messages")
    return {link for each in response.raise_for_status().json() for link in each["links"]}


def _state(page: Page) -> str:
    return next((word for word in ("Approved", "Denied", "Used", "Waiting") if word in page.text), page.text[:80])


def _text(result: Any) -> str:
    return str(result["content"][0]["text"])
