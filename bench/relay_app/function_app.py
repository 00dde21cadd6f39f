"""The bare relay once more, as a function of Microsoft's worker: what the worker itself costs, without a gateway.

`bench.relay_gateway` loads it. The upstream's URL is in BENCH_UPSTREAM.
"""

import os
from collections.abc import AsyncIterator

import aiohttp
import azure.functions as func
from azurefunctions.extensions.http.fastapi import (  # type: ignore[import-untyped]
    Request,
    Response,
    StreamingResponse,
)

DROPPED = {"host", "content-length", "transfer-encoding", "connection", "date", "server", "x-ms-invocation-id"}

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
sessions: list[aiohttp.ClientSession] = []


@app.route(route="mcp/{server}", methods=[func.HttpMethod.POST])
async def mcp(req: Request) -> StreamingResponse:
    """The upstream's answer: a stream as it comes, any other whole."""
    if not sessions:
        connector = aiohttp.TCPConnector(limit=0)
        sessions.append(aiohttp.ClientSession(connector=connector, auto_decompress=False))
    headers = {name: value for name, value in req.headers.items() if name not in DROPPED}
    body = await req.body()
    url = os.environ["BENCH_UPSTREAM"]  # noqa: TID251 - the bench's own
    answer = await sessions[0].request("POST", url, data=body, headers=headers)
    kept = {name: value for name, value in answer.headers.items() if name.lower() not in DROPPED}
    if answer.content_length is not None:
        return Response(await answer.read(), answer.status, kept)
    return StreamingResponse(_pieces(answer), answer.status, kept)


async def _pieces(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    async with answer:
        async for piece in answer.content.iter_any():
            yield piece
