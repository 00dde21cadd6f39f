"""The whole life of grants on Durable, as devhost runs it: opened, reminded of, ended on record, however late."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devhost.durable.replay import differences
from gateway.access.grant import Ending, Grant, Span, State, ending_columns
from gateway.access.request import Asked, Wish, facts
from gateway.access.tend import due, tend
from gateway.approvals.approval import State as ApprovalState
from gateway.approvals.approval import Verdict
from gateway.approvals.book import Actor
from gateway.approvals.evidence import NOBODY
from gateway.approvals.tend import OVER
from gateway.values import Refusal
from tests.fakes.values import ORIGIN
from tests.gateway.access.desk import HOLDER, KIND, kind
from tests.gateway.approvals.desk import START
from tests.gateway.approvals.running import ORCHESTRATOR, Running
from tests.gateway.approvals.tending import HOUR, HR, LEADS, TERMS, Fault, Tending, tending

POLICY = f"""
version: 1
groups: {{leads: {LEADS}, hr: {HR}}}
servers: {{records: {{url: "http://127.0.0.1:9/mcp"}}}}
approvals: {{refunds: {{approvers: [leads]}}}}
grants: {{desk: {{ceiling: 8h, who: {{groups: [leads, hr]}}, approval: refunds, remind: 10m, extend: true}}}}
notify:
  leads: [{{teams: {{webhook: leads-channel}}}}]
rules: [{{name: all, effect: allow, who: {{groups: [hr]}}, servers: [records], tools: ["*"], require: {{grant: desk}}}}]
"""
REMINDER = "/leads Holder's access to records ends at"
DESK = kind(ceiling=8 * HOUR, remind=600, approval=TERMS)
OPERATOR = Actor(None, NOBODY, operator="olga")


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    found = Running(tmp_path / "durable")
    found.folder.mkdir()
    async with asyncio.timeout(60), tending(tmp_path, policy=POLICY, now=found.now) as bench:
        found.bench = bench
        yield found


async def ask(running: Running, seconds: int = 8 * HOUR, *, people: bool = False) -> Grant:
    wish = Wish("records", "desk", seconds, reason="CHG1")
    asked = Asked(wish, DESK, "0" * 64, people, running.now())
    found = await running.bench.rooms.grants.ask(asked, HOLDER, Actor(HOLDER, ORIGIN), running)
    assert isinstance(found, Grant), found
    await running.hub.quiet()
    return found


async def decide(running: Running, grant: Grant, verdict: Verdict) -> None:
    """As the page does it."""
    await running.decide(await running.bench.read(grant.id), verdict)
    await running.wake(grant.id)
    await running.hub.quiet()


async def read(running: Running, grant: Grant) -> Grant:
    found = await running.bench.rooms.grants.read(grant.id)
    assert found is not None
    return found


def events(bench: Tending) -> list[str]:
    """`event/outcome` of every record of a grant."""
    rows = bench.gateway.evidence.rows.values()
    return [
        f"{str(row['event']).removeprefix('grant_')}/{row['outcome']}"
        for row in rows
        if str(row["event"]).startswith("grant")
    ]


async def test_eight_hours_of_access_are_an_opening_a_reminder_and_an_end_and_nothing_between(
    running: Running,
) -> None:
    async with running.up():
        grant = await ask(running)
        for _ in range(7):
            await running.later(HOUR)
        assert running.tended == 1
        assert running.happened(grant) == ["activity"]
        await running.later(HOUR - 599)
        assert (running.tended, events(running.bench)[-1]) == (2, "reminded/succeeded")
        await running.later(598)
        assert running.tended == 2
        await running.later(5)
        instance = running.instance(grant)
        assert running.happened(grant) == ["activity", "timer", "activity", "timer", "activity"]
        assert instance.shown_status == "Completed"
    assert events(running.bench) == ["requested/allowed", "opened/approved", "reminded/succeeded", "ended/expired"]
    assert await differences(instance, ORCHESTRATOR) == []


async def test_what_people_approve_is_opened_by_their_decision_and_ends_with_one_orchestration(
    running: Running,
) -> None:
    async with running.up():
        grant = await ask(running, HOUR, people=True)
        await running.later(300)
        await decide(running, grant, Verdict.APPROVE)
        assert events(running.bench) == ["requested/allowed", "opened/approved"]
        assert (await running.bench.read(grant.id)).state(running.now()) is ApprovalState.CONSUMED
        await running.later(HOUR - 600 + 1)
        await running.later(600)
        assert running.instance(grant).shown_status == "Completed"
        # To notify, to open (an event begins the history anew, with a look), to remind, to end.
        assert running.tended == 5
        assert running.happened(grant) == ["activity", *["timer", "activity"] * 2]
        said = json.dumps([each.get("Input") or each.get("Result") for each in running.instance(grant).history])
    assert events(running.bench)[2:] == ["reminded/succeeded", "ended/expired"]
    assert not any(word in said for word in ("CHG1", "Holder", "holder", "desk", "records"))


async def test_one_that_people_deny_is_over_and_so_is_its_orchestration(running: Running) -> None:
    async with running.up():
        grant = await ask(running, people=True)
        await decide(running, grant, Verdict.DENY)
        assert running.instance(grant).shown_status == "Completed"
    assert events(running.bench)[-1] == "ended/denied"


async def test_one_that_nobody_decides_on_is_over_in_time(running: Running) -> None:
    async with running.up():
        grant = await ask(running, people=True)
        await running.later(HOUR + 1)
        assert running.instance(grant).shown_status == "Completed"
    assert (events(running.bench)[-1], running.bench.events()[-1]) == ("ended/expired", "settled/expired")


async def test_a_gateway_that_was_dead_at_the_end_writes_the_true_time_when_it_is_back(running: Running) -> None:
    """Show 3: access was over at its end all the same."""
    async with running.up():
        grant = await ask(running, HOUR)
    running.clock.advance(timedelta(hours=5))
    late = await read(running, grant)
    assert (late.state(running.now()), late.ended) == (State.EXPIRED, None)
    async with running.up():
        await running.later(0)
        assert running.instance(grant).shown_status == "Completed"
    ended = (await read(running, grant)).ended
    assert ended is not None
    assert ended.at == grant.ends
    # Nobody is reminded of what is over.
    assert events(running.bench) == ["requested/allowed", "opened/approved", "ended/expired"]
    [body] = running.bench.bodies("grant_ended")
    assert datetime.fromisoformat(body["ends"]) == grant.ends


async def test_an_orchestration_that_was_killed_goes_on_and_reminds(running: Running) -> None:
    async with running.up():
        grant = await ask(running, 2 * HOUR)
    async with running.up():
        await running.later(2 * HOUR - 599)
        assert running.bench.channels.posted() == [grant_line(grant)]


def grant_line(grant: Grant) -> str:
    assert grant.ends is not None
    return f"{REMINDER} {grant.ends:%H}"


async def test_after_an_extension_it_sleeps_on_and_reminds_of_the_new_end(running: Running) -> None:
    async with running.up():
        grant = await ask(running, HOUR)
        await running.later(HOUR - 599)
        extension = await ask(running, 2 * HOUR, people=True)
        await decide(running, extension, Verdict.APPROVE)
        assert running.instance(extension).shown_status == "Completed"
        for _ in range(3):
            await running.later(600)
        assert (await read(running, grant)).state(running.now()) is State.OPEN
        # At the old end it looked, and sleeps on.
        assert running.happened(grant) == ["activity", *["timer", "activity"] * 2]
        await running.later(2 * HOUR - 1800)
        await running.later(600)
        assert running.instance(grant).shown_status == "Completed"
    assert len(running.bench.channels.posts) == 3  # the extension's approvers, and two reminders
    assert [each for each in events(running.bench) if each.startswith("reminded")] == ["reminded/succeeded"] * 2
    assert events(running.bench)[-1] == "ended/expired"
    ended = (await read(running, grant)).ended
    assert ended is not None
    assert grant.ends is not None
    assert ended.at == grant.ends + timedelta(hours=2)


@pytest.mark.parametrize("is_woken", [True, False])
async def test_one_that_is_revoked_is_closed_at_once_or_at_the_next_wake(running: Running, is_woken: bool) -> None:
    async with running.up():
        grant = await ask(running, HOUR)
        ended = await running.bench.rooms.grants.end(grant, State.REVOKED, OPERATOR, "stolen")
        assert isinstance(ended, Grant)
        if is_woken:
            await running.wake(grant.id)
            await running.hub.quiet()
        else:
            assert running.instance(grant).shown_status == "Running"
            await running.later(HOUR - 599)
        assert running.instance(grant).shown_status == "Completed"
    assert events(running.bench) == ["requested/allowed", "opened/approved", "ended/revoked"]
    assert running.bench.channels.posts == []


async def test_while_the_evidence_is_down_the_end_waits_and_is_then_told_with_the_true_time(running: Running) -> None:
    async with running.up():
        grant = await ask(running, HOUR)
        await running.later(HOUR - 599)
        with running.bench.gateway.evidence.down():
            await running.later(HOUR)
            assert (await read(running, grant)).state(running.now()) is State.EXPIRED
        await running.later(61)
        assert running.instance(grant).shown_status == "Completed"
    [body] = running.bench.bodies("grant_ended")
    assert datetime.fromisoformat(body["ends"]) == grant.ends


async def test_a_reminder_whose_record_fails_is_told_once_and_recorded_later(running: Running) -> None:
    async with running.up():
        await ask(running, HOUR)
        with running.bench.gateway.evidence.down():
            await running.later(HOUR - 599)
            await running.later(61)
        assert "reminded/succeeded" not in events(running.bench)
        await running.later(61)
    assert events(running.bench).count("reminded/succeeded") == 1
    assert len(running.bench.channels.posts) == 1
    [body] = running.bench.bodies("grant_reminded")
    assert (body["way"], body["groups"].split(",")) == ("page; teams leads-channel", [LEADS])


async def test_a_channel_that_fails_is_on_record(running: Running) -> None:
    running.bench.channels.fault = Fault.THROTTLES
    async with running.up():
        await ask(running, HOUR)
        await running.later(HOUR - 599)
    assert events(running.bench)[-1] == "reminded/failed"
    assert running.bench.bodies("grant_reminded")[0]["detail"] == "status 429"


async def test_without_a_policy_the_end_is_told_and_the_reminder_waits(running: Running) -> None:
    async with running.up():
        grant = await ask(running, HOUR)
        running.bench.gateway.policy_file.write_text("version: 0")
        running.bench.gateway.clock.advance(3600)
        await running.later(HOUR + 1)
        await running.later(61)
        assert running.instance(grant).shown_status == "Completed"
    assert events(running.bench)[-1] == "ended/expired"


async def test_what_was_left_waiting_under_a_grant_that_is_over_is_withdrawn(running: Running) -> None:
    """A process ended between writing the end and withdrawing what waits under it."""
    async with running.up():
        grant = await ask(running, HOUR)
        below = await running.bench.ask(running)
        store, grants = running.bench.gateway.approvals, running.bench.gateway.grants
        request = {**store.approvals[below.id]["request"], "session": grant.request.session}
        store.approvals[below.id]["request"] = request
        await grants.insert(grant.id, "ended", ending_columns(Ending(State.ENDED, running.now(), "holder")))
        await running.wake(grant.id)
        await running.hub.quiet()
        assert running.instance(grant).shown_status == "Completed"
    assert (await running.bench.read(below.id)).state(running.now()) is ApprovalState.WITHDRAWN


async def test_an_extension_that_is_taken_back_leaves_what_waits_under_the_grant(running: Running) -> None:
    async with running.up():
        grant = await ask(running, HOUR)
        below = await running.bench.ask(running)
        store = running.bench.gateway.approvals
        request = {**store.approvals[below.id]["request"], "session": grant.request.session}
        store.approvals[below.id]["request"] = request
        extension = await ask(running, HOUR, people=True)
        assert not isinstance(
            await running.bench.rooms.grants.end(extension, State.WITHDRAWN, Actor(HOLDER, ORIGIN)), Refusal
        )
    assert (await running.bench.read(extension.id)).state(running.now()) is ApprovalState.WITHDRAWN
    assert (await running.bench.read(below.id)).state(running.now()) is ApprovalState.PENDING


async def test_one_that_people_could_not_be_asked_about_stands_in_nobodys_way(running: Running) -> None:
    async with running.up():
        register, secrets = running.bench.rooms.grants, running.bench.gateway.secrets
        key = secrets.pop("session-key")
        asked = Asked(Wish("records", "desk", HOUR, reason="CHG1"), DESK, "0" * 64, True, running.now())
        assert isinstance(await register.ask(asked, HOLDER, Actor(HOLDER, ORIGIN), running), Refusal)
        secrets["session-key"] = key
        running.bench.gateway.clock.advance(3600)
        await running.later(61)
        await ask(running, HOUR, people=True)


async def test_an_id_of_nothing_and_one_of_an_approval_alone_are_tended_as_before(running: Running) -> None:
    async with running.up():
        assert await tend("0" * 32, running.bench.rooms) == OVER
        assert await tend("../no-id", running.bench.rooms) == OVER
        known = await running.ask()
        assert datetime.fromisoformat((await tend(known.id, running.bench.rooms))["wake"]) == known.expires


async def test_a_store_of_grants_that_is_down_holds_up_no_approval(running: Running) -> None:
    async with running.up():
        with running.bench.gateway.grants.down():
            known = await running.bench.ask()
            step = await tend(known.id, running.bench.rooms)
        assert running.bench.channels.posted() == ["/leads Approval needed"]
        assert timedelta(0) < datetime.fromisoformat(step["wake"]) - running.now() <= timedelta(seconds=60)


def made(seconds: int, remind: int, extended: list[int], **changes: Any) -> Grant:
    asked = Asked(Wish("records", "desk", seconds), replace(KIND, remind=remind), "0" * 64, False, START)
    request = facts("a" * 32, asked, Actor(HOLDER, ORIGIN), HOLDER, None)
    span = Span(START, START + timedelta(seconds=seconds))
    later = tuple(span.ends + timedelta(seconds=each) for each in extended)
    marks: dict[str, Any] = {"asked": {}, "recorded": {}}
    return replace(Grant("a" * 32, request, span, later, None, marks), **changes)


@given(
    seconds=st.integers(1, 9000),
    remind=st.integers(0, 9000),
    extended=st.lists(st.integers(1, 9000), max_size=3),
    passed=st.integers(-100, 40000),
)
def test_an_open_grant_has_something_due_or_a_wake_ahead_that_is_its_end_at_the_latest(
    seconds: int, remind: int, extended: list[int], passed: int
) -> None:
    grant, now = made(seconds, remind, extended), START + timedelta(seconds=passed)
    found = due(grant, now)
    assert grant.ends is not None
    if now >= grant.ends:
        assert found.expire
    elif found.is_done:
        assert found.wake is not None
        assert now < found.wake <= grant.ends
    else:
        assert found.remind
        assert grant.ends - now <= timedelta(seconds=remind)
