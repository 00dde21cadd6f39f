"""What a server may ask of the client behind the gateway: elicitation, sampling, roots. Pure.

Takes the client features that the policy lets a server use, and does two things with them: the
capabilities that a client declares are cut down to these before the server sees them, so that an
honest server does not ask; and a server that asks all the same is found out, so that its question
does not reach the client (2025-11-25 client, 2026-07-28 basic/patterns/mrtr). Tasks are the gateway's
own: no server hears of the extension, or of the ids of tasks.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gateway.protocol import CAPABILITIES_META, TASKS_EXTENSION
from gateway.values import Call, Era

FEATURES = ("elicitation", "sampling", "roots")
"""Names of the capabilities, as clients declare them."""

_ASKED_BY = {"elicitation/create": "elicitation", "sampling/createMessage": "sampling", "roots/list": "roots"}

TASK_IDS = "taskIds"
"""Of `subscriptions/listen`: tasks that a client wants to be told of, none of which is a server's."""

_UNNAMED = "(unnamed)"

MISSING_CAPABILITY = -32021
"""2026-07-28 basic, Error Codes: the request needs a client capability that it did not declare."""


def declared(call: Call, features: frozenset[str]) -> Call:
    """The call as the server may see it: the client declares no feature that the policy does not let through."""
    params = call.params
    if call.method == "initialize":
        cut = {**params, "capabilities": _cut(params.get("capabilities"), features)}
    elif call.era is Era.MODERN and isinstance(params.get("_meta"), dict):
        meta = params["_meta"]
        cut = {**params, "_meta": {**meta, CAPABILITIES_META: _cut(meta.get(CAPABILITIES_META), features)}}
        if call.method == "subscriptions/listen" and isinstance(params.get("notifications"), dict):
            cut["notifications"] = {key: each for key, each in params["notifications"].items() if key != TASK_IDS}
    else:
        return call
    return replace(call, message={**call.message, "params": cut})


def forbidden(message: Mapping[str, Any], features: frozenset[str]) -> str:
    """What a server's message asks the client for against the policy, a method or a feature; empty if nothing.

    A method that is not known to ask for a feature is forbidden too, `ping` apart (fail-closed).
    """
    if "method" in message and "id" in message:
        method = message["method"]
        return "" if method == "ping" or _ASKED_BY.get(str(method)) in features else str(method) or _UNNAMED
    if method := _missing(message.get("error"), features):
        return method
    result = message.get("result")
    if not isinstance(result, dict) or result.get("resultType") != "input_required":
        return ""
    asked = result.get("inputRequests", {})
    methods = [str(each.get("method", "")) if isinstance(each, dict) else "" for each in _values(asked)]
    return next((method or _UNNAMED for method in methods if _ASKED_BY.get(method) not in features), "")


def _missing(error: Any, features: frozenset[str]) -> str:
    """The feature that a server misses because it was cut from what the client declared.

    Its error describes this hop, so the client, which did declare the feature, must not see it.
    """
    if not isinstance(error, dict) or error.get("code") != MISSING_CAPABILITY:
        return ""
    data = error.get("data")
    required = data.get("requiredCapabilities") if isinstance(data, dict) else None
    return next((name for name in FEATURES if isinstance(required, dict) and name in required.keys() - features), "")


def asked(message: Mapping[str, Any]) -> str:
    """The method of a server's request to the client; empty for everything else."""
    return str(message["method"]) if "method" in message and "id" in message else ""


def _values(asked_for: Any) -> list[Any]:
    if isinstance(asked_for, dict):
        return list(asked_for.values())
    return asked_for if isinstance(asked_for, list) else [asked_for]


def _cut(capabilities: Any, features: frozenset[str]) -> dict[str, Any]:
    found = capabilities if isinstance(capabilities, dict) else {}
    kept = {name: value for name, value in found.items() if name not in FEATURES or name in features}
    if isinstance(kept.get("extensions"), dict):
        kept["extensions"] = {name: value for name, value in kept["extensions"].items() if name != TASKS_EXTENSION}
    return kept
