"""One request of a browser, answered: the table of pages, and their outer boundary. Read this first.

GET shows and changes nothing; POST changes, with a form of its own page alone. Whoever is not signed in
is sent to the sign-in by a GET and refused at a POST. What was not foreseen is a fixed page, on record.
"""

import logging
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from gateway.answer import Answer
from gateway.approvals.orchestrations import Orchestrations
from gateway.pages import (
    access_page,
    approval_page,
    evidence_page,
    grant_page,
    render,
    request_page,
    session_page,
    sign_in,
    waiting,
)
from gateway.pages.refusals import problem, turn_away
from gateway.pages.request import ACCESS, EVIDENCE, HOME, PageRequest, names_in, way_back
from gateway.pages.visit import Visit, Visitor, visitor_of
from gateway.reasons import Reason
from gateway.rooms import Rooms
from gateway.storage.contract import StoreUnavailableError
from gateway.values import Origin, Refusal

_log = logging.getLogger("countersign")

type _Open = Callable[[Visit], Awaitable[Answer]]
type _ForVisitor = Callable[[Visit, Visitor], Awaitable[Answer]]

_OPEN: dict[tuple[str, str], _Open] = {
    ("GET", "/sign-in"): sign_in.start,
    ("GET", "/sign-in/callback"): sign_in.callback,
    ("POST", "/sign-out"): sign_in.sign_out,
    ("POST", "/approvals/"): approval_page.decide,
    ("POST", "/requests/"): request_page.act,
    ("POST", ACCESS): access_page.ask,
    ("POST", "/access/"): grant_page.act,
}
_SHOWN: dict[str, _ForVisitor] = {
    HOME: waiting.show,
    "/approvals/": approval_page.show,
    "/requests/": request_page.show,
    ACCESS: access_page.show,
    "/access/": grant_page.show,
    EVIDENCE: evidence_page.show,
    "/evidence/": session_page.show,
}
_DECIDING = frozenset({"verdict", "action", "approve", "deny"})
"""Fields of the forms, which have no place in a link."""


async def serve(request: PageRequest, origin: Origin, rooms: Rooms, orchestrations: Orchestrations) -> Answer:
    """The page. Never raises."""
    visit = Visit(request, origin, rooms, orchestrations)
    if request.method == "HEAD":
        # Scanners of links send these; they learn nothing, not even whether there is such a page.
        return Answer(200, render.headers(rooms.settings.url))
    try:
        return await _answer(visit)
    except StoreUnavailableError:
        return render.bare(Reason.PAGE_UNAVAILABLE, rooms.settings.url)
    except Exception as error:  # noqa: BLE001 - fail-closed: the outer boundary of the pages
        # The kind alone: the text of an error may hold what the call held.
        _log.error("countersign.page_error %s", type(error).__name__)
        refusal = Refusal(Reason.INTERNAL, type(error).__name__)
        await rooms.approvals.refuse(None, refusal, visit.actor(None), request.subject)
        return render.bare(Reason.INTERNAL, rooms.settings.url)


async def _answer(visit: Visit) -> Answer:
    method, path = visit.request.method, _page_of(visit.request.path)
    if method == "GET" and path in _SHOWN:
        return await _shown(visit, _SHOWN[path])
    answered = _OPEN.get((method, path))
    return await (answered(visit) if answered else problem(visit, Refusal(Reason.HTTP_METHOD)))


async def _shown(visit: Visit, show: _ForVisitor) -> Answer:
    visitor = await visitor_of(visit)
    if not _DECIDING.isdisjoint(names_in(visit.request.query)):
        return await _by_link(visit, visitor)
    if isinstance(visitor, Visitor):
        return await show(visit, visitor)
    if visitor.reason is Reason.SIGN_IN_NEEDED:
        to = urlencode({"to": way_back(visit.request.here)}, safe="/")
        return render.see_other(f"/sign-in?{to}", visit.settings.url)
    return await problem(visit, visitor)


async def _by_link(visit: Visit, visitor: Visitor | Refusal) -> Answer:
    refusal = Refusal(Reason.VERDICT_BY_LINK)
    if isinstance(visitor, Refusal):
        return await turn_away(visit, refusal)
    if visit.request.is_about_evidence:
        return await turn_away(visit, refusal, visitor=visitor)
    if visit.request.is_about_access:
        grant = await visit.rooms.grants.read(visit.request.subject)
        return await turn_away(visit, refusal, visitor=visitor, about=grant)
    approval = await visit.book.read(visit.request.subject)
    return await turn_away(visit, refusal, visitor=visitor, about=approval)


def _page_of(path: str) -> str:
    """The path without the id, on the pages that have one."""
    folder, _, last = path.rpartition("/")
    return f"{folder}/" if folder in ("/approvals", "/requests", ACCESS, EVIDENCE) and last else path
