"""The words of MCP that the gateway must know: versions, methods, headers and `_meta` keys.

Sources: 2026-07-28 basic/transports/streamable-http and basic/index; 2025-11-25 basic/transports.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from gateway.values import Call, Era

MODERN_VERSIONS = ("2026-07-28",)
LEGACY_VERSIONS = ("2025-03-26", "2025-06-18", "2025-11-25")

VERSION_HEADER = "mcp-protocol-version"
METHOD_HEADER = "mcp-method"
NAME_HEADER = "mcp-name"
PARAM_HEADER_PREFIX = "mcp-param-"
SESSION_HEADER = "mcp-session-id"

VERSION_META = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_META = "io.modelcontextprotocol/clientCapabilities"
CLIENT_META = "io.modelcontextprotocol/clientInfo"
TASKS_EXTENSION = "io.modelcontextprotocol/tasks"

BOTH = frozenset({Era.MODERN, Era.LEGACY})
MODERN = frozenset({Era.MODERN})
LEGACY = frozenset({Era.LEGACY})


@dataclass(frozen=True, slots=True)
class Method:
    """What the gateway must know of a JSON-RPC method before it lets one through."""

    eras: frozenset[Era]
    target: str = ""
    """The field of `params` that names a tool, resource, prompt or task."""
    acts: bool = False
    """It acts or reads: intent and outcome are recorded, not one record alone."""


METHODS: Mapping[str, Method] = {
    "initialize": Method(LEGACY),
    "ping": Method(LEGACY),
    "logging/setLevel": Method(LEGACY),
    "server/discover": Method(MODERN),
    "subscriptions/listen": Method(MODERN),
    "tools/list": Method(BOTH),
    "tools/call": Method(BOTH, target="name", acts=True),
    "resources/list": Method(BOTH),
    "resources/templates/list": Method(BOTH),
    "resources/read": Method(BOTH, target="uri", acts=True),
    "resources/subscribe": Method(LEGACY, target="uri"),
    "resources/unsubscribe": Method(LEGACY, target="uri"),
    "prompts/list": Method(BOTH),
    "prompts/get": Method(BOTH, target="name", acts=True),
    "completion/complete": Method(BOTH, acts=True),
    "tasks/get": Method(MODERN, target="taskId"),
    "tasks/update": Method(MODERN, target="taskId"),
    "tasks/cancel": Method(MODERN, target="taskId"),
    "notifications/initialized": Method(LEGACY),
    "notifications/cancelled": Method(BOTH),
    "notifications/progress": Method(BOTH),
    "notifications/roots/list_changed": Method(LEGACY),
}
"""A method that is not listed is refused: what the gateway cannot read it cannot govern (fail-closed)."""

NAME_BEARING = frozenset({"tools/call", "prompts/get", "resources/read", "tasks/get", "tasks/update", "tasks/cancel"})
"""Methods whose target `Mcp-Name` must repeat (2026-07-28, Standard Request Headers; of tasks: the extension's
Routing Headers)."""


def is_response_to(message: Any, call: Call) -> TypeGuard[dict[str, Any]]:
    """Whether a message is a JSON-RPC 2.0 response that carries this call's id."""
    if (
        not isinstance(message, dict)
        or message.get("jsonrpc") != "2.0"
        or ("result" in message) == ("error" in message)
    ):
        return False
    if not isinstance(message.get("result", message.get("error")), dict):
        return False
    # 1 == True and 1 == 1.0 in Python; in JSON-RPC they are different ids.
    return type(message.get("id")) is type(call.id) and message["id"] == call.id
