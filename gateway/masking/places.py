"""Places: what stands where in an MCP message, for both eras and both directions.

The shapes below follow the specification's schemas (2025-03-26 to 2026-07-28) and that of the tasks
extension. A place that they do not name is data, so that a field added to the protocol, or by a server
or a client, is masked until someone looks at it. Nothing is left alone except an `Opaque` place, and
each of those says why. docs/masking-coverage.md is this table as a page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class Opaque:
    """A string or number that must arrive as it was sent. Anything else in its place is data."""

    reason: str


class Part(Enum):
    OWN = auto()
    """A field of the protocol's own: no field rule means it, detectors read it."""
    NAMED = auto()
    """A field whose name stands beside it as `name`: a field rule means that, and detectors read it."""
    DOCUMENT = auto()
    """The root of a JSON document: JSON paths start here."""
    BLOCKS = auto()
    """Content blocks, one or many; their `type` says which shape."""
    BLOB = auto()
    """Base64, whose `mimeType` stands beside it."""
    SCHEMA = auto()
    RESULT_SCHEMA = auto()
    """JSON Schemas; the second is one that results have to fit as they arrive."""


@dataclass(frozen=True, slots=True)
class Each:
    """A map from identifiers, which are opaque, to places of one kind."""

    place: "Place"
    reason: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list of opaque strings or numbers. Anything else in it, or in its place, is data."""

    place: Opaque


@dataclass(frozen=True, slots=True)
class Told:
    """One of several places: the word or number that stands beside it under `by` tells which."""

    by: str
    places: "Mapping[str, Place]"
    otherwise: "Place"
    """For any other word, and for none."""


type Shape = dict[str, Place]
type Place = Opaque | Part | Each | Items | Told | Shape

CALLED = Opaque("a call must name it")
MATCHED = Opaque("an answer, a task or a stream is matched by it")
ECHOED = Opaque("the server reads it back byte for byte")

ALL_OPAQUE = frozenset({CALLED, MATCHED, ECHOED})
OWN, NAMED, DOCUMENT, BLOCKS, BLOB, SCHEMA, RESULT_SCHEMA = Part


def _own(names: str) -> Shape:
    return dict.fromkeys(names.split(), OWN)


ICON: Shape = _own("src mimeType sizes theme")
ANNOTATIONS: Shape = _own("audience priority lastModified")
TOOL_ANNOTATIONS: Shape = _own("title readOnlyHint destructiveHint idempotentHint openWorldHint")
IMPLEMENTATION: Shape = {**_own("name title version description websiteUrl"), "icons": ICON}
# Of a message; the `_meta` of a tool, a resource or a content block is the sender's to fill.
META: Shape = {
    "progressToken": MATCHED,
    "io.modelcontextprotocol/subscriptionId": MATCHED,
    "io.modelcontextprotocol/related-task": {"taskId": MATCHED},
    "io.modelcontextprotocol/serverInfo": IMPLEMENTATION,
    "io.modelcontextprotocol/clientInfo": IMPLEMENTATION,
    **_own("io.modelcontextprotocol/protocolVersion io.modelcontextprotocol/logLevel traceparent tracestate"),
    **_own("io.modelcontextprotocol/clientCapabilities baggage"),
}

RESOURCE: Shape = {
    **_own("uri name title description mimeType size _meta"),
    "annotations": ANNOTATIONS,
    "icons": ICON,
}
RESOURCE_TEMPLATE: Shape = {
    **_own("uriTemplate name title description mimeType _meta"),
    "annotations": ANNOTATIONS,
    "icons": ICON,
}
RESOURCE_CONTENTS: Shape = {**_own("uri mimeType text _meta"), "blob": BLOB}
TOOL: Shape = {
    **_own("title description _meta"),
    "name": CALLED,
    "inputSchema": SCHEMA,
    "outputSchema": RESULT_SCHEMA,
    "annotations": TOOL_ANNOTATIONS,
    "execution": _own("taskSupport"),
    "icons": ICON,
}
PROMPT: Shape = {
    **_own("title description _meta"),
    "name": CALLED,
    "arguments": {**_own("title description required"), "name": CALLED},
    "icons": ICON,
}

_BLOCK: Shape = {**_own("type _meta"), "annotations": ANNOTATIONS}
_MEDIA: Shape = {**_BLOCK, **_own("mimeType"), "data": BLOB}
BLOCK_SHAPES: Mapping[str, Shape] = {
    "text": {**_BLOCK, **_own("text")},
    "image": _MEDIA,
    "audio": _MEDIA,
    "resource": {**_BLOCK, "resource": RESOURCE_CONTENTS},
    "resource_link": {**_BLOCK, **RESOURCE},
    "tool_use": {**_own("type _meta"), "id": MATCHED, "name": CALLED, "input": DOCUMENT},
    "tool_result": {
        **_own("type _meta isError"),
        "toolUseId": MATCHED,
        "content": BLOCKS,
        "structuredContent": DOCUMENT,
    },
}
"""By `type`. A block of another type is data."""

MESSAGE: Shape = {**_own("role _meta"), "content": BLOCKS}
TASK: Shape = {
    **_own("status statusMessage createdAt lastUpdatedAt ttl ttlMs pollInterval pollIntervalMs"),
    "taskId": MATCHED,
}
# Of the errors whose data the protocol itself defines; -32042 is the one of URL elicitation (2025-11-25).
_ERROR_DATA: dict[str, Place] = {
    "-32021": _own("requiredCapabilities"),
    "-32022": _own("supported requested"),
}
ERROR: Shape = {**_own("code message"), "data": Told("code", _ERROR_DATA, DOCUMENT)}

_PLAIN: Shape = {"_meta": META}
_PAGE: Shape = {**_PLAIN, "cursor": ECHOED}
_BY_TASK: Shape = {**_PLAIN, "taskId": MATCHED}
_BY_URI: Shape = {**_PLAIN, "uri": CALLED}
_CANCELLED: Shape = {**_PLAIN, **_own("reason"), "requestId": MATCHED}
_PROGRESS: Shape = {**_PLAIN, **_own("progress total message"), "progressToken": MATCHED}
_TASK_STATUS: Shape = {**_PLAIN, **TASK}
# The extension's notification carries the questions and the result of the task as well: see below.
_TASK_TOLD: Shape = {**_TASK_STATUS, "error": ERROR}
_TASK_REQUESTS: Mapping[str, Shape] = {
    "tasks/get": _BY_TASK,
    "tasks/result": _BY_TASK,
    "tasks/cancel": _BY_TASK,
    "tasks/list": _PAGE,
}

SERVER_PARAMS: Mapping[str, Shape] = {
    "elicitation/create": {
        **_PLAIN,
        **_own("mode message url"),
        "requestedSchema": SCHEMA,
        "elicitationId": MATCHED,
        "task": _own("ttl"),
    },
    "sampling/createMessage": {
        **_PLAIN,
        **_own("systemPrompt includeContext temperature maxTokens stopSequences"),
        "messages": MESSAGE,
        "metadata": DOCUMENT,
        "modelPreferences": {**_own("costPriority speedPriority intelligencePriority"), "hints": _own("name")},
        "tools": TOOL,
        "toolChoice": _own("mode"),
        "task": _own("ttl"),
    },
    **dict.fromkeys(("roots/list", "ping"), _PLAIN),
    **_TASK_REQUESTS,
    "notifications/cancelled": _CANCELLED,
    "notifications/progress": _PROGRESS,
    "notifications/message": {**_PLAIN, **_own("level logger"), "data": DOCUMENT},
    "notifications/resources/updated": {**_PLAIN, **_own("uri")},
    **dict.fromkeys((f"notifications/{kind}/list_changed" for kind in ("tools", "prompts", "resources")), _PLAIN),
    "notifications/elicitation/complete": {**_PLAIN, "elicitationId": MATCHED},
    "notifications/subscriptions/acknowledged": {
        **_PLAIN,
        "notifications": _own("toolsListChanged promptsListChanged resourcesListChanged resourceSubscriptions taskIds"),
    },
    "notifications/tasks": _TASK_TOLD,
    "notifications/tasks/status": _TASK_STATUS,
}
"""What a server asks or tells, by method. The `params` of another method are data."""
_ERROR_DATA["-32042"] = {"elicitations": SERVER_PARAMS["elicitation/create"]}

_ASKED = Each(
    {**_own("method"), "params": Told("method", SERVER_PARAMS, _PLAIN)}, "the client answers under the same identifier"
)
RESULT: Shape = {
    "_meta": META,
    **TASK,
    **_own("resultType cacheScope isError"),
    "nextCursor": ECHOED,
    "requestState": ECHOED,
    "content": BLOCKS,
    "structuredContent": DOCUMENT,
    "contents": RESOURCE_CONTENTS,
    "messages": MESSAGE,
    "tools": TOOL,
    "prompts": PROMPT,
    "resources": RESOURCE,
    "resourceTemplates": RESOURCE_TEMPLATE,
    "completion": _own("values total hasMore"),
    # initialize and server/discover
    **_own("description protocolVersion supportedVersions instructions capabilities"),
    "serverInfo": IMPLEMENTATION,
    # tasks and rounds of input
    "task": TASK,
    "tasks": TASK,
    "inputRequests": _ASKED,
    "error": ERROR,
}
"""What a server answers: nothing in a response tells to which method."""
RESULT["result"] = RESULT
_TASK_TOLD |= {"inputRequests": _ASKED, "result": RESULT}

ANSWER: Shape = {
    "_meta": META,
    **TASK,
    **_own("action model role stopReason"),
    # Sampling has a role; the form of an elicitation has none, and its fields are the server's own.
    "content": Told("role", {"user": BLOCKS, "assistant": BLOCKS}, DOCUMENT),
    "roots": _own("uri name _meta"),
    "task": TASK,
    "tasks": TASK,
    "nextCursor": ECHOED,
}
"""What a client answers to a server that asks."""

_ANSWERS: Shape = {"inputResponses": Each(ANSWER, "the server asked under the same identifier")}
_ROUND: Shape = {**_PLAIN, **_ANSWERS, "requestState": ECHOED}
CLIENT_PARAMS: Mapping[str, Shape] = {
    "initialize": {**_PLAIN, **_own("protocolVersion capabilities"), "clientInfo": IMPLEMENTATION},
    **dict.fromkeys(("ping", "server/discover"), _PLAIN),
    "logging/setLevel": {**_PLAIN, **_own("level")},
    **dict.fromkeys(("tools/list", "prompts/list", "resources/list", "resources/templates/list"), _PAGE),
    "tools/call": {**_ROUND, "name": CALLED, "arguments": DOCUMENT, "task": _own("ttl")},
    "prompts/get": {**_ROUND, "name": CALLED, "arguments": DOCUMENT},
    "resources/read": {**_ROUND, "uri": CALLED},
    **dict.fromkeys(("resources/subscribe", "resources/unsubscribe"), _BY_URI),
    "completion/complete": {
        **_PLAIN,
        "ref": {**_own("type title"), "name": CALLED, "uri": CALLED},
        "argument": {"name": CALLED, "value": NAMED},
        "context": {"arguments": DOCUMENT},
    },
    "subscriptions/listen": {
        **_PLAIN,
        "notifications": {
            **_own("toolsListChanged promptsListChanged resourcesListChanged"),
            "resourceSubscriptions": Items(CALLED),
            "taskIds": Items(MATCHED),
        },
    },
    **_TASK_REQUESTS,
    "tasks/update": {**_BY_TASK, **_ANSWERS},
    **dict.fromkeys(("notifications/initialized", "notifications/roots/list_changed"), _PLAIN),
    "notifications/cancelled": _CANCELLED,
    "notifications/progress": _PROGRESS,
    "notifications/tasks/status": _TASK_STATUS,
}
"""What a client asks or tells, by method. The `params` of another method are data."""

_ENVELOPE: Shape = {**_own("jsonrpc method"), "id": MATCHED, "error": ERROR}
FROM_SERVER: Shape = {**_ENVELOPE, "params": Told("method", SERVER_PARAMS, _PLAIN), "result": RESULT}
FROM_CLIENT: Shape = {**_ENVELOPE, "params": Told("method", CLIENT_PARAMS, _PLAIN), "result": ANSWER}

SUBSCHEMAS = frozenset(
    {"items", "additionalProperties", "additionalItems", "contains", "not", "if", "then", "else", "propertyNames"}
    | {"anyOf", "oneOf", "allOf", "prefixItems", "unevaluatedItems", "unevaluatedProperties", "contentSchema"}
)
"""Keywords whose value is a schema or a list of schemas."""
SCHEMA_MAPS = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"})
"""Keywords whose value maps names to schemas. The name of a property is what a field rule means."""
SAMPLES = frozenset({"default", "const", "enum", "enumNames", "examples", "example"})
"""Keywords that hold data of the kind that the schema describes."""
KEYWORDS = frozenset(
    _own(
        "$schema $id $ref $anchor $dynamicRef $dynamicAnchor $vocabulary $comment title description deprecated "
        "readOnly writeOnly type format pattern minLength maxLength minimum maximum exclusiveMinimum exclusiveMaximum "
        "multipleOf minItems maxItems uniqueItems minContains maxContains required dependentRequired dependencies "
        "minProperties maxProperties contentEncoding contentMediaType x-mcp-header"
    )
)
"""Keywords that are the schema language's own, JSON Schema drafts 7 to 2020-12. Any other is data."""
