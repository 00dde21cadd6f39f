"""The API for operators: all grants, the end of one, of one person's, of one server's, or of everyone's.

Takes a request whose caller is known and gives the answer, or a refusal that is not on record yet. Who is
no member of the operators' groups of the policy does nothing here; neither does an agent.
"""

import asyncio
import re
from collections.abc import Sequence

from gateway.access import oversight
from gateway.access.grant import Grant
from gateway.access.oversight import Revoked
from gateway.access.request import MAX_REASON
from gateway.access.review import CURRENT, STATES, Chosen, summary
from gateway.answer import Answer
from gateway.events import Event, Outcome
from gateway.json_api import Asking, answered, body_of, not_operator, problem
from gateway.metadata import SERVER_NAME
from gateway.pages.request import fields_in
from gateway.policy.document import Policy
from gateway.reasons import Reason
from gateway.storage.contract import StoreUnavailableError
from gateway.values import Caller, Json, Refusal

MAX_BODY = 8 * 1024
"""Bytes."""
MAX_LISTED = 500
"""Grants in one answer; of more, the newest."""

_OBJECT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def show_all(asking: Asking, caller: Caller, policy: Policy) -> Answer | Refusal:
    """The grants in one state, on one server or of one holder where these are named."""
    if refusal := not_operator(caller, policy):
        return refusal
    query = fields_in(asking.request.query)
    if query is None or not query.keys() <= {"state", "server", "subject"}:
        return Refusal(Reason.GRANT_LISTING_INVALID)
    state, server, subject = query.get("state", "current"), query.get("server", ""), query.get("subject", "").lower()
    if state not in STATES or not _is_choice(server, subject):
        return Refusal(Reason.GRANT_LISTING_INVALID)
    if not await _recorded(asking, f"state {state}", server, subject):
        return Refusal(Reason.EVIDENCE_UNAVAILABLE)
    register = asking.rooms.grants
    found = await oversight.survey(register, Chosen(STATES[state], server, subject))
    now = register.now()
    told = [summary(grant, now, found.approvals.get(grant.id)) for grant in found.grants[:MAX_LISTED]]
    left_out = len(found.grants) - len(told)
    return answered(200, {"grants": told, "left_out": left_out, "unreadable": list(found.unreadable)})


async def revoke_one(asking: Asking, caller: Caller, policy: Policy) -> Answer | Refusal:
    """One grant is over."""
    if refusal := not_operator(caller, policy):
        return refusal
    body = body_of(asking.request, MAX_BODY)
    if isinstance(body, Refusal):
        return body
    reason = _reason(body) if isinstance(body, dict) and body.keys() == {"reason"} else None
    if reason is None:
        return Refusal(Reason.REVOCATION_INVALID)
    register = asking.rooms.grants
    grant = await register.read(asking.subject)
    if grant is None:
        return Refusal(Reason.GRANT_UNKNOWN, "none of that id")
    [(_, ended)] = await _revoke(asking, [grant], reason)
    if isinstance(ended, StoreUnavailableError):
        raise ended
    if isinstance(ended, Refusal):
        return problem(asking, ended)  # on record by then
    return answered(200, summary(ended, register.now()))


async def revoke_many(asking: Asking, caller: Caller, policy: Policy) -> Answer | Refusal:
    """All that stand are over: of one person, on one server, or everyone's; 503 if some may not be."""
    if refusal := not_operator(caller, policy):
        return refusal
    body = body_of(asking.request, MAX_BODY)
    if isinstance(body, Refusal):
        return body
    chosen, reason = _choice(body), _reason(body)
    if chosen is None or reason is None:
        return Refusal(Reason.GRANT_SWEEP_INVALID)
    server, subject = chosen
    if not await _recorded(asking, "to revoke" if server or subject else "to revoke everyone's", server, subject):
        return Refusal(Reason.EVIDENCE_UNAVAILABLE)
    found = await oversight.survey(asking.rooms.grants, Chosen(CURRENT, server, subject))
    done = await _revoke(asking, found.grants, reason)
    revoked = [grant.id for grant, ended in done if _is_over(ended)]
    # Those that cannot be read may stand.
    failed = [*(grant.id for grant, ended in done if not _is_over(ended)), *found.unreadable]
    answer = answered(503 if failed else 200, {"revoked": revoked, "failed": failed})
    if failed:
        answer.headers["retry-after"] = "5"
    return answer


async def _revoke(asking: Asking, grants: Sequence[Grant], reason: str) -> list[Revoked]:
    done = await oversight.revoke(asking.rooms.grants, grants, reason, asking.actor)
    # Whoever finds one over wakes it too: the one that ended it may have stopped before this.
    await asyncio.gather(*(asking.orchestrations.wake(grant.id) for grant, ended in done if _is_over(ended)))
    return done


def _is_over(ended: Grant | Refusal | StoreUnavailableError) -> bool:
    """One that another has ended meanwhile is over too, which is what was wanted."""
    return isinstance(ended, Grant) or (isinstance(ended, Refusal) and ended.reason is Reason.GRANT_ENDED)


async def _recorded(asking: Asking, detail: str, server: str, subject: str) -> bool:
    fields = asking.fields(Event.GRANTS_READ, Outcome.ALLOWED, "grant")
    fields |= {"server": server, "subject": subject, "detail": detail}
    return await asking.rooms.recorder.approval(f"{asking.rooms.now():%Y%m%d}-access", fields)


def _choice(body: Json) -> tuple[str, str] | None:
    """Server and subject, both empty for everyone's; None if it is not said which is meant."""
    if not isinstance(body, dict) or not body.keys() <= {"subject", "server", "all", "reason"}:
        return None
    server, subject = body.get("server", ""), body.get("subject", "")
    if not isinstance(server, str) or not isinstance(subject, str):
        return None
    if "all" in body:
        # fail-closed: a body that names somebody and means everyone is a slip.
        return ("", "") if body["all"] is True and body.keys() == {"all", "reason"} else None
    is_named = bool(server or subject) and all(body[name] for name in ("server", "subject") if name in body)
    return (server, subject.lower()) if is_named and _is_choice(server, subject.lower()) else None


def _is_choice(server: str, subject: str) -> bool:
    return bool((not server or SERVER_NAME.fullmatch(server)) and (not subject or _OBJECT_ID.fullmatch(subject)))


def _reason(body: Json) -> str | None:
    found = body.get("reason") if isinstance(body, dict) else None
    reason = found.strip() if isinstance(found, str) else ""
    return reason if 0 < len(reason) <= MAX_REASON else None
