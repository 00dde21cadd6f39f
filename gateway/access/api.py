"""Access for programs, over HTTP: asked for, read, ended, and a token to use it with; and what operators do.

Takes a request with an access token of Entra, checked as a call's is (a session token asks for nothing),
and answers in JSON. Each request is on record before anything is shown or changed, and each refusal
before it is told. A grant that is not the caller's to see looks like one that there is not.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.access import holders, operators
from gateway.answer import Answer
from gateway.approvals.orchestrations import Orchestrations
from gateway.events import Event
from gateway.json_api import Asking, Ending, bounded, caller_of
from gateway.pages.request import PageRequest
from gateway.policy.document import Policy
from gateway.reasons import Reason
from gateway.rooms import Rooms
from gateway.values import Caller, Origin, Refusal

type _Handler = Callable[[Asking, Caller, Policy], Awaitable[Answer | Refusal]]


@dataclass(frozen=True, slots=True)
class _Door:
    name: str
    """Method and path, as the record has them."""
    handler: _Handler

    @property
    def method(self) -> str:
        return self.name.partition(" ")[0]

    def id_in(self, path: str) -> str | None:
        """The id in a path of this door, empty where it has none; None for any other path."""
        pattern = re.escape(self.name.partition(" ")[2]).replace(re.escape("{id}"), "([^/]+)")
        found = re.fullmatch(pattern, path)
        return None if found is None else "".join(found.groups())


_DOORS = (
    # In the order in which the platform prefers routes: a literal before an id.
    _Door("POST /access/requests", holders.ask_for),
    _Door("GET /access/requests/{id}", holders.show),
    _Door("POST /access/{id}/end", holders.end),
    _Door("POST /access/{id}/token", holders.issue_token),
    _Door("GET /api/grants", operators.show_all),
    _Door("POST /api/grants/revoke", operators.revoke_many),
    _Door("POST /api/grants/{id}/revoke", operators.revoke_one),
)


async def serve(request: PageRequest, origin: Origin, rooms: Rooms, orchestrations: Orchestrations) -> Answer:
    """The answer to one request. Never raises: what was not foreseen is an internal error, on record."""
    asking = Asking(request, origin, rooms, orchestrations)
    return await bounded(asking, _served(asking), _ENDING)


_ENDING = Ending(Event.GRANT_REFUSED, "grant", "access", Reason.GRANTS_UNAVAILABLE)


async def _served(asking: Asking) -> Answer | Refusal:
    found = ((door, door.id_in(asking.request.path)) for door in _DOORS)
    door, identifier = next(((door, each) for door, each in found if each is not None), (None, ""))
    if door is None:
        return Refusal(Reason.GRANT_UNKNOWN, "no such path")
    asking.what, asking.subject = door.name, identifier
    if asking.request.method != door.method:
        return Refusal(Reason.HTTP_METHOD, asking.request.method)
    known = await caller_of(asking)
    return known if isinstance(known, Refusal) else await door.handler(asking, *known)
