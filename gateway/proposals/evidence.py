"""What goes on record of a proposal: one flat form for every step. Pure.

Takes a proposal, what happened and who did it, and gives the fields of a record. `subject` is always whoever
proposed, `target` the digest of the proposed text, and `policy` that of the text which it would replace.
"""

from gateway.approvals import evidence
from gateway.approvals.book import Actor
from gateway.events import Event, Outcome
from gateway.proposals.proposal import METHOD, Proposal


def fields(proposal: Proposal, event: Event, outcome: Outcome, actor: Actor) -> dict[str, str | int]:
    """The fields that every record of this proposal has, and who acted from where."""
    request = proposal.request
    known: dict[str, str | int] = {
        "event": event,
        "outcome": outcome,
        "approval": proposal.id,
        "method": METHOD,
        "target": request.digest,
        "tenant": request.tenant,
        "subject": request.subject,
        "kind": request.kind.value,
        "client": request.client,
        "policy": request.before,
        "source": actor.origin.source,
        "trace": actor.origin.trace,
    }
    return known | actor.fields() | (evidence.acted(actor.caller) if actor.caller else {})
