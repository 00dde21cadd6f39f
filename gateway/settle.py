"""Rooms 11 and 12 for one message: as this caller may see it, and its outcome on record.

Takes a passage and a JSON-RPC message of the upstream, and returns the message that may leave, or
the refusal that takes its place. Lists lose what the caller may not use, data is masked, and the
outcome is durable before anything is returned; where that fails, the answer stays here (fail-closed).
"""

from typing import Any

from gateway import mask
from gateway.authorize import filter_list
from gateway.protocol import METHODS
from gateway.reasons import Reason
from gateway.record import Outcome, Passage, Recorder
from gateway.values import Masked, MessageKind, Refusal


def acts(passage: Passage) -> bool:
    """Whether the call acts or reads, and so has an intent and an outcome on record."""
    call = passage.call
    return call.kind is MessageKind.RESPONSE or (call.method in METHODS and METHODS[call.method].acts)


def visible(passage: Passage, message: dict[str, Any]) -> Masked | Refusal:
    """A message from the upstream as this caller may see it. Pure."""
    decision, caller, policy = passage.decision, passage.caller, passage.policy
    if decision is None or caller is None or policy is None:
        return Refusal(Reason.MASKING_FAILED, "no decision")
    if passage.call.method in _LISTS and "result" in message:
        message = message | {"result": filter_list(policy, caller, passage.call, message["result"])}
    return mask.mask(message, decision.masks)


async def settle(passage: Passage, message: dict[str, Any], recorder: Recorder) -> dict[str, Any] | Refusal:
    """The final response to the call as it may leave; its outcome is durable if the call acts."""
    seen = visible(passage, message)
    if isinstance(seen, Refusal):
        return await fail(passage, seen, recorder, Outcome.WITHHELD)
    if not acts(passage) or await recorder.outcome(passage, outcome_of(message), hidden=seen.hidden):
        return seen.message
    return Refusal(Reason.OUTCOME_UNRECORDED)


async def fail(passage: Passage, refusal: Refusal, recorder: Recorder, outcome: Outcome = Outcome.FAILED) -> Refusal:
    """The refusal of a call that was already on its way, on record, or the refusal that says it is not."""
    recorded = await recorder.outcome(passage, outcome, refusal=refusal)
    return refusal if recorded else Refusal(Reason.OUTCOME_UNRECORDED)


def outcome_of(message: dict[str, Any]) -> Outcome:
    if "error" in message:
        return Outcome.SERVER_ERROR
    result = message["result"]
    if result.get("resultType") == "input_required":
        return Outcome.INPUT_REQUIRED
    return Outcome.TOOL_ERROR if result.get("isError") is True else Outcome.SUCCEEDED


_LISTS = frozenset({"tools/list", "resources/list", "resources/templates/list", "prompts/list"})
