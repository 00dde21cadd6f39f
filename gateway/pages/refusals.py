"""The page of a refusal: a fixed sentence, and what to do next.

Takes a refusal and gives the page, after it is on record where it is an attempt on something. Nothing
that a browser, a person or the identity provider wrote is on it but an error's code.
"""

from typing import Any
from urllib.parse import urlencode

from gateway.access.grant import Grant
from gateway.answer import Answer
from gateway.approvals.approval import Approval
from gateway.authenticate import authenticate
from gateway.evidence import readings
from gateway.inbound import bearer
from gateway.pages import render
from gateway.pages.request import HOME, way_back
from gateway.pages.visit import Visit, Visitor
from gateway.reasons import Reason
from gateway.values import Caller, CallerKind, Refusal

_TITLES = {
    Reason.SIGN_IN_NEEDED: "Sign in",
    Reason.SIGN_IN_FAILED: "Sign-in failed",
    Reason.APPROVAL_UNKNOWN: "Not found",
    Reason.APPROVAL_OVER: "Already over",
    Reason.GRANT_UNKNOWN: "Not found",
    Reason.GRANT_ENDED: "Already over",
    Reason.APPROVER_DECIDED: "Already decided",
    Reason.APPROVER_IS_REQUESTER: "Not for you",
    Reason.APPROVER_NOT_ELIGIBLE: "Not for you",
    Reason.APPROVER_NOT_A_PERSON: "Not for you",
    Reason.BODY_TOO_LARGE: "Too long",
    Reason.AUDITOR_NEEDED: "Not for you",
}
_ANOTHER_PERSON = frozenset(
    {
        *(Reason.APPROVER_NOT_ELIGIBLE, Reason.APPROVER_NOT_A_PERSON, Reason.SIGN_IN_FAILED),
        *(Reason.APPROVAL_UNKNOWN, Reason.GRANT_UNKNOWN, Reason.AUDITOR_NEEDED),
    }
)


async def turn_away(
    visit: Visit,
    refusal: Refusal,
    *,
    caller: Caller | None = None,
    visitor: Visitor | None = None,
    about: Approval | Grant | None = None,
    to: str = "",
    code: str = "",
) -> Answer:
    """The attempt is on record, and the page says so much as the one who made it may know."""
    caller = visitor.caller if visitor else caller
    if caller is None and refusal.reason is Reason.SIGN_IN_NEEDED:
        caller = await _shown_token(visit)
        if caller is not None and caller.kind is not CallerKind.USER:
            refusal = Refusal(Reason.APPROVER_NOT_A_PERSON)
    actor, asked = visit.actor(caller), visit.request.subject
    if visit.request.is_about_evidence:
        told = await readings.refuse(visit.rooms.recorder, actor, refusal, asked)
    elif isinstance(about, Grant) or visit.request.is_about_access:
        told = await visit.rooms.grants.refuse(about if isinstance(about, Grant) else None, refusal, actor, asked=asked)
    else:
        told = await visit.book.refuse(about, refusal, actor, asked)
    return await problem(visit, told, visitor=visitor, to=to, code=code)


async def problem(
    visit: Visit, refusal: Refusal, *, visitor: Visitor | None = None, to: str = "", code: str = ""
) -> Answer:
    """The page of a refusal that is on record, or that needs none."""
    if refusal.reason is Reason.EVIDENCE_UNAVAILABLE:
        # That sentence is for calls.
        refusal = Refusal(Reason.PAGE_UNAVAILABLE)
    wire, back = refusal.reason.wire, way_back(to or visit.request.here)
    sign_in = "/sign-in?" + urlencode({"to": back})
    facts = {
        "title": _title(refusal.reason),
        "sentence": wire.sentence,
        "code": code,
        "home": HOME,
        "own": f"/requests/{visit.request.subject}" if refusal.reason is Reason.APPROVER_IS_REQUESTER else "",
        "sign_in": sign_in if refusal.reason in (Reason.SIGN_IN_NEEDED, Reason.SIGN_IN_FAILED) else "",
        "another": f"{sign_in}&prompt=select_account" if refusal.reason in _ANOTHER_PERSON else "",
        "visitor": seen(visitor),
    }
    answer = await render.page("problem.html", facts, wire.http, url=visit.settings.url)
    if wire.http == 503:
        answer.headers["retry-after"] = "5"
    if wire.http == 405:
        answer.headers["allow"] = "GET, HEAD, POST"
    return answer


def seen(visitor: Visitor | None) -> dict[str, Any] | None:
    """What the head of a page says of who is signed in."""
    if visitor is None:
        return None
    name = visitor.caller.name or visitor.caller.object_id
    is_auditor = not visitor.policy.auditors.isdisjoint(visitor.caller.groups)
    return {"name": name, "sign_out": visitor.token("/sign-out"), "is_auditor": is_auditor}


def _title(reason: Reason) -> str:
    return _TITLES.get(reason, "Not possible at the moment" if reason.wire.http >= 500 else "Not possible")


async def _shown_token(visit: Visit) -> Caller | None:
    """Whoever the bearer token of the request names: pages believe none, but the record should say who tried."""
    token = bearer(visit.request.sole("authorization") or "")
    caller = await authenticate(token, visit.settings, visit.rooms.keys)
    return None if isinstance(caller, Refusal) else caller
