"""What an operator sees of just-in-time access, and its revocation.

Takes the register and gives what is to be printed. Names and reasons are other people's text: what does
not print is shown as an escape. A revocation that cannot be recorded does not happen.
"""

from collections.abc import Iterable
from datetime import UTC

from gateway.access import oversight
from gateway.access.grant import Grant
from gateway.access.oversight import Revoked
from gateway.access.register import Register
from gateway.access.review import STATES, Chosen, story, summary
from gateway.approvals.book import Actor, is_identifier
from gateway.approvals.evidence import NOBODY
from gateway.cli.asked_text import SHOWN
from gateway.cli.granted_text import in_lines, in_table
from gateway.cli.printed import FAILED, Printed, as_json
from gateway.reasons import Reason
from gateway.storage.contract import StoreUnavailableError
from gateway.tools.diff import visible
from gateway.values import Refusal


async def listed(register: Register, chosen: Chosen, *, is_json: bool) -> Printed:
    """The grants that are chosen, the newest first."""
    found = await oversight.survey(register, chosen)
    now, code = register.now(), FAILED if found.unreadable else 0
    told = [summary(grant, now, found.approvals.get(grant.id)) for grant in found.grants]
    if is_json:
        return as_json({"grants": told, "unreadable": list(found.unreadable)}, code)
    return Printed(code, in_table(told, now) if told else _nothing(chosen), _unreadable(found.unreadable))


async def shown(register: Register, start: str, *, is_json: bool) -> Printed:
    """The whole story of the grant whose id begins so."""
    grant = await _one(register, start)
    if isinstance(grant, Printed):
        return grant
    told = story(grant, register.now(), await register.book.read(grant.id))
    return as_json(told, 0) if is_json else Printed(0, in_lines(told, register.now()))


async def revoked(register: Register, start: str, reason: str, operator: str) -> Printed:
    """The grant whose id begins so is revoked; who did it and why is on record by then."""
    grant = await _one(register, start)
    return grant if isinstance(grant, Printed) else await _revoke(register, [grant], reason, operator)


async def all_revoked(register: Register, chosen: Chosen, reason: str, operator: str) -> Printed:
    """All grants that are chosen are revoked; what stands in the way of one is told, and holds up no other."""
    found = await oversight.survey(register, chosen)
    if not found.grants:
        none = "There is no such access that is open, begins later or waits for people; nothing was revoked."
        return Printed(FAILED, complaint=_joined(none, _unreadable(found.unreadable)))
    done = await _revoke(register, found.grants, reason, operator)
    code = FAILED if found.unreadable else done.code
    return Printed(code, done.text, _joined(done.complaint, _unreadable(found.unreadable)))


async def _revoke(register: Register, grants: Iterable[Grant], reason: str, operator: str) -> Printed:
    done = await oversight.revoke(register, grants, reason, Actor(None, NOBODY, operator=operator))
    told = [_told(each) for each in done if isinstance(each[1], Grant)]
    failed = [await _why(register, each) for each in done if not isinstance(each[1], Grant)]
    return Printed(FAILED if failed else 0, "\n".join(told), "\n".join(failed))


async def _one(register: Register, start: str) -> Grant | Printed:
    """The grant, or the complaint that there is none, or more than one."""
    found = [start] if is_identifier(start) else await oversight.beginning(register, start)
    if len(found) > 1:
        return _complaint(f"Several grants begin with {start}; give more digits: {', '.join(found)}.")
    try:
        grant = await oversight.as_it_stands(register, found[0]) if found else None
    except (ValueError, KeyError, TypeError):
        return _complaint(f"The rows of {found[0]} cannot be read: this gateway has not written them.")
    return grant or _complaint(f"There is no grant {start}; see list --all.")


def _told(each: Revoked) -> str:
    request = each[0].request
    holder = visible(request.name or request.subject)
    return f"Revoked {each[0].id[:SHOWN]}: {request.grant} on {request.server}, of {holder}."


async def _why(register: Register, each: Revoked) -> str:
    grant, outcome = each
    name = grant.id[:SHOWN]
    if isinstance(outcome, StoreUnavailableError):
        return (
            f"The store of grants does not answer ({outcome}), so it is not known whether {name} was revoked: "
            "see show, and try again."
        )
    if not isinstance(outcome, Refusal) or outcome.reason is Reason.GRANT_ENDED:
        current = await oversight.as_it_stands(register, grant.id) or grant
        since = f" since {current.ended.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if current.ended else ""
        return f"{name} is already over: it is {current.state(register.now()).value}{since}. Nothing was changed."
    if outcome.reason is Reason.EVIDENCE_UNAVAILABLE:
        return f"The evidence does not answer, or not to you, so {name} was not revoked."
    return outcome.reason.wire.sentence


def _nothing(chosen: Chosen) -> str:
    if chosen == Chosen(STATES["current"]):
        return "No access is open, begins later or waits for people; see list --all."
    return "There is no such access." if chosen.states == STATES["all"] else "There is no such access; see list --all."


def _unreadable(identifiers: tuple[str, ...]) -> str:
    return f"Cannot be read: {', '.join(identifiers)}." if identifiers else ""


def _joined(*sentences: str) -> str:
    return "\n".join(filter(None, sentences))


def _complaint(sentence: str) -> Printed:
    return Printed(FAILED, complaint=sentence)
