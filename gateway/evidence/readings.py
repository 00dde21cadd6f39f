"""That somebody reads the evidence is itself evidence: on record before anything is shown.

Takes who reads, how and what, and says whether that is on record. Where it is not, nothing may be shown
(fail-closed).
"""

from collections.abc import Mapping

from gateway.approvals.book import Actor
from gateway.approvals.evidence import why
from gateway.mask import mask_text
from gateway.policy.document import Policy
from gateway.reasons import Reason
from gateway.record import EVERYTHING, Recorder
from gateway.values import CallerKind, Refusal


def not_auditor(actor: Actor, policy: Policy) -> Refusal | None:
    """Why this is no auditor; None if it is one."""
    caller = actor.caller
    if caller is None or caller.kind is not CallerKind.USER:
        # fail-closed: whatever groups it is in, evidence is shown to people.
        return Refusal(Reason.AUDITOR_NEEDED, "not a person")
    if not policy.auditors:
        return Refusal(Reason.AUDITOR_NEEDED, "the policy names no auditors")
    if policy.auditors.isdisjoint(caller.groups):
        return Refusal(Reason.AUDITOR_NEEDED, "in none of the auditors' groups")
    return None


async def note(recorder: Recorder, actor: Actor, how: str, words: Mapping[str, str], session: str = "") -> bool:
    """The reading is on record: how (list, replay, export, ...), with which filters, of which session."""
    said = " ".join(f"{name}={mask_text(value, EVERYTHING)}" for name, value in words.items())
    return await recorder.evidence_read(_who(actor) | {"method": f"evidence/{how}", "target": session, "detail": said})


async def refuse(recorder: Recorder, actor: Actor, refusal: Refusal, asked: str) -> Refusal:
    """The refusal of an attempt, on record; EVIDENCE_UNAVAILABLE if it cannot be recorded."""
    fields = _who(actor) | {"target": mask_text(asked, EVERYTHING)} | why(refusal)
    return refusal if await recorder.evidence_refused(fields) else Refusal(Reason.EVIDENCE_UNAVAILABLE)


def _who(actor: Actor) -> dict[str, str | int]:
    """The reader is the subject, so that one filter finds what a person has read."""
    fields: dict[str, str | int] = {"source": actor.origin.source, "trace": actor.origin.trace, **actor.fields()}
    caller = actor.caller
    if caller is None:
        return fields
    known = {"tenant": caller.tenant, "subject": caller.object_id, "kind": caller.kind.value, "client": caller.client}
    return fields | known | {"token": caller.token_id, "signin": caller.sign_in, "issued": caller.issued_by}
