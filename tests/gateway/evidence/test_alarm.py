"""People hear of an alarm at most once an hour, and of its end; nothing that cannot be told stops anything."""

import asyncio
import itertools
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devhost.outbox import email as outbox_email
from devhost.outbox import teams as outbox_teams
from gateway.approvals.message import Message, card, mail
from gateway.evidence.alarm import PACE, Alarm, Alarms, SpillAlarms
from gateway.policy.document import Email, Notifier, Teams

LEADS, MAIL = Teams("leads"), Email("https://contoso.communication.azure.com", "no@contoso.com", ("ops@contoso.com",))
WITH_AN_END = [alarm for alarm in Alarm if alarm.value.well]


@dataclass(slots=True)
class People:
    """Who is told, and what they were told; `deaf` ones do not take a message."""

    now: datetime = datetime(2026, 11, 23, 9, tzinfo=UTC)
    ways: list[Notifier] = field(default_factory=lambda: [LEADS, MAIL])
    deaf: set[Notifier] = field(default_factory=set)
    heard: list[tuple[Notifier, Message]] = field(default_factory=list)

    def alarms(self) -> Alarms:
        return Alarms("https://mcp.example.com", self._notifiers, self._send, lambda: self.now)

    def subjects(self, notifier: Notifier = LEADS) -> list[str]:
        return [message.subject.partition(":")[0] for who, message in self.heard if who == notifier]

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    async def _notifiers(self) -> list[Notifier]:
        await asyncio.sleep(0)
        return self.ways

    async def _send(self, notifier: Notifier, message: Message) -> str:
        await asyncio.sleep(0)
        if notifier in self.deaf:
            return "status 429"
        self.heard.append((notifier, message))
        return ""


async def test_an_alarm_is_told_once_an_hour_however_often_it_is_raised() -> None:
    people = People()
    alarms = people.alarms()
    for _ in range(24):
        await alarms.raised(Alarm.SEAL, "The seal after number 4 could not be written.")
        people.later(minutes=5)
    assert people.subjects() == people.subjects(MAIL) == ["Evidence alarm"] * 2


async def test_two_alarms_are_not_the_same() -> None:
    people = People()
    alarms = people.alarms()
    for alarm in Alarm:
        await alarms.raised(alarm, "x")
    assert len(people.subjects()) == len(Alarm)


@pytest.mark.parametrize("alarm", WITH_AN_END)
async def test_the_end_is_told_once_to_those_who_heard_of_the_beginning(alarm: Alarm) -> None:
    people = People()
    alarms = people.alarms()
    await alarms.cleared(alarm)
    await alarms.raised(alarm, "x")
    people.ways = [LEADS]
    await alarms.cleared(alarm)
    await alarms.cleared(alarm)
    assert (people.subjects(), people.subjects(MAIL)) == (["Evidence alarm", "All clear"], ["Evidence alarm"])


async def test_whoever_could_not_be_told_is_told_later_and_nobody_else_again(caplog: pytest.LogCaptureFixture) -> None:
    people = People(deaf={MAIL})
    alarms = people.alarms()
    await alarms.raised(Alarm.SEAL, "x")
    assert "countersign.alarm_not_sent countersign.seal_failed by email: status 429" in caplog.text
    assert "contoso" not in caplog.text
    people.deaf.clear()
    people.later(minutes=5)
    await alarms.again()
    await alarms.again()
    assert (people.subjects(), people.subjects(MAIL)) == (["Evidence alarm"], ["Evidence alarm"])


async def test_what_is_over_before_it_could_be_told_is_not_told() -> None:
    people = People(deaf={LEADS, MAIL})
    alarms = people.alarms()
    await alarms.raised(Alarm.SEAL, "x")
    await alarms.cleared(Alarm.SEAL)
    people.deaf.clear()
    await alarms.again()
    assert people.heard == []
    await alarms.raised(Alarm.SEAL, "x")
    assert people.subjects() == ["Evidence alarm"]


async def test_an_end_that_could_not_be_told_is_told_later() -> None:
    people = People(ways=[LEADS])
    alarms = people.alarms()
    await alarms.raised(Alarm.SEAL, "x")
    people.deaf = {LEADS}
    await alarms.cleared(Alarm.SEAL)
    people.deaf.clear()
    await alarms.cleared(Alarm.SEAL)
    assert people.subjects() == ["Evidence alarm", "All clear"]


async def test_whoever_the_policy_no_longer_names_hears_nothing() -> None:
    people = People(deaf={LEADS, MAIL})
    alarms = people.alarms()
    await alarms.raised(Alarm.SEAL, "x")
    people.ways, people.deaf = [], set()
    await alarms.again()
    people.ways = [LEADS]
    await alarms.again()
    assert people.heard == []


@given(st.lists(st.tuples(st.sampled_from(["raised", "cleared", "again", "deaf", "hears"]), st.integers(0, 90))))
async def test_no_one_hears_the_same_alarm_twice_within_the_hour(steps: list[tuple[str, int]]) -> None:
    people = People(ways=[LEADS])
    alarms, told = people.alarms(), list[tuple[datetime, str]]()
    for step, minutes in steps:
        people.later(minutes=minutes)
        people.deaf = {LEADS} if step == "deaf" else set() if step == "hears" else people.deaf
        if step == "raised":
            # Two at a time, as two jobs may.
            await asyncio.gather(alarms.raised(Alarm.COPY, "x"), alarms.raised(Alarm.COPY, "x"))
        elif step == "cleared":
            await alarms.cleared(Alarm.COPY)
        elif step == "again":
            await alarms.again()
        told += [(people.now, subject) for subject in people.subjects()[len(told) :]]
    alarms_told = [at for at, subject in told if subject == "Evidence alarm"]
    assert all(later - earlier >= PACE for earlier, later in itertools.pairwise(alarms_told))
    ends = [subject for _, subject in told]
    assert all((before, end) != ("All clear", "All clear") for before, end in itertools.pairwise(ends))
    assert ends[:1] in ([], ["Evidence alarm"])


@pytest.mark.parametrize("alarm", Alarm)
async def test_a_message_says_what_and_what_to_do_and_is_one_that_teams_and_mail_take(alarm: Alarm) -> None:
    people = People(ways=[LEADS])
    alarms = people.alarms()
    await alarms.raised(alarm, "What went wrong.")
    await alarms.cleared(alarm)
    for _, message in people.heard:
        facts = dict(message.facts)
        assert facts["Id in the log"] == alarm.value.id
        assert facts["At"] == "23 November 2026, 09:00 UTC"
        assert not isinstance(outbox_teams.read("operators", card(message)), str)
        body = mail(message)
        content = {"subject": message.subject, "plainText": body.plain, "html": body.html}
        sent = {"senderAddress": "no@a.example", "recipients": {"to": [{"address": "b@a.example"}]}, "content": content}
        assert not isinstance(outbox_email.read(sent), str)
    first = dict(people.heard[0][1].facts)
    assert (first["What"], first["What to do"]) == ("What went wrong.", alarm.value.do)
    assert alarm.value.well == dict(people.heard[-1][1].facts)["What"] or not alarm.value.well


async def done(spill: SpillAlarms) -> None:
    assert spill._task is not None
    async with asyncio.timeout(5):
        await spill._task


async def test_a_spill_is_told_in_the_background_once_and_so_is_its_end() -> None:
    people = People(ways=[LEADS])
    spill = SpillAlarms(people.alarms())
    for waiting in range(1, 500):
        spill(waiting, 0)
    assert people.heard == []
    await done(spill)
    spill(499, 0)
    await done(spill)
    spill(0, 0)
    await done(spill)
    assert people.subjects() == ["Evidence alarm", "All clear"]
    assert dict(people.heard[0][1].facts)["What"] == "Waiting in memory: 499."


async def test_records_that_are_lost_are_an_alarm_of_their_own_that_no_later_spill_repeats() -> None:
    people = People(ways=[LEADS])
    spill = SpillAlarms(people.alarms())
    for waiting, lost in ((1000, 3), (0, 3), (1, 3), (0, 3)):
        spill(waiting, lost)
        await done(spill)
        people.later(hours=2)
    told = [dict(message.facts)["What"] for _, message in people.heard if "lost" in message.subject]
    assert told == ["3 lost: there was no room for more in memory."]


async def test_a_loss_that_could_not_be_told_is_told_when_the_spill_moves_again() -> None:
    people = People(ways=[LEADS], deaf={LEADS})
    spill = SpillAlarms(people.alarms())
    spill(1000, 1)
    await done(spill)
    people.deaf.clear()
    spill(0, 1)
    await done(spill)
    assert [message.subject for _, message in people.heard] == [f"Evidence alarm: {Alarm.LOSS.value.heading}"]


async def test_nobody_is_told_where_the_policy_names_nobody(caplog: pytest.LogCaptureFixture) -> None:
    people = People(ways=[])
    with caplog.at_level(logging.DEBUG, logger="countersign"):
        await people.alarms().raised(Alarm.SEAL, "x")
    assert caplog.text == ""
