"""What a record says of a call, a refusal and a tool. Pure.

Takes a passage with what is known of it so far and gives the fields of its record. It writes no argument, no result
and no token; text that a caller chose is masked with every detector.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway import mask
from gateway.events import Event, Outcome
from gateway.passage import Passage
from gateway.payloads import EVERYTHING
from gateway.values import Hidden, Refusal


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


def about(passage: Passage) -> dict[str, str | int]:
    call, caller, decision = passage.call, passage.caller, passage.decision
    fields: dict[str, str | int] = {
        "server": mask.mask_text(call.server, EVERYTHING),
        "era": call.era,
        "message": call.kind,
        "method": mask.mask_text(call.method, EVERYTHING),
        "target": mask.mask_text(call.target, EVERYTHING),
        "request": "" if call.id is None else mask.mask_text(str(call.id), EVERYTHING),
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
    if decision is not None:
        fields |= {"policy": decision.policy, "rules": ",".join(decision.rules)}
    return fields


def of_tool(change: ToolChange) -> dict[str, str | int]:
    return {
        "event": Event.TOOL,
        "outcome": change.outcome,
        "server": change.server,
        "target": mask.mask_text(change.tool, EVERYTHING),
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
