"""After room 5: what a request may take out to its server.

Takes a decided passage and gives its decision, with the approvals that the content of the request asks for; the
passage then has the request as it may leave. A mask that blocks or asks people reads names and URIs too; one that
hides leaves them, since a call must name them. A request that holds what must not leave is refused, and so is one
that cannot be masked (fail-closed). What it held is told by rule, place and keyed digest, and never by value.
"""

from dataclasses import replace
from functools import partial

from gateway import mask
from gateway.aside import aside
from gateway.passage import Passage
from gateway.reasons import Reason
from gateway.values import Action, ApprovalTerms, Decision, Hidden, Mask, Masked, Refusal


async def screen(passage: Passage, decision: Decision) -> Decision | Refusal:
    """The decision on the request as it may leave, which `passage.call` then is.

    To screen it again changes nothing more, so a call that has waited for people may come here again.
    """
    if not decision.request_masks:
        return decision
    waits = tuple(each for each in decision.request_masks if each.action is Action.APPROVAL)
    blocks = tuple(each for each in decision.request_masks if each.action is Action.BLOCK)
    hides = tuple(each for each in decision.request_masks if each not in waits + blocks)
    refusal = await _masked(passage, blocks, mask.SEARCHED)
    if isinstance(refusal, Refusal):
        return refusal
    found = await _masked(passage, tuple(replace(each, action=Action.REDACT) for each in waits), mask.SEARCHED)
    if isinstance(found, Refusal):
        return found
    seen = await _masked(passage, hides, mask.FROM_CLIENT)
    if isinstance(seen, Refusal):
        return seen
    if seen.hidden:
        passage.call = replace(passage.call, message=seen.message)
    asked = tuple(replace(each, action=Action.APPROVAL) for each in found.hidden)
    passage.sent = _united(passage.sent, (*seen.hidden, *asked))
    return replace(decision, approvals=_with_approvals(decision, waits, asked))


async def _masked(passage: Passage, masks: tuple[Mask, ...], terms: mask.Terms) -> Masked | Refusal:
    message = dict(passage.call.message)
    masked = await aside(message, partial(mask.mask, message, masks, passage.keyed, terms), passage.caller)
    if not isinstance(masked, Refusal):
        return masked
    is_blocked = masked.reason is Reason.BLOCKED
    return replace(masked, reason=Reason.ARGUMENTS_BLOCKED if is_blocked else Reason.ARGUMENTS_UNMASKED)


def _with_approvals(
    decision: Decision, waits: tuple[Mask, ...], asked: tuple[Hidden, ...]
) -> tuple[ApprovalTerms, ...]:
    hit = {each.mask for each in asked}
    terms = (each.approval for each in waits if each.name in hit)
    return tuple(dict.fromkeys((*decision.approvals, *(each for each in terms if each is not None))))


def _united(before: tuple[Hidden, ...], now: tuple[Hidden, ...]) -> tuple[Hidden, ...]:
    """What was hidden on an earlier screening is hidden already, and is found no more."""
    return tuple(dict.fromkeys((*before, *now)))
