"""The names under which a call is told of. Pure.

fail-closed: a text that a caller sent is no name until the policy, the protocol or the catalogue has it too, so
that neither values nor endless names get into what is exported. Neither targets but tools, nor people, nor rules.
"""

from typing import TYPE_CHECKING

from gateway.events import Event, Outcome
from gateway.protocol import LEGACY_VERSIONS, METHODS, MODERN_VERSIONS, VERSION_HEADER
from gateway.values import Call, MessageKind

if TYPE_CHECKING:
    from gateway.passage import Passage

METHOD = "mcp.method.name"
SERVER = "countersign.server"
REASON = "countersign.reason"
OUTCOME = "countersign.outcome"
ERROR = "error.type"

_VERSIONS = frozenset({*MODERN_VERSIONS, *LEGACY_VERSIONS})


def span_name(call: Call) -> str:
    """The method, as OpenTelemetry's conventions for MCP have it, or what the message is where it has none."""
    return call.method if call.method in METHODS else _kind(call)


def of_call(call: Call) -> dict[str, str]:
    """What can be said once the call is read."""
    found = {METHOD: span_name(call), "network.transport": "tcp", "network.protocol.name": "http"}
    version = dict(call.headers).get(VERSION_HEADER, "")
    return found | ({"mcp.protocol.version": version} if version in _VERSIONS else {})


def of_passage(passage: "Passage") -> dict[str, str]:
    """What can be said when the call ends; the same few names for numbers and spans."""
    call = passage.call
    found = {METHOD: span_name(call)}
    if passage.policy is not None and call.server in passage.policy.servers:
        found[SERVER] = call.server
    return found


def of_tool(passage: "Passage") -> dict[str, str]:
    """The tool, where the server publishes one of that name."""
    if passage.call.method != "tools/call" or not passage.definition:
        return {}
    return {"gen_ai.tool.name": passage.call.target, "gen_ai.operation.name": "execute_tool"}


def unsaid(passage: "Passage", *, is_whole: bool) -> str:
    """How a call ended of which nobody said so."""
    known = METHODS.get(passage.call.method)
    if passage.on_its_way and known is not None and known.acts and not is_whole:
        # The stream was left before the answer.
        return Outcome.CANCELLED
    return "pending" if passage.approval and not passage.on_its_way else Event.ANSWERED


def _kind(call: Call) -> str:
    return "_OTHER" if call.method or call.kind is MessageKind.REQUEST else str(call.kind)
