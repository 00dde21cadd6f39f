"""Room 1. The clauses are rows of the 2026-07-28 and 2025-11-25 transports."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.inbound import (
    InboundModernRoute,
    classify_inbound_request,
    decode_header_value,
    encode_header_value,
)

from gateway.inbound import MAX_BODY, MAX_HEADERS, MAX_TARGET, Reading, decode_header, read
from gateway.reasons import Reason
from gateway.values import Arrival, Era, MessageKind

NONE: frozenset[str] = frozenset()
JSON = ("content-type", "application/json")


def post(body: Any, *headers: tuple[str, str]) -> Reading:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read(Arrival("POST", "records", (JSON, *headers), raw), NONE)


def reason(reading: Reading) -> Reason | None:
    return reading.refusal.reason if reading.refusal else None


def modern(method: str = "tools/call", **changes: Any) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"name": "get_customer", "_meta": meta}}
    headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": method, "mcp-name": "get_customer"}
    return body | changes, list(headers.items())


LEGACY_CALL = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "get_customer", "arguments": {}}}

COMPLETION = {"jsonrpc": "2.0", "id": 7, "method": "completion/complete"}


def test_a_legacy_call_is_read() -> None:
    call = post(LEGACY_CALL, ("mcp-protocol-version", "2025-11-25"), ("mcp-session-id", "abc")).call
    assert (call.era, call.kind, call.method, call.target, call.id) == (
        Era.LEGACY,
        MessageKind.REQUEST,
        "tools/call",
        "get_customer",
        7,
    )
    assert call.mcp_session == "abc"


def test_a_modern_call_is_read() -> None:
    body, headers = modern()
    reading = post(body, *headers)
    assert reading.refusal is None
    assert (reading.call.era, reading.call.target) == (Era.MODERN, "get_customer")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{", Reason.NOT_JSON),
        (b"", Reason.NOT_JSON),
        (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', Reason.NOT_JSON),
        (b"[" * 10_000 + b"]" * 10_000, Reason.NOT_JSON),
        ([LEGACY_CALL], Reason.BATCH),
        ([], Reason.BATCH),
        ("text", Reason.NOT_JSON_RPC),
        ({}, Reason.NOT_JSON_RPC),
        (LEGACY_CALL | {"jsonrpc": "1.0"}, Reason.NOT_JSON_RPC),
        (LEGACY_CALL | {"jsonrpc": 2.0}, Reason.NOT_JSON_RPC),
        (LEGACY_CALL | {"id": None}, Reason.NOT_JSON_RPC),
        (LEGACY_CALL | {"id": True}, Reason.NOT_JSON_RPC),
        (LEGACY_CALL | {"id": 1.5}, Reason.NOT_JSON_RPC),
        (LEGACY_CALL | {"id": [1]}, Reason.NOT_JSON_RPC),
        (LEGACY_CALL | {"method": 5}, Reason.NOT_JSON_RPC),
        (LEGACY_CALL | {"result": {}}, Reason.NOT_JSON_RPC),
        ({"jsonrpc": "2.0", "id": 1, "result": {}, "error": {}}, Reason.NOT_JSON_RPC),
        ({"jsonrpc": "2.0", "id": 1}, Reason.NOT_JSON_RPC),
        (LEGACY_CALL | {"params": []}, Reason.PARAMS_INVALID),
        (LEGACY_CALL | {"params": {"name": 5}}, Reason.PARAMS_INVALID),
        (LEGACY_CALL | {"params": {}}, Reason.PARAMS_INVALID),
        (LEGACY_CALL | {"params": {"name": ""}}, Reason.PARAMS_INVALID),
        (LEGACY_CALL | {"params": {"name": "x", "_meta": 1}}, Reason.PARAMS_INVALID),
        (COMPLETION | {"params": {}}, Reason.PARAMS_INVALID),
        (COMPLETION | {"params": {"ref": "ref/prompt"}}, Reason.PARAMS_INVALID),
        (COMPLETION | {"params": {"ref": 5, "uri": "x"}}, Reason.PARAMS_INVALID),
        (COMPLETION | {"params": {"ref": {"type": "ref/prompt"}, "name": "x"}}, Reason.PARAMS_INVALID),
        (COMPLETION | {"params": {"ref": {"type": "ref/resource", "uri": ["x"]}}}, Reason.PARAMS_INVALID),
        (LEGACY_CALL | {"method": "tools/destroy"}, Reason.METHOD_UNKNOWN),
        (LEGACY_CALL | {"method": "server/discover"}, Reason.METHOD_UNKNOWN),
        (LEGACY_CALL | {"method": "notifications/initialized"}, Reason.METHOD_UNKNOWN),
        ({"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "x"}}, Reason.METHOD_UNKNOWN),
        (b'{"jsonrpc":"2.0","id":12345678901234567890,"method":"ping"}', Reason.NOT_JSON_RPC),
    ],
)
def test_a_body_that_is_not_one_message_is_refused(body: Any, expected: Reason) -> None:
    assert reason(post(body)) is expected


@pytest.mark.parametrize("reference", [{"type": "ref/prompt", "name": "x"}, {"type": "ref/resource", "uri": "x"}])
def test_a_completion_is_aimed_at_what_its_reference_names(reference: dict[str, str]) -> None:
    reading = post(COMPLETION | {"params": {"ref": reference}})
    assert (reading.refusal, reading.call.target) == (None, "x")


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("tools/call", lambda target: {"name": target}),
        ("resources/read", lambda target: {"uri": target}),
        ("prompts/get", lambda target: {"name": target}),
        ("completion/complete", lambda target: {"ref": {"type": "ref/resource", "uri": target}}),
    ],
)
def test_a_target_longer_than_any_name_is_refused(method: str, params: Any) -> None:
    body = LEGACY_CALL | {"method": method}
    assert post(body | {"params": params("\u00e9" * MAX_TARGET)}).refusal is None
    assert reason(post(body | {"params": params("x" * (MAX_TARGET + 1))})) is Reason.PARAMS_INVALID


@pytest.mark.parametrize(
    "headers",
    [
        [("x-one", "a" * MAX_HEADERS)],
        [("x" * MAX_HEADERS, "")],
        [("x-many", "a")] * (MAX_HEADERS // 7 + 1),
    ],
)
def test_headers_that_are_too_large_together_are_refused_whichever_they_are(headers: list[tuple[str, str]]) -> None:
    assert reason(post(LEGACY_CALL, *headers)) is Reason.HEADER_MALFORMED


def test_headers_up_to_the_limit_are_read() -> None:
    taken = len("x-one") + sum(map(len, JSON))
    assert post(LEGACY_CALL, ("x-one", "a" * (MAX_HEADERS - taken))).refusal is None


def test_the_request_id_is_known_even_of_a_message_that_is_refused() -> None:
    assert post(LEGACY_CALL | {"jsonrpc": "1.0"}).call.id == 7
    assert post(LEGACY_CALL | {"method": "tools/destroy", "id": "a"}).call.id == "a"


@pytest.mark.parametrize("size", [MAX_BODY + 1, 5_000_000])
def test_a_body_over_the_limit_is_refused(size: int) -> None:
    assert reason(post(b" " * size)) is Reason.BODY_TOO_LARGE
    assert reason(read(Arrival("POST", "records", (JSON,), None), NONE)) is Reason.BODY_TOO_LARGE


@pytest.mark.parametrize("media_type", ["text/plain", "application/json-seq", ""])
def test_another_content_type_is_refused(media_type: str) -> None:
    arrival = Arrival("POST", "records", (("content-type", media_type),), json.dumps(LEGACY_CALL).encode())
    assert reason(read(arrival, NONE)) is Reason.MEDIA_TYPE


def test_a_charset_beside_the_content_type_is_accepted() -> None:
    headers = (("content-type", "Application/JSON; charset=utf-8"),)
    assert read(Arrival("POST", "records", headers, json.dumps(LEGACY_CALL).encode()), NONE).refusal is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"mcp-protocol-version": "2025-11-25"}, Reason.HEADER_MISMATCH),
        ({"mcp-protocol-version": None}, Reason.HEADER_MISMATCH),
        ({"mcp-method": "tools/list"}, Reason.HEADER_MISMATCH),
        ({"mcp-method": "TOOLS/CALL"}, Reason.HEADER_MISMATCH),
        ({"mcp-method": None}, Reason.HEADER_MISMATCH),
        ({"mcp-name": "delete_customer"}, Reason.HEADER_MISMATCH),
        ({"mcp-name": None}, Reason.HEADER_MISMATCH),
        ({"mcp-name": "=?base64?!!!?="}, Reason.HEADER_MISMATCH),
        ({"mcp-name": "=?base64?Z2V0X2N1c3RvbWVy?="}, None),
    ],
)
def test_m4_m5_m6_headers_agree_with_the_body(change: dict[str, str | None], expected: Reason | None) -> None:
    body, headers = modern()
    changed = dict(headers) | change
    assert reason(post(body, *((name, value) for name, value in changed.items() if value is not None))) is expected


def test_m4_an_unknown_version_names_the_supported_ones() -> None:
    body, headers = modern()
    body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2099-01-01"
    reading = post(body, *(dict(headers) | {"mcp-protocol-version": "2099-01-01"}).items())
    assert reason(reading) is Reason.PROTOCOL_VERSION
    assert reading.refusal is not None
    assert reading.refusal.data == {"supported": ["2026-07-28"], "requested": "2099-01-01"}


@pytest.mark.parametrize(
    "key", ["io.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/clientCapabilities"]
)
def test_m7_a_modern_request_lacks_no_envelope_field(key: str) -> None:
    body, headers = modern()
    del body["params"]["_meta"][key]
    assert reason(post(body, *headers)) is Reason.META_MISSING


@pytest.mark.parametrize("method", ["tasks/get", "tasks/update", "tasks/cancel"])
def test_m5_a_task_is_named_in_the_header_as_in_the_body(method: str) -> None:
    body, headers = modern(method)
    body["params"]["taskId"] = "t-1"
    named, others = ("mcp-name", "t-1"), [pair for pair in headers if pair[0] != "mcp-name"]
    reading = post(body, *others, named)
    assert (reading.refusal, reading.call.target) == (None, "t-1")
    assert reason(post(body, *others, ("mcp-name", "get_customer"))) is Reason.HEADER_MISMATCH
    assert reason(post(body, *others)) is Reason.HEADER_MISMATCH
    del body["params"]["taskId"]
    assert reason(post(body, *others, named)) is Reason.HEADER_MISMATCH
    legacy = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"taskId": "t-1"}}
    assert reason(post(legacy)) is Reason.METHOD_UNKNOWN


@pytest.mark.parametrize("method", ["initialize", "ping", "logging/setLevel", "resources/subscribe"])
def test_m9_a_method_of_the_other_era_is_unknown(method: str) -> None:
    body, headers = modern(method)
    assert reason(post(body, *headers)) is Reason.METHOD_UNKNOWN


@pytest.mark.parametrize("http_method", ["GET", "DELETE"])
def test_m1_only_post_is_used_in_the_modern_era(http_method: str) -> None:
    version = (("mcp-protocol-version", "2026-07-28"),)
    assert reason(read(Arrival(http_method, "records", version, b""), NONE)) is Reason.HTTP_METHOD


def test_l1_get_listens_and_delete_ends_in_the_legacy_era() -> None:
    session = (("mcp-session-id", "abc"),)
    assert read(Arrival("GET", "records", session, b""), NONE).call.kind is MessageKind.STREAM
    assert read(Arrival("DELETE", "records", session, b""), NONE).call.kind is MessageKind.END


def test_l5_a_legacy_client_posts_responses_and_a_modern_one_does_not() -> None:
    response = {"jsonrpc": "2.0", "id": 3, "result": {"action": "accept"}}
    assert post(response).call.kind is MessageKind.RESPONSE
    assert reason(post(response)) is None
    assert reason(post(response, ("mcp-protocol-version", "2026-07-28"))) is Reason.NOT_JSON_RPC


@pytest.mark.parametrize("name", ["authorization", "mcp-method", "mcp-name", "mcp-protocol-version", "mcp-param-x"])
def test_a_repeated_header_is_refused(name: str) -> None:
    assert reason(post(LEGACY_CALL, (name, "a"), (name, "b"))) is Reason.HEADER_MALFORMED


@pytest.mark.parametrize("value", ["a\x00b", "a\x7fb", "é"])
def test_a_travelling_header_with_control_characters_is_refused(value: str) -> None:
    assert reason(post(LEGACY_CALL, ("mcp-param-region", value))) is Reason.HEADER_MALFORMED


def test_a_browser_is_refused_unless_its_origin_is_listed() -> None:
    headers = (JSON, ("origin", "https://Inspector.example"))
    arrival = Arrival("POST", "records", headers, json.dumps(LEGACY_CALL).encode())
    assert reason(read(arrival, NONE)) is Reason.ORIGIN
    assert reason(read(arrival, frozenset({"https://inspector.example"}))) is None


def test_no_credential_and_no_hop_header_travels_on() -> None:
    sent = ["authorization", "cookie", "host", "origin", "x-forwarded-for", "x-ms-client-principal", "connection"]
    kept = ["accept", "mcp-session-id", "last-event-id", "traceparent", "mcp-param-region"]
    reading = post(LEGACY_CALL, *((name, "x") for name in sent + kept if name != "origin"))
    assert [name for name, _ in reading.call.headers] == kept


@pytest.mark.parametrize("value", ["Bearer abc.def", "bearer abc.def", "BEARER  abc.def"])
def test_a_bearer_token_is_taken_and_not_shown(value: str) -> None:
    call = post(LEGACY_CALL, ("authorization", value)).call
    assert call.token is not None
    assert call.token.reveal() == "abc.def"
    assert "abc.def" not in repr(call)


@pytest.mark.parametrize("value", ["Basic abc", "Bearer", "Bearer a b", "abc", ""])
def test_anything_else_is_no_token(value: str) -> None:
    assert post(LEGACY_CALL, ("authorization", value)).call.token is None


@given(st.binary(max_size=200), st.dictionaries(st.sampled_from(["mcp-method", "mcp-name", "origin"]), st.text()))
def test_no_input_makes_it_raise(body: bytes, headers: dict[str, str]) -> None:
    read(Arrival("POST", "records", (JSON, *headers.items()), body), NONE)


@given(st.text(max_size=60) | st.text(alphabet="=?base64ABCxyz+/", max_size=40))
def test_m6_header_values_decode_as_the_official_sdk_decodes_them(text: str) -> None:
    assert decode_header(text) == decode_header_value(text)
    assert decode_header(encode_header_value(text)) == text


VERSIONS = st.sampled_from(["2026-07-28", "2025-11-25", "2099-01-01", "", None])
NAMES = st.sampled_from(["get_customer", "other", "=?base64?Z2V0X2N1c3RvbWVy?=", "=?base64?x?=", None])
CAPABILITIES: st.SearchStrategy[Any] = st.sampled_from([{}, {"roots": {}}, None])
METHODS = st.sampled_from(["tools/call", "tools/list", "prompts/get", "resources/read"])


@given(VERSIONS, VERSIONS, METHODS, st.none() | METHODS, NAMES, NAMES, CAPABILITIES)
def test_what_the_modern_door_accepts_is_what_the_official_sdks_ladder_accepts(
    claimed: str | None,
    header: str | None,
    method: str,
    method_header: str | None,
    name: str | None,
    name_header: str | None,
    capabilities: Any,
) -> None:
    """The one difference: here a target must have a name, which the SDK leaves to the server behind."""
    meta = {
        key: value
        for key, value in {
            "io.modelcontextprotocol/protocolVersion": claimed,
            "io.modelcontextprotocol/clientCapabilities": capabilities,
        }.items()
        if value is not None
    }
    field = "uri" if method == "resources/read" else "name"
    params = {"_meta": meta} | ({field: name} if name is not None else {})
    sent = {"mcp-protocol-version": header, "mcp-method": method_header, "mcp-name": name_header}
    headers = {key: value for key, value in sent.items() if value is not None}
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    reading = post(body, *headers.items())
    if reading.call.era is Era.LEGACY:
        assert "io.modelcontextprotocol/protocolVersion" not in meta
        return
    verdict = classify_inbound_request(body, headers=headers)
    if isinstance(verdict, InboundModernRoute):
        assert reading.refusal is None or (method != "tools/list" and name is None)
    else:
        assert reading.refusal is not None
        # Without a name there is none to compare: refused here for that, there for what comes next.
        assert reading.refusal.reason.wire.code == verdict.code or (method != "tools/list" and name is None)
