"""What a record says of a call, a refusal and a tool. Pure.

Takes a passage with what is known of it so far and gives the fields of its record. It writes no argument, no result
and no token; text that a caller chose is masked with every detector.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway import mask
from gateway.events import NONE, Event, Outcome
from gateway.passage import Passage
from gateway.payloads import EVERYTHING
from gateway.values import Hidden, Refusal

_MAX_NAME = 200
_MAX_NAMES = 2000
_names: set[str] = set()
"""Short texts in which no detector found anything: the same few servers, methods and tools are named all day."""


@dataclass(frozen=True, slots=True)
class ToolChange:
    """What became of a tool's definition."""

    server: str
    tool: str
    outcome: Outcome
    definition: str
    """SHA-256 of the definition that this is about."""
    pinned: str
    """SHA-256 of the definition that was accepted before; empty if none was."""


def masked(text: str) -> str:
    """The text with what any detector finds in it hidden. One that held something is not remembered."""
    if text in _names:
        return text
    found = mask.mask_text(text, EVERYTHING)
    if found == text and len(text) <= _MAX_NAME:
        if len(_names) >= _MAX_NAMES:
            _names.clear()
        _names.add(text)
    return found


def about(passage: Passage) -> dict[str, str | int]:
    call, caller, decision = passage.call, passage.caller, passage.decision
    fields: dict[str, str | int] = {
        "server": masked(call.server),
        "era": call.era,
        "message": call.kind,
        "method": masked(call.method),
        "target": masked(call.target),
        "request": "" if call.id is None else masked(str(call.id)),
        "source": passage.origin.source,
        "trace": passage.origin.trace,
        "cause": passage.cause,
        "definition": passage.definition,
        "grant": passage.under.id if passage.under else "",
        "approval": passage.approval,
        "revealed": passage.revealed,
        "sent_masks": summary(passage.sent),
        "uninspected": passage.uninspected,
    }
    if caller is not None:
        fields |= {
            "tenant": caller.tenant,
            "subject": caller.object_id,
            "kind": caller.kind,
            "client": caller.client,
            "token": caller.token_id,
            "signin": caller.sign_in,
            "issued": caller.issued_by,
        }
    if caller is not None and caller.groups_complete and passage.policy is not None:
        # Those alone that decide, so that a proposed policy can be asked about this call.
        groups = caller.groups.intersection(passage.policy.groups.values())
        fields |= {"groups": " ".join(sorted(groups)) or NONE, "roles": " ".join(sorted(caller.roles)) or NONE}
    if decision is not None:
        fields |= {"policy": decision.policy, "rules": ",".join(decision.rules)}
    return fields


def of_tool(change: ToolChange) -> dict[str, str | int]:
    return {
        "event": Event.TOOL,
        "outcome": change.outcome,
        "server": change.server,
        "target": masked(change.tool),
        "definition": change.definition,
        "pinned": change.pinned,
    }


def why(refusal: Refusal | None) -> dict[str, str | int]:
    if refusal is None:
        return {}
    why: dict[str, str | int] = {"reason": refusal.reason.name.lower(), "detail": refusal.detail}
    return why | ({"policy": refusal.policy, "rules": ",".join(refusal.rules)} if refusal.policy else {})


def summary(hidden: Sequence[Hidden]) -> str:
    """`mask/detector:action=count` for each, sorted."""
    counts = Counter[str]()
    for item in hidden:
        counts[f"{item.mask}/{item.by}:{item.action}"] += item.count
    return " ".join(f"{name}={count}" for name, count in sorted(counts.items()))


def time_text(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
