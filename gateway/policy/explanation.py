"""Why a call is allowed or refused, rule by rule: what `explain` shows and policy cases compare.

Takes what `match.decide` takes and returns its outcome with the verdict of each rule beside it. It
decides nothing itself: a second decision could differ from the one that live calls get.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.policy.document import Policy
from gateway.policy.match import Verdict, decide, verdicts
from gateway.reasons import Reason
from gateway.values import Call, Caller, Decision, Refusal


class Answer(StrEnum):
    """The outcome in one word."""

    ALLOW = "allow"
    REFUSE = "refuse"
    HIDDEN = "hidden"
    """Refused as unknown, and left out of lists."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the policy says of a call, and why."""

    outcome: Decision | Refusal
    verdicts: tuple[Verdict, ...]
    """One for each rule of the call's server, in document order."""

    @property
    def answer(self) -> Answer:
        if isinstance(self.outcome, Decision):
            return Answer.ALLOW
        return Answer.HIDDEN if self.outcome.reason is Reason.TARGET_HIDDEN else Answer.REFUSE

    @property
    def requires(self) -> tuple[str, ...]:
        return tuple(sorted(self.outcome.requires)) if isinstance(self.outcome, Decision) else ()

    @property
    def masks(self) -> tuple[str, ...]:
        """Names, in document order."""
        return tuple(mask.name for mask in self.outcome.masks) if isinstance(self.outcome, Decision) else ()


def explain(policy: Policy, caller: Caller, call: Call, now: datetime) -> Explanation:
    """What `decide` says, and what each rule of the server says."""
    return Explanation(decide(policy, caller, call, now), verdicts(policy, caller, call, now))
