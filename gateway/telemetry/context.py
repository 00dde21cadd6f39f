"""Trace context (W3C) of a call: found in what came in, and put into what goes out. Pure.

A client may name it twice, in the message (`_meta`, 2026-07-28 basic, `_meta`) and in a header. What is not
well formed counts as absent; a caller is refused nothing for it.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

from gateway.values import Call, Era, MessageKind

HEADER = "traceparent"
STATE = "tracestate"

_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
_SAMPLED = 0x01


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A span of a trace, by their ids."""

    trace: int
    span: int
    is_sampled: bool

    def __str__(self) -> str:
        return f"00-{self.trace:032x}-{self.span:016x}-{_SAMPLED * self.is_sampled:02x}"


def parse(text: object) -> TraceContext | None:
    """The context that a `traceparent` names; None where it is not valid (W3C Trace Context, section 3.2.2)."""
    found = _FORM.fullmatch(text) if isinstance(text, str) else None
    if found is None or found[1] == "ff" or (found[1] == "00" and found[5]):
        return None
    trace, span = int(found[2], 16), int(found[3], 16)
    return TraceContext(trace, span, bool(int(found[4], 16) & _SAMPLED)) if trace and span else None


def parents_of(call: Call, header: str) -> tuple[TraceContext, ...]:
    """The contexts that came with the call: first the one it goes on, then one that it is linked to.

    The message's own goes first (OpenTelemetry, conventions for MCP, Context propagation).
    """
    found = [parse(_meta(call).get(HEADER)), parse(header)]
    return tuple(dict.fromkeys(context for context in found if context is not None))


def carried(call: Call, context: TraceContext, *, goes_on: bool) -> Call:
    """The call as it goes out under this span; `goes_on`: the trace is the client's, whose `tracestate` stays.

    The message says it where the client's message did, or its era has a place for it (2026-07-28 basic, `_meta`).
    """
    dropped = {HEADER} if goes_on else {HEADER, STATE}
    headers = tuple(pair for pair in call.headers if pair[0] not in dropped)
    call = replace(call, headers=(*headers, (HEADER, str(context))))
    meta = _meta(call)
    if HEADER not in meta and not (meta and call.era is Era.MODERN and call.kind is MessageKind.REQUEST):
        return call
    meta = {key: value for key, value in meta.items() if key not in dropped} | {HEADER: str(context)}
    return replace(call, message={**call.message, "params": {**call.params, "_meta": meta}})


def _meta(call: Call) -> dict[str, Any]:
    found = call.params.get("_meta")
    return found if isinstance(found, dict) else {}
