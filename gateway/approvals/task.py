"""What a task is at a moment (the extension `io.modelcontextprotocol/tasks` of 2026-07-28). Pure.

Takes an approval whose call somebody left with the gateway, and gives the task's status with what
there is to tell of it. Like everything about an approval it follows from which rows there are: `task`,
then for each leg of the call `leg-<n>`, `asked-<n>` where the server asked back, `answered-<n>`, and at
last `result`. A status that is the end of a task stays as it is.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from gateway.approvals.agenda import RESULT, RESULT_KEPT, TASK
from gateway.approvals.approval import Approval, State
from gateway.policy.document import Policy
from gateway.protocol import CAPABILITIES_META, TASKS_EXTENSION
from gateway.reasons import Reason
from gateway.values import Call

POLL = 5000
"""Milliseconds between two looks of a client."""
LEG, ASKED, ANSWERED, CALLER = "leg-", "asked-", "answered-", "caller-"
"""How rows of a task begin; a number follows. The sealed contents `asked-<n>` and `caller-<n>` are called alike."""


class Status(StrEnum):
    WORKING = "working"
    INPUT_REQUIRED = "input_required"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Legs:
    """How far the call of a task has come: the number of the last leg of each kind, 0 for none."""

    begun: int
    asked: int
    answered: int


@dataclass(frozen=True, slots=True)
class Task:
    """A task, as of when its rows were read."""

    status: Status
    said: str
    """What it waits for or how it ended, in a fixed sentence; may be empty."""
    created: datetime
    updated: datetime
    until: datetime
    """When it is forgotten."""
    ending: Reason | None = None
    """What the result says of a call that was not made; None where the result itself is kept, or there is none."""
    leg: int = 0
    """The leg whose questions are open."""

    def shown(self, identifier: str, page: str) -> dict[str, Any]:
        """The fields that every status has."""
        known: dict[str, Any] = {"taskId": identifier, "status": self.status.value}
        known |= {"statusMessage": f"{self.said} Status: {page}"} if self.said else {}
        return known | {
            "createdAt": _stamp(self.created),
            "lastUpdatedAt": _stamp(self.updated),
            "ttlMs": int((self.until - self.created) / timedelta(milliseconds=1)),
            "pollIntervalMs": POLL,
        }


def is_declared(call: Call) -> bool:
    """Whether this very request declares the extension; another one's word does not count."""
    meta = call.params.get("_meta")
    declared: Any = meta.get(CAPABILITIES_META) if isinstance(meta, dict) else None
    extensions = declared.get("extensions") if isinstance(declared, dict) else None
    return isinstance(extensions, dict) and isinstance(extensions.get(TASKS_EXTENSION), dict)


def offers(policy: Policy | None, server: str) -> bool:
    """Whether calls to the server may become tasks. The gateway cannot act for a person who is not there."""
    known = policy.servers.get(server) if policy else None
    if policy is None or known is None or known.needs_user:
        return False
    return any(rule.approval is not None for rule in policy.rules_of.get(server, ()))


def legs_of(approval: Approval) -> Legs:
    return Legs(*(max(_numbers(approval, prefix), default=0) for prefix in (LEG, ASKED, ANSWERED)))


def is_of_task(approval: Approval) -> bool:
    """Whether the approval was used by its task, and not by a repeat of the call."""
    leg = approval.marks.get(f"{LEG}1")
    return leg is not None and (bool(approval.reuse) or _user(approval) in ("", leg["call"]))


def task_of(approval: Approval, now: datetime) -> Task | None:
    """The task; None if nobody made one of this approval, or it is forgotten by now."""
    mark = approval.marks.get(TASK)
    until = _usable_until(approval) + RESULT_KEPT
    if mark is None or now >= until:
        return None
    status, said, ending, leg = _standing(approval, now)
    return Task(status, said, _at(mark), max(_times(approval)), until, ending, leg)


def answer_name(leg: int, key: str) -> str:
    """Name of the row and of the sealed content of one answer to the server."""
    return f"answer-{leg}-{hashlib.sha256(key.encode(errors='surrogatepass')).hexdigest()[:32]}"


def passing(approval: Approval) -> tuple[str, ...]:
    """The sealed contents of a task that nobody needs once its call is over; its result is not among them."""
    return tuple(name for name in sorted(approval.marks) if name.startswith((ASKED, CALLER, "answer-")))


type _Standing = tuple[Status, str, Reason | None, int]


def _standing(approval: Approval, now: datetime) -> _Standing:
    """Status, sentence, ending and open leg."""
    if RESULT in approval.marks:
        status = Status(str(approval.marks[RESULT]["status"]))
        return status, "The call ended with an error." if status is Status.FAILED else "", None, 0
    legs, state = legs_of(approval), approval.state(now)
    if legs.begun and is_of_task(approval):
        if legs.asked == legs.begun > legs.answered:
            return Status.INPUT_REQUIRED, "The MCP server asked for more.", None, legs.asked
        return Status.WORKING, "The call was approved and is being made.", None, 0
    if state is State.WITHDRAWN and _is_by_requester(approval):
        return Status.CANCELLED, Reason.APPROVAL_WITHDRAWN.wire.sentence, None, 0
    if state is State.EXPIRED and approval.usable_until is not None:
        return Status.COMPLETED, "", Reason.APPROVAL_SPENT, 0
    if state in _ENDINGS:
        return Status.COMPLETED, "", _ENDINGS[state], 0
    return Status.WORKING, _waiting(approval, state), None, 0


def _waiting(approval: Approval, state: State) -> str:
    if state is State.APPROVED:
        return "The call was approved and is about to be made."
    if approval.lacks_reason:
        return "Another person has to approve this call; say on its page why you want it."
    return "This call waits for the approval of another person, and is made once it is given."


_ENDINGS = {
    State.DENIED: Reason.APPROVAL_DENIED,
    State.REVOKED: Reason.APPROVAL_DENIED,
    State.EXPIRED: Reason.APPROVAL_EXPIRED,
    State.WITHDRAWN: Reason.APPROVAL_WITHDRAWN,
    State.CONSUMED: Reason.TASK_SPENT,
}


def _user(approval: Approval) -> str:
    """The call that used the approval up; empty if it was not used up. A dash: it ended in another way."""
    if approval.spent is None:
        return ""
    return approval.spent.call if approval.spent.state is State.CONSUMED else "-"


def _is_by_requester(approval: Approval) -> bool:
    ending = approval.spent or approval.settled
    return ending is not None and ending.by == approval.request.subject


def _usable_until(approval: Approval) -> datetime:
    """Until when the call may be made; as long as nobody has decided, the latest that this can come to."""
    latest = timedelta(seconds=approval.reuse or min(each.use_within for each in approval.request.terms))
    return approval.usable_until or approval.expires + latest


def _times(approval: Approval) -> Iterator[datetime]:
    yield _at(approval.marks[TASK])
    yield from (ending.at for ending in (approval.settled, approval.spent) if ending)
    steps = (LEG, ASKED, ANSWERED, RESULT)
    yield from (_at(columns) for name, columns in approval.marks.items() if name.startswith(steps))


def _at(columns: Any) -> datetime:
    return datetime.fromisoformat(str(columns["at"]))


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _numbers(approval: Approval, prefix: str) -> list[int]:
    found = (name.removeprefix(prefix) for name in approval.marks if name.startswith(prefix))
    return [int(number) for number in found if number.isdecimal()]
