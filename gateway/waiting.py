"""How a client waits for people: the way that its request declares it can, and never long in one request.

Takes a passage and the approval that it waits for, and gives the answer. In this order: a task (the
tasks extension), a page to open and `requestState` to come back with (2026-07-28), an error that names
the page (2025-11-25), a short wait with progress. Whoever is left is told to repeat the same call.
"""

from enum import Enum, auto
from typing import Any

from gateway import answer, holding, tasks
from gateway.answer import Answer
from gateway.approval import Pending
from gateway.approvals import rounds
from gateway.approvals.approval import Approval, State
from gateway.approvals.rounds import Round
from gateway.holding import Again
from gateway.protocol import CAPABILITIES_META, VERSION_HEADER
from gateway.reasons import Reason
from gateway.record import Passage
from gateway.rooms import Rooms
from gateway.seal import seal_for
from gateway.storage.contract import StoreUnavailableError
from gateway.values import Call, Era, Refusal

URL_ELICITATION_SINCE = "2025-11-25"
"""The one revision that knows the error -32042 (2025-11-25 client/elicitation)."""


class Way(Enum):
    """How a client waits."""

    TASK = auto()
    ROUNDS = auto()
    """The first answer asks for the page to be opened; further ones come after a wait."""
    PAGE = auto()
    """An error that names the page, once for each approval."""
    HOLD = auto()


def way_of(passage: Passage) -> Way:
    """The way that the request declares. Pure."""
    call = passage.call
    if call.era is Era.MODERN:
        declared = _declared(call)
        if tasks.is_offered(passage) and tasks.is_declared(call):
            return Way.TASK
        return Way.ROUNDS if opens_pages(declared) and call.method in rounds.METHODS else Way.HOLD
    is_known = dict(call.headers).get(VERSION_HEADER) == URL_ELICITATION_SINCE
    return Way.PAGE if is_known and passage.can_open_pages else Way.HOLD


def _declared(call: Call) -> dict[str, Any]:
    meta = call.params.get("_meta")
    found = meta.get(CAPABILITIES_META) if isinstance(meta, dict) else None
    return found if isinstance(found, dict) else {}


def opens_pages(capabilities: Any) -> bool:
    """Whether a client that declares these capabilities lets its person open a page (elicitation in URL mode)."""
    elicitation = capabilities.get("elicitation") if isinstance(capabilities, dict) else None
    return isinstance(elicitation, dict) and isinstance(elicitation.get("url"), dict)


async def wait(passage: Passage, pending: Pending, rooms: Rooms, again: Again) -> Answer | Refusal:
    """The answer to a call that waits: what came of it meanwhile, or how its client comes back."""
    approval, way = pending.approval, way_of(passage)
    try:
        if way is Way.TASK:
            return await tasks.create(passage, approval, rooms)
        if way is Way.ROUNDS and pending.round < rounds.LAST:
            return await _go_round(passage, pending, rooms, again)
        if way is Way.PAGE and await rooms.approvals.mark(approval, "page-named"):
            return Refusal(Reason.PAGE_NEEDED, data={"elicitations": [_elicitation(passage, approval, rooms)]})
        if passage.is_held or approval.lacks_reason:
            return holding.pending(approval, rooms)
        return await holding.hold(passage, approval, rooms, again)
    except StoreUnavailableError:
        return Refusal(Reason.APPROVALS_UNAVAILABLE, "the store of approvals does not answer")


async def _go_round(passage: Passage, pending: Pending, rooms: Rooms, again: Again) -> Answer | Refusal:
    """The first round names the page at once; each later one waits for people first."""
    approval, caller = pending.approval, passage.caller
    is_first = pending.round == 0 and not passage.is_held
    if not is_first:
        state = await holding.settled(passage, approval, rooms, rooms.pace.leg)
        if state is not State.PENDING:
            return await holding.ended(passage, state, again)
    seal = await seal_for(rounds.PURPOSE, rooms.settings.session_key, rooms.secrets)
    if isinstance(seal, Refusal) or caller is None:
        return seal if isinstance(seal, Refusal) else Refusal(Reason.TOKEN_MISSING)
    text = rounds.seal_round(seal, Round(approval.id, pending.round + 1), caller, passage.call.server)
    asked = _elicitation(passage, approval, rooms) if is_first else None
    return await told(passage, rounds.input_required(text, asked), f"round {pending.round + 1}", rooms)


def _elicitation(passage: Passage, approval: Approval, rooms: Rooms) -> dict[str, Any]:
    """A request to open the requester's page (client/elicitation, URL mode). The page asks who it is that opens it."""
    words = Reason.APPROVAL_NEEDS_REASON if approval.lacks_reason else Reason.APPROVAL_PENDING
    return {
        "mode": "url",
        "elicitationId": approval.id,
        "url": f"{rooms.settings.url}/requests/{approval.id}",
        "message": words.wire.sentence,
    }


async def told(passage: Passage, result: dict[str, Any], how: str, rooms: Rooms) -> Answer | Refusal:
    """A result that says that the call waits; that it was told is on record."""
    if not await rooms.recorder.refused(passage, Refusal(Reason.APPROVAL_PENDING, how)):
        return Refusal(Reason.EVIDENCE_UNAVAILABLE)
    return answer.replied(200, "", {"jsonrpc": "2.0", "id": passage.call.id, "result": result})
