"""The walk of one call: the rooms in their order. Read this file first.

Every entry comes through `serve`, and every exit is recorded: a refusal before anything was
forwarded by `turn_away`, what came of a forwarded call by `settle` and `relay`.
"""

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from gateway import answer, approval, cors, grant, groups, inbound, limits, shown, tasks
from gateway.answer import Answer
from gateway.approvals.approval import Approval
from gateway.approvals.orchestrations import Orchestrations
from gateway.aside import aside, is_large
from gateway.asking import ask_for_access
from gateway.authenticate import SessionTokens, authenticate
from gateway.authorize import authorize
from gateway.forward import EventStream, Reply
from gateway.holding import cancelled
from gateway.inbound import Reading
from gateway.keyed import keyed_for
from gateway.mcp_session import seal_of
from gateway.metadata import challenge
from gateway.outgoing import screen
from gateway.policy.document import Policy
from gateway.presence import while_there
from gateway.reach import Response, reach_upstream, tell_upstream
from gateway.reasons import Reason
from gateway.record import Event, Outcome, Passage
from gateway.relay import relay
from gateway.reveal import lift
from gateway.rooms import Rooms
from gateway.session import find_session, session_of
from gateway.settle import acts, concluded, fail, settle
from gateway.telemetry.context import parents_of, parse
from gateway.values import Arrival, Call, Caller, Era, Origin, Refusal
from gateway.waiting import opens_pages, wait
from gateway.watch import watch_over

_log = logging.getLogger("countersign")


async def serve(
    arrival: Arrival,
    origin: Origin,
    rooms: Rooms,
    gone: Callable[[], Awaitable[None]] | None = None,
    orchestrations: Orchestrations | None = None,
) -> Answer:
    """The answer to one HTTP request. Never raises: what the walk did not foresee is an internal error, on record.

    `gone` returns once the client has left; without `orchestrations` nothing can be approved.
    """
    headers, origins = dict(arrival.headers), rooms.settings.origins
    if arrival.http_method == "OPTIONS":
        return cors.preflight(headers, origins)
    began = time.time_ns()
    reading = inbound.read_head(arrival, origins)  # 1
    passage = Passage(reading.call, origin, gone=gone, orchestrations=orchestrations)
    served = await limits.during(passage, bounded(passage, _entered(passage, arrival, reading, began, rooms), rooms))
    body = passage.trace.through(passage, served.body)
    return replace(served, headers=served.headers | cors.headers(headers, origins), body=body)


async def _entered(passage: Passage, arrival: Arrival, reading: Reading, began: int, rooms: Rooms) -> Answer:
    """The walk of a request whose head is read."""
    if reading.refusal is None and arrival.http_method == "POST":
        reading = await read_body(passage, arrival, rooms)
    trace = rooms.telemetry.begin(reading.call, parents_of(reading.call, passage.origin.trace), began)
    passage.call, passage.trace = reading.call, trace
    passage.origin = replace(passage.origin, trace=trace.traceparent)
    return await (turn_away(passage, reading.refusal, rooms) if reading.refusal else walk(passage, rooms))


async def read_body(passage: Passage, arrival: Arrival, rooms: Rooms) -> Reading:
    """The call with its body read; a large one only for whom the token is good, and beside the event loop.

    Of a small one who sent no good token is read too, so that the refusal has its id and the record what was tried.
    """
    reading = partial(inbound.read_body, passage.call, arrival)
    if not is_large(arrival.body):
        return reading()
    caller = await _caller_of(passage.call, rooms)
    if isinstance(caller, Refusal):
        return Reading(passage.call, caller)
    # To leave cancels a request in the modern era alone (2025-11-25 basic/transports, Sending Messages).
    gone = passage.gone if passage.call.era is Era.MODERN else None
    found = await while_there(gone, aside(arrival.body, reading, caller))
    return Reading(passage.call, found) if isinstance(found, Refusal) else found


async def bounded(passage: Passage, steps: Awaitable[Answer], rooms: Rooms) -> Answer:
    """What the steps answer; an internal error, on record, where they raise."""
    try:
        return await steps
    except Exception as error:  # noqa: BLE001 - fail-closed: the one outer boundary
        # The kind alone: the text of an error may hold what the call held.
        _log.error("countersign.internal_error %s in call %s", type(error).__name__, passage.id)
        return await turn_away(passage, Refusal(Reason.INTERNAL, type(error).__name__), rooms)


async def walk(passage: Passage, rooms: Rooms) -> Answer:
    """The rooms from 2 on, one after the other; the first refusal ends the walk."""
    caller = await passage.trace.room("authenticate", _caller_of(passage.call, rooms))  # 2
    if isinstance(caller, Refusal):
        return await turn_away(passage, caller, rooms)
    passage.caller, passage.client_session = caller, passage.call.mcp_session
    passage.session = session_of(passage.call, caller, rooms.now())
    finding = find_session(passage.call, caller, rooms.settings.session_key, rooms.secrets, rooms.now())
    found = await passage.trace.room("session", finding)  # 3
    if isinstance(found, Refusal):
        return await turn_away(passage, found, rooms)
    passage.call, passage.session, passage.can_open_pages = found.call, found.session, found.can_open_pages
    return await decided(passage, caller, rooms)


async def _caller_of(call: Call, rooms: Rooms) -> Caller | Refusal:
    sessions = SessionTokens(rooms.signing, call.server, rooms.now().timestamp())
    return await authenticate(call.token, rooms.settings, rooms.keys, sessions=sessions)


async def decided(passage: Passage, caller: Caller, rooms: Rooms) -> Answer:
    """The rooms from the policy on. A call that has waited for people comes back here, to be decided again."""
    again = partial(_again, passage, caller, rooms)
    if refusal := await checked(passage, caller, rooms):
        if refusal.reason is Reason.GRANT_NEEDED:
            asking = passage.trace.room("wait for people", ask_for_access(passage, refusal, rooms, again))
            return await told(passage, await asking, rooms)
        return await turn_away(passage, refusal, rooms)
    if passage.call.method in tasks.METHODS:
        return await told(passage, await tasks.answer(passage, rooms), rooms)
    waiting = await passage.trace.room("approval", approval.require(passage, rooms))  # 7
    if isinstance(waiting, approval.Pending):
        held = passage.trace.room("wait for people", wait(passage, waiting, rooms, again))
        return await told(passage, await held, rooms)
    if waiting is not None:
        return await turn_away(passage, waiting, rooms)
    return await made(passage, rooms)


async def checked(passage: Passage, caller: Caller, rooms: Rooms) -> Refusal | None:
    """Why the call may not be made, whoever approved it, by the policy and the catalogue as they are now."""
    passage.vouched, passage.policy = caller, await policy_in_force(rooms)
    completing = groups.complete(caller, passage.policy, rooms.memberships)
    complete = await passage.trace.room("groups", completing)
    if isinstance(complete, Refusal):
        return complete
    passage.caller = complete
    if too_much := passage.trace.pure("limits", partial(rooms.limits.admit, passage)):
        return too_much
    deciding = partial(authorize, passage.policy, complete, passage.call, rooms.now())
    decided = passage.trace.pure("authorize", deciding)  # 5
    decision = await shown.as_shown(passage, decided, rooms)
    if isinstance(decision, Refusal):
        return decision
    keyed = await keyed_for(passage.session, rooms.settings.session_key, rooms.secrets)
    if isinstance(keyed, Refusal):
        return keyed
    passage.keyed = keyed
    screened = await screen(passage, decision)
    if isinstance(screened, Refusal):
        return screened
    passage.decision = screened
    # 4 comes after 5, so that the gateway asks no upstream for tools on behalf of one who may not use them.
    checking = rooms.catalogue.check(passage, partial(reach_upstream, rooms=rooms))
    held_back = await passage.trace.room("catalogue", checking)  # 4
    if held_back is not None:
        return held_back
    not_open = await passage.trace.room("grant", grant.require(passage, rooms))  # 6
    return not_open or await lift(passage, rooms) or tasks.unheard(passage)


async def resumed(passage: Passage, approved: Approval, begun: Call, rooms: Rooms) -> Answer:
    """The same rooms for the call of a task, which the gateway makes by itself: by this approval and no other."""
    parent = parse(passage.origin.trace)
    passage.trace = rooms.telemetry.begin(passage.call, (parent,) if parent else (), is_served=False)
    found = await bounded(passage, _resumed(passage, approved, begun, rooms), rooms)
    return replace(found, body=passage.trace.through(passage, found.body))


async def _resumed(passage: Passage, approved: Approval, begun: Call, rooms: Rooms) -> Answer:
    if passage.caller is None:
        return await turn_away(passage, Refusal(Reason.TOKEN_MISSING), rooms)
    refusal = await checked(passage, passage.caller, rooms) or await approval.permit(passage, approved, begun, rooms)
    return await turn_away(passage, refusal, rooms) if refusal else await made(passage, rooms)


async def made(passage: Passage, rooms: Rooms) -> Answer:
    """The rooms from the intent on, for a call that may be made now."""
    await cancelled(passage, rooms)
    passage.call = approval.without_asides(passage.call)
    recording = rooms.recorder.intent(passage, Event.INTENT if acts(passage) else Event.RELAYED)
    if not await passage.trace.room("record intent", recording):  # 8
        passage.trace.came_of(passage, Outcome.REFUSED, Refusal(Reason.EVIDENCE_UNAVAILABLE))
        return answer.refused(passage.call, Refusal(Reason.EVIDENCE_UNAVAILABLE))
    if spent := await approval.spend(passage, rooms):
        return await turn_away(passage, spent, rooms)
    passage.trace.approved(passage.spends)
    response = await reach_upstream(passage, rooms)  # 9, 10
    return await hand_back(passage, response, rooms)  # 11, 12, 13


async def _again(passage: Passage, caller: Caller, rooms: Rooms) -> Answer:
    return await bounded(passage, decided(passage, caller, rooms), rooms)


async def told(passage: Passage, found: Answer | Refusal, rooms: Rooms) -> Answer:
    return await turn_away(passage, found, rooms) if isinstance(found, Refusal) else found


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
        tell, watch = partial(tell_upstream, passage, rooms), watch_over(passage, rooms)
        return answer.streamed(session, relay(passage, response, recorder, tell, watch))
    if isinstance(response, Reply):
        settled = await settle(passage, response.message, recorder, gone=passage.gone)
        return (
            answer.refused(call, settled)
            if isinstance(settled, Refusal)
            else answer.replied(response.status, session, settled)
        )
    if acts(passage) and not await concluded(passage, Outcome.SUCCEEDED, recorder):
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
    opens = opens_pages(passage.call.params.get("capabilities"))
    return seal.seal(upstream_id, passage.caller, passage.call.server, rooms.now(), can_open_pages=opens)


async def turn_away(passage: Passage, refusal: Refusal, rooms: Rooms) -> Answer:
    """The refusal, on record or counted for it. A caller is told of it only once it is (fail-closed)."""
    if passage.on_its_way:
        return answer.refused(passage.call, await fail(passage, refusal, rooms.recorder))
    record = partial(rooms.recorder.refused, passage, refusal)
    recorded = passage.is_counted or await passage.trace.room("record refusal", record())
    passage.trace.came_of(passage, Outcome.REFUSED, refusal)
    if not recorded and passage.caller is not None:
        refusal = Refusal(Reason.EVIDENCE_UNAVAILABLE)
    return answer.refused(passage.call, refusal, challenge(rooms.settings, passage.call.server, refusal.reason))
