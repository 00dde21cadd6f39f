"""Some callers who take all that there is of something: others still get their answers."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import cast

from starlette.responses import Response

from tests.fakes.upstream import Seen, events, result, serving, text_result
from tests.walk.rooms import MODERN_META, Gateway, gateway, request

STREAMS = 1_000
CALLERS = 20
LISTENING = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "listening"}}


async def listen(door: Gateway, token: str) -> AsyncGenerator[bytes]:
    body = request("subscriptions/listen", {"notifications": {}, "_meta": MODERN_META})
    named = {"mcp_protocol_version": "2026-07-28", "mcp_method": "subscriptions/listen"}
    answer = await door.send(body, token=token, server="open", **named)
    assert answer.status == 200
    stream = cast("AsyncGenerator[bytes]", answer.body)
    await anext(stream)
    return stream


async def test_a_thousand_open_streams_of_some_callers_leave_others_a_connection(tmp_path: Path) -> None:
    def answer(seen: Seen) -> Response:
        listens = seen.body["method"] == "subscriptions/listen"
        return (events(LISTENING, then="hangs") if listens else result({"content": []}))(seen)

    async with serving(answer) as upstream, gateway(tmp_path, upstream.url, read="20s") as door:
        assert (await door.call(server="open")).status == 200
        tokens = [door.tenant.token(oid=f"0b1ec700-0000-4000-9000-{number:012}") for number in range(CALLERS)]
        async with asyncio.timeout(60):
            open_streams = await asyncio.gather(*(listen(door, tokens[n % CALLERS]) for n in range(STREAMS)))
            found = await door.call(server="open")
            for stream in open_streams:
                await stream.aclose()
        assert found.status == 200


CROWD = 12
DENSE = "ada.lovelace@example.com or 4539148803436467, " * 2_000
"""Some 90 KB in which there is much to hide."""


async def test_many_large_answers_of_one_caller_do_not_all_go_before_the_first_of_another(tmp_path: Path) -> None:
    async with serving(text_result(DENSE)) as upstream, gateway(tmp_path, upstream.url, read="30s") as door:
        assert (await door.call()).status == 200
        crowd, other = (door.tenant.token(oid=f"0b1ec700-0000-4000-9000-{number:012}") for number in range(2))
        async with asyncio.timeout(60):
            theirs = [asyncio.create_task(door.call(token=crowd)) for _ in range(CROWD)]
            # All of them have come before the other one does.
            await asyncio.wait(theirs, return_when=asyncio.FIRST_COMPLETED)
            assert (await door.call(token=other)).status == 200
            answered = sum(task.done() for task in theirs)
            await asyncio.gather(*theirs)
        assert answered < CROWD * 3 / 4
