"""The MCP server behind everything that is measured: answers with results made beforehand, in both eras.

`python -m bench.relay_upstream --port N --keys FILE` answers `/mcp`, and the key set of the tenant that signs
the bench's tokens. It parses each message and echoes its id; sessions are numbers that it does not keep. It
speaks just enough HTTP to be no limit itself.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import orjson

from bench.relay_cells import BY_TOOL, CLIENT, LEGACY, MODERN, VERSIONS, result_of

_numbers = count(1)


class Upstream(asyncio.Protocol):
    """One connection; requests are answered in their order."""

    def __init__(self, keys: bytes) -> None:
        self._keys = keys
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert self._transport
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            size = _length(head)
            if len(self._buffer) < end + 4 + size:
                return
            body, self._buffer = self._buffer[end + 4 : end + 4 + size], self._buffer[end + 4 + size :]
            self._transport.write(self._answer(head, body))

    def _answer(self, head: bytes, body: bytes) -> bytes:
        if head.startswith(b"get /mcp"):
            return _http(b"405 Method Not Allowed", b"")
        if head.startswith(b"get "):
            return _http(b"200 OK", self._keys, b"application/json")
        if head.startswith(b"delete "):
            return _http(b"200 OK", b"")
        return answer_to(orjson.loads(body), MODERN if b"mcp-protocol-version: 2026-07-28" in head else LEGACY)


def answer_to(message: dict[str, Any], era: str) -> bytes:
    """The HTTP response to one JSON-RPC message."""
    if "id" not in message:
        return _http(b"202 Accepted", b"")
    method, params = message["method"], message.get("params") or {}
    extra = b""
    if method == "tools/call" and params["name"] in BY_TOOL:
        is_stream = BY_TOOL[params["name"]][1] == "sse"
        result = result_of(params["name"], era)
    else:
        is_stream, result = False, _RESULTS.get((method, era), b"")
    if not result:
        error = {"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "method not found"}}
        return _http(b"404 Not Found", orjson.dumps(error), b"application/json")
    if method == "initialize":
        extra = b"mcp-session-id: session-%d\r\n" % next(_numbers)
    body = b'{"jsonrpc":"2.0","id":%s,"result":%s}' % (orjson.dumps(message["id"]), result)
    if is_stream:
        event = b"event: message\ndata: %s\n\n" % body
        return b"HTTP/1.1 200 OK\r\n%scontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n%s" % (
            extra,
            b"%x\r\n%s\r\n0\r\n\r\n" % (len(event), event),
        )
    return _http(b"200 OK", body, b"application/json", extra)


def _http(status: bytes, body: bytes, media_type: bytes = b"text/plain", extra: bytes = b"") -> bytes:
    head = b"HTTP/1.1 %s\r\ncontent-type: %s\r\n%scontent-length: %d\r\n\r\n"
    return head % (status, media_type, extra, len(body)) + body


def _length(head: bytes) -> int:
    at = head.find(b"\r\ncontent-length:")
    return int(head[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


def _published() -> list[dict[str, Any]]:
    schema = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
    return [{"name": tool, "description": f"Looks up: {tool}.", "inputSchema": schema} for tool in BY_TOOL]


def _results() -> dict[tuple[str, str], bytes]:
    capabilities: dict[str, Any] = {"tools": {}}
    cached = {"resultType": "complete", "ttlMs": 60_000, "cacheScope": "public"}
    begun = {"protocolVersion": VERSIONS[LEGACY], "capabilities": capabilities, "serverInfo": CLIENT}
    discovered = {"supportedVersions": [VERSIONS[MODERN]], "capabilities": capabilities} | cached
    return {
        ("initialize", LEGACY): orjson.dumps(begun),
        ("ping", LEGACY): b"{}",
        ("tools/list", LEGACY): orjson.dumps({"tools": _published()}),
        ("tools/list", MODERN): orjson.dumps({"tools": _published()} | cached),
        ("server/discover", MODERN): orjson.dumps(discovered),
    }


_RESULTS = _results()


async def serve(port: int, keys: bytes) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Upstream(keys), "127.0.0.1", port)
    await server.serve_forever()


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.relay_upstream")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--keys", type=Path, required=True, help="the key set, as JSON")
    options = parser.parse_args(arguments)
    asyncio.run(serve(options.port, options.keys.read_bytes()))


if __name__ == "__main__":
    main(sys.argv[1:])
