"""What client and server tell each other of themselves, as the gateway can honour it. Pure.

Takes the first exchange of either era - `initialize` (2025-11-25 basic/lifecycle) or
`server/discover` (2026-07-28 server/discover) - and gives it with what the gateway itself speaks:
versions that both legs can serve, and capabilities whose methods it lets through. Everything else of
it stays as it was.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from gateway.protocol import LEGACY_VERSIONS, MODERN_VERSIONS, TASKS_EXTENSION
from gateway.reasons import Reason
from gateway.values import Call, Refusal

_RELAYED = frozenset({"tools", "resources", "prompts", "completions", "logging", "experimental"})
"""Server capabilities whose methods `protocol.METHODS` lists and the gateway relays; extensions are not among them."""


def offered(call: Call) -> Call:
    """The call as the upstream may see it: an `initialize` asks for a version that the gateway speaks.

    A client that asks for another is offered the newest, as the lifecycle says of servers.
    """
    if call.method != "initialize" or call.params.get("protocolVersion") in LEGACY_VERSIONS:
        return call
    params = {**call.params, "protocolVersion": LEGACY_VERSIONS[-1]}
    return replace(call, message={**call.message, "params": params})


def served(
    method: str, result: Mapping[str, Any], *, has_tasks: bool = False, changing: Collection[str] = ()
) -> dict[str, Any] | Refusal:
    """The result of `initialize` or `server/discover` as the client may see it; other results as they are.

    `has_tasks`: the gateway itself makes tasks of calls to this server. An upstream's own are refused: it was not told
    that the client knows of tasks, and the client would ask the gateway for what the gateway does not have.
    `changing`: lists of whose changes the gateway itself tells the client, if the server has such lists.
    """
    if result.get("resultType") == "task":
        return Refusal(Reason.UPSTREAM_MALFORMED, "a task that the server was not asked for")
    if method == "initialize":
        if result.get("protocolVersion") not in LEGACY_VERSIONS:
            return Refusal(Reason.UPSTREAM_MALFORMED, "the server speaks a version that the gateway does not")
        return _with_capabilities(result, changing)
    if method == "server/discover":
        versions = result.get("supportedVersions")
        common = [version for version in MODERN_VERSIONS if isinstance(versions, list) and version in versions]
        if not common:
            return Refusal(Reason.UPSTREAM_MALFORMED, "the server speaks no version that the gateway does")
        changed = _with_capabilities(result, changing) | {"supportedVersions": common}
        if has_tasks:
            changed["capabilities"]["extensions"] = {TASKS_EXTENSION: {}}
        # What a caller may see depends on the caller, so no cache may share it (server/utilities/caching).
        return changed | ({"cacheScope": "private"} if "cacheScope" in changed else {})
    return dict(result)


def _with_capabilities(result: Mapping[str, Any], changing: Collection[str]) -> dict[str, Any]:
    found = result.get("capabilities")
    kept = {name: value for name, value in found.items() if name in _RELAYED} if isinstance(found, dict) else {}
    for name in kept.keys() & set(changing):
        kept[name] = {**(kept[name] if isinstance(kept[name], dict) else {}), "listChanged": True}
    return {**result, "capabilities": kept}
