"""Who held what, from when until when, as a reviewer is told."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.access.grant import Ending, Grant, State
from gateway.access.review import STATES, Chosen, held, story, summary
from tests.gateway.access.desk import HOLDER
from tests.gateway.access.test_tend import made
from tests.gateway.approvals.desk import START, approval, vote

DAY = timedelta(days=1)
NOW = START + timedelta(minutes=10)


def grant(**changes: Any) -> Grant:
    """Open from 12:00 to 13:00."""
    return made(3600, 0, [], **changes)


def revoked(after: int) -> Ending:
    return Ending(State.REVOKED, START + timedelta(seconds=after), "olga", "stolen")


def test_a_line_says_who_holds_what_from_when_until_when() -> None:
    told = summary(grant(), NOW)
    assert (told["state"], told["holder"]["object_id"], told["server"]) == ("open", HOLDER.object_id, "records")
    assert (told["starts"], told["ends"]) == ("2026-11-23T12:00:00Z", "2026-11-23T13:00:00Z")
    assert (told["left_seconds"], told["held_seconds"], told["used"], told["ended"]) == (3000, 600, False, None)


def test_what_is_over_is_told_as_over_although_nothing_wrote_it_down() -> None:
    told = summary(grant(), START + 2 * DAY)
    assert (told["state"], told["until"], told["held_seconds"], told["ended"]) == ("expired", None, 3600, None)


def test_an_early_end_is_the_end() -> None:
    told = summary(grant(ended=revoked(300)), START + 2 * DAY)
    assert (told["state"], told["ends"], told["held_seconds"]) == ("revoked", "2026-11-23T12:05:00Z", 300)
    assert told["ended"] == {"state": "revoked", "at": "2026-11-23T12:05:00Z", "by": "olga", "reason": "stolen"}


@pytest.mark.parametrize(
    ("changes", "after"),
    [
        ({"opened": None}, 600),
        ({"marks": {"asked": {}}}, 600),
        ({}, -1),
        ({"ended": revoked(-60)}, 600),
    ],
)
def test_what_never_was_open_was_not_held(changes: dict[str, Any], after: int) -> None:
    one, now = grant(**changes), START + timedelta(seconds=after)
    assert held(one, now) is None
    assert summary(one, now)["held_seconds"] == 0
    assert not Chosen(first=START - DAY).covers(one, now)
    assert not Chosen(unused=True).covers(one, now)


@pytest.mark.parametrize(
    ("first", "before", "is_covered"),
    [
        (-DAY, None, True),
        (timedelta(0), timedelta(seconds=1), True),
        (timedelta(seconds=3599), None, True),
        (timedelta(seconds=3600), None, False),
        (None, timedelta(0), False),
        (None, timedelta(seconds=1), True),
        (-DAY, DAY, True),
    ],
)
def test_a_period_has_what_was_open_in_it_for_a_moment(
    first: timedelta | None, before: timedelta | None, is_covered: bool
) -> None:
    chosen = Chosen(first=None if first is None else START + first, before=None if before is None else START + before)
    assert chosen.covers(grant(), START + 2 * DAY) is is_covered


def test_a_period_after_an_early_end_does_not_have_it() -> None:
    chosen = Chosen(first=START + timedelta(seconds=301))
    assert chosen.covers(grant(), START + 2 * DAY)
    assert not chosen.covers(grant(ended=revoked(300)), START + 2 * DAY)


def test_unused_is_what_was_open_and_had_no_call() -> None:
    assert Chosen(unused=True).covers(grant(), NOW)
    assert not Chosen(unused=True).covers(grant(marks={"asked": {}, "recorded": {}, "used": {}}), NOW)


def test_holder_server_and_state_choose() -> None:
    assert Chosen(holder=HOLDER.object_id.upper(), server="records").covers(grant(), NOW)
    assert not Chosen(holder="other").covers(grant(), NOW)
    assert not Chosen(server="crm").covers(grant(), NOW)
    assert Chosen(STATES["current"]).covers(grant(), NOW)
    assert not Chosen(STATES["current"]).covers(grant(), START + DAY)
    assert not Chosen(STATES["revoked"]).covers(grant(), NOW)
    assert set(STATES) == {"current", "all", *State}


def test_one_that_waits_says_for_how_many() -> None:
    pending = grant(opened=None)
    pending = replace(pending, request=replace(pending.request, needs_people=True))
    told = summary(pending, NOW, approval(vote("ann", "leads")))
    assert told["waits"] == {"state": "pending", "until": "2026-11-23T13:00:00Z", "approved": 1, "needed": 1}
    assert summary(grant(), NOW, approval())["waits"] is None


def test_the_story_says_who_let_it_open_and_what_happened_and_masks_what_people_wrote() -> None:
    one = grant(marks={"asked": {}, "recorded": {"at": START.isoformat()}, "used": {"at": NOW.isoformat()}})
    one = replace(
        one,
        extended=(START + timedelta(hours=2),),
        request=replace(one.request, reason="card 4111 1111 1111 1111"),
    )
    told = story(one, NOW)
    assert (told["opened_by"], told["extended_to"], told["session"]) == (
        "rule",
        ["2026-11-23T14:00:00Z"],
        one.request.session,
    )
    assert "4111" not in told["reason"]
    assert told["marks"][-1] == {"name": "used", "at": "2026-11-23T12:10:00Z"}
    by_people = replace(one, request=replace(one.request, needs_people=True))
    assert story(by_people, NOW, approval(vote("ann", "leads")))["opened_by"] == "ann"
