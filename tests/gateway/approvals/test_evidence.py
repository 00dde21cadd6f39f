"""What goes on record of an approval."""

from dataclasses import replace

from gateway.approvals import evidence
from gateway.events import Event, Outcome
from gateway.reasons import Reason
from gateway.values import Refusal
from tests.fakes.values import CALLER, ORIGIN
from tests.gateway.approvals.desk import REQUEST, approval, person


def test_the_subject_is_the_requester_whoever_acts() -> None:
    found = evidence.fields(approval(), Event.APPROVAL_DECIDED, Outcome.APPROVED, person("ann", "leads"), ORIGIN)
    assert (found["subject"], found["approver"]) == (REQUEST.subject, "ann")
    assert (found["token"], found["source"], found["approval"]) == (CALLER.token_id, ORIGIN.source, "a" * 32)
    assert (found["digest"], found["call"], found["rules"]) == (REQUEST.digest, REQUEST.call, REQUEST.rules)


def test_the_clock_acts_in_nobodys_name() -> None:
    found = evidence.fields(approval(), Event.APPROVAL_SETTLED, Outcome.EXPIRED)
    assert "approver" not in found
    assert found["source"] == ""


def test_what_people_write_is_masked() -> None:
    assert evidence.said("call ann@example.com")["justification"] != "call ann@example.com"
    assert evidence.said("") == {}
    target = replace(REQUEST, target="customer://ann@example.com")
    assert "ann@example.com" not in str(
        evidence.fields(replace(approval(), request=target), Event.OUTCOME, Outcome.FAILED)
    )


def test_a_refusal_says_its_reason() -> None:
    assert evidence.why(Refusal(Reason.APPROVAL_OVER, "it is denied")) == {
        "reason": "approval_over",
        "detail": "it is denied",
    }
