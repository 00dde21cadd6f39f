"""When a holder is reminded, who is told, and what."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.access import reminder
from gateway.approvals.message import card, mail
from gateway.policy.document import GrantTerms, Notifier, Policy, Teams, Who
from tests.gateway.access.test_tend import made
from tests.gateway.approvals.desk import START

LEADS, HR = Teams("leads-channel"), Teams("hr-channel")


def policy(**notifiers: tuple[Teams, ...]) -> Policy:
    terms = GrantTerms(name="desk", ceiling=3600, who=Who(groups=frozenset({"leads", "hr"})))
    return Policy("0" * 64, {}, {}, {}, (), {}, notifiers=notifiers, grants={"desk": terms})


@pytest.mark.parametrize(
    ("seconds", "remind", "extended", "at"),
    [
        (3600, 600, [], 3000),
        (3600, 600, [1200], 4200),
        (3600, 0, [], None),
        (600, 600, [], None),
        (601, 600, [], 1),
    ],
)
def test_it_is_due_before_the_end_and_never_for_one_that_is_shorter(
    seconds: int, remind: int, extended: list[int], at: int | None
) -> None:
    expected = None if at is None else START + timedelta(seconds=at)
    assert reminder.due(made(seconds, remind, extended)) == expected


def test_a_later_end_has_a_row_of_its_own() -> None:
    names = {reminder.row(made(3600, 600, extended)) for extended in ([], [60], [60, 120])}
    assert names == {f"reminded-20261123T13{minute}00Z" for minute in ("00", "01", "02")}


def test_what_is_not_on_record_yet_is_told() -> None:
    name = "reminded-20261123T130000Z"
    grant = made(3600, 600, [])
    assert reminder.unrecorded(grant) == {}
    told = replace(grant, marks={**grant.marks, name: {"way": "page"}})
    assert reminder.unrecorded(told) == {name: {"way": "page"}}
    assert reminder.unrecorded(replace(told, marks={**told.marks, reminder.recorded_mark(name): {}})) == {}


def test_the_channels_of_the_groups_that_may_ask_are_told_each_once() -> None:
    grant = made(3600, 600, [])
    found = reminder.told_of(grant, policy(leads=(LEADS,), hr=(HR, LEADS), others=(Teams("others"),)))
    assert found == {LEADS: frozenset({"leads", "hr"}), HR: frozenset({"hr"})}
    assert reminder.told_of(replace(grant, request=replace(grant.request, grant="gone")), policy(leads=(LEADS,))) == {}


def test_the_row_says_who_was_told_and_what_failed() -> None:
    told: dict[Notifier, frozenset[str]] = {LEADS: frozenset({"leads"}), HR: frozenset({"hr"})}
    assert reminder.columns(told, ["", "timeout"]) == {
        "groups": "hr,leads",
        "way": "page; teams leads-channel; teams hr-channel",
        "outcome": "failed",
        "detail": "timeout",
    }
    assert reminder.columns({}, []) == {"groups": "", "way": "page", "outcome": "told", "detail": ""}


def test_it_says_whose_access_to_what_ends_when_and_neither_why_nor_more() -> None:
    grant = made(3600, 600, [])
    grant = replace(grant, request=replace(grant.request, name="[Eve](http://evil)", reason="secret plan"))
    told = reminder.message(grant, "https://mcp.example.com", START + timedelta(seconds=3000))
    assert told.subject.endswith(" access to records ends at 13:00 UTC")
    assert told.link == f"https://mcp.example.com/access/{'a' * 32}"
    assert told.facts[-1] == ("Ends", "23 November 2026, 13:00 UTC (in about 10 min)")
    rendered = str(card(told)) + mail(told).plain + mail(told).html
    assert "Open the access" in rendered
    assert "secret plan" not in rendered
    assert "[Eve]" not in rendered
