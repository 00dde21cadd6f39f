"""Access for programs, over HTTP: asked for, read, ended, and a token to use it with; and what operators do.

Takes a request with an access token of Entra, checked as a call's is (a session token asks for nothing),
and answers in JSON. Each request is on record before anything is shown or changed, and each refusal
before it is told. A grant that is not the caller's to see looks like one that there is not.
"""

from gateway.access import holders, operators
from gateway.answer import Answer
from gateway.approvals.orchestrations import Orchestrations
from gateway.events import Event
from gateway.json_api import Asking, Door, Ending, bounded, through
from gateway.pages.request import PageRequest
from gateway.reasons import Reason
from gateway.rooms import Rooms
from gateway.values import Origin

_DOORS = (
    # In the order in which the platform prefers routes: a literal before an id.
    Door("POST /access/requests", holders.ask_for),
    Door("GET /access/requests/{id}", holders.show),
    Door("POST /access/{id}/end", holders.end),
    Door("POST /access/{id}/token", holders.issue_token),
    Door("GET /api/grants", operators.show_all),
    Door("POST /api/grants/revoke", operators.revoke_many),
    Door("POST /api/grants/{id}/revoke", operators.revoke_one),
)


async def serve(request: PageRequest, origin: Origin, rooms: Rooms, orchestrations: Orchestrations) -> Answer:
    """The answer to one request. Never raises: what was not foreseen is an internal error, on record."""
    asking = Asking(request, origin, rooms, orchestrations)
    return await bounded(asking, through(asking, _DOORS, Reason.GRANT_UNKNOWN), _ENDING)


_ENDING = Ending(Event.GRANT_REFUSED, "grant", "access", Reason.GRANTS_UNAVAILABLE)
