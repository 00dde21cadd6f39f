"""The register of grants: asked for, opened, extended, ended; in any order, at once, and with stores that fail."""

import asyncio
import random
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from gateway.access.grant import Grant, State
from gateway.access.register import Register
from gateway.approvals.approval import State as ApprovalState
from gateway.approvals.approval import Verdict
from gateway.approvals.book import Actor
from gateway.reasons import Reason
from gateway.values import Refusal
from tests.fakes.values import ORIGIN
from tests.gateway.access.desk import HOLDER, AccessDesk, kind
from tests.gateway.approvals.desk import START, TERMS, actor, person


@pytest.fixture
def desk() -> AccessDesk:
    return AccessDesk()


async def test_what_a_rule_approves_is_open_at_once_and_ends_by_the_clock(desk: AccessDesk) -> None:
    grant = await desk.opened(600)
    assert grant.state(desk.now) is State.OPEN
    assert grant.ends == START + timedelta(seconds=600)
    assert desk.orchestrations.started == [grant.id]
    assert desk.events() == [("grant_requested", "allowed"), ("grant_opened", "approved")]
    desk.later(seconds=600)
    assert (await desk.found(grant)).state(desk.now) is State.EXPIRED
    assert (await desk.register.expire(await desk.found(grant))).ended is not None
    assert desk.events()[-1] == ("grant_ended", "expired")


async def test_that_it_ended_is_on_record_with_the_true_time_however_late(desk: AccessDesk) -> None:
    grant = await desk.opened(600)
    desk.later(hours=5)
    ended = await desk.register.expire(await desk.found(grant))
    assert ended.ended is not None
    assert ended.ended.at == START + timedelta(seconds=600)
    [body] = [str(row["body"]) for row in desk.evidence.rows.values() if row["event"] == "grant_ended"]
    assert '"ends":"2026-11-23T12:10:00.000000+00:00"' in body
    await desk.register.expire(ended)
    assert [event for event, _ in desk.events()].count("grant_ended") == 1


@pytest.mark.parametrize(("ahead", "open_from", "open_to"), [(0, 0, 600), (2, -2, 598), (-2, 2, 602)])
async def test_another_instance_compares_the_same_times_with_its_own_clock_and_no_leeway(
    desk: AccessDesk, ahead: int, open_from: int, open_to: int
) -> None:
    """Its clock differs by so many seconds, and so does when it opens and ends there, and by no more."""
    grant = await desk.opened(600)
    other = Register(desk.grants, desk.book, lambda: desk.now + timedelta(seconds=ahead))
    for after in range(-4, 606):
        desk.now = START + timedelta(seconds=after)
        found = await other.read(grant.id)
        assert found is not None
        assert (found.state(other.now()) is State.OPEN) is (open_from <= after < open_to), after


async def test_what_people_approve_opens_when_they_have(desk: AccessDesk) -> None:
    grant = await desk.opened(600, people=True)
    assert grant.state(desk.now) is State.PENDING
    assert desk.orchestrations.started == [grant.id]
    desk.later(seconds=300)
    await desk.decided(grant)
    found = await desk.found(grant)
    assert (found.state(desk.now), found.ends) == (State.OPEN, START + timedelta(seconds=900))
    approval = await desk.book.read(grant.id)
    assert approval is not None
    assert approval.state(desk.now) is ApprovalState.CONSUMED
    opened = [row for row in desk.evidence.rows.values() if row["event"] == "grant_opened"]
    assert [(row["approver"], row["justification"]) for row in opened] == [("ann", "CHG1")]
    assert len({partition for partition, _ in desk.evidence.rows}) == 1


@pytest.mark.parametrize(("verdict", "state"), [(Verdict.DENY, State.DENIED), (None, State.EXPIRED)])
async def test_what_people_deny_or_leave_lying_never_opens(
    desk: AccessDesk, verdict: Verdict | None, state: State
) -> None:
    grant = await desk.opened(600, people=True)
    if verdict is None:
        desk.later(seconds=3600)
    else:
        await desk.decided(grant, verdict=verdict)
    assert (await desk.found(grant)).state(desk.now) is state
    assert desk.events()[-1] == ("grant_ended", state.value)
    # It stands in nobody's way.
    assert isinstance(await desk.wish(), Grant)


async def test_the_holder_cannot_approve_it(desk: AccessDesk) -> None:
    grant = await desk.opened(600, people=True, holder=person("ann", "leads"))
    refused = await desk.decided(grant, "ann")
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.APPROVER_IS_REQUESTER
    assert (await desk.found(grant)).state(desk.now) is State.PENDING


async def test_one_that_starts_later_is_scheduled_until_then(desk: AccessDesk) -> None:
    grant = await desk.opened(600, terms=kind(ahead=3600), starts=START + timedelta(seconds=1800))
    assert grant.state(desk.now) is State.SCHEDULED
    desk.later(seconds=1800)
    assert (await desk.found(grant)).state(desk.now) is State.OPEN


async def test_one_that_is_approved_after_its_start_lasts_from_then(desk: AccessDesk) -> None:
    grant = await desk.opened(600, terms=kind(ahead=3600), starts=START + timedelta(seconds=60), people=True)
    desk.later(seconds=120)
    await desk.decided(grant)
    assert (await desk.found(grant)).ends == START + timedelta(seconds=720)


async def test_an_extension_moves_the_end_and_never_past_the_ceiling(desk: AccessDesk) -> None:
    grant = await desk.opened(3000)
    extension = await desk.opened(600)
    assert extension.request.extends == grant.id
    assert (await desk.found(grant)).ends == START + timedelta(seconds=3600)
    assert await desk.wish(1) is Reason.GRANT_DURATION
    assert ("grant_extended", "approved") in desk.events()


async def test_an_extension_that_people_approve_too_late_extends_nothing(desk: AccessDesk) -> None:
    grant = await desk.opened(600)
    extension = await desk.opened(600, people=True)
    assert await desk.wish(600) is Reason.GRANT_HELD
    desk.later(seconds=600)
    await desk.decided(extension)
    assert (await desk.found(extension)).state(desk.now) is State.EXPIRED
    assert (await desk.found(grant)).state(desk.now) is State.EXPIRED


@pytest.mark.parametrize(("state", "by"), [(State.ENDED, HOLDER.object_id), (State.REVOKED, "olga")])
async def test_it_ends_now_and_what_waits_under_it_is_withdrawn(desk: AccessDesk, state: State, by: str) -> None:
    grant = await desk.opened(600)
    below = await desk.ask(TERMS)
    desk.store.approvals[below.id]["request"] = {
        **desk.store.approvals[below.id]["request"],
        "session": grant.request.session,
    }
    other = await desk.ask(TERMS, digest="f" * 64)
    ended = await desk.register.end(grant, state, actor(by), "done")
    assert isinstance(ended, Grant)
    assert ended.state(desk.now) is state
    assert (await desk.read(below)).state(desk.now) is ApprovalState.WITHDRAWN
    assert (await desk.read(other)).state(desk.now) is ApprovalState.PENDING
    again = await desk.register.end(await desk.found(grant), State.REVOKED, actor("olga"))
    assert isinstance(again, Refusal)
    assert again.reason is Reason.GRANT_ENDED


async def test_a_pending_one_that_is_taken_back_waits_for_nobody(desk: AccessDesk) -> None:
    grant = await desk.opened(600, people=True)
    await desk.register.end(grant, State.WITHDRAWN, actor(HOLDER.object_id))
    approval = await desk.book.read(grant.id)
    assert approval is not None
    assert approval.state(desk.now) is ApprovalState.WITHDRAWN
    assert isinstance(await desk.decided(grant), Refusal)
    assert (await desk.found(grant)).state(desk.now) is State.WITHDRAWN


async def test_no_more_are_open_at_once_than_the_terms_say(desk: AccessDesk) -> None:
    terms = kind(at_once=2)
    one = await desk.opened(holder=person("one"), terms=terms)
    await desk.opened(holder=person("two"), terms=terms)
    assert await desk.wish(holder=person("three"), terms=terms) is Reason.GRANT_FULL
    await desk.register.end(one, State.ENDED, actor("one"))
    await desk.opened(holder=person("three"), terms=terms)
    assert await desk.wish(holder=person("four"), terms=terms) is Reason.GRANT_FULL
    desk.later(seconds=600)
    await desk.opened(holder=person("four"), terms=terms)
    # On another server there are other places.
    await desk.opened(holder=person("five"), terms=terms, server="other")


@pytest.mark.parametrize("seed", range(15))
async def test_twenty_at_once_get_no_more_places_than_there_are(desk: AccessDesk, seed: int) -> None:
    chance, terms = random.Random(seed), kind(at_once=3)

    async def ask(name: str) -> None:
        for _ in range(chance.randrange(10)):
            await asyncio.sleep(0)
        await desk.wish(holder=person(name), terms=terms)

    await asyncio.gather(*(ask(f"p{number}") for number in range(20)))
    found = [await desk.register.held(person(f"p{number}"), "records", "desk") for number in range(20)]
    assert sum(each is not None and each.state(desk.now) is State.OPEN for each in found) == 3


async def test_one_person_who_asks_twice_at_once_gets_one(desk: AccessDesk) -> None:
    found = await asyncio.gather(*(desk.wish() for _ in range(5)))
    assert sum(isinstance(each, Grant) for each in found) == 1
    assert [each for each in found if not isinstance(each, Grant)] == [Reason.GRANT_HELD] * 4


async def test_what_cannot_be_recorded_is_not_asked_for_and_does_not_open(desk: AccessDesk) -> None:
    with desk.evidence.down():
        assert await desk.wish() is Reason.EVIDENCE_UNAVAILABLE
    held = await desk.register.held(HOLDER, "records", "desk")
    assert held is not None
    assert held.state(desk.now) is State.PENDING
    desk.later(seconds=60)
    assert isinstance(await desk.wish(), Grant)


async def test_one_whose_opening_could_not_be_recorded_opens_once_it_can(desk: AccessDesk) -> None:
    grant = await desk.opened(600, people=True)
    await desk.decided(grant)
    with desk.evidence.down():
        assert (await desk.found(grant)).state(desk.now) is State.PENDING
    desk.later(seconds=60)
    found = await desk.found(grant)
    assert found.state(desk.now) is State.OPEN
    # Its times are those of the first try: they are what was promised, and it does not last longer.
    assert found.ends == START + timedelta(seconds=600)


@pytest.mark.parametrize("people", [True, False])
async def test_what_could_not_be_begun_does_not_stand_in_the_way(desk: AccessDesk, people: bool) -> None:
    desk.orchestrations.reachable = False
    assert await desk.wish(people=people) in (Reason.GRANTS_UNAVAILABLE, Reason.APPROVALS_UNAVAILABLE)
    held = await desk.register.held(HOLDER, "records", "desk")
    assert held is not None
    assert held.state(desk.now) is State.WITHDRAWN
    desk.orchestrations.reachable = True
    assert isinstance(await desk.wish(people=people), Grant)


async def test_a_refusal_is_on_record_with_who_asked_for_what(desk: AccessDesk) -> None:
    assert await desk.wish(9999) is Reason.GRANT_DURATION
    [row] = desk.evidence.rows.values()
    assert (row["event"], row["reason"], row["server"]) == ("grant_refused", "grant_duration", "records")
    assert row["approver"] == HOLDER.object_id


async def test_what_happens_to_a_grant_is_put_on_record_once_however_many_look_at_once(desk: AccessDesk) -> None:
    grant = await desk.opened(600, people=True)
    await desk.decided(grant)
    await asyncio.gather(*(desk.found(grant) for _ in range(3)))
    extension = await desk.opened(600, people=True)
    await desk.decided(extension)
    await asyncio.gather(*(desk.found(extension) for _ in range(3)))
    events = [event for event, _ in desk.events() if event.startswith("grant_")]
    assert events == ["grant_requested", "grant_opened", "grant_requested", "grant_extended", "grant_ended"]


async def test_another_one_goes_on_where_a_process_ended_while_it_opened_a_grant(desk: AccessDesk) -> None:
    grant = await desk.opened(600, people=True)
    await desk.decided(grant)
    await desk.grants.insert(grant.id, "begun", {"at": desk.now.isoformat()})
    assert (await desk.found(grant)).state(desk.now) is State.PENDING
    desk.later(seconds=10)
    assert (await desk.found(grant)).state(desk.now) is State.OPEN


class Grants(RuleBasedStateMachine):
    """No sequence of requests, decisions, endings and ticks opens access that is not open by all that happened."""

    grants = Bundle("grants")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.desk = AccessDesk()
        self.terms = kind(at_once=2, ahead=600)
        self.allowed: dict[str, tuple[Any, Any]] = {}
        """By grant: the earliest start and the latest end that anybody agreed to."""
        self.dead: set[str] = set()

    def teardown(self) -> None:
        self.loop.close()

    def run(self, steps: Awaitable[Any]) -> Any:
        return self.loop.run_until_complete(steps)

    @initialize()
    def begin(self) -> None:
        self.desk.now = START

    @rule(
        target=grants,
        who=st.sampled_from("abcd"),
        seconds=st.integers(-5, 4000),
        people=st.booleans(),
        ahead=st.sampled_from([0, 0, 0, -10, 300, 700]),
    )
    def ask(self, who: str, seconds: int, people: bool, ahead: int) -> Grant | None:
        starts = self.desk.now + timedelta(seconds=ahead) if ahead > 0 else None
        found = self.run(self.desk.wish(seconds, holder=person(who), terms=self.terms, people=people, starts=starts))
        if not isinstance(found, Grant):
            return None
        assert 0 < seconds <= 3600
        if found.request.extends and not people:
            first, last = self.allowed[found.request.extends]
            self.allowed[found.request.extends] = (first, last + timedelta(seconds=seconds))
        elif not people:
            start = starts or self.desk.now
            self.allowed[found.id] = (start, start + timedelta(seconds=seconds))
        return found

    @rule(grant=grants, yes=st.booleans())
    def decide(self, grant: Grant | None, yes: bool) -> None:
        if grant is None or not grant.request.needs_people:
            return
        before = self.run(self.desk.found(grant)).state(self.desk.now)
        self.run(self.desk.decided(grant, verdict=Verdict.APPROVE if yes else Verdict.DENY))
        if not yes and before is State.PENDING:
            self.dead.add(grant.id)
        if yes and before is State.PENDING and grant.id not in self.allowed:
            self.approve(grant)

    def approve(self, grant: Grant) -> None:
        start = max(grant.request.starts or self.desk.now, self.desk.now)
        if grant.request.extends in self.allowed:
            first, last = self.allowed[grant.request.extends]
            self.allowed[grant.request.extends] = (first, last + timedelta(seconds=grant.request.seconds))
            self.allowed[grant.id] = (start, start)
        else:
            self.allowed[grant.id] = (start, start + timedelta(seconds=grant.request.seconds))
        self.run(self.desk.found(grant))

    @rule(grant=grants, state=st.sampled_from([State.ENDED, State.REVOKED]))
    def end(self, grant: Grant | None, state: State) -> None:
        if grant is None:
            return
        ended = self.run(self.desk.register.end(self.run(self.desk.found(grant)), state, Actor(person("olga"), ORIGIN)))
        if isinstance(ended, Grant):
            self.dead.add(grant.id)

    @rule(seconds=st.integers(0, 4000))
    def wait(self, seconds: int) -> None:
        self.desk.later(seconds=seconds)

    @rule(grant=grants)
    def tend(self, grant: Grant | None) -> None:
        if grant is not None:
            self.run(self.desk.register.expire(self.run(self.desk.found(grant))))

    @invariant()
    def nothing_is_open_that_nobody_agreed_to(self) -> None:
        taken = []
        for who in "abcd":
            held = self.run(self.desk.register.held(person(who), "records", "desk"))
            state = held.state(self.desk.now) if held is not None else None
            if held is not None and state in (State.OPEN, State.SCHEDULED):
                taken.append(held.id)
            if held is None or state is not State.OPEN:
                continue
            assert held.id not in self.dead
            first, last = self.allowed[held.id]
            assert first <= self.desk.now < last
            assert held.opened is not None and held.ends is not None
            assert held.ends - held.opened.starts <= timedelta(seconds=3600)
        assert len(taken) <= 2


TestGrants = Grants.TestCase
TestGrants.settings = settings(max_examples=200, stateful_step_count=25, deadline=None)
