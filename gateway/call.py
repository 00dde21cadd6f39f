"""The walk of one call: the rooms in their order. Read this file first.

Every entry comes through `serve`, and every exit is recorded: a refusal before anything was
forwarded by `turn_away`, what came of a forwarded call by `settle` and `relay`. Rooms 6 (grant) and
7 (approval) do not exist yet; a policy that requires a grant or an approval refuses.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from gateway import answer, cors, groups, inbound
from gateway.answer import Answer
from gateway.authenticate import authenticate
from gateway.authorize import authorize
from gateway.forward import EventStream, Reply
from gateway.mcp_session import seal_of
from gateway.metadata import challenge
from gateway.policy.document import Policy
from gateway.reach import Response, reach_upstream, tell_upstream
from gateway.reasons import Reason
from gateway.record import Event, Outcome, Passage
from gateway.relay import relay
from gateway.rooms import Rooms
from gateway.session import find_session, session_of
from gateway.settle import acts, fail, settle
from gateway.values import Arrival, Origin, Refusal

_log = logging.getLogger("countersign")


async def serve(
    arrival: Arrival, origin: Origin, rooms: Rooms, gone: Callable[[], Awaitable[None]] | None = None
) -> Answer:
    """The answer to one HTTP request. Never raises: what the walk did not foresee is an internal error, on record.

    `gone` returns once the client has left.
    """
    headers, origins = dict(arrival.headers), rooms.settings.origins
    if arrival.http_method == "OPTIONS":
        return cors.preflight(headers, origins)
    reading = inbound.read(arrival, origins)  # 1
    served = await _served(Passage(reading.call, origin, gone=gone), reading.refusal, rooms)
    return replace(served, headers=served.headers | cors.headers(headers, origins))


async def _served(passage: Passage, refusal: Refusal | None, rooms: Rooms) -> Answer:
    try:
        return await turn_away(passage, refusal, rooms) if refusal else await walk(passage, rooms)
    except Exception as error:  # noqa: BLE001 - fail-closed: the one outer boundary
        # The kind alone: the text of an error may hold what the call held.
        _log.error("countersign.internal_error %s in call %s", type(error).__name__, passage.id)
        return await turn_away(passage, Refusal(Reason.INTERNAL, type(error).__name__), rooms)


async def walk(passage: Passage, rooms: Rooms) -> Answer:
    """The rooms from 2 on, one after the other; the first refusal ends the walk."""
    caller = await authenticate(passage.call.token, rooms.settings, rooms.keys)  # 2
    if isinstance(caller, Refusal):
        return await turn_away(passage, caller, rooms)
    passage.caller, passage.client_session = caller, passage.call.mcp_session
    passage.session = session_of(passage.call, caller, rooms.now())
    found = await find_session(passage.call, caller, rooms.settings.session_key, rooms.secrets, rooms.now())  # 3
    if isinstance(found, Refusal):
        return await turn_away(passage, found, rooms)
    passage.call, passage.session = found.call, found.session

    passage.policy = await policy_in_force(rooms)
    caller = await groups.complete(caller, passage.policy, rooms.memberships)
    if isinstance(caller, Refusal):
        return await turn_away(passage, caller, rooms)
    passage.caller = caller
    decision = authorize(passage.policy, caller, passage.call, rooms.now())  # 5
    if isinstance(decision, Refusal):
        return await turn_away(passage, decision, rooms)
    passage.decision = decision
    # 4 comes after 5, so that the gateway asks no upstream for tools on behalf of one who may not use them.
    held_back = await rooms.catalogue.check(passage, partial(reach_upstream, rooms=rooms))  # 4
    if held_back is not None:
        return await turn_away(passage, held_back, rooms)
    if decision.requires:  # 6, 7
        return await turn_away(passage, Refusal(Reason.REQUIREMENT_UNMET, ",".join(sorted(decision.requires))), rooms)

    if not await rooms.recorder.intent(passage, Event.INTENT if acts(passage) else Event.RELAYED):  # 8
        return answer.refused(passage.call, Refusal(Reason.EVIDENCE_UNAVAILABLE))
    response = await reach_upstream(passage, rooms)  # 9, 10
    return await hand_back(passage, response, rooms)  # 11, 12, 13


async def policy_in_force(rooms: Rooms) -> Policy | None:
    """The policy as it is now; that it changed, or that a new version was rejected, goes on record."""
    policy = await rooms.policy.current()
    changes = rooms.policy.changes()
    for change in changes:
        for line in change.problem:
            _log.error("countersign.policy_rejected %s", line)
    if not await rooms.recorder.policy(changes):
        _log.error("countersign.policy_change_unrecorded")
    return policy


async def hand_back(passage: Passage, response: Response, rooms: Rooms) -> Answer:
    """The client's answer: masked, its session id sealed, its outcome on record."""
    call, recorder = passage.call, rooms.recorder
    if isinstance(response, Refusal):
        return answer.refused(call, await fail(passage, response, recorder))
    session = await sealed_session(passage, response.mcp_session, rooms)
    if isinstance(session, Refusal):
        if isinstance(response, EventStream):
            await response.close()
        return answer.refused(call, await fail(passage, session, recorder))
    if isinstance(response, EventStream):
        return answer.streamed(session, relay(passage, response, recorder, partial(tell_upstream, passage, rooms)))
    if isinstance(response, Reply):
        settled = await settle(passage, response.message, recorder)
        return (
            answer.refused(call, settled)
            if isinstance(settled, Refusal)
            else answer.replied(response.status, session, settled)
        )
    if acts(passage) and not await recorder.outcome(passage, Outcome.SUCCEEDED):
        return answer.refused(call, Refusal(Reason.OUTCOME_UNRECORDED))
    return answer.accepted(response.status, session)


async def sealed_session(passage: Passage, upstream_id: str, rooms: Rooms) -> str | Refusal:
    """The session id for the client: the one it holds, or a newly sealed one; empty where there is none."""
    if not upstream_id or passage.caller is None:
        return ""
    if upstream_id == passage.call.mcp_session:
        return passage.client_session
    seal = await seal_of(rooms.settings.session_key, rooms.secrets)
    if isinstance(seal, Refusal):
        return seal
    return seal.seal(upstream_id, passage.caller, passage.call.server, rooms.now())


async def turn_away(passage: Passage, refusal: Refusal, rooms: Rooms) -> Answer:
    """The refusal, on record. A caller is told of it only once it is (fail-closed)."""
    if passage.on_its_way:
        return answer.refused(passage.call, await fail(passage, refusal, rooms.recorder))
    recorded = await rooms.recorder.refused(passage, refusal)
    if not recorded and passage.caller is not None:
        refusal = Refusal(Reason.EVIDENCE_UNAVAILABLE)
    return answer.refused(passage.call, refusal, challenge(rooms.settings, passage.call.server, refusal.reason))
