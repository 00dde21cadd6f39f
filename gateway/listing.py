"""The gateway's own `tools/list`: every page of what an upstream publishes, bounded.

Takes the passage of a call and asks the upstream in that call's era, session and protocol version,
under a request id of the gateway's own; each request is on record before it leaves. Gives the
definitions by name, or a refusal: an upstream that fails, lies or never ends has no catalogue.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from gateway import jsontext
from gateway.events import Event
from gateway.forward import Accepted, BrokenStreamError, EventStream, Reply
from gateway.policy.document import Server
from gateway.protocol import (
    CAPABILITIES_META,
    CLIENT_META,
    METHOD_HEADER,
    NAME_HEADER,
    PARAM_HEADER_PREFIX,
    VERSION_META,
    is_response_to,
)
from gateway.reasons import Reason
from gateway.record import Passage, Recorder
from gateway.tools.definition import Definition, by_name, read_definition
from gateway.values import Call, Era, Json, MessageKind, Refusal

MAX_PAGES = 50
MAX_TOOLS = 1000
MAX_BYTES = 8 * 1024 * 1024
"""Of all definitions in their canonical form."""
ID_PREFIX = "countersign-"
"""Of the gateway's own JSON-RPC ids; the rest is random, so that no client's id of the session is like it."""

_METHOD_NOT_FOUND = -32601
_DROPPED = frozenset({"accept", "last-event-id", METHOD_HEADER, NAME_HEADER})

type Response = Reply | Accepted | EventStream | Refusal
type Reach = Callable[[Passage], Awaitable[Response]]
"""Rooms 9 and 10: the upstream's answer to the call of a passage."""


async def fetch(passage: Passage, server: Server, reach: Reach, recorder: Recorder) -> dict[str, Definition] | Refusal:
    """The definitions of all tools that the upstream publishes to this credential."""
    try:
        async with asyncio.timeout(server.read_timeout):
            return await _all_pages(passage, reach, recorder)
    except TimeoutError:
        return Refusal(Reason.UPSTREAM_TIMEOUT, "tools/list of the gateway")


def entries(result: dict[str, Json]) -> list[Json] | Refusal:
    """The tools of one page; CATALOGUE_UNAVAILABLE where they are no list, or too many."""
    listed = result.get("tools")
    if not isinstance(listed, list):
        return Refusal(Reason.CATALOGUE_UNAVAILABLE, "the server's list of tools is no list")
    if len(listed) > MAX_TOOLS:
        return Refusal(Reason.CATALOGUE_UNAVAILABLE, f"the server lists more than {MAX_TOOLS} tools")
    return listed


async def _all_pages(passage: Passage, reach: Reach, recorder: Recorder) -> dict[str, Definition] | Refusal:
    found: list[Definition | None] = []
    size, cursor = 0, ""
    seen = {cursor}
    for _ in range(MAX_PAGES):
        result = await _page(passage, cursor, reach, recorder)
        if isinstance(result, Refusal):
            return result
        listed = entries(result)
        if isinstance(listed, Refusal):
            return listed
        page = [read_definition(entry) for entry in listed]
        found += page
        size += sum(len(definition.text) for definition in page if definition)
        if len(found) > MAX_TOOLS or size > MAX_BYTES:
            return Refusal(
                Reason.CATALOGUE_UNAVAILABLE, f"the server lists more than {MAX_TOOLS} tools, or {MAX_BYTES} bytes"
            )
        cursor = result.get("nextCursor") or ""
        if not cursor:
            return by_name(found)
        if not isinstance(cursor, str) or cursor in seen:
            return Refusal(Reason.CATALOGUE_UNAVAILABLE, "the server's pages do not end")
        seen.add(cursor)
    return Refusal(Reason.CATALOGUE_UNAVAILABLE, f"the server's list of tools has more than {MAX_PAGES} pages")


async def _page(passage: Passage, cursor: str, reach: Reach, recorder: Recorder) -> dict[str, Any] | Refusal:
    """The result of one request; an empty list from a server that has no tools at all."""
    asking = Passage(
        list_call(passage.call, cursor),
        passage.origin,
        caller=passage.caller,
        session=passage.session,
        policy=passage.policy,
        decision=passage.decision,
        cause=passage.id,
        trace=passage.trace,
    )
    if not await recorder.intent(asking, Event.RELAYED):
        return Refusal(Reason.EVIDENCE_UNAVAILABLE)
    message = await _message(asking.call, await reach(asking))
    if isinstance(message, Refusal):
        return replace(message, detail=f"tools/list of the gateway: {message.detail}".rstrip(": "))
    if "result" in message:
        result: dict[str, Any] = message["result"]
        return result
    code = message["error"].get("code")
    if code == _METHOD_NOT_FOUND:
        return {"tools": []}
    told = code if isinstance(code, int) else "without a code"
    return Refusal(Reason.CATALOGUE_UNAVAILABLE, f"the server answered tools/list with error {told}")


def list_call(call: Call, cursor: str) -> Call:
    """`tools/list` for the caller, server, era and session of another call."""
    params: dict[str, Json] = {"cursor": cursor} if cursor else {}
    headers = [
        (name, value)
        for name, value in call.headers
        if name not in _DROPPED and not name.startswith(PARAM_HEADER_PREFIX)
    ]
    headers.append(("accept", "application/json, text/event-stream"))
    if call.era is Era.MODERN:
        meta = call.params.get("_meta", {})
        params["_meta"] = {key: meta[key] for key in (VERSION_META, CAPABILITIES_META, CLIENT_META) if key in meta}
        headers.append((METHOD_HEADER, "tools/list"))
    identifier = f"{ID_PREFIX}{secrets.token_hex(8)}"
    return replace(
        call,
        kind=MessageKind.REQUEST,
        method="tools/list",
        target="",
        id=identifier,
        message={"jsonrpc": "2.0", "id": identifier, "method": "tools/list", "params": params},
        headers=tuple(headers),
    )


async def _message(call: Call, response: Response) -> dict[str, Any] | Refusal:
    """The one JSON-RPC response in what the upstream answered."""
    if isinstance(response, Refusal):
        return response
    if isinstance(response, Reply):
        return response.message
    if isinstance(response, Accepted):
        return Refusal(Reason.UPSTREAM_MALFORMED, "accepted without an answer")
    try:
        return await _out_of_stream(call, response)
    except BrokenStreamError as broken:
        return Refusal(broken.reason)
    finally:
        await response.close()


async def _out_of_stream(call: Call, stream: EventStream) -> dict[str, Any] | Refusal:
    size = 0
    async for event in stream.events():
        if not event.data:
            continue
        size += len(event.data)
        if size > 2 * MAX_BYTES:
            return Refusal(Reason.UPSTREAM_TOO_LARGE)
        message = jsontext.parse(event.data, duplicates=True)
        # Notifications may come first; a request of the server finds nobody here, and the list its time limit.
        if is_response_to(message, call):
            return message
    return Refusal(Reason.UPSTREAM_BROKE_OFF)
