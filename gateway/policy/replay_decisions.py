"""How two decisions on the same call differ. Pure.

Takes the decision of then, or what its record says of it, and that of a proposed policy, and gives what is different
about them: the outcome, what has to be approved or open, and what is masked.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from gateway.policy.difference import Bearing
from gateway.values import ApprovalTerms, Decision, Mask, Refusal


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is different about a decision."""

    bearing: Bearing
    phrase: str
    is_of_outcome: bool = False
    """Whether the call is refused or allowed, and was not."""


def differences(before: Decision | Refusal | None, reason: str, after: Decision | Refusal) -> tuple[Difference, ...]:
    """What is different. Where the policy of then is not there (None), the record has the reason of a refusal."""
    if isinstance(before, Decision) and isinstance(after, Decision):
        return tuple(_duties(before, after))
    was = before.reason.name.lower() if isinstance(before, Refusal) else "" if before else reason
    if isinstance(after, Decision):
        if not was:
            return ()
        return (Difference(Bearing.LOOSENS, f"allowed instead of refused ({was}){_needs(after)}", is_of_outcome=True),)
    now = after.reason.name.lower()
    if not was:
        rules = f" by {', '.join(after.rules)}" if after.rules else ""
        return (Difference(Bearing.TIGHTENS, f"refused ({now}{rules}) instead of allowed", is_of_outcome=True),)
    return () if was == now else (Difference(Bearing.NEITHER, f"refused as {now} instead of as {was}"),)


def _duties(before: Decision, after: Decision) -> Iterator[Difference]:
    yield from _approvals(before.approvals, after.approvals)
    yield from _named("needs grant", before.grants, after.grants)
    yield from _masks("answers", before.masks, after.masks)
    yield from _masks("requests", before.request_masks, after.request_masks)


def _needs(decision: Decision) -> str:
    duties = [f"approval {terms.name}" for terms in decision.approvals] + [f"grant {name}" for name in decision.grants]
    return f", with {' and '.join(duties)}" if duties else ""


def _approvals(before: Iterable[ApprovalTerms], after: Iterable[ApprovalTerms]) -> Iterator[Difference]:
    old, new = {terms.name: terms for terms in before}, {terms.name: terms for terms in after}
    yield from _named("needs approval", old, new)
    for name, terms in new.items():
        if name in old and old[name] != terms:
            yield Difference(Bearing.MAY, f"approval {name} asks for something else")


def _masks(what: str, before: Iterable[Mask], after: Iterable[Mask]) -> Iterator[Difference]:
    old, new = _as_applied(before), _as_applied(after)
    for name, mask in new.items():
        if name not in old:
            yield Difference(Bearing.TIGHTENS, f"mask {name} is applied to {what}")
        elif old[name] != mask:
            yield Difference(Bearing.MAY, f"mask {name} on {what} hides something else, or in another way")
    for name in old:
        if name not in new:
            yield Difference(Bearing.LOOSENS, f"mask {name} is not applied to {what} any more")


def _as_applied(masks: Iterable[Mask]) -> dict[str, Mask]:
    """Who else sees what they hide has been decided for this caller."""
    return {mask.name: replace(mask, clear_for=frozenset(), partial_for=frozenset()) for mask in masks}


def _named(what: str, before: Iterable[str], after: Iterable[str]) -> Iterator[Difference]:
    old, new = list(before), list(after)
    for name in new:
        if name not in old:
            yield Difference(Bearing.TIGHTENS, f"{what} {name}")
    for name in old:
        if name not in new:
            yield Difference(Bearing.LOOSENS, f"{what} {name} no longer")
