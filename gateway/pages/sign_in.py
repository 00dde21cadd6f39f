"""The pages by which a person signs in and out.

Takes the way back and gives the redirect to the identity provider; takes what the provider sends back
and gives a session, or a page that says what went wrong. Of what the provider says in an error only
its code is shown. Applications and agents get no session.
"""

import re

from gateway.answer import Answer
from gateway.pages import cookies, guard, openid, render, web_session
from gateway.pages.openid import SignIn
from gateway.pages.refusals import problem, turn_away
from gateway.pages.request import HOME, fields_in, form_of, way_back
from gateway.pages.visit import Visit, Visitor, visitor_of
from gateway.reasons import Reason
from gateway.values import Caller, CallerKind, Refusal

_ERROR = re.compile(r"[a-z0-9_]{1,40}")


async def start(visit: Visit) -> Answer:
    """The browser is on its way to the provider, and keeps a sealed note of it."""
    fields = fields_in(visit.request.query) or {}
    seal = await visit.seal(openid.PURPOSE)
    if isinstance(seal, Refusal):
        return await problem(visit, seal)
    sign_in = openid.begin(way_back(fields.get("to", "")), visit.rooms.now().timestamp())
    url = openid.authorize_url(sign_in, visit.settings, may_choose=fields.get("prompt") == "select_account")
    if url is None:
        return await turn_away(visit, Refusal(Reason.SIGN_IN_FAILED, "COUNTERSIGN_AUDIENCE names no application id"))
    note = openid.seal_sign_in(sign_in, seal)
    cookie = cookies.write_cookie(cookies.SIGN_IN, note, openid.PATIENCE, is_secure=visit.is_secure)
    return render.see_other(url, visit.settings.url, (cookie,))


async def callback(visit: Visit) -> Answer:
    """The person has a session and is on the way back; else a page says why not, which is on record."""
    sign_in = await _on_its_way(visit)
    if sign_in is None:
        why = "no sign-in of this browser is on its way"
        return await turn_away(visit, Refusal(Reason.SIGN_IN_FAILED, why))
    fields = fields_in(visit.request.query) or {}
    if not openid.is_state_of(sign_in, fields.get("state", "")):
        return await turn_away(visit, Refusal(Reason.SIGN_IN_FAILED, "another state"), to=sign_in.to)
    if "error" in fields:
        code = fields["error"] if _ERROR.fullmatch(fields["error"]) else "unknown_error"
        return await turn_away(visit, Refusal(Reason.SIGN_IN_FAILED, code), to=sign_in.to, code=code)
    caller = await openid.redeem(fields.get("code", ""), sign_in, visit.rooms)
    if isinstance(caller, Refusal):
        return await turn_away(visit, caller, to=sign_in.to)
    if caller.kind is not CallerKind.USER:
        # fail-closed: neither an application nor an agent ever gets a session.
        refusal = Refusal(Reason.APPROVER_NOT_A_PERSON)
        return await turn_away(visit, refusal, caller=caller, to=sign_in.to)
    return await _welcome(visit, sign_in, caller)


async def sign_out(visit: Visit) -> Answer:
    """The browser forgets the session. A session is ended by a form of its own pages alone."""
    form, visitor = form_of(visit.request), await visitor_of(visit)
    why = guard.foreign(visit.request, visit.settings.url)
    if not why and isinstance(visitor, Visitor):
        why = guard.forged(visit.request, form or {}, visitor.forms, visitor.session.id, visit.settings.url)
    if why:
        caller = visitor.caller if isinstance(visitor, Visitor) else None
        return await turn_away(visit, Refusal(Reason.FORM_FORGED, why), caller=caller)
    gone = cookies.forget_cookie(cookies.SESSION, is_secure=visit.is_secure)
    facts = {"to": HOME, "visitor": None}
    return await render.page("signed_out.html", facts, url=visit.settings.url, set_cookies=(gone,))


async def _on_its_way(visit: Visit) -> SignIn | None:
    seal, sealed = await visit.seal(openid.PURPOSE), visit.cookie(cookies.SIGN_IN)
    if sealed is None or isinstance(seal, Refusal):
        return None
    return openid.open_sign_in(sealed, seal, visit.rooms.now().timestamp())


async def _welcome(visit: Visit, sign_in: SignIn, caller: Caller) -> Answer:
    seal, policy = await visit.seal(web_session.PURPOSE), await visit.rooms.policy.current()
    if isinstance(seal, Refusal):
        return await problem(visit, seal)
    if policy is None:
        return await problem(visit, Refusal(Reason.POLICY_UNAVAILABLE))
    now = visit.rooms.now().timestamp()
    session = web_session.begin(caller, policy, now)
    sealed = web_session.seal_session(session, seal)
    if len(sealed) > cookies.MAX_COOKIE:
        refusal = Refusal(Reason.GROUPS_UNAVAILABLE, "more groups of the policy than a cookie holds")
        return await turn_away(visit, refusal, caller=caller)
    cookie = cookies.write_cookie(cookies.SESSION, sealed, session.expires - int(now), is_secure=visit.is_secure)
    done = cookies.forget_cookie(cookies.SIGN_IN, is_secure=visit.is_secure)
    return render.see_other(sign_in.to, visit.settings.url, (cookie, done))
