"""Room 13: what the client gets. Pure.

Takes a refusal or the upstream's answer as it may be seen, and returns status, headers and body.
The status and the sentence of a refusal come from the one table in `reasons`; nothing else of the
refusal reaches the wire but the `data` that the specification asks for.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

from gateway import jsontext
from gateway.protocol import SESSION_HEADER
from gateway.values import Call, Era, MessageKind, Refusal

_ALWAYS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_STREAM = {"cache-control": "no-cache, no-transform", "x-accel-buffering": "no"}
_HINTS = {"retryAfter": "retry-after", "rateLimitPolicy": "ratelimit-policy", "rateLimit": "ratelimit"}
"""Fields by the `data` that they repeat (RFC 9110, section 10.2.3; draft-ietf-httpapi-ratelimit-headers-10)."""
APPROVAL_META = "countersign/approval"
"""`_meta` key of a result that tells of an approval."""
_ALLOW = {Era.MODERN: "POST", Era.LEGACY: "POST, GET, DELETE"}


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response: `body` whole, or event by event."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | AsyncGenerator[bytes] = b""
    cookies: tuple[str, ...] = ()
    """Values of `Set-Cookie`, which has a line for each (RFC 6265, section 3)."""


def error_message(call: Call, refusal: Refusal) -> dict[str, Any]:
    """The JSON-RPC error of a refusal, with the request's id, or null where it has none."""
    wire = refusal.reason.wire
    error: dict[str, Any] = {"code": wire.code, "message": wire.sentence}
    if refusal.data:
        error["data"] = dict(refusal.data)
    return {"jsonrpc": "2.0", "id": call.id, "error": error}


def tool_error(call: Call, refusal: Refusal) -> dict[str, Any]:
    """The result of a tool call that a model reads: the fixed sentence, and what the gateway made itself."""
    page = refusal.data.get("url")
    text = f"{refusal.reason.wire.sentence} Status: {page}" if page else refusal.reason.wire.sentence
    result: dict[str, Any] = {"content": [{"type": "text", "text": text}], "isError": True}
    if call.era is Era.MODERN:
        result["resultType"] = "complete"
    return result | ({"_meta": {APPROVAL_META: dict(refusal.data)}} if refusal.data else {})


def refused(call: Call, refusal: Refusal, challenge: str | None = None) -> Answer:
    """The answer to a call that went no further; `challenge` is the `WWW-Authenticate` of a 401 or 403."""
    wire = refusal.reason.wire
    if wire.as_result and call.method == "tools/call" and call.kind is MessageKind.REQUEST:
        return replied(200, "", {"jsonrpc": "2.0", "id": call.id, "result": tool_error(call, refusal)})
    status = wire.http if call.era is Era.MODERN or wire.legacy_http is None else wire.legacy_http
    if status == 200 and call.kind is not MessageKind.REQUEST:
        # Only a request can carry an error in a 200; to accept anything else would be a lie.
        status = 403
    headers = _ALWAYS | {"content-type": "application/json"}
    if challenge is not None:
        headers["www-authenticate"] = challenge
    if status == 405:
        headers["allow"] = _ALLOW[call.era]
    if status == 503:
        headers["retry-after"] = "5"
    if status == 429:
        headers |= {field: str(refusal.data[name]) for name, field in _HINTS.items() if name in refusal.data}
    return Answer(status, headers, jsontext.write(error_message(call, refusal)))


def replied(status: int, mcp_session: str, message: dict[str, Any]) -> Answer:
    return Answer(
        status,
        _ALWAYS | {"content-type": "application/json"} | _session(mcp_session),
        jsontext.write(message),
    )


def accepted(status: int, mcp_session: str) -> Answer:
    return Answer(status, _ALWAYS | _session(mcp_session))


def streamed(mcp_session: str, events: AsyncGenerator[bytes]) -> Answer:
    return Answer(200, _ALWAYS | _STREAM | {"content-type": "text/event-stream"} | _session(mcp_session), events)


def _session(mcp_session: str) -> dict[str, str]:
    return {SESSION_HEADER: mcp_session} if mcp_session else {}
