"""Room 6: whether the access that a call needs is open right now.

Takes a decided passage and gives nothing (the call may go on, recorded in the grant's session), or the
refusal that says where to ask for access. The grant is read at every call and compared with the clock,
so that no yes outlives it. A session token is good for the grant that it was issued under and for
nothing else: when that is over, so is the token.
"""

import json
from contextlib import suppress
from urllib.parse import urlencode

from gateway.access.grant import USED, Grant, State
from gateway.approvals.rounds import without_round
from gateway.reasons import Reason
from gateway.record import Passage
from gateway.rooms import Rooms
from gateway.seal import Seal, seal_for
from gateway.storage.contract import StoreUnavailableError
from gateway.values import Call, Caller, Refusal

PURPOSE = "grant-state"
PREFIX = "countersign-grant."
"""What tells the `requestState` of a client that waits for access from others."""
MAX_STATE = 512
"""Characters."""


async def require(passage: Passage, rooms: Rooms) -> Refusal | None:
    """None if the call needs no grant, or all that it needs are open."""
    caller, decision = passage.caller, passage.decision
    if caller is None or decision is None:
        return Refusal(Reason.POLICY_UNAVAILABLE)
    # A call that has waited for people comes here again: what was open before says nothing of now.
    passage.under, passage.grants = None, ()
    try:
        if refusal := await _open_round(passage, caller, rooms) or await _of_token(passage, caller, rooms):
            return refusal
        for name in decision.grants:
            if refusal := await _needs(passage, caller, name, rooms):
                return refusal
    except StoreUnavailableError:
        # fail-closed: access that cannot be read is not open.
        return Refusal(Reason.GRANTS_UNAVAILABLE, "the store of grants does not answer")
    return None


async def is_open(passage: Passage, name: str, rooms: Rooms) -> bool:
    """Whether the access that this call waits for is open. Raises StoreUnavailableError."""
    caller = passage.caller
    grant = await rooms.grants.held(caller, passage.call.server, name) if caller else None
    return grant is not None and grant.state(rooms.now()) is State.OPEN


async def _needs(passage: Passage, caller: Caller, name: str, rooms: Rooms) -> Refusal | None:
    if passage.under is not None and passage.under.request.grant == name:
        return None
    if caller.grant:
        # fail-closed: a session token opens what it was issued for, whatever else its holder may hold.
        return _needed(passage, name, rooms)
    grant = await rooms.grants.held(caller, passage.call.server, name)
    if grant is None or grant.state(rooms.now()) is not State.OPEN:
        return _needed(passage, name, rooms)
    await _enter(passage, grant, rooms)
    return None


async def enter_if_open(passage: Passage, name: str, rooms: Rooms) -> bool:
    """Whether the grant of that name is open for this call, which is then made under it. Raises
    StoreUnavailableError."""
    caller = passage.caller
    if caller is None or any(grant.request.grant == name for grant in passage.grants):
        return caller is not None
    if caller.grant:
        # fail-closed: as in `_needs`.
        return False
    grant = await rooms.grants.held(caller, passage.call.server, name)
    if grant is None or grant.state(rooms.now()) is not State.OPEN:
        return False
    await _enter(passage, grant, rooms)
    return True


async def _of_token(passage: Passage, caller: Caller, rooms: Rooms) -> Refusal | None:
    """The grant of a session token, which has to be open at every call, whatever the call is."""
    if not caller.grant:
        return None
    grant = await rooms.grants.read(caller.grant)
    if grant is None or not grant.is_held_by(caller) or grant.request.server != passage.call.server:
        return Refusal(Reason.GRANT_OVER, "no such grant of this caller on this server")
    if (state := grant.state(rooms.now())) is not State.OPEN:
        return Refusal(Reason.GRANT_OVER, f"it is {state.value}")
    await _enter(passage, grant, rooms)
    return None


async def _enter(passage: Passage, grant: Grant, rooms: Rooms) -> None:
    """What follows is recorded in the session of the grant; of several, in that of the first."""
    passage.grants += (grant,)
    if passage.under is None:
        passage.under, passage.session = grant, grant.request.session
    if USED not in grant.marks:
        # Reviews alone go by the mark: no call fails for want of it, and the next one writes it.
        with suppress(StoreUnavailableError):
            await rooms.grants.mark(grant, USED)


def _needed(passage: Passage, name: str, rooms: Rooms) -> Refusal:
    """Where to ask for it. The page knows who it is that opens it, and whether they may."""
    query = urlencode({"server": passage.call.server, "grant": name})
    return Refusal(Reason.GRANT_NEEDED, name, {"grant": name, "url": f"{rooms.settings.url}/access?{query}"})


async def _open_round(passage: Passage, caller: Caller, rooms: Rooms) -> Refusal | None:
    """The round that the client came back with is noted; the passage then has the call without it."""
    state = passage.call.params.get("requestState")
    if not isinstance(state, str) or not state.startswith(PREFIX):
        return None
    number = None
    for renew in (False, True):
        seal = await seal_for(PURPOSE, rooms.settings.session_key, rooms.secrets, renew=renew)
        if isinstance(seal, Refusal):
            return seal
        number = _opened(seal, state, caller, passage.call)
        if number is not None:
            break
    if number is None:
        return Refusal(Reason.REQUEST_STATE, "not made for this caller and server, or changed")
    passage.call, passage.grant_round = without_round(passage.call), number
    return None


def seal_state(seal: Seal, number: int, caller: Caller, server: str) -> str:
    """The `requestState` of that round."""
    return PREFIX + seal.seal_text(str(number).encode(), _bound_to(caller, server))


def _opened(seal: Seal, state: str, caller: Caller, call: Call) -> int | None:
    if len(state) > MAX_STATE:
        return None
    content = seal.open_text(state.removeprefix(PREFIX), _bound_to(caller, call.server))
    return None if content is None else int(content)


def _bound_to(caller: Caller, server: str) -> bytes:
    return json.dumps([caller.tenant, caller.object_id, caller.client, server]).encode()
