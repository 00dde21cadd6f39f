"""What goes on record of an approval: one flat form for every step. Pure.

Takes an approval, what happened and who did it, and gives the fields of a record. `subject` is always
the requester, so that one filter finds the whole story; `approver` is whoever acted on it. What people
wrote is masked with every detector, and no argument of the call is ever among the fields.
"""

from gateway import mask
from gateway.approvals.approval import Approval
from gateway.events import Event, Outcome
from gateway.record import EVERYTHING
from gateway.values import Caller, Origin, Refusal

NOBODY = Origin(source="", trace="")
"""Where the gateway itself, or the clock, did something."""


def fields(
    approval: Approval, event: Event, outcome: Outcome, by: Caller | None = None, origin: Origin = NOBODY
) -> dict[str, str | int]:
    """The fields that every record of this approval has, and who acted from where."""
    request = approval.request
    known: dict[str, str | int] = {
        "event": event,
        "outcome": outcome,
        "approval": approval.id,
        "server": request.server,
        "era": request.era,
        "method": request.method,
        "target": mask.mask_text(request.target, EVERYTHING),
        "definition": request.definition,
        "digest": request.digest,
        "call": request.call,
        "tenant": request.tenant,
        "subject": request.subject,
        "kind": request.kind.value,
        "client": request.client,
        "policy": request.policy,
        "rules": request.rules,
        "source": origin.source,
        "trace": origin.trace,
    }
    return known | (acted(by) if by is not None else {})


def acted(by: Caller) -> dict[str, str | int]:
    """Who did it, and by which token."""
    return {
        "approver": by.object_id,
        "approver_tenant": by.tenant,
        "approver_kind": by.kind.value,
        "token": by.token_id,
        "signin": by.sign_in,
        "issued": by.issued_by,
    }


def said(text: str) -> dict[str, str | int]:
    """What a person wrote."""
    return {"justification": mask.mask_text(text, EVERYTHING)} if text else {}


def why(refusal: Refusal) -> dict[str, str | int]:
    return {"reason": refusal.reason.name.lower(), "detail": refusal.detail}
