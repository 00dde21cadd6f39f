"""What holds of room 1, whatever request comes.

An input is a request in the form of HTTP: the method, header lines, an empty line, the body. It is refused, with an
answer that can be sent; or it is a call that says what the body says to any other reader, which written again is the
same call, and with which nothing travels that must not.
"""

import json
from dataclasses import replace
from typing import Any

import orjson

from gateway import jsontext
from gateway.answer import Answer, refused
from gateway.inbound import MAX_HEADERS, MAX_TARGET, Reading, decode_header, read
from gateway.protocol import (
    CAPABILITIES_META,
    METHOD_HEADER,
    METHODS,
    NAME_BEARING,
    NAME_HEADER,
    VERSION_HEADER,
    VERSION_META,
)
from gateway.values import Arrival, Call, Era, MessageKind

ORIGINS = frozenset({"https://inspector.example.com"})
_NEVER = {"authorization", "cookie", "host", "content-length", "content-type", "origin"}

_META = f'"_meta":{{"{VERSION_META}":"2026-07-28","{CAPABILITIES_META}":{{}}}}'
_MODERN = "POST\ncontent-type: application/json\nmcp-protocol-version: 2026-07-28\n"
SEEDS = tuple(
    text.encode()
    for text in (
        "POST\ncontent-type: application/json\nmcp-session-id: abc\nauthorization: Bearer a.b.c\n\n"
        '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"get_customer","arguments":{"n":1.0}}}',
        f"{_MODERN}mcp-method: tools/call\nmcp-name: get\nmcp-param-region: eu\ntraceparent: 00-1-2-3\n\n"
        f'{{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{{"name":"get",{_META}}}}}',
        f"{_MODERN}mcp-method: resources/read\nmcp-name: =?base64?w6k=?=\n\n"
        f'{{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{{"uri":"\\u00e9",{_META}}}}}',
        f"{_MODERN}mcp-method: completion/complete\n\n"
        '{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"p"},'
        f'"argument":{{"name":"a","value":"v"}},{_META}}}}}',
        "POST\ncontent-type: application/json; charset=utf-8\nmcp-protocol-version: 2025-11-25\n\n"
        '{"jsonrpc":"2.0","id":1,"result":{}}',
        'POST\ncontent-type: application/json\n\n{"jsonrpc":"2.0","method":"notifications/initialized"}',
        'POST\ncontent-type: application/json\n\n[{"jsonrpc":"2.0","id":1,"method":"ping"}]',
        'POST\ncontent-type: application/json\norigin: https://inspector.example.com\n\n{"id":1,"id":2}',
        "GET\nmcp-session-id: abc\nlast-event-id: 5\naccept: text/event-stream\ncookie: a=b\n\n",
        "DELETE\nmcp-session-id: abc\n\n",
        "PATCH\nauthorization: Basic eA==\nauthorization: Bearer x\n\n",
    )
)


def one_input(data: bytes) -> None:
    arrival = arrival_of(data)
    reading = read(arrival, ORIGINS)
    call = reading.call
    _check_headers(arrival, call)
    if reading.refusal is not None:
        answer = refused(call, reading.refusal)
        _check_answer(answer, call)
        return
    assert sum(map(len, (text for pair in arrival.headers for text in pair))) <= MAX_HEADERS
    if call.kind in (MessageKind.STREAM, MessageKind.END):
        assert call.era is Era.LEGACY
        assert (call.message, call.method, call.id) == ({}, "", None)
        return
    written = jsontext.write(call.message)
    again = read(replace(arrival, body=written), ORIGINS)
    assert again == Reading(replace(call, token=again.call.token)), "written and read again"
    # What travels is this; and no reader finds another call in what came.
    for other in (orjson.loads(written), json.loads(written), json.loads(arrival.body or b"")):
        _check_message(call, other)
    if call.era is Era.MODERN:
        _check_modern(call, dict(arrival.headers))


def arrival_of(data: bytes) -> Arrival:
    head, _, body = data.partition(b"\n\n")
    method, *lines = head.decode("latin-1").split("\n")
    pairs = (line.partition(":")[::2] for line in lines)
    return Arrival(method, "records", tuple((name.strip().lower(), value.strip()) for name, value in pairs), body)


def _check_headers(arrival: Arrival, call: Call) -> None:
    assert set(call.headers) <= set(arrival.headers)
    assert not {name for name, _ in call.headers} & _NEVER
    if call.token is not None:
        text = call.token.reveal()
        assert text.isascii()
        assert text.isprintable()


def _check_answer(answer: Answer, call: Call) -> None:
    assert 400 <= answer.status < 600 or (answer.status == 200 and call.kind is MessageKind.REQUEST)
    assert isinstance(answer.body, bytes)
    message = orjson.loads(answer.body)
    assert message["jsonrpc"] == "2.0"
    assert type(message["id"]) is type(call.id)
    assert message["id"] == call.id
    assert "error" in message or "result" in message


def _check_message(call: Call, message: Any) -> None:
    assert message["jsonrpc"] == "2.0"
    assert message.get("method", "") == call.method
    assert type(message.get("id")) is type(call.id)
    assert message.get("id") == call.id
    is_request = call.kind is MessageKind.REQUEST
    assert is_request == ("id" in message and "method" in message)
    if call.method:
        assert call.method.startswith("notifications/") is not is_request
        assert call.target == _target(message)
    else:
        assert ("result" in message) is not ("error" in message)


def _target(message: Any) -> str:
    params, field = message.get("params", {}), METHODS[message["method"]].target
    if message["method"] == "completion/complete":
        found = params["ref"].get("uri", params["ref"].get("name"))
    else:
        found = params[field] if field else ""
    assert isinstance(found, str)
    assert len(found) <= MAX_TARGET
    return found


def _check_modern(call: Call, headers: dict[str, str]) -> None:
    """2026-07-28 basic/transports: header and body agree; nothing of the old sessions travels."""
    assert not call.mcp_session
    assert not {name for name, _ in call.headers} & {"mcp-session-id", "last-event-id"}
    if call.kind is MessageKind.REQUEST:
        assert headers[METHOD_HEADER] == call.method
        assert headers[VERSION_HEADER] == call.params["_meta"][VERSION_META]
        if call.method in NAME_BEARING and call.method in METHODS and METHODS[call.method].target:
            assert decode_header(headers[NAME_HEADER]) == call.target
