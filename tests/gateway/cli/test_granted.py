"""What an operator sees of access, and what a revocation does, with the stores in memory."""

import json

import pytest

from gateway.access.grant import Grant, State
from gateway.access.review import STATES, Chosen
from gateway.cli.granted import all_revoked, listed, revoked, shown
from gateway.cli.printed import FAILED, Printed
from tests.fakes.approvals import Fault
from tests.gateway.access.desk import HOLDER, AccessDesk
from tests.gateway.approvals.desk import person

CURRENT = Chosen(STATES["current"])


async def revoke(desk: AccessDesk, start: str) -> Printed:
    return await revoked(desk.register, start, "stolen account", "olga")


async def stands(desk: AccessDesk, grant: Grant) -> State:
    return (await desk.found(grant)).state(desk.now)


async def test_the_list_says_who_holds_what() -> None:
    desk = AccessDesk()
    grant = await desk.opened()
    [head, line] = (await listed(desk.register, CURRENT, is_json=False)).text.splitlines()
    assert head.startswith("ID  ")
    assert line.split("  ")[:2] == [grant.id[:12], "open"]
    assert "Holder (holder)" in line


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        (CURRENT, "No access is open, begins later or waits for people; see list --all."),
        (Chosen(), "There is no such access."),
        (Chosen(STATES["denied"]), "There is no such access; see list --all."),
    ],
)
async def test_an_empty_list_says_so(chosen: Chosen, sentence: str) -> None:
    assert await listed(AccessDesk().register, chosen, is_json=False) == Printed(0, sentence)


async def test_the_list_as_json_has_whole_ids() -> None:
    desk = AccessDesk()
    grant = await desk.opened()
    [told] = json.loads((await listed(desk.register, Chosen(), is_json=True)).text)["grants"]
    assert (told["id"], told["left_seconds"]) == (grant.id, 600)


async def test_what_cannot_be_read_is_named_and_the_rest_is_listed() -> None:
    desk = AccessDesk()
    grant = await desk.opened()
    await desk.grants.insert("f" * 32, "request", {})
    printed = await listed(desk.register, CURRENT, is_json=False)
    assert (printed.code, printed.complaint) == (FAILED, f"Cannot be read: {'f' * 32}.")
    assert grant.id[:12] in printed.text
    one = await shown(desk.register, "f" * 8, is_json=False)
    assert (one.code, "cannot be read" in one.complaint) == (FAILED, True)
    every = await all_revoked(desk.register, CURRENT, "incident", "olga")
    assert (every.code, every.complaint) == (FAILED, f"Cannot be read: {'f' * 32}.")
    assert await stands(desk, grant) is State.REVOKED


@pytest.mark.parametrize("digits", [8, 12, 32])
async def test_the_story_is_found_by_how_the_id_begins(digits: int) -> None:
    desk = AccessDesk()
    grant = await desk.opened()
    printed = await shown(desk.register, grant.id[:digits], is_json=False)
    assert (printed.code, f"grant      {grant.id}" in printed.text) == (0, True)
    assert json.loads((await shown(desk.register, grant.id[:digits], is_json=True)).text)["opened_by"] == "rule"


@pytest.mark.parametrize("start", ["f" * 8, "f" * 32])
async def test_an_unknown_id_is_told(start: str) -> None:
    desk = AccessDesk()
    for printed in (await shown(desk.register, start, is_json=False), await revoke(desk, start)):
        assert printed == Printed(FAILED, complaint=f"There is no grant {start}; see list --all.")


async def test_an_ambiguous_id_is_told_with_those_that_it_could_be() -> None:
    desk = AccessDesk()
    for last in "ab":
        await desk.grants.insert("f" * 31 + last, "request", {})
    printed = await revoke(desk, "f" * 8)
    assert printed.complaint == f"Several grants begin with ffffffff; give more digits: {'f' * 31}a, {'f' * 31}b."


async def test_a_revocation_takes_effect_and_is_on_record() -> None:
    desk = AccessDesk()
    grant = await desk.opened()
    printed = await revoke(desk, grant.id[:8])
    assert printed == Printed(0, f"Revoked {grant.id[:12]}: desk on records, of Holder.")
    after = await desk.found(grant)
    assert (after.state(desk.now), after.ended and after.ended.by) == (State.REVOKED, "olga")
    assert desk.events()[-1] == ("grant_ended", "revoked")
    assert await revoke(desk, grant.id) == Printed(
        FAILED,
        complaint=f"{grant.id[:12]} is already over: it is revoked since 2026-11-23 12:00 UTC. Nothing was changed.",
    )


async def test_one_that_the_clock_ended_says_so() -> None:
    desk = AccessDesk()
    grant = await desk.opened()
    desk.later(hours=2)
    assert "it is expired. Nothing was changed." in (await revoke(desk, grant.id)).complaint


async def test_a_person_a_server_or_everyone_is_revoked_and_nobody_else() -> None:
    desk = AccessDesk()
    mine, other = await desk.opened(), await desk.opened(server="crm")
    theirs = await desk.opened(holder=person("erin"), people=True)
    holder = Chosen(STATES["current"], holder="erin")
    assert (await all_revoked(desk.register, holder, "leaves", "olga")).code == 0
    assert [await stands(desk, each) for each in (mine, other, theirs)] == [State.OPEN, State.OPEN, State.REVOKED]
    crm = Chosen(STATES["current"], server="crm")
    assert (await all_revoked(desk.register, crm, "incident", "olga")).text.startswith("Revoked ")
    assert [await stands(desk, each) for each in (mine, other)] == [State.OPEN, State.REVOKED]
    await desk.opened(server="crm")
    every = await all_revoked(desk.register, CURRENT, "incident", "olga")
    assert (every.code, len(every.text.splitlines())) == (0, 2)
    assert await stands(desk, mine) is State.REVOKED
    none = await all_revoked(desk.register, CURRENT, "incident", "olga")
    assert (none.code, "nothing was revoked" in none.complaint) == (FAILED, True)
    assert HOLDER.object_id == "holder"


async def test_without_evidence_nothing_is_revoked() -> None:
    desk = AccessDesk()
    grant = await desk.opened()
    with desk.evidence.down():
        printed = await revoke(desk, grant.id)
    assert (printed.code, "was not revoked" in printed.complaint) == (FAILED, True)
    assert await stands(desk, grant) is State.OPEN


async def test_a_store_that_breaks_off_leaves_open_whether_it_was_revoked() -> None:
    desk = AccessDesk()
    grant = await desk.opened()
    with desk.grants.failing("ended", Fault.INSERT_FAILS_BUT_IS_WRITTEN):
        printed = await revoke(desk, grant.id)
    assert (printed.code, "it is not known whether" in printed.complaint) == (FAILED, True)
