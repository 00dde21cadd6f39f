"""Approvals as lines."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.approvals.approval import Approval, Ending, State
from gateway.approvals.story import story, summary
from gateway.cli.asked_text import in_lines, in_table
from gateway.values import ApprovalTerms
from tests.gateway.approvals.desk import REQUEST, START, TERMS, approval, vote

NOW = START + timedelta(minutes=10)
FAILED = {
    "at": (START + timedelta(seconds=3)).isoformat(),
    **{"stage": "asked", "target": "t", "attempt": 1, "groups": "leads", "way": "teams teams-leads"},
    **{"outcome": "failed", "detail": "TimeoutError", "recorded": 1},
}


def row(made: Approval) -> list[str]:
    [head, line] = in_table([summary(made, NOW)], NOW).splitlines()
    assert head.split("  ")[0] == "ID"
    return [text.strip() for text in line.split("  ") if text.strip()]


def test_a_line_says_who_wants_what_since_when_and_how_long_it_still_waits() -> None:
    made = approval(vote("ann", "leads"), terms=(replace(TERMS, people=2),))
    assert row(made) == [
        "aaaaaaaaaaaa",
        "pending",
        f"Erin Engineer ({REQUEST.subject})",
        "records",
        "issue_refund",
        "2026-11-23 12:00",
        "50m 0s",
        "1/2",
        "-",
    ]


def test_a_line_tells_of_one_that_nobody_was_asked_about_and_of_failed_notices() -> None:
    assert row(approval(marks={}))[1] == "pending, nobody asked yet"
    assert row(approval(marks={"started": {}, "notice-asked-t-1": FAILED}))[-1] == "1 failed"


@pytest.mark.parametrize(
    ("seconds", "left"), [(45, "45s"), (61, "1m 1s"), (3600, "1h 0m"), (90_000, "1d 1h"), (604_800, "7d 0h")]
)
def test_the_time_left_has_two_units(seconds: int, left: str) -> None:
    made = approval(terms=(replace(TERMS, expires=seconds + 600),))
    assert row(made)[6] == left


def test_one_that_is_over_has_no_time_left() -> None:
    assert row(approval(settled=Ending(State.DENIED, NOW)))[6] == "-"


def test_the_story_is_told_in_order() -> None:
    terms = ApprovalTerms(
        "wires", frozenset({"leads"}), people=2, expires=14400, remind=1800, escalate_after=7200,
        escalate_to=frozenset({"chiefs"}), requester_reason=True, approver_reason=True, reuse=600, covers_answers=True,
    )  # fmt: skip
    made = approval(
        vote("ann", "leads"),
        terms=(terms,),
        reason="the customer asked",
        settled=Ending(State.REVOKED, NOW, by="olga", reason="stolen account"),
        marks={"started": {"at": START.isoformat()}, "notice-asked-t-1": FAILED},
    )
    text = in_lines(story(made, NOW), NOW)
    lines = text.splitlines()
    assert lines[:3] == [
        f"approval   {'a' * 32}",
        "state      revoked",
        "call       tools/call issue_refund on records",
    ]
    for wanted in (
        "reason     the customer asked",
        "  wires: 2 of leads, within 4h, for 10m, reminded every 30m, also chiefs after 2h, "
        "with a reason of the requester and the approver, covers the answers in mid-call",
        "  2026-11-23 12:01 UTC  approve  Ann (ann), of leads: because",
        "  2026-11-23 12:10 UTC  revoked  by olga, stolen account",
        "  2026-11-23 12:00 UTC  asked  leads, teams teams-leads: TimeoutError",
        "  2026-11-23 12:00 UTC  started",
    ):
        assert wanted in lines, wanted


def test_nothing_that_others_wrote_steers_the_terminal_or_adds_a_line() -> None:
    nasty = "x\x1b[2J\n\u202ey"
    made = approval(
        replace(vote("ann", "leads"), name=nasty, reason=nasty), reason=nasty, settled=Ending(State.REVOKED, NOW, nasty)
    )
    made = replace(made, request=replace(REQUEST, name=nasty, target=nasty))
    for text in (in_lines(story(made, NOW), NOW), in_table([summary(made, NOW)], NOW)):
        assert not {char for char in text if not char.isprintable()} - {"\n"}
        assert "\ny" not in text
