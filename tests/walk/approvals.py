"""What the tests of approvals share: a call that needs one, and the people who decide."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from gateway.answer import Answer
from gateway.approvals import rulings
from gateway.approvals.approval import Approval, State, Verdict
from gateway.approvals.book import Actor
from gateway.authenticate import authenticate
from gateway.values import Caller, Secret
from tests.fakes.values import ORIGIN
from tests.walk.rooms import MODERN_META, Gateway, message, request

REFUND = {"invoice": "in_7", "amount": 120}
URL_CLIENT: dict[str, Any] = {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {"url": {}}}}


async def caller(door: Gateway, account: str, **claims: object) -> Caller:
    """The person as room 2 knows them."""
    token = Secret(door.tenant.token(account, **claims))
    found = await authenticate(token, door.rooms.settings, door.rooms.keys)
    assert isinstance(found, Caller), found
    return found


async def only(door: Gateway) -> Approval:
    """The one approval that there is."""
    [identifier] = door.approvals.approvals
    return await read(door, identifier)


async def read(door: Gateway, identifier: str) -> Approval:
    found = await door.rooms.approvals.read(identifier)
    assert found is not None
    return found


async def decide(
    door: Gateway, approval: Approval, account: str = "approver", verdict: Verdict = Verdict.APPROVE
) -> Approval:
    actor = Actor(await caller(door, account), ORIGIN)
    found = await rulings.decide(door.rooms.approvals, approval, verdict, "looked at it", actor)
    assert isinstance(found, Approval), found
    return found


async def approve(door: Gateway, approval: Approval | None = None, account: str = "approver") -> Approval:
    return await decide(door, approval or await only(door), account)


async def deny(door: Gateway, approval: Approval | None = None, account: str = "approver") -> Approval:
    return await decide(door, approval or await only(door), account, Verdict.DENY)


async def meanwhile(door: Gateway, waiting: Awaitable[Answer], then: Verdict | State) -> Answer:
    """The answer to a call during whose wait somebody decides, or the requester withdraws."""
    task = asyncio.ensure_future(waiting)
    async with asyncio.timeout(5):
        approval = await waited_for(door)
        if isinstance(then, Verdict):
            await decide(door, approval, verdict=then)
        else:
            await rulings.end(door.rooms.approvals, approval, then, Actor(await caller(door, "engineer"), ORIGIN))
        return await task


async def waited_for(door: Gateway) -> Approval:
    """The approval that waits, once there is one; the caller bounds the wait."""
    while not (found := await door.approvals.waiting()):  # noqa: ASYNC110 - a store has no bell
        await asyncio.sleep(0)
    return await read(door, found[-1])


async def legacy(door: Gateway, arguments: dict[str, Any] | None = None, **options: Any) -> Answer:
    """The call in the legacy era."""
    return await door.call("issue_refund", arguments=REFUND if arguments is None else arguments, **options)


async def modern(
    door: Gateway,
    arguments: dict[str, Any] | None = None,
    meta: dict[str, Any] | None = None,
    token: str = "engineer",
    **params: Any,
) -> Answer:
    """The call in the modern era; `params` are further ones, such as `requestState`."""
    sent = {"name": "issue_refund", "arguments": REFUND if arguments is None else arguments, **params}
    headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "issue_refund"}
    body = request("tools/call", sent | {"_meta": MODERN_META | (meta or {})})
    return await door.send(body, token=token, **headers)


def told(answer: Answer) -> str:
    """What the model reads in the result of a call that was not made."""
    result = message(answer)["result"]
    assert result["isError"] is True
    return str(result["content"][0]["text"])
