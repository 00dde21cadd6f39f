from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.approvals.approval import Approval, Ending, State
from gateway.approvals.task import Status, answer_name, is_declared, legs_of, offers, passing, task_of
from gateway.policy.document import Policy
from gateway.policy.parse import parse
from gateway.reasons import Reason
from gateway.storage.approval_keys import checked_name
from gateway.values import Call, Era
from tests.fakes.policies import policy, policy_text
from tests.fakes.values import CALL
from tests.gateway.approvals.desk import REQUEST, START, TERMS, approval

EXTENSION = "io.modelcontextprotocol/tasks"
LATER = START + timedelta(minutes=10)
APPROVED = Ending(State.APPROVED, START + timedelta(minutes=5))
USED = Ending(State.CONSUMED, LATER, call="run-1")
BY_REQUESTER = Ending(State.WITHDRAWN, LATER, by=REQUEST.subject)


def task(*rows: str, terms: tuple[Any, ...] = (TERMS,), **changes: Any) -> Approval:
    """An approval with the row `task` and these, each a minute after the one before."""
    marks: dict[str, Any] = {"task": {"at": START.isoformat(), "expires": 0}}
    for minute, row in enumerate(rows):
        name, _, value = row.partition("=")
        column = {"call": value or "run-1"} if name.startswith("leg-") else {"status": value or "completed"}
        marks[name] = {"at": (LATER + timedelta(minutes=minute)).isoformat(), **column}
    return approval(terms=terms, marks={"started": {}, **marks}, **changes)


def declaring(extensions: Any) -> Call:
    meta = {"io.modelcontextprotocol/clientCapabilities": {"extensions": extensions}}
    return replace(CALL, era=Era.MODERN, message={"params": {"_meta": meta}})


@pytest.mark.parametrize(
    ("found", "status", "ending"),
    [
        (task(), Status.WORKING, None),
        (task(settled=APPROVED), Status.WORKING, None),
        (task("leg-1", settled=APPROVED), Status.WORKING, None),
        (task("leg-1", settled=APPROVED, spent=USED), Status.WORKING, None),
        (task("leg-1", "asked-1", settled=APPROVED, spent=USED), Status.INPUT_REQUIRED, None),
        (task("leg-1", "asked-1", "answered-1", settled=APPROVED, spent=USED), Status.WORKING, None),
        (task("leg-1", "asked-1", "answered-1", "leg-2", settled=APPROVED, spent=USED), Status.WORKING, None),
        (task("leg-1", "result", settled=APPROVED, spent=USED), Status.COMPLETED, None),
        (task("leg-1", "result=failed", settled=APPROVED, spent=USED), Status.FAILED, None),
        (task("result=completed", settled=APPROVED), Status.COMPLETED, None),
        (task(settled=Ending(State.DENIED, LATER)), Status.COMPLETED, Reason.APPROVAL_DENIED),
        (task(settled=Ending(State.EXPIRED, LATER)), Status.COMPLETED, Reason.APPROVAL_EXPIRED),
        (task(settled=Ending(State.REVOKED, LATER, by="olga")), Status.COMPLETED, Reason.APPROVAL_DENIED),
        (task(settled=Ending(State.WITHDRAWN, LATER, by="olga")), Status.COMPLETED, Reason.APPROVAL_WITHDRAWN),
        (task(settled=BY_REQUESTER), Status.CANCELLED, None),
        (task(settled=APPROVED, spent=BY_REQUESTER), Status.CANCELLED, None),
        (task(settled=APPROVED, spent=USED), Status.COMPLETED, Reason.TASK_SPENT),
        # The run had begun its leg when a repeat of the call, or the requester, was faster.
        (task("leg-1=run-9", settled=APPROVED, spent=USED), Status.COMPLETED, Reason.TASK_SPENT),
        (task("leg-1", settled=APPROVED, spent=BY_REQUESTER), Status.CANCELLED, None),
        # A result is the end, whatever becomes of an approval that it left unused.
        (task("result", settled=APPROVED, spent=BY_REQUESTER), Status.COMPLETED, None),
    ],
)
def test_the_status_follows_from_the_rows(found: Approval, status: Status, ending: Reason | None) -> None:
    known = task_of(found, LATER)
    assert known is not None
    assert (known.status, known.ending) == (status, ending)


def test_an_approval_that_may_be_used_again_and_again_is_used_by_its_task_too() -> None:
    terms = (replace(TERMS, reuse=600),)
    over = Ending(State.EXPIRED, LATER)
    known = task_of(task("leg-1", "asked-1", terms=terms, settled=APPROVED, spent=over), LATER)
    assert known is not None
    assert (known.status, known.leg) == (Status.INPUT_REQUIRED, 1)


def test_a_task_expires_as_its_approval_does_and_is_forgotten_an_hour_after_it_could_have_been_made() -> None:
    def at(moment: datetime, found: Approval) -> Any:
        known = task_of(found, moment)
        return known and (known.status, known.ending)

    expires = START + timedelta(seconds=TERMS.expires)
    assert at(expires, task()) == (Status.COMPLETED, Reason.APPROVAL_EXPIRED)
    forgotten = expires + timedelta(seconds=TERMS.use_within) + timedelta(hours=1)
    assert at(forgotten - timedelta(seconds=1), task()) is not None
    assert at(forgotten, task()) is None
    usable = APPROVED.at + timedelta(seconds=TERMS.use_within)
    assert at(usable, task(settled=APPROVED)) == (Status.COMPLETED, Reason.APPROVAL_SPENT)
    assert at(usable + timedelta(hours=1), task("result", settled=APPROVED)) is None


def test_an_approval_of_which_nobody_made_a_task_is_none() -> None:
    assert task_of(approval(), LATER) is None


def test_times_are_told_as_the_extension_has_them() -> None:
    known = task_of(task("leg-1", "result", settled=APPROVED, spent=USED), LATER)
    assert known is not None
    assert known.shown("a" * 32, "https://x.example/requests/a") == {
        "taskId": "a" * 32,
        "status": "completed",
        "createdAt": "2026-11-23T12:00:00.000Z",
        "lastUpdatedAt": "2026-11-23T12:11:00.000Z",
        "ttlMs": (5 + 30 + 60) * 60_000,
        "pollIntervalMs": 5000,
    }


def test_who_has_to_say_why_first_is_told_so() -> None:
    known = task_of(task(terms=(replace(TERMS, requester_reason=True),)), LATER)
    assert known is not None
    assert "say on its page why" in known.said


@pytest.mark.parametrize(
    ("extensions", "expected"),
    [
        ({EXTENSION: {}}, True),
        ({EXTENSION: {"x": 1}}, True),
        ({}, False),
        ({EXTENSION: None}, False),
        ({EXTENSION: True}, False),
        ([EXTENSION], False),
        (None, False),
        ({"io.modelcontextprotocol/ui": {}}, False),
    ],
)
def test_the_extension_is_declared_by_an_object_of_this_request(extensions: Any, expected: bool) -> None:
    assert is_declared(declaring(extensions)) is expected


@pytest.mark.parametrize("message", [{}, {"params": {"_meta": 1}}, {"params": []}])
def test_a_request_without_capabilities_declares_nothing(message: dict[str, Any]) -> None:
    assert is_declared(replace(CALL, message=message)) is False


def test_tasks_are_offered_where_a_rule_asks_for_an_approval() -> None:
    assert offers(policy(), "records")
    assert not offers(policy(), "open")
    assert not offers(policy(), "nowhere")
    assert not offers(None, "records")


def test_tasks_are_not_offered_where_only_a_person_can_be_answered_for() -> None:
    known = policy()
    on_behalf = policy_text().replace("{bearer: {secret: records-token}}", "{on_behalf_of: {scope: api://up/.default}}")
    changed = parse(on_behalf)
    assert isinstance(changed, Policy), changed
    assert (offers(known, "records"), offers(changed, "records")) == (True, False)


def test_legs_are_counted_as_numbers() -> None:
    rows = [f"{kind}-{number}" for number in range(1, 11) for kind in ("leg", "asked", "answered")]
    legs = legs_of(task(*rows))
    assert (legs.begun, legs.asked, legs.answered) == (10, 10, 10)
    assert legs_of(task("asked", "leg-x", "answer-3-abc")) == legs_of(task())


@pytest.mark.parametrize("key", ["", "why", "../../x", "a~b", "\ud800", "x" * 10_000])
def test_an_answer_has_a_name_that_the_store_takes(key: str) -> None:
    assert checked_name(answer_name(3, key)).startswith("answer-3-")
    assert answer_name(3, key) != answer_name(4, key) != answer_name(4, key + "!")


def test_what_a_task_keeps_besides_its_result_is_known_from_its_rows() -> None:
    found = task("leg-1", "asked-1", "answer-1-abc", "answered-1", "caller-2000000000", "result")
    assert passing(found) == ("answer-1-abc", "asked-1", "caller-2000000000")
