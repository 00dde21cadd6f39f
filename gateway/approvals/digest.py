"""What exactly is approved: one SHA-256 over everything about a call that its upstream could act on. Pure.

Takes the caller, the call and the hash of its tool's definition. Two calls have one digest only if
the same subject makes them with the same application, to the same server, with the same method,
tool, definition and params (canonical JSON, RFC 8785). Of `_meta` only what the protocol itself
changes from one try to the next is left out.
"""

import hashlib

from gateway import jsontext
from gateway.canonical import canonical
from gateway.values import Call, Caller, Json

VERSION = 1
REASON_META = "countersign/reason"
"""`_meta` key by which a client that has no page, such as a pipeline, says why."""
REVEAL_META = "countersign/reveal"
"""`_meta` key by which a caller asks to see the answer without some masks; part of what is approved."""
MAX_REVEALS = 32
"""Masks that one call may ask to lift."""
MAX_CALL = 128 * 1024
"""Bytes of the params of a call that needs an approval: nobody can read more before deciding."""

_OF_THE_TRY = frozenset({"progressToken", "traceparent", "tracestate", "baggage", REASON_META})
_OF_THE_PROTOCOL = "io.modelcontextprotocol/"
ROUND = ("inputResponses", "requestState")
"""Params of a further round of one request (2026-07-28 basic/patterns/mrtr)."""


def digest(caller: Caller, call: Call, definition: str) -> str:
    """The digest, hexadecimal. Further rounds of a request differ from the first by what was answered."""
    form: dict[str, Json] = {
        "v": VERSION,
        "tenant": caller.tenant,
        "subject": caller.object_id,
        "client": caller.client,
        "server": call.server,
        "method": call.method,
        "target": call.target,
        "definition": definition,
        "params": shown_params(call),
    }
    return hashlib.sha256(canonical(form)).hexdigest()


def is_too_large(call: Call) -> bool:
    return len(jsontext.write(dict(call.params))) > MAX_CALL


def shown_params(call: Call) -> dict[str, Json]:
    """The params that count, which are those that an approver is shown."""
    params = {key: value for key, value in call.params.items() if key != "_meta"}
    meta = call.params.get("_meta")
    kept = {key: value for key, value in meta.items() if not _is_volatile(key)} if isinstance(meta, dict) else {}
    return params | ({"_meta": kept} if kept else {})


def reveals(call: Call) -> tuple[str, ...] | None:
    """The masks that the call asks to lift; None if what it asks cannot be read."""
    meta = call.params.get("_meta")
    asked = meta.get(REVEAL_META, []) if isinstance(meta, dict) else []
    if not isinstance(asked, list) or len(asked) > MAX_REVEALS or not all(isinstance(name, str) for name in asked):
        return None
    return tuple(dict.fromkeys(asked))


def _is_volatile(key: str) -> bool:
    return key in _OF_THE_TRY or key.startswith(_OF_THE_PROTOCOL)
