"""What goes on record of a grant: one flat form for every step. Pure.

Takes a grant, what happened and who did it, and gives the fields of a record. `subject` is always the
holder, so that one filter finds the whole story; `approver` is whoever else acted on it.
"""

from gateway.access.grant import METHOD, Grant
from gateway.approvals import evidence
from gateway.approvals.approval import stamp
from gateway.approvals.book import Actor
from gateway.events import Event, Outcome


def fields(grant: Grant, event: Event, outcome: Outcome, actor: Actor) -> dict[str, str | int]:
    """The fields that every record of this grant has, and who acted from where."""
    request = grant.request
    known: dict[str, str | int] = {
        "event": event,
        "outcome": outcome,
        "grant": grant.id,
        "server": request.server,
        "method": METHOD,
        "target": request.grant,
        "tenant": request.tenant,
        "subject": request.subject,
        "kind": request.kind.value,
        "client": request.client,
        "policy": request.policy,
        "seconds": request.seconds,
        "source": actor.origin.source,
        "trace": actor.origin.trace,
    }
    if grant.opened is not None and grant.ends is not None:
        known |= {"starts": stamp(grant.opened.starts), "ends": stamp(grant.ends)}
    return known | actor.fields() | (evidence.acted(actor.caller) if actor.caller else {})
