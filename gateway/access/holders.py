"""The API for whoever is to have access: ask for it, see how it stands, end it, and get a token for it.

Takes a request whose caller is known and gives the answer, or a refusal that is not on record yet. An
approver or an operator may see and end what others hold; a token is for the holder alone, and on record
before it is handed out.
"""

import re
from datetime import datetime

from gateway.access import evidence, rights, session_token
from gateway.access.ask import ask
from gateway.access.grant import Grant, State
from gateway.access.request import MAX_REASON, Wish
from gateway.access.review import summary
from gateway.access.session_token import Bounds
from gateway.answer import Answer
from gateway.events import Event, Outcome
from gateway.json_api import Asking, answered, body_of, problem
from gateway.metadata import SERVER_NAME
from gateway.policy.document import Policy
from gateway.policy.masks import NAME
from gateway.reasons import Reason
from gateway.values import Caller, Json, Refusal

MAX_BODY = 8 * 1024
"""Bytes; the longest reason takes 6,000 where each character is escaped."""

_MAX_SECONDS = 10**9
_OBJECT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


async def ask_for(asking: Asking, caller: Caller, _policy: Policy) -> Answer | Refusal:
    """Access is asked for."""
    body = body_of(asking.request, MAX_BODY)
    if isinstance(body, Refusal):
        return body
    wish = _wish(body)
    if wish is None:
        return Refusal(Reason.ACCESS_REQUEST_INVALID)
    made = await ask(wish, caller, asking.actor, asking.rooms, asking.orchestrations)
    if isinstance(made, Refusal):
        return problem(asking, made)  # on record by then
    return _told(asking, made, 201)


async def show(asking: Asking, caller: Caller, policy: Policy) -> Answer | Refusal:
    """The grant as it is now."""
    grant = await asking.rooms.grants.read(asking.subject)
    if grant is None or not rights.may_see(grant, caller, policy):
        return await _unknown(asking, grant)
    fields = evidence.fields(grant, Event.GRANTS_READ, Outcome.ALLOWED, asking.actor)
    if not await asking.rooms.grants.record(grant, fields):
        return Refusal(Reason.EVIDENCE_UNAVAILABLE)
    return _told(asking, grant)


async def end(asking: Asking, caller: Caller, policy: Policy) -> Answer | Refusal:
    """The grant is over: given back, withdrawn or revoked, by who it is that ends it."""
    register = asking.rooms.grants
    reason = _reason(body_of(asking.request, MAX_BODY))
    if isinstance(reason, Refusal):
        return reason
    grant = await register.read(asking.subject)
    state = Reason.GRANT_UNKNOWN if grant is None else rights.ending_for(grant, caller, policy, register.now())
    if grant is None or isinstance(state, Reason):
        return await _unknown(asking, grant)
    if state is State.REVOKED and not reason:
        return problem(asking, await register.refuse(grant, Refusal(Reason.REASON_MISSING), asking.actor))
    ended = await register.end(grant, state, asking.actor, reason)
    await asking.orchestrations.wake(grant.id)
    return problem(asking, ended) if isinstance(ended, Refusal) else _told(asking, ended)


async def issue_token(asking: Asking, caller: Caller, policy: Policy) -> Answer | Refusal:
    """A session token under the grant, for its holder, while it is open."""
    rooms, register = asking.rooms, asking.rooms.grants
    if asking.request.body is None:
        return Refusal(Reason.BODY_TOO_LARGE)
    grant = await register.read(asking.subject)
    if grant is None or not grant.is_held_by(caller):
        return await _unknown(asking, grant)
    state = grant.state(register.now())
    if state is not State.OPEN or grant.ends is None:
        refusal = Refusal(Reason.GRANT_NOT_OPEN, f"it is {state.value}")
        return problem(asking, await register.refuse(grant, refusal, asking.actor))
    bounds = Bounds(grant.request.server, grant.id, grant.ends, frozenset(policy.groups.values()))
    issued = await session_token.issue(caller, bounds, rooms.settings, rooms.signing, register.now())
    if isinstance(issued, Refusal):
        return problem(asking, await register.refuse(grant, issued, asking.actor))
    fields = evidence.fields(grant, Event.GRANT_TOKEN, Outcome.ALLOWED, asking.actor)
    if not await register.record(grant, fields | {"issued": issued.token_id}):
        return Refusal(Reason.EVIDENCE_UNAVAILABLE)
    left = max(0, issued.expires - int(register.now().timestamp()))
    token = {"access_token": issued.token.reveal(), "token_type": "Bearer", "expires_in": left}
    return answered(200, token)


async def _unknown(asking: Asking, grant: Grant | None) -> Answer | Refusal:
    """The same answer to whoever may not see a grant, and where there is none; on record where it belongs."""
    refusal = Refusal(Reason.GRANT_UNKNOWN, "of another caller" if grant else "none of that id")
    return refusal if grant is None else problem(asking, await asking.rooms.grants.refuse(grant, refusal, asking.actor))


def _told(asking: Asking, grant: Grant, status: int = 200) -> Answer:
    told = summary(grant, asking.rooms.grants.now())
    if told["ended"]:
        # Whoever revoked it is on record; a holder is told of no approver.
        del told["ended"]["by"]
    return answered(status, told | {"page": f"{asking.rooms.settings.url}/access/{grant.id}"})


def _wish(body: Json) -> Wish | None:
    """What is asked for; None if it is not written as it has to be. Whether it may be had is not for here."""
    allowed = {"server", "grant", "minutes", "seconds", "starts", "reason", "subject"}
    if not isinstance(body, dict) or not body.keys() <= allowed or len(body.keys() & {"minutes", "seconds"}) != 1:
        return None
    server, grant, reason, subject = (body.get(name, "") for name in ("server", "grant", "reason", "subject"))
    if not all(isinstance(each, str) for each in (server, grant, reason, subject)):
        return None
    length, starts = body.get("minutes", body.get("seconds")), _time(body["starts"]) if "starts" in body else None
    if type(length) is not int or abs(length) > _MAX_SECONDS or ("starts" in body and starts is None):
        return None
    if not SERVER_NAME.fullmatch(server) or not NAME.fullmatch(grant):
        return None
    if subject and not _OBJECT_ID.fullmatch(subject):
        return None
    seconds = length * 60 if "minutes" in body else length
    return Wish(server, grant, seconds, starts, reason, subject.lower())


def _time(value: Json) -> datetime | None:
    """A time with its zone (RFC 3339); None if it is not one."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo is not None else None


def _reason(body: Json | Refusal) -> str | Refusal:
    if isinstance(body, Refusal):
        return body
    if not isinstance(body, dict) or not body.keys() <= {"reason"} or not isinstance(body.get("reason", ""), str):
        return Refusal(Reason.GRANT_ENDING_INVALID)
    reason = str(body.get("reason", "")).strip()
    return reason if len(reason) <= MAX_REASON else Refusal(Reason.GRANT_ENDING_INVALID, "too long")
