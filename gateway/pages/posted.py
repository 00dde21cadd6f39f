"""A form that somebody posted: by whom, and whether it is genuine.

Takes the request and gives the visitor, the fields and the approval, or the page that says why not,
after that is on record. Nothing of a form is read before its session, its origin and its token hold.
"""

from dataclasses import dataclass

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
    visitor = await visitor_of(visit)
    if isinstance(visitor, Refusal):
        if visitor.reason is Reason.SIGN_IN_NEEDED:
            return await turn_away(visit, visitor)
        return await problem(visit, visitor)
    approval, form = await visit.book.read(visit.request.subject), form_of(visit.request)
    if form is None:
        why = Reason.BODY_TOO_LARGE if visit.request.body is None else Reason.FORM_INVALID
        return await turn_away(visit, Refusal(why), visitor=visitor, approval=approval)
    if detail := guard.forged(visit.request, form, visitor.forms, visitor.session.id, visit.settings.url):
        refusal = Refusal(Reason.FORM_FORGED, detail)
        return await turn_away(visit, refusal, visitor=visitor, approval=approval)
    if approval is None:
        return await turn_away(visit, Refusal(Reason.APPROVAL_UNKNOWN), visitor=visitor)
    return Posted(visitor, form, approval)
