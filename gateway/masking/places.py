"""Places: what stands where in a message that an MCP server sends, for both eras.

The shapes below follow the specification's schemas (2025-03-26 to 2026-07-28). A place that they do
not name is data, so that a field added to the protocol, or by a server, is masked until someone
looks at it. Nothing is left alone except an `Opaque` place, and each of those says why.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class Opaque:
    """A string or number that must arrive as it was sent. Anything else in its place is data."""

    reason: str


class Part(Enum):
    OWN = auto()
    """A field of the protocol's own: no field rule means it, detectors read it."""
    DOCUMENT = auto()
    """The root of a JSON document: JSON paths start here."""
    BLOCKS = auto()
    """Content blocks, one or many; their `type` says which shape."""
    BLOB = auto()
    """Base64, whose `mimeType` stands beside it."""
    SCHEMA = auto()
    """A JSON Schema."""


@dataclass(frozen=True, slots=True)
class Each:
    """A map from identifiers, which are opaque, to places of one kind."""

    place: "Place"
    reason: str


type Shape = dict[str, Place]
type Place = Opaque | Part | Each | Shape

CALLED = Opaque("a call must name it")
MATCHED = Opaque("an answer, a task or a stream is matched by it")
ECHOED = Opaque("the server reads it back byte for byte")

OWN, DOCUMENT, BLOCKS, BLOB, SCHEMA = Part.OWN, Part.DOCUMENT, Part.BLOCKS, Part.BLOB, Part.SCHEMA


def _own(names: str) -> Shape:
    return dict.fromkeys(names.split(), OWN)


ICON: Shape = _own("src mimeType sizes theme")
ANNOTATIONS: Shape = _own(
    "audience priority lastModified title readOnlyHint destructiveHint idempotentHint openWorldHint"
)
IMPLEMENTATION: Shape = {**_own("name title version description websiteUrl"), "icons": ICON}
TASK_REFERENCE: Shape = {"taskId": MATCHED}
# Of a message; the `_meta` of a tool, a resource or a content block is the server's to fill.
META: Shape = {
    "progressToken": MATCHED,
    "io.modelcontextprotocol/subscriptionId": MATCHED,
    "io.modelcontextprotocol/related-task": TASK_REFERENCE,
    "io.modelcontextprotocol/serverInfo": IMPLEMENTATION,
    "io.modelcontextprotocol/clientInfo": IMPLEMENTATION,
    **_own("io.modelcontextprotocol/protocolVersion io.modelcontextprotocol/logLevel traceparent tracestate"),
    **_own("io.modelcontextprotocol/clientCapabilities"),
}

RESOURCE: Shape = {
    **_own("uri uriTemplate name title description mimeType size _meta"),
    "annotations": ANNOTATIONS,
    "icons": ICON,
}
RESOURCE_CONTENTS: Shape = {**_own("uri mimeType text _meta"), "blob": BLOB}
TOOL: Shape = {
    **_own("title description _meta"),
    "name": CALLED,
    "inputSchema": SCHEMA,
    "outputSchema": SCHEMA,
    "annotations": ANNOTATIONS,
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
    "tool_use": {**_BLOCK, "id": MATCHED, "name": CALLED, "input": DOCUMENT},
    "tool_result": {
        **_BLOCK,
        **_own("isError"),
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
ERROR: Shape = {**_own("code message"), "data": DOCUMENT}

PARAMS: Shape = {
    "_meta": META,
    **TASK,
    # notifications
    "progressToken": MATCHED,
    "requestId": MATCHED,
    **_own("progress total message reason level logger uri"),
    "data": DOCUMENT,
    "notifications": _own("toolsListChanged promptsListChanged resourcesListChanged resourceSubscriptions"),
    "elicitationId": MATCHED,
    # elicitation and sampling
    **_own("mode url systemPrompt includeContext temperature maxTokens stopSequences"),
    "requestedSchema": SCHEMA,
    "messages": MESSAGE,
    "metadata": DOCUMENT,
    "modelPreferences": {
        **_own("costPriority speedPriority intelligencePriority"),
        "hints": _own("name"),
    },
    "tools": TOOL,
    "toolChoice": _own("mode name"),
    "task": _own("ttl"),
}

RESULT: Shape = {
    "_meta": META,
    **TASK,
    **_own("resultType ttlMs cacheScope isError role model stopReason action"),
    "nextCursor": ECHOED,
    "requestState": ECHOED,
    "content": BLOCKS,
    "structuredContent": DOCUMENT,
    "contents": RESOURCE_CONTENTS,
    "messages": MESSAGE,
    "tools": TOOL,
    "prompts": PROMPT,
    "resources": RESOURCE,
    "resourceTemplates": RESOURCE,
    "completion": _own("values total hasMore"),
    "roots": _own("uri name _meta"),
    # initialize and server/discover
    **_own("description protocolVersion supportedVersions instructions capabilities"),
    "serverInfo": IMPLEMENTATION,
    # tasks and rounds of input
    "task": TASK,
    "tasks": TASK,
    "inputRequests": Each(_own("method") | {"params": PARAMS}, "the client answers under the same identifier"),
    "error": ERROR,
}
RESULT["result"] = RESULT
PARAMS["inputRequests"] = RESULT["inputRequests"]
# A task's notification carries what its result would.
PARAMS["result"] = RESULT
PARAMS["error"] = ERROR

JSON_RPC: Shape = {
    **_own("jsonrpc method"),
    "id": MATCHED,
    "params": PARAMS,
    "result": RESULT,
    "error": ERROR,
}

SUBSCHEMAS = frozenset(
    {"items", "additionalProperties", "additionalItems", "contains", "not", "if", "then", "else", "propertyNames"}
    | {"anyOf", "oneOf", "allOf", "prefixItems", "unevaluatedItems", "unevaluatedProperties", "contentSchema"}
)
"""Keywords whose value is a schema or a list of schemas."""
SCHEMA_MAPS = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"})
"""Keywords whose value maps names to schemas. The name of a property is what a field rule means."""
SAMPLES = frozenset({"default", "const", "enum", "enumNames", "examples", "example"})
"""Keywords that hold data of the kind that the schema describes."""


def opaque_places(
    place: Place = JSON_RPC, where: str = "$", above: tuple[Place, ...] = ()
) -> Iterator[tuple[str, str]]:
    """Every place that is left alone, with the reason: what a reader of the policy must know.

    A shape inside itself (a task's result in a result) is followed once.
    """
    if isinstance(place, Opaque):
        yield where, place.reason
    elif isinstance(place, Each):
        yield f"{where}.* (the key)", place.reason
        yield from opaque_places(place.place, f"{where}.*", above)
    elif place is BLOCKS and place not in above:
        for kind, shape in BLOCK_SHAPES.items():
            yield from opaque_places(shape, f"{where}[{kind}]", (*above, place))
    elif isinstance(place, dict) and not any(place is shape for shape in above):
        for key, below in place.items():
            yield from opaque_places(below, f"{where}.{key}", (*above, place))
