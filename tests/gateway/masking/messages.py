"""One message of every kind that a server sends, with a harmless string in every place."""

import json

from gateway.values import Json


def result(**members: Json) -> dict[str, Json]:
    return {"jsonrpc": "2.0", "id": 1, "result": members}


def notify(method: str, **params: Json) -> dict[str, Json]:
    return {"jsonrpc": "2.0", "method": method, "params": params}


def ask(method: str, **params: Json) -> dict[str, Json]:
    return {"jsonrpc": "2.0", "id": "s-1", "method": method, "params": params}


RESOURCE = {
    "uri": "r://1",
    "name": "n",
    "title": "t",
    "description": "d",
    "mimeType": "text/plain",
    "_meta": {"k": "v"},
}
ICONS = [{"src": "https://host/i.png", "mimeType": "image/png", "sizes": ["any"]}]
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "title": "t",
    "description": "d",
    "properties": {"p": {"type": "string", "description": "d", "default": "d", "examples": ["e"], "enum": ["f", "g"]}},
    "required": ["p"],
    "anyOf": [{"const": "c"}],
    "$defs": {"q": {"items": {"pattern": "x"}}},
    "x-own": {"k": ["v"]},
}
BLOCKS = [
    {"type": "text", "text": "t", "annotations": {"audience": ["user"], "lastModified": "l"}, "_meta": {"k": "v"}},
    {"type": "text", "text": json.dumps({"k": ["v", {"w": "x"}]})},
    {"type": "resource", "resource": {"uri": "r://1", "mimeType": "text/plain", "text": "t", "_meta": {"k": "v"}}},
    {"type": "resource_link", "size": 3, "icons": ICONS, **RESOURCE},
    {"type": "image", "data": "iVBORw0KGgo=", "mimeType": "image/png"},
]
ELICIT = ask("elicitation/create", mode="form", message="m", requestedSchema=SCHEMA, _meta={"k": "v"})
TOOL_RESULT = {"type": "tool_result", "toolUseId": "u1", "content": BLOCKS, "structuredContent": {"k": "v"}}
SAMPLE = ask(
    "sampling/createMessage",
    messages=[
        {"role": "user", "content": BLOCKS[0]},
        {"role": "user", "content": {"type": "tool_use", "id": "u1", "name": "tool", "input": {"k": "v"}}},
        {"role": "user", "content": [TOOL_RESULT]},
    ],
    systemPrompt="s",
    stopSequences=["x"],
    metadata={"k": "v"},
    modelPreferences={"hints": [{"name": "m"}]},
    tools=[{"name": "tool", "description": "d", "inputSchema": SCHEMA}],
    toolChoice={"mode": "auto"},
)
SERVER = {"name": "n", "version": "1", "title": "t", "description": "d", "icons": ICONS, "websiteUrl": "https://host"}
MESSAGES: dict[str, dict[str, Json]] = {
    "tools/call": result(
        resultType="complete",
        content=BLOCKS,
        structuredContent={"k": {"l": ["v"]}},
        isError=False,
        _meta={"k": "v"},
        extra="e",
    ),
    "content of a new kind": result(content=[{"type": "hologram", "payload": ["v"]}]),
    "error": {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": "m", "data": {"k": ["v"]}}},
    "error with text": {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": "m", "data": "d"}},
    "tools/list": result(
        tools=[
            {
                "name": "tool",
                "title": "t",
                "description": "d",
                "inputSchema": SCHEMA,
                "outputSchema": SCHEMA,
                "annotations": {"title": "t", "readOnlyHint": True},
                "icons": ICONS,
                "_meta": {"k": "v"},
                "vendor": "v",
            }
        ],
        nextCursor="opaque",
        ttlMs=5,
        cacheScope="private",
    ),
    "resources/list": result(resources=[{**RESOURCE, "icons": ICONS}]),
    "resources/templates/list": result(resourceTemplates=[{"uriTemplate": "r://{x}", "name": "n"}]),
    "resources/read": result(contents=[{"uri": "r://1", "mimeType": "text/plain", "text": "t", "_meta": {"k": "v"}}]),
    "prompts/list": result(
        prompts=[{"name": "prompt", "title": "t", "arguments": [{"name": "a", "description": "d"}]}],
    ),
    "prompts/get": result(description="d", messages=[{"role": "user", "content": block} for block in BLOCKS]),
    "completion": result(completion={"values": ["v", "w"], "total": 2, "hasMore": False}),
    "initialize": result(
        protocolVersion="2025-11-25",
        capabilities={"experimental": {"k": {"l": "v"}}},
        serverInfo=SERVER,
        instructions="i",
    ),
    "discover": result(supportedVersions=["2026-07-28"], _meta={"io.modelcontextprotocol/serverInfo": SERVER}),
    "input required": result(
        resultType="input_required",
        requestState="opaque",
        inputRequests={"one": {"method": "elicitation/create", "params": ELICIT["params"]}},
    ),
    "task": result(task={"taskId": "opaque", "status": "working", "statusMessage": "m", "createdAt": "c"}),
    "tasks/get": result(
        taskId="opaque", status="completed", result={"content": BLOCKS}, error={"code": 1, "message": "m"}
    ),
    "progress": notify("notifications/progress", progressToken="opaque", progress=1, message="m"),
    "log": notify("notifications/message", level="info", logger="l", data={"k": ["v"]}),
    "log text": notify("notifications/message", level="info", data="d"),
    "cancelled": notify("notifications/cancelled", requestId="opaque", reason="r"),
    "updated": notify(
        "notifications/resources/updated", uri="r://1", _meta={"io.modelcontextprotocol/subscriptionId": "opaque"}
    ),
    "acknowledged": notify(
        "notifications/subscriptions/acknowledged", notifications={"resourceSubscriptions": ["r://1"]}
    ),
    "unknown notification": notify("notifications/new", name="n", arguments={"k": "v"}),
    "elicitation": ELICIT,
    "elicitation by url": ask(
        "elicitation/create", mode="url", message="m", url="https://host/x", elicitationId="opaque"
    ),
    "sampling": SAMPLE,
    "roots": ask("roots/list"),
    "not even a protocol": {"jsonrpc": "2.0", "id": 1, "result": "r", "extra": {"k": "v"}},
}
