"""What is asked in one cell of the bench, byte by byte: the requests of both eras and the upstream's results.

Takes a cell (era, connections, size, form of the answer) and gives HTTP requests and JSON-RPC results. An
answer is read by `read_answer`, which refuses whatever is not the result that the request asked for.
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

LEGACY, MODERN = "legacy", "modern"
VERSIONS = {LEGACY: "2025-11-25", MODERN: "2026-07-28"}
ERAS = tuple(VERSIONS)
CONNECTIONS = (1, 16, 64)
SIZES = {"small": 1, "large": 430}
"""Customers of a result: one is about 230 bytes, 430 are 100 KB."""
FORMS = ("json", "sse")

MAIL = "ada.lovelace@example.com"
"""Stands in every result; a masking gateway answers without it."""
TOOLS = {
    ("small", "json"): "get-customer",
    ("large", "json"): "list-customers",
    ("small", "sse"): "stream-customer",
    ("large", "sse"): "stream-customers",
}
BY_TOOL = {tool: place for place, tool in TOOLS.items()}
CLIENT = {"name": "bench", "version": "1"}
META = {
    "io.modelcontextprotocol/protocolVersion": VERSIONS[MODERN],
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": CLIENT,
}


class WrongAnswerError(Exception):
    """An answer that is not the result that was asked for."""


@dataclass(frozen=True, slots=True)
class Cell:
    era: str
    connections: int
    size: str
    form: str

    @property
    def name(self) -> str:
        return f"{self.era} {self.connections} {self.size} {self.form}"

    @property
    def tool(self) -> str:
        return TOOLS[self.size, self.form]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where calls go, and what each of them carries there."""

    port: int
    path: str = "/mcp"
    headers: tuple[tuple[str, str], ...] = ()
    is_worker: bool = False
    """Each request announces an invocation, as the Functions host's do."""
    prefix: str = ""
    """Before each tool's name."""
    tokens: tuple[str, ...] = ()
    """One for each connection; without one, none is sent."""
    is_masked: bool = False
    """Personal values must be gone from its answers."""
    eras: tuple[str, ...] = ERAS


def all_cells() -> list[Cell]:
    return [
        Cell(era, connections, size, form)
        for size in SIZES
        for form in FORMS
        for era in ERAS
        for connections in CONNECTIONS
    ]


@dataclass(frozen=True, slots=True)
class Caller:
    """One connection's client: its token and, in the legacy era, its session."""

    endpoint: Endpoint
    era: str
    number: int
    session: str = ""

    def request(self, body: dict[str, Any], name: str = "") -> tuple[bytes, bytes]:
        """Head up to the invocation's id, and the rest of the request."""
        content = json.dumps(body, separators=(",", ":")).encode()
        lines = [
            f"POST {self.endpoint.path} HTTP/1.1",
            f"Host: 127.0.0.1:{self.endpoint.port}",
            "Content-Type: application/json",
            "Accept: application/json, text/event-stream",
            *(f"{header}: {value}" for header, value in self._headers(str(body["method"]), name)),
            f"Content-Length: {len(content)}",
            "",
        ]
        return "\r\n".join(lines).encode(), b"\r\n" + content

    def _headers(self, method: str, name: str) -> list[tuple[str, str]]:
        headers = list(self.endpoint.headers)
        if self.endpoint.tokens:
            token = self.endpoint.tokens[self.number % len(self.endpoint.tokens)]
            headers.append(("Authorization", f"Bearer {token}"))
        if self.era == MODERN:
            headers += [("MCP-Protocol-Version", VERSIONS[MODERN]), ("Mcp-Method", method)]
            return headers + ([("Mcp-Name", name)] if name else [])
        if method != "initialize":
            headers.append(("MCP-Protocol-Version", VERSIONS[LEGACY]))
        return headers + ([("Mcp-Session-Id", self.session)] if self.session else [])

    def call(self, cell: Cell, identifier: int) -> tuple[bytes, bytes]:
        tool = self.endpoint.prefix + cell.tool
        params: dict[str, Any] = {"name": tool, "arguments": {"id": "C-1042"}}
        if self.era == MODERN:
            params["_meta"] = META
        body = {"jsonrpc": "2.0", "id": identifier, "method": "tools/call", "params": params}
        return self.request(body, tool)

    def initialize(self) -> tuple[bytes, bytes]:
        params = {"protocolVersion": VERSIONS[LEGACY], "capabilities": {}, "clientInfo": CLIENT}
        return self.request({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})

    def initialized(self) -> tuple[bytes, bytes]:
        return self.request({"jsonrpc": "2.0", "method": "notifications/initialized"})


@cache
def result_of(tool: str, era: str) -> bytes:
    """The result of a tool as the upstream sends it, without the message around it."""
    size, _ = BY_TOOL[tool]
    customers = [_customer(number) for number in range(SIZES[size])]
    found = customers[0] if size == "small" else {"customers": customers}
    result: dict[str, Any] = {"content": [{"type": "text", "text": json.dumps(found)}], "isError": False}
    if era == MODERN:
        result["resultType"] = "complete"
    return orjson.dumps(result)


def _customer(number: int) -> dict[str, Any]:
    return {
        "id": f"C-{1042 + number}",
        "name": "Ada Lovelace",
        "email": MAIL,
        "phone": f"+1 415 555 {number % 10_000:04d}",
        "plan": ("basic", "team", "enterprise")[number % 3],
        "address": f"{number + 1} Example Street, Springfield",
        "balance": round(number * 17.31, 2),
        "open_tickets": number % 7,
        "notes": "Prefers to be called in the morning.",
    }


def read_answer(status: int, media_type: str, body: bytes, identifier: int) -> dict[str, Any]:
    """The result of the request with that id. Raises WrongAnswerError."""
    if status != 200:
        raise WrongAnswerError(f"status {status}: {_shown(body)}")
    for message in _messages(media_type, body):
        if isinstance(message, dict) and message.get("id") == identifier:
            result = message.get("result")
            if isinstance(result, dict) and not result.get("isError"):
                return result
    raise WrongAnswerError(f"no result: {_shown(body)}")


def _messages(media_type: str, body: bytes) -> list[Any]:
    try:
        if media_type != "text/event-stream":
            return [orjson.loads(body)]
        data = (line[5:].strip() for line in body.splitlines() if line.startswith(b"data:"))
        return [orjson.loads(line) for line in data if line]
    except orjson.JSONDecodeError:
        raise WrongAnswerError(f"not JSON: {_shown(body)}") from None


def _shown(body: bytes) -> str:
    return body[:300].decode(errors="replace")
