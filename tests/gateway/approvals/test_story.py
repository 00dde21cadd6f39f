"""What an operator is told of an approval."""

import json
from dataclasses import replace
from datetime import timedelta

from gateway.approvals.approval import Ending, State, Verdict
from gateway.approvals.notices import Notice
from gateway.approvals.story import story, summary
from gateway.policy.document import Teams
from tests.gateway.approvals.desk import REQUEST, START, TERMS, approval, vote

NOW = START + timedelta(minutes=10)
FAILED = Notice("asked", frozenset({"leads"}), Teams("teams-leads"), 1).columns("TimeoutError") | {
    "at": (START + timedelta(seconds=3)).isoformat(),
    "recorded": 1,
}


def test_a_pending_approval_says_until_when_people_may_decide() -> None:
    told = summary(approval(vote("ann", "leads"), terms=(replace(TERMS, people=2),)), NOW)
    assert (told["state"], told["asked"], told["until"]) == ("pending", "2026-11-23T12:00:00Z", "2026-11-23T13:00:00Z")
    assert (told["approved"], told["needed"], told["requester"]["name"]) == (1, 2, "Erin Engineer")


def test_an_approved_one_says_until_when_its_call_may_be_made_and_one_that_is_over_says_none() -> None:
    settled = Ending(State.APPROVED, NOW)
    assert summary(approval(settled=settled), NOW)["until"] == "2026-11-23T12:40:00Z"
    spent = Ending(State.CONSUMED, NOW, call="call-2")
    assert summary(approval(settled=settled, spent=spent), NOW)["until"] is None


def test_an_approval_expires_in_the_list_although_nothing_runs() -> None:
    assert summary(approval(), START + timedelta(hours=1))["state"] == "expired"


def test_those_who_could_not_be_told_are_named() -> None:
    told = summary(approval(marks={"started": {}, "notice-asked-x-1": FAILED}), NOW)
    assert [(each["stage"], each["way"], each["detail"]) for each in told["failed_notices"]] == [
        ("asked", "teams teams-leads", "TimeoutError")
    ]


def test_the_story_has_the_terms_the_votes_with_reasons_and_the_marks_in_their_order() -> None:
    marks = {"started": {"at": START.isoformat()}, "notice-asked-x-1": FAILED, "viewed-ann": {"at": NOW.isoformat()}}
    ended = Ending(State.DENIED, NOW, by="", reason="")
    told = story(approval(vote("ann", "leads", verdict=Verdict.DENY), settled=ended, marks=marks), NOW)
    assert told["terms"][0]["approvers"] == ["leads"]
    assert [(each["object_id"], each["verdict"], each["reason"]) for each in told["votes"]] == [
        ("ann", "deny", "because")
    ]
    assert [each["name"] for each in told["marks"]] == ["started", "notice-asked-x-1", "viewed-ann"]
    assert told["settled"]["state"] == "denied"
    assert told["spent"] is None


def test_what_people_wrote_and_the_target_are_masked_as_on_record() -> None:
    mail = "mary@shop.example"
    said = replace(vote("ann", "leads"), reason=f"asked {mail}")
    made = approval(said, reason=f"for {mail}", settled=Ending(State.REVOKED, NOW, reason=f"by {mail}"))
    told = story(replace(made, request=replace(REQUEST, target=f"customer://{mail}")), NOW)
    assert mail not in json.dumps(told)
    assert told["reason"].startswith("for ")


def test_only_named_columns_of_a_mark_are_told() -> None:
    marks = {"started": {"at": START.isoformat()}, "task": {"at": START.isoformat(), "anything": "4111 1111"}}
    assert "4111" not in json.dumps(story(approval(marks=marks), NOW))
