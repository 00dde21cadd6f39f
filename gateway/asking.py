"""How a client is sent to ask for access: by the ways in which one waits for an approval.

Takes the passage of a call that needs a grant which is not open, and gives the answer. A client that
opens pages is sent to the page and comes back with `requestState` (2026-07-28), or learns the address
from an error (2025-11-25); any other is told by an ordinary result to ask, and then to repeat the call.
"""

import asyncio
import hashlib
from typing import Any

from gateway import answer
from gateway.answer import Answer
from gateway.approvals import rounds
from gateway.grant import PURPOSE, is_open, seal_state
from gateway.holding import Again
from gateway.reasons import Reason
from gateway.record import Passage
from gateway.rooms import Rooms
from gateway.seal import seal_for
from gateway.storage.contract import StoreUnavailableError
from gateway.values import Refusal
from gateway.waiting import Way, way_of


async def ask_for_access(passage: Passage, needed: Refusal, rooms: Rooms, again: Again) -> Answer | Refusal:
    """The answer to a call whose access is not open: where to ask, or what came of the call once it was opened."""
    way = way_of(passage)
    if way is Way.PAGE:
        return Refusal(Reason.PAGE_NEEDED, needed.detail, {"elicitations": [_elicitation(passage, needed)]})
    if way is Way.ROUNDS and passage.grant_round < rounds.LAST:
        try:
            return await _go_round(passage, needed, rooms, again)
        except StoreUnavailableError:
            return Refusal(Reason.GRANTS_UNAVAILABLE, "the store of grants does not answer")
    return needed


async def _go_round(passage: Passage, needed: Refusal, rooms: Rooms, again: Again) -> Answer | Refusal:
    number, caller = passage.grant_round, passage.caller
    if number > 0 and await _opens(passage, needed.detail, rooms):
        return await again()
    seal = await seal_for(PURPOSE, rooms.settings.session_key, rooms.secrets)
    if isinstance(seal, Refusal) or caller is None:
        return seal if isinstance(seal, Refusal) else Refusal(Reason.TOKEN_MISSING)
    state = seal_state(seal, number + 1, caller, passage.call.server)
    result = rounds.input_required(state, _elicitation(passage, needed) if number == 0 else None)
    if not await rooms.recorder.refused(passage, Refusal(Reason.GRANT_NEEDED, f"{needed.detail}, round {number + 1}")):
        return Refusal(Reason.EVIDENCE_UNAVAILABLE)
    return answer.replied(200, "", {"jsonrpc": "2.0", "id": passage.call.id, "result": result})


async def _opens(passage: Passage, name: str, rooms: Rooms) -> bool:
    """Whether the access is opened within one leg. Looks at the store now and then."""
    clock = asyncio.get_running_loop().time
    until = clock() + rooms.pace.leg
    while not await is_open(passage, name, rooms):
        if clock() >= until:
            return False
        await asyncio.sleep(rooms.pace.look)
    return True


def _elicitation(passage: Passage, needed: Refusal) -> dict[str, Any]:
    """A request to open the page on which access is asked for (client/elicitation, URL mode)."""
    url = str(needed.data["url"])
    caller = passage.caller.object_id if passage.caller else ""
    return {
        "mode": "url",
        "elicitationId": hashlib.sha256(f"{caller} {url}".encode()).hexdigest()[:32],
        "url": url,
        "message": Reason.GRANT_NEEDED.wire.sentence,
    }
