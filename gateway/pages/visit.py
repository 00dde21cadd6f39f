"""Who sits before a page: the request with what the process has, and the person whose session it carries.

Takes the session cookie and gives a visitor with all groups that the policy in force names, or a
refusal. Without a session, a policy or the directory's word nobody is anybody (fail-closed).
"""

from dataclasses import dataclass

from gateway import groups
from gateway.approvals.book import Actor, Book
from gateway.approvals.orchestrations import Orchestrations
from gateway.pages import cookies, guard, web_session
from gateway.pages.request import PageRequest
from gateway.pages.web_session import WebSession
from gateway.policy.document import Policy
from gateway.reasons import Reason
from gateway.rooms import Rooms
from gateway.seal import Seal, seal_for
from gateway.settings import Settings
from gateway.values import Caller, Origin, Refusal


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a page."""

    request: PageRequest
    origin: Origin
    rooms: Rooms
    orchestrations: Orchestrations

    @property
    def settings(self) -> Settings:
        return self.rooms.settings

    @property
    def book(self) -> Book:
        return self.rooms.approvals

    @property
    def is_secure(self) -> bool:
        return self.settings.url.startswith("https://")

    def actor(self, caller: Caller | None) -> Actor:
        return Actor(caller, self.origin)

    def cookie(self, name: str) -> str | None:
        return cookies.read_cookie(self.request.headers, name, is_secure=self.is_secure)

    async def seal(self, purpose: str, *, renew: bool = False) -> Seal | Refusal:
        return await seal_for(purpose, self.settings.session_key, self.rooms.secrets, renew=renew)


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person who is signed in."""

    session: WebSession
    caller: Caller
    """With all groups that the policy names and the person is in."""
    policy: Policy
    forms: Seal

    def token(self, subject: str) -> str:
        """What the form that is posted to this path carries."""
        return guard.form_token(self.forms, self.session.id, subject)


async def visitor_of(visit: Visit) -> Visitor | Refusal:
    """The person of this request; SIGN_IN_NEEDED if nobody is signed in, or only under another policy."""
    session = await _session(visit)
    if isinstance(session, Refusal):
        return session
    forms, policy = await visit.seal(guard.PURPOSE), await visit.rooms.policy.current()
    if isinstance(forms, Refusal):
        return forms
    if policy is None:
        return Refusal(Reason.POLICY_UNAVAILABLE)
    if session.policy != policy.digest:
        return Refusal(Reason.SIGN_IN_NEEDED, "the session is of another policy")
    caller = await groups.complete(session.caller, policy, visit.rooms.memberships)
    return caller if isinstance(caller, Refusal) else Visitor(session, caller, policy, forms)


async def _session(visit: Visit) -> WebSession | Refusal:
    sealed = visit.cookie(cookies.SESSION)
    if sealed is None:
        return Refusal(Reason.SIGN_IN_NEEDED, "no session")
    now = visit.rooms.now().timestamp()
    for renew in (False, True):
        # Another process may have sealed it with a newer key.
        seal = await visit.seal(web_session.PURPOSE, renew=renew)
        if isinstance(seal, Refusal):
            return seal
        if session := web_session.open_session(sealed, seal, now):
            return session
    return Refusal(Reason.SIGN_IN_NEEDED, "the session is over, or was changed")
