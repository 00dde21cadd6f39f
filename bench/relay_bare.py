"""The floor: a bare streaming relay, with no check, no record and no mask. `python -m bench.relay_bare PORT URL`.

It runs on the HTTP server that the worker has (uvicorn, with the same parser) and one shared client of aiohttp,
the quickest HTTP client among the packages of production.
"""

import sys
from typing import Any

import aiohttp
import uvicorn

_DROPPED = {b"host", b"content-length", b"transfer-encoding", b"connection", b"date", b"server"}


class Relay:
    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0)
            self._session = aiohttp.ClientSession(connector=connector, auto_decompress=False)
        body, more = b"", True
        while more:
            event = await receive()
            body, more = body + event["body"], event["more_body"]
        headers = [(name.decode(), value.decode()) for name, value in scope["headers"] if name not in _DROPPED]
        async with self._session.request(scope["method"], self._url, data=body, headers=headers) as answer:
            kept = [(name, value) for name, value in answer.raw_headers if name.lower() not in _DROPPED]
            if answer.content_length is not None:
                kept.append((b"content-length", b"%d" % answer.content_length))
            await send({"type": "http.response.start", "status": answer.status, "headers": kept})
            async for piece in answer.content.iter_any():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    uvicorn.run(Relay(sys.argv[2]), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", lifespan="off")
