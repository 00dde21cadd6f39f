"""Rooms 11 and 12 for one message: as this caller may see it, and its outcome on record.

Takes a passage and a JSON-RPC message of the upstream, and returns the message that may leave, or
the refusal that takes its place. Lists lose what the caller may not use, data is masked, and the
outcome is durable before anything is returned; where that fails, the answer stays here (fail-closed).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from gateway import mask
from gateway.approvals.task import offers
from gateway.aside import aside, is_large
from gateway.authorize import filter_list
from gateway.client_features import forbidden
from gateway.evidence.payload import Payload
from gateway.handshake import served
from gateway.policy.hiding import changing_lists
from gateway.policy.obligations import masks
from gateway.presence import while_there
from gateway.protocol import METHODS
from gateway.reasons import Reason
from gateway.record import EVERYTHING, Outcome, Passage, Recorder
from gateway.values import Call, Era, Hidden, Masked, MessageKind, Refusal


def acts(passage: Passage) -> bool:
    """Whether the call acts or reads, and so has an intent and an outcome on record.

    An answer on a resumed stream may be to such a call, so its outcome is recorded whatever it is.
    """
    call = passage.call
    if call.kind is MessageKind.STREAM:
        return call.id is not None
    return call.kind is MessageKind.RESPONSE or (call.method in METHODS and METHODS[call.method].acts)


def features_of(passage: Passage) -> frozenset[str]:
    """The client features that the policy lets this call's server use; none without a policy (fail-closed).

    In the modern era a caller's answers come as another request, which is decided on for itself. Elsewhere they
    would reach the server in the middle of an approved call, so it may ask only where the approval covers them.
    """
    approvals = passage.decision.approvals if passage.decision else ()
    if (passage.call.era is Era.LEGACY or passage.is_unattended) and not all(each.covers_answers for each in approvals):
        return frozenset()
    server = passage.policy.servers.get(passage.call.server) if passage.policy else None
    return server.client_features if server else frozenset()


def visible(passage: Passage, message: dict[str, Any]) -> Masked | Refusal:
    """A message from the upstream as this caller may see it. Pure."""
    decision, caller, policy = passage.decision, passage.caller, passage.policy
    server = policy.servers.get(passage.call.server) if policy else None
    if decision is None or caller is None or policy is None or server is None:
        return Refusal(Reason.MASKING_FAILED, "no decision")
    terms = mask.Terms(largest_blob=server.largest_blob)
    if isinstance(message.get("result"), dict):
        call = _answered(passage.call, message["result"])
        changing = changing_lists(policy, caller, call.server)
        result = served(call.method, message["result"], has_tasks=offers(policy, call.server), changing=changing)
        if isinstance(result, Refusal):
            return result
        message = message | {"result": filter_list(policy, caller, call, result, passage.open_grants, passage.list_ttl)}
        if call.method == "tools/list":
            # What a call of one of them may owe, so that no result breaks the schema that is published here.
            terms = replace(terms, results=masks(policy, caller, call.server, [*policy.rules_of.get(call.server, ())]))
    return mask.mask(message, decision.masks, passage.keyed, terms)


def _answered(call: Call, result: Mapping[str, Any]) -> Call:
    """The call that a result answers. On a resumed stream (2025-11-25, Resumability) only its shape tells."""
    if call.kind is not MessageKind.STREAM:
        return call
    return next((replace(call, method=method) for field, method in _LISTED_IN.items() if field in result), call)


async def admitted(passage: Passage, message: dict[str, Any]) -> dict[str, Any] | Refusal:
    """The message without the tools that the catalogue holds back; every message but a list of tools as it is.

    What is open is read anew for every list, so that the list follows it.
    """
    result = message.get("result")
    method = _answered(passage.call, result).method if isinstance(result, dict) else ""
    if passage.look is not None and method.endswith("/list") and (refusal := await passage.look(passage)):
        return refusal
    if not isinstance(result, dict) or method != "tools/list":
        return message
    if passage.admit is None:
        # fail-closed: no list of tools leaves that nobody has looked at.
        return Refusal(Reason.CATALOGUE_UNAVAILABLE, "not looked at")
    kept = await passage.admit(passage, result)
    return kept if isinstance(kept, Refusal) else message | {"result": kept}


async def settle(
    passage: Passage,
    message: dict[str, Any],
    recorder: Recorder,
    told: Sequence[Hidden] = (),
    gone: Callable[[], Awaitable[None]] | None = None,
) -> dict[str, Any] | Refusal:
    """The final response to the call as it may leave; its outcome is durable if the call acts.

    `told` is what was hidden of the notifications before it, for the record. Where `gone` returns before a large
    answer is masked, nobody masks it any more; that the client left is on record then, and of the answer nothing.
    """
    if method := forbidden(message, features_of(passage)):
        refusal = Refusal(Reason.SERVER_REQUEST_REFUSED, mask.mask_text(method, EVERYTHING))
        return await fail(passage, refusal, recorder, hidden=told)
    kept = await admitted(passage, message)
    masked = await while_there(gone if is_large(message) else None, _masked(passage, kept, message, recorder, told))
    if isinstance(masked, Refusal):
        # The server has acted, for nobody: that is not what a call is that was cancelled.
        return await fail(passage, masked, recorder, Outcome.WITHHELD, hidden=told)
    seen, body = masked
    if isinstance(seen, Refusal):
        return await fail(passage, seen, recorder, Outcome.WITHHELD, body, told)
    outcome, passage.uninspected = outcome_of(message), seen.uninspected
    hidden = (*told, *seen.hidden)
    if not acts(passage):
        passage.trace.came_of(passage, outcome, hidden=hidden)
    elif not await concluded(passage, outcome, recorder, hidden=hidden, body=body):
        return Refusal(Reason.OUTCOME_UNRECORDED)
    state = message["result"].get("requestState") if outcome is Outcome.INPUT_REQUIRED else None
    if passage.remember is not None and isinstance(state, str):
        await passage.remember(state)
    return seen.message


async def _masked(
    passage: Passage,
    kept: dict[str, Any] | Refusal,
    message: dict[str, Any],
    recorder: Recorder,
    told: Sequence[Hidden],
) -> tuple[Masked | Refusal, Payload | None]:
    """The answer as this caller may see it, and as the record may hold it: nothing is written here, so that whoever
    leaves meanwhile is done with."""
    seen: Masked | Refusal
    if isinstance(kept, Refusal):
        seen = kept
    else:
        seen = await passage.trace.room("mask", aside(kept, partial(visible, passage, kept), passage.caller))
    if not acts(passage) and not isinstance(seen, Refusal):
        return seen, None
    hidden = told if isinstance(seen, Refusal) else (*told, *seen.hidden)
    return seen, await recorder.body(passage, message, hidden)


async def fail(
    passage: Passage,
    refusal: Refusal,
    recorder: Recorder,
    outcome: Outcome = Outcome.FAILED,
    body: Payload | None = None,
    hidden: Sequence[Hidden] = (),
) -> Refusal:
    """The refusal of a call that was already on its way, on record, or the refusal that says it is not.

    `body` is the answer that is kept back, if there is one, `hidden` what was hidden of what was not.
    """
    if refusal.reason in _CANCELS and outcome is Outcome.FAILED:
        outcome = Outcome.CANCELLED
    if refusal.reason is Reason.RESULT_TOO_LARGE:
        outcome = Outcome.WITHHELD
    recorded = await concluded(passage, outcome, recorder, hidden=hidden, refusal=refusal, body=body)
    return refusal if recorded else Refusal(Reason.OUTCOME_UNRECORDED)


async def concluded(
    passage: Passage,
    outcome: Outcome,
    recorder: Recorder,
    *,
    hidden: Sequence[Hidden] = (),
    refusal: Refusal | None = None,
    body: Payload | None = None,
) -> bool:
    """What came of the call is on record, as `Recorder.outcome` has it, and in the trace."""
    recording = recorder.outcome(passage, outcome, hidden=hidden, refusal=refusal, body=body)
    passage.concluding = asyncio.ensure_future(passage.trace.room("record outcome", recording))
    # Whoever is cancelled here leaves the record to its end, so that there is one outcome and not two.
    recorded = await asyncio.shield(passage.concluding)
    if recorded:
        passage.trace.came_of(passage, outcome, refusal, hidden)
    else:
        passage.trace.came_of(passage, Outcome.WITHHELD, Refusal(Reason.OUTCOME_UNRECORDED))
    return recorded


def outcome_of(message: dict[str, Any]) -> Outcome:
    if "error" in message:
        return Outcome.SERVER_ERROR
    result = message["result"]
    if result.get("resultType") == "input_required":
        return Outcome.INPUT_REQUIRED
    return Outcome.TOOL_ERROR if result.get("isError") is True else Outcome.SUCCEEDED


_CANCELS = frozenset({Reason.CLIENT_GONE, Reason.GRANT_OVER, Reason.GRANT_CUT_OFF})

_LISTED_IN = {
    "tools": "tools/list",
    "resources": "resources/list",
    "resourceTemplates": "resources/templates/list",
    "prompts": "prompts/list",
    "protocolVersion": "initialize",
}
