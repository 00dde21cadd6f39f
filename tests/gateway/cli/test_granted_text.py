"""Grants as lines."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.access.grant import Ending, Grant, State
from gateway.access.review import story, summary
from gateway.approvals.approval import Approval
from gateway.cli.granted_text import in_lines, in_table
from tests.gateway.access.test_tend import made
from tests.gateway.approvals.desk import START, approval

NOW = START + timedelta(minutes=10)


def row(grant: Grant, found: Approval | None = None) -> list[str]:
    [head, line] = in_table([summary(grant, NOW, found)], NOW).splitlines()
    assert head.split("  ")[0] == "ID"
    return [text.strip() for text in line.split("  ") if text.strip()]


def asked(**changes: Any) -> Grant:
    """One that people have not opened."""
    grant = made(3600, 0, [], opened=None)
    return replace(grant, request=replace(grant.request, needs_people=True, **changes))


def test_a_line_says_who_holds_what_and_how_long_it_still_lasts() -> None:
    assert row(made(3600, 0, [])) == [
        *("aaaaaaaaaaaa", "open", "Holder (holder)", "records", "desk"),
        *("2026-11-23 12:00", "2026-11-23 13:00", "50m 0s", "no"),
    ]


def test_one_that_waits_says_for_how_many() -> None:
    assert row(asked(), approval())[1:] == ["pending 0/1", "Holder (holder)", "records", "desk", "-", "-", "-", "-"]


@pytest.mark.parametrize(
    ("ended", "state"),
    [
        (None, "pending, would extend bbbbbbbbbbbb"),
        (Ending(State.ENDED, NOW), "extended bbbbbbbbbbbb"),
        (Ending(State.DENIED, NOW), "denied, would extend bbbbbbbbbbbb"),
    ],
)
def test_an_extension_says_what_it_extends(ended: Ending | None, state: str) -> None:
    assert row(replace(asked(extends="b" * 32), ended=ended))[1] == state


def test_the_story_is_told_in_order() -> None:
    grant = made(3600, 600, [1800], ended=Ending(State.REVOKED, NOW, "olga", "stolen account"))
    reminded = {"at": NOW.isoformat(), "way": "page", "outcome": "told", "detail": "", "groups": ""}
    grant = replace(
        grant,
        marks={"asked": {"at": START.isoformat()}, "recorded": {"at": START.isoformat()}, "reminded-x": reminded},
        request=replace(grant.request, reason="CHG1", cancels_calls=True),
    )
    lines = in_lines(story(grant, NOW), NOW).splitlines()
    assert lines[:3] == [f"grant      {'a' * 32}", "state      revoked", "access     desk on records"]
    for wanted in (
        "asked      2026-11-23 12:00 UTC, for 1h",
        "reason     CHG1",
        "open       2026-11-23 12:00 UTC to 2026-11-23 12:10 UTC",
        "opened by  rule",
        "extended   to 2026-11-23 13:30 UTC",
        "at its end calls are cancelled",
        "  2026-11-23 12:10 UTC  revoked  by olga, stolen account",
        "  2026-11-23 12:10 UTC  reminded-x  way page, outcome told",
    ):
        assert wanted in lines, wanted


def test_the_story_of_one_that_waits_names_its_approval() -> None:
    assert "see approvals show aaaaaaaaaaaa" in in_lines(story(asked(), NOW, approval()), NOW)


def test_nothing_that_others_wrote_steers_the_terminal_or_adds_a_line() -> None:
    nasty = "x\x1b[2J\n\u202ey"
    grant = made(3600, 0, [], ended=Ending(State.REVOKED, NOW, nasty, nasty))
    grant = replace(grant, request=replace(grant.request, name=nasty, reason=nasty, client=nasty))
    for text in (in_lines(story(grant, NOW), NOW), in_table([summary(grant, NOW)], NOW)):
        assert not {char for char in text if not char.isprintable()} - {"\n"}
        assert "\ny" not in text
