"""Room 1: bytes and headers become a Call, or a Refusal. Pure: no input, no output, no clock.

Headers are read first, and the body after them, once: what later rooms see and what travels on is this reading, so
no second parser can understand it differently. Anything that cannot be read is refused. The checks run in the order of
the 2026-07-28 ladder: envelope, agreement of headers and body, then version. That a large body is read only for whom a
token is good is the walk's business.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gateway import jsontext
from gateway.protocol import (
    CAPABILITIES_META,
    LEGACY_VERSIONS,
    METHOD_HEADER,
    METHODS,
    MODERN_VERSIONS,
    NAME_BEARING,
    NAME_HEADER,
    PARAM_HEADER_PREFIX,
    SESSION_HEADER,
    VERSION_HEADER,
    VERSION_META,
)
from gateway.reasons import Reason
from gateway.values import Arrival, Call, Era, MessageKind, Refusal, Secret

MAX_BODY = 4 * 1024 * 1024
"""Bytes; the official Python SDK's own limit."""
MAX_TARGET = 8192
"""Characters. Names of tools SHOULD have up to 128 (2025-11-25 server/tools, Tool Names); for URIs RFC 9110,
section 4.1, recommends 8000 octets at least."""
MAX_HEADERS = 64 * 1024
"""Bytes of all names and values. The HTTP server has a limit too, but lets through what comes in one piece."""

_SINGLE = frozenset(
    {"authorization", "content-type", "origin", "last-event-id", VERSION_HEADER, METHOD_HEADER, NAME_HEADER}
    | {SESSION_HEADER}
)
_TRAVELS = frozenset(
    {"accept", "last-event-id", "traceparent", "tracestate"}
    | {VERSION_HEADER, METHOD_HEADER, NAME_HEADER, SESSION_HEADER}
)
_LEGACY_ONLY = frozenset({SESSION_HEADER, "last-event-id"})
"""Ignored in the modern era (2026-07-28 basic/transports, Earlier Streamable HTTP Revisions)."""
_PRINTABLE = re.compile(r"[\x20-\x7e\t]*")
_SENTINEL = re.compile(r"=\?base64\?(.*)\?=")
_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/=-]+)")


@dataclass(frozen=True, slots=True)
class Reading:
    """A call as far as it could be read, and why no further, if so."""

    call: Call
    refusal: Refusal | None = None


def read(arrival: Arrival, origins: frozenset[str]) -> Reading:
    """The call in an HTTP request; with a refusal where it is not one that may go on. Never raises."""
    reading = read_head(arrival, origins)
    return reading if reading.refusal or arrival.http_method != "POST" else read_body(reading.call, arrival)


def read_head(arrival: Arrival, origins: frozenset[str]) -> Reading:
    """The call as far as everything but its body tells; of a POST the era is what the header says. Never raises."""
    headers = dict(arrival.headers)
    call = Call(
        server=arrival.server,
        era=Era.LEGACY if headers.get(VERSION_HEADER, LEGACY_VERSIONS[0]) in LEGACY_VERSIONS else Era.MODERN,
        kind=MessageKind.REQUEST,
        method="",
        target="",
        id=None,
        message={},
        headers=tuple((name, value) for name, value in arrival.headers if _travels(name)),
        mcp_session=headers.get(SESSION_HEADER, ""),
        token=bearer(headers.get("authorization", "")),
    )
    if refusal := _check_headers(arrival, headers, origins):
        return Reading(call, refusal)
    if arrival.http_method != "POST":
        return _without_body(arrival, call)
    if arrival.body is None or len(arrival.body) > MAX_BODY:
        return Reading(call, Refusal(Reason.BODY_TOO_LARGE))
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return Reading(call, Refusal(Reason.MEDIA_TYPE))
    return Reading(call)


def read_body(call: Call, arrival: Arrival) -> Reading:
    """The call of `read_head` with what its body says. Never raises."""
    message = jsontext.parse(arrival.body or b"")
    if isinstance(message, jsontext.Malformed):
        return Reading(call, Refusal(Reason.NOT_JSON, message.why))
    if isinstance(message, list):
        return Reading(call, Refusal(Reason.BATCH))
    return _read_message(call, message, dict(arrival.headers))


def decode_header(value: str) -> str | None:
    """The text of an `Mcp-Name` or `Mcp-Param-*` header; None if its base64 form is malformed.

    2026-07-28 basic/transports/streamable-http, Value Encoding. Only canonical base64 counts, so
    that one value has one spelling.
    """
    found = _SENTINEL.fullmatch(value)
    if found is None:
        return value
    try:
        decoded = base64.b64decode(found[1], validate=True)
        return decoded.decode() if base64.b64encode(decoded).decode() == found[1] else None
    except (binascii.Error, UnicodeDecodeError):
        return None


def _travels(name: str) -> bool:
    return name in _TRAVELS or name.startswith(PARAM_HEADER_PREFIX)


def bearer(value: str) -> Secret | None:
    """The token of an `Authorization` header; None if it is of another scheme, or not one (RFC 6750, section 2.1)."""
    found = _BEARER.fullmatch(value.strip())
    return Secret(found[1]) if found else None


def _check_headers(arrival: Arrival, headers: Mapping[str, str], origins: frozenset[str]) -> Refusal | None:
    names = [name for name, _ in arrival.headers if name in _SINGLE or name.startswith(PARAM_HEADER_PREFIX)]
    if sum(len(name) + len(value) for name, value in arrival.headers) > MAX_HEADERS:
        return Refusal(Reason.HEADER_MALFORMED, "too large together")
    if len(names) != len(set(names)):
        # First-copy and last-copy readers would disagree about a repeated header.
        return Refusal(Reason.HEADER_MALFORMED, "repeated")
    if any(_travels(name) and not _PRINTABLE.fullmatch(value) for name, value in arrival.headers):
        return Refusal(Reason.HEADER_MALFORMED, "not printable ASCII")
    # fail-closed: an Origin means a browser, and no browser is expected unless an operator named its page.
    if "origin" in headers and headers["origin"].lower() not in origins:
        return Refusal(Reason.ORIGIN)
    return None


def _without_body(arrival: Arrival, call: Call) -> Reading:
    kinds = {"GET": MessageKind.STREAM, "DELETE": MessageKind.END}
    kind = kinds.get(arrival.http_method)
    if kind is None or call.era is Era.MODERN:
        return Reading(call, Refusal(Reason.HTTP_METHOD))
    return Reading(replace(call, kind=kind))


def _read_message(call: Call, message: Any, headers: Mapping[str, str]) -> Reading:
    if not isinstance(message, dict):
        return Reading(call, Refusal(Reason.NOT_JSON_RPC, "not an object"))
    identifier = message.get("id")
    if isinstance(identifier, str | int) and not isinstance(identifier, bool):
        call = replace(call, id=identifier)
    if message.get("jsonrpc") != "2.0":
        return Reading(call, Refusal(Reason.NOT_JSON_RPC, "jsonrpc is not 2.0"))
    if "id" in message and call.id is None:
        return Reading(call, Refusal(Reason.NOT_JSON_RPC, "id is neither a string nor an integer"))
    if "method" not in message:
        return _read_response(call, message)
    method, params = message["method"], message.get("params", {})
    if not isinstance(method, str) or "result" in message or "error" in message:
        return Reading(replace(call, message=message), Refusal(Reason.NOT_JSON_RPC, "neither a request nor a response"))
    kind = MessageKind.REQUEST if "id" in message else MessageKind.NOTIFICATION
    call = replace(call, message=message, method=method, kind=kind)
    if not isinstance(params, dict):
        return Reading(call, Refusal(Reason.PARAMS_INVALID, "params is not an object"))
    return _read_era(call, params, headers)


def _read_response(call: Call, message: dict[str, Any]) -> Reading:
    call = replace(call, message=message, kind=MessageKind.RESPONSE)
    if call.era is Era.MODERN or call.id is None or ("result" in message) == ("error" in message):
        return Reading(call, Refusal(Reason.NOT_JSON_RPC, "neither a request nor a response"))
    return Reading(call)


def _read_era(call: Call, params: Mapping[str, Any], headers: Mapping[str, str]) -> Reading:
    meta = params.get("_meta", {})
    if not isinstance(meta, dict):
        return Reading(call, Refusal(Reason.PARAMS_INVALID, "_meta is not an object"))
    if call.era is Era.MODERN or VERSION_META in meta:
        kept = tuple(pair for pair in call.headers if pair[0] not in _LEGACY_ONLY)
        call = replace(call, era=Era.MODERN, mcp_session="", headers=kept)
        if refusal := _check_modern(call, params, meta, headers):
            return Reading(call, refusal)
    known = METHODS.get(call.method)
    is_notification = call.kind is MessageKind.NOTIFICATION
    if known is None or call.era not in known.eras or is_notification != call.method.startswith("notifications/"):
        return Reading(call, Refusal(Reason.METHOD_UNKNOWN))
    return _read_target(call, params, known.target)


def _check_modern(
    call: Call, params: Mapping[str, Any], meta: Mapping[str, Any], headers: Mapping[str, str]
) -> Refusal | None:
    requested = headers.get(VERSION_HEADER, "")
    if call.kind is MessageKind.REQUEST:
        claimed = meta.get(VERSION_META)
        if not isinstance(claimed, str) or not isinstance(meta.get(CAPABILITIES_META), dict):
            return Refusal(Reason.META_MISSING)
        if headers.get(VERSION_HEADER) != claimed or headers.get(METHOD_HEADER) != call.method:
            return Refusal(Reason.HEADER_MISMATCH)
        field = METHODS[call.method].target if call.method in NAME_BEARING else ""
        if field and decode_header(headers.get(NAME_HEADER, "")) != params.get(field):
            return Refusal(Reason.HEADER_MISMATCH)
    if requested not in MODERN_VERSIONS:
        supported = list(MODERN_VERSIONS)
        return Refusal(Reason.PROTOCOL_VERSION, data={"supported": supported, "requested": requested})
    return None


def _read_target(call: Call, params: Mapping[str, Any], field: str) -> Reading:
    if call.method == "completion/complete":
        params = params.get("ref", {})
        if not isinstance(params, dict):
            return Reading(call, Refusal(Reason.PARAMS_INVALID, "ref is not an object"))
        field = "uri" if "uri" in params else "name"
    if not field:
        return Reading(call)
    target = params.get(field)
    if not isinstance(target, str) or not target:
        return Reading(call, Refusal(Reason.PARAMS_INVALID, f"{field} is not a string"))
    if len(target) > MAX_TARGET:
        return Reading(call, Refusal(Reason.PARAMS_INVALID, f"{field} is longer than {MAX_TARGET} characters"))
    return Reading(replace(call, target=target))
