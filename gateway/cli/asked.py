"""What an operator sees of approvals, and the revocation of one.

Takes the book and gives what is to be printed. Names, targets and reasons are other people's text: what
does not print is shown as an escape. A revocation that cannot be recorded does not happen.
"""

from datetime import UTC

from gateway.approvals import oversight
from gateway.approvals.approval import Approval, State
from gateway.approvals.book import Actor, Book, is_identifier
from gateway.approvals.evidence import NOBODY
from gateway.approvals.story import story, summary
from gateway.cli.asked_text import SHOWN, in_lines, in_table
from gateway.cli.printed import FAILED, Printed, as_json
from gateway.reasons import Reason
from gateway.storage.contract import StoreUnavailableError
from gateway.tools.diff import visible
from gateway.values import Refusal


async def listed(book: Book, state: str, server: str, *, is_json: bool) -> Printed:
    """The approvals in that state (a key of `STATES`), of one server where one is named, the newest first."""
    found = await oversight.survey(book, oversight.STATES[state], server)
    now, code = book.now(), FAILED if found.unreadable else 0
    told = [summary(approval, now) for approval in found.approvals]
    if is_json:
        return as_json({"approvals": told, "unreadable": list(found.unreadable)}, code)
    complaint = f"Cannot be read: {', '.join(found.unreadable)}." if found.unreadable else ""
    if not told:
        return Printed(code, _nothing(state, server), complaint)
    return Printed(code, in_table(told, now), complaint)


async def shown(book: Book, start: str, *, is_json: bool) -> Printed:
    """The whole story of the approval whose id begins so."""
    approval = await _one(book, start)
    if isinstance(approval, Printed):
        return approval
    told = story(approval, book.now())
    return as_json(told, 0) if is_json else Printed(0, in_lines(told, book.now()))


async def revoked(book: Book, start: str, reason: str, operator: str) -> Printed:
    """The approval whose id begins so is revoked; who did it and why is on record by then."""
    approval = await _one(book, start)
    if isinstance(approval, Printed):
        return approval
    name = approval.id[:SHOWN]
    try:
        ended = await oversight.revoke(book, approval, reason, Actor(None, NOBODY, operator=operator))
    except StoreUnavailableError as error:
        unknown = f"so it is not known whether {name} was revoked: see show, and try again."
        return Printed(FAILED, complaint=f"The store of approvals does not answer ({error}), {unknown}")
    if isinstance(ended, Refusal):
        return Printed(FAILED, complaint=await _why(book, approval, ended))
    request = ended.request
    return Printed(
        0,
        f"Revoked {name}: {visible(request.target)} on {request.server}, asked for by "
        f"{visible(request.name or request.subject)}, cannot be made any more.",
    )


async def _one(book: Book, start: str) -> Approval | Printed:
    """The approval, or the complaint that there is none, or more than one."""
    found = [start] if is_identifier(start) else await oversight.beginning(book, start)
    if len(found) > 1:
        return _complaint(f"Several approvals begin with {start}; give more digits: {', '.join(found)}.")
    try:
        approval = await book.read(found[0]) if found else None
    except (ValueError, KeyError, TypeError):
        return _complaint(f"The rows of {found[0]} cannot be read: this gateway has not written them.")
    return approval or _complaint(f"There is no approval {start}; see list --state all.")


async def _why(book: Book, approval: Approval, refusal: Refusal) -> str:
    name = approval.id[:SHOWN]
    if refusal.reason is Reason.APPROVAL_OVER:
        current = await book.read(approval.id) or approval
        state = current.state(book.now())
        return f"{name} is already over: it is {state.value}{_since(current, state)}. Nothing was changed."
    if refusal.reason is Reason.EVIDENCE_UNAVAILABLE:
        return f"The evidence does not answer, or not to you, so {name} was not revoked."
    return refusal.reason.wire.sentence


def _since(approval: Approval, state: State) -> str:
    ending = approval.spent or approval.settled
    # One that the clock ended has no row that says so before somebody looks at it.
    return f" since {ending.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if ending and ending.state is state else ""


def _nothing(state: str, server: str) -> str:
    where = f" of {visible(server)}" if server else ""
    if state == "open":
        return f"Nothing{where} waits for people or can still be used; see --state all."
    return f"There are no approvals{where}." if state == "all" else f"No approval{where} is {state}."


def _complaint(sentence: str) -> Printed:
    return Printed(FAILED, complaint=sentence)
