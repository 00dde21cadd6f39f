"""A form that somebody posted: by whom, and whether it is genuine.

Takes the request and gives the visitor, the fields and the approval, or the page that says why not,
after that is on record. Nothing of a form is read before its session, its origin and its token hold.
"""

from dataclasses import dataclass

from gateway.access.grant import Grant
from gateway.answer import Answer
from gateway.approvals.approval import Approval
from gateway.pages import guard
from gateway.pages.refusals import problem, turn_away
from gateway.pages.request import form_of
from gateway.pages.visit import Visit, Visitor, visitor_of
from gateway.reasons import Reason
from gateway.values import Refusal


@dataclass(frozen=True, slots=True)
class Posted:
    visitor: Visitor
    form: dict[str, str]
    approval: Approval


async def posted(visit: Visit) -> Posted | Answer:
    """The form, or the page of its refusal; APPROVAL_UNKNOWN where there is no approval of that id."""
    visitor = await poster_of(visit)
    if isinstance(visitor, Answer):
        return visitor
    approval = await visit.book.read(visit.request.subject)
    form = await genuine(visit, visitor, approval)
    if isinstance(form, Answer):
        return form
    if approval is None:
        return await turn_away(visit, Refusal(Reason.APPROVAL_UNKNOWN), visitor=visitor)
    return Posted(visitor, form, approval)


async def poster_of(visit: Visit) -> Visitor | Answer:
    """Who posted, or the page that says that nobody is signed in."""
    visitor = await visitor_of(visit)
    if not isinstance(visitor, Refusal):
        return visitor
    is_attempt = visitor.reason is Reason.SIGN_IN_NEEDED
    return await (turn_away(visit, visitor) if is_attempt else problem(visit, visitor))


async def genuine(visit: Visit, visitor: Visitor, about: Approval | Grant | None = None) -> dict[str, str] | Answer:
    """The fields of the form, or the page of its refusal, which is on record with what the form is about."""
    form = form_of(visit.request)
    if form is None:
        why = Reason.BODY_TOO_LARGE if visit.request.body is None else Reason.FORM_INVALID
        return await turn_away(visit, Refusal(why), visitor=visitor, about=about)
    if detail := guard.forged(visit.request, form, visitor.forms, visitor.session.id, visit.settings.url):
        refusal = Refusal(Reason.FORM_FORGED, detail)
        return await turn_away(visit, refusal, visitor=visitor, about=about)
    return form
