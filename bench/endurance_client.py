"""One client of the endurance run: it makes a call as an MCP client does and notes what it was told.

Takes the stage and the book. Whatever comes back is looked through for what nobody may see. It decides nothing: which
calls are made, and when, is the traffic's business.
"""

import json
from dataclasses import dataclass
from typing import Any

import httpx

from bench.endurance_book import Book, Came, Made
from bench.endurance_policy import SERVER
from bench.endurance_stage import PATIENCE, Stage

MODERN, LEGACY = "2026-07-28", "2025-06-18"
META = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request as a client means to make it."""

    kind: str
    name: str
    """Its id, which no other request of the run has."""
    instance: str
    token: str | None
    tool: str = ""
    arguments: Any = None
    method: str = "tools/call"
    session: str = ""
    """Of the legacy era."""
    is_legacy: bool = False
    patience: float = PATIENCE
    """Seconds; whoever has less leaves."""


async def make(stage: Stage, book: Book, wanted: Wanted) -> Made:
    """The call was made, and what came of it is in the book. Never raises httpx.HTTPError."""
    made = book.begin(wanted.name, Made(wanted.kind, wanted.instance, stage.now()))
    made.acts = wanted.method == "tools/call"
    try:
        response = await stage.http.post(
            stage.url(wanted.instance, f"/mcp/{SERVER}"),
            headers=headers(wanted),
            json=body(wanted),
            timeout=wanted.patience,
        )
    except httpx.ReadTimeout:
        made.came = Came.LEFT if wanted.patience < PATIENCE else Came.UNKNOWN
    except httpx.HTTPError:
        made.came = Came.UNKNOWN
    else:
        book.read(wanted.name, response.text)
        made.came, made.code = told(response, wanted.name)
    made.ended = stage.now()
    return made


async def begin_session(stage: Stage, book: Book, instance: str, token: str, name: str) -> str:
    """The id of a new session of the legacy era; empty where there is none."""
    wanted = Wanted("initialize", name, instance, token, method="initialize", is_legacy=True)
    made = book.begin(name, Made("initialize", instance, stage.now(), acts=False))
    params = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "endurance", "version": "1"}}
    session = ""
    try:
        url = stage.url(instance, f"/mcp/{SERVER}")
        response = await stage.http.post(url, headers=headers(wanted), json=body(wanted) | {"params": params})
        made.came, made.code = told(response, name)
        session = response.headers.get("mcp-session-id", "")
        note = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        if session:
            await stage.http.post(url, headers=headers(wanted) | {"mcp-session-id": session}, json=note)
    except httpx.HTTPError:
        made.came = Came.UNKNOWN
    made.ended = stage.now()
    return session


def headers(wanted: Wanted) -> dict[str, str]:
    found = {"accept": "application/json, text/event-stream"}
    if wanted.token is not None:
        found["authorization"] = f"Bearer {wanted.token}"
    if not wanted.is_legacy:
        found |= {"mcp-protocol-version": MODERN, "mcp-method": wanted.method}
        return found | ({"mcp-name": wanted.tool} if wanted.tool else {})
    if wanted.method != "initialize":
        found["mcp-protocol-version"] = LEGACY
    return found | ({"mcp-session-id": wanted.session} if wanted.session else {})


def body(wanted: Wanted) -> dict[str, Any]:
    params: dict[str, Any] = {"name": wanted.tool, "arguments": wanted.arguments or {}} if wanted.tool else {}
    if not wanted.is_legacy:
        params["_meta"] = META
    return {"jsonrpc": "2.0", "id": wanted.name, "method": wanted.method, "params": params}


def told(response: httpx.Response, name: str) -> tuple[Came, int]:
    """What a response says of the call, and the code of a refusal."""
    for message in _messages(response):
        if not isinstance(message, dict) or message.get("id") != name:
            continue
        if "error" in message:
            return Came.REFUSED, int(message["error"]["code"])
        return (Came.REFUSED, 0) if message["result"].get("isError") else (Came.ANSWERED, 0)
    return (Came.REFUSED, response.status_code) if response.status_code >= 400 else (Came.UNKNOWN, 0)


def _messages(response: httpx.Response) -> list[Any]:
    try:
        if "text/event-stream" not in response.headers.get("content-type", ""):
            return [response.json()]
        data = (line[5:].strip() for line in response.text.splitlines() if line.startswith("data:"))
        return [json.loads(line) for line in data if line]
    except ValueError:
        return []
