"""Access just in time over the whole stack: tokens, streams, and processes that are killed before it ends."""

import asyncio
from datetime import datetime
from typing import Any

import httpx

from devhost.accounts import ACCOUNTS
from gateway.reasons import Reason
from tests.live.conftest import Live
from tests.live.test_stack import rows
from tests.walk.rooms import MODERN_META

TOOL = "export_customers"
TICKET = "CHG123456 yearly audit"
"""A reason that the demo policy approves by itself."""


async def open_access(live: Live, seconds: int = 300, account: str = "engineer") -> dict[str, Any]:
    """Access to the export, ended first where it is still open from an earlier test."""
    headers = {"authorization": f"Bearer {await live.token(account)}"}
    body = {"server": "records", "grant": "export-window", "seconds": seconds, "reason": TICKET}
    response = await live.http.post(f"{live.gateway}/access/requests", json=body, headers=headers)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    assert made["state"] == "open", made
    return made


async def end(live: Live, grant: str, account: str = "engineer") -> None:
    headers = {"authorization": f"Bearer {await live.token(account)}"}
    response = await live.http.post(f"{live.gateway}/access/{grant}/end", json={"reason": "done"}, headers=headers)
    assert response.status_code == 200, response.text


async def session_token(live: Live, grant: str) -> str:
    headers = {"authorization": f"Bearer {await live.token('engineer')}"}
    response = await live.http.post(f"{live.gateway}/access/{grant}/token", headers=headers)
    assert response.status_code == 200, response.text
    return str(response.json()["access_token"])


async def export(live: Live, token: str, server: str = "records") -> httpx.Response:
    params = {"name": TOOL, "arguments": {}, "_meta": MODERN_META}
    headers = {"authorization": f"Bearer {token}", "accept": "application/json, text/event-stream"}
    headers |= {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": TOOL}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    return await live.http.post(live.url(server), headers=headers, json=message)


def went_through(response: httpx.Response) -> bool:
    return response.status_code == 200 and response.json().get("result", {}).get("isError") is False


async def test_a_session_token_works_for_its_server_and_dies_with_its_grant(live: Live) -> None:
    made = await open_access(live)
    token = await session_token(live, made["id"])
    assert went_through(await export(live, token))
    assert (await export(live, token, "everything")).status_code == 401
    changed = token[:-10] + ("A" if token[-10] != "A" else "B") + token[-9:]
    assert (await export(live, changed)).status_code == 401
    await end(live, made["id"])
    after = await export(live, token)
    assert (after.status_code, after.json()["error"]["code"]) == (403, Reason.GRANT_OVER.wire.code)
    found = [row for row in await rows(live) if row.get("grant") == made["id"]]
    events = [row["event"] for row in sorted(found, key=lambda row: row["time"])]
    assert events[:2] == ["grant_requested", "grant_opened"]
    assert {"grant_token", "intent", "outcome", "grant_ended"} <= {*events}
    engineer = ACCOUNTS["engineer"].object_id
    assert {row["subject"] for row in found} == {engineer}
    # A refusal for a token whose grant is over is filed with the sign-in, not with the session that has ended.
    assert len({row["PartitionKey"] for row in found}) == 1


async def test_a_session_token_of_a_key_that_was_rotated_out_is_refused(live: Live) -> None:
    made = await open_access(live)
    token = await session_token(live, made["id"])
    vault = f"https://localhost:{live.stack.ports.vault}"
    async with httpx.AsyncClient(verify=False) as anybody:
        await anybody.post(f"{vault}/devhost/keys/session-token/rotate", json={"disable_old": True})
    await live.stack.stop("gateway")
    await live.stack.start("gateway")
    assert (await export(live, token)).status_code == 401
    assert went_through(await export(live, await session_token(live, made["id"])))
    await end(live, made["id"])


async def test_an_open_stream_closes_within_seconds_when_its_grant_is_revoked(live: Live) -> None:
    made = await open_access(live)
    token = await session_token(live, made["id"])
    headers = {"authorization": f"Bearer {token}", "accept": "application/json, text/event-stream"}
    headers |= {"mcp-protocol-version": "2026-07-28", "mcp-method": "subscriptions/listen"}
    listens = {"notifications": {"toolsListChanged": True}, "_meta": MODERN_META}
    message = {"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": listens}
    async with live.http.stream("POST", live.url("records"), headers=headers, json=message, timeout=30) as stream:
        assert stream.status_code == 200, await stream.aread()
        acknowledged = asyncio.Event()
        reading = asyncio.ensure_future(_to_its_end(stream, acknowledged))
        async with asyncio.timeout(5):
            await acknowledged.wait()
        operator = {"authorization": f"Bearer {await live.token('operator')}"}
        revoke = {"reason": "left the company"}
        assert not reading.done()
        url = f"{live.gateway}/api/grants/{made['id']}/revoke"
        assert (await live.http.post(url, json=revoke, headers=operator)).status_code == 200
        async with asyncio.timeout(5):
            await reading
    assert (await export(live, token)).status_code == 403


async def _to_its_end(stream: httpx.Response, begun: asyncio.Event) -> None:
    async for _ in stream.aiter_raw():
        begun.set()


async def test_access_ends_although_everything_was_dead_and_its_end_is_on_record_with_the_true_time(live: Live) -> None:
    made = await open_access(live, seconds=3)
    token = await live.token("engineer")
    assert went_through(await export(live, token))
    await live.stack.kill("gateway")
    ends = datetime.fromisoformat(made["ends"])
    await asyncio.sleep(max(0.0, (ends - datetime.now(ends.tzinfo)).total_seconds()))
    await live.stack.start("gateway")
    refused = await export(live, token)
    assert Reason.GRANT_NEEDED.wire.sentence in refused.json()["result"]["content"][0]["text"]
    async with asyncio.timeout(30):
        while not (found := await _endings(live, made["id"])):  # noqa: ASYNC110 - a table has no bell
            await asyncio.sleep(0.1)
    [ending] = found
    assert (ending["outcome"], made["ends"][:19]) == ("expired", _ends(ending)[:19])


async def _endings(live: Live, grant: str) -> list[dict[str, Any]]:
    return [row for row in await rows(live) if row.get("grant") == grant and row["event"] == "grant_ended"]


def _ends(row: dict[str, Any]) -> str:
    return str(row["body"]).partition('"ends":"')[2].partition('"')[0]
