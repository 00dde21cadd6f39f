"""What an operator sees of approvals, and what a revocation does, with the stores in memory."""

import json

import pytest

from gateway.approvals import rulings
from gateway.approvals.approval import State, Verdict
from gateway.cli.asked import listed, revoked, shown
from gateway.cli.printed import FAILED, Printed
from tests.fakes.approvals import Fault
from tests.gateway.approvals.desk import Desk, actor


async def revoke(desk: Desk, start: str) -> Printed:
    return await revoked(desk.book, start, "stolen account", "olga")


async def test_the_list_says_what_waits() -> None:
    desk = Desk()
    asked = await desk.ask()
    [head, line] = (await listed(desk.book, "open", "", is_json=False)).text.splitlines()
    assert head.startswith("ID  ")
    assert line.startswith(f"{asked.id[:12]}  pending  Erin Engineer ")


@pytest.mark.parametrize(
    ("state", "server", "sentence"),
    [
        ("open", "", "Nothing waits for people or can still be used; see --state all."),
        ("open", "crm", "Nothing of crm waits for people or can still be used; see --state all."),
        ("all", "crm", "There are no approvals of crm."),
        ("denied", "", "No approval is denied."),
    ],
)
async def test_an_empty_list_says_of_what(state: str, server: str, sentence: str) -> None:
    desk = Desk()
    await desk.ask() if server or state == "denied" else None
    assert await listed(desk.book, state, server, is_json=False) == Printed(0, sentence)


async def test_the_list_as_json_has_whole_ids() -> None:
    desk = Desk()
    asked = await desk.ask()
    printed = json.loads((await listed(desk.book, "all", "records", is_json=True)).text)
    assert [each["id"] for each in printed["approvals"]] == [asked.id]


async def test_what_cannot_be_read_is_named_and_the_rest_is_listed() -> None:
    desk = Desk()
    asked = await desk.ask()
    await desk.store.insert("f" * 32, "request", {})
    printed = await listed(desk.book, "all", "", is_json=False)
    assert (printed.code, printed.complaint) == (FAILED, f"Cannot be read: {'f' * 32}.")
    assert asked.id[:12] in printed.text
    one = await shown(desk.book, "f" * 8, is_json=False)
    assert (one.code, "cannot be read" in one.complaint) == (FAILED, True)


@pytest.mark.parametrize("digits", [8, 12, 32])
async def test_the_story_is_found_by_how_the_id_begins(digits: int) -> None:
    desk = Desk()
    asked = await desk.ask(reason="the customer asked")
    printed = await shown(desk.book, asked.id[:digits], is_json=False)
    assert printed.code == 0
    assert "reason     the customer asked" in printed.text
    assert json.loads((await shown(desk.book, asked.id[:digits], is_json=True)).text)["id"] == asked.id


@pytest.mark.parametrize("start", ["f" * 8, "f" * 32])
async def test_an_unknown_id_is_told(start: str) -> None:
    desk = Desk()
    for printed in (await shown(desk.book, start, is_json=False), await revoke(desk, start)):
        assert printed == Printed(FAILED, complaint=f"There is no approval {start}; see list --state all.")


async def test_an_ambiguous_id_is_told_with_those_that_it_could_be() -> None:
    desk = Desk()
    for last in "ab":
        await desk.store.insert("f" * 31 + last, "request", {})
    printed = await revoke(desk, "f" * 8)
    assert printed.code == FAILED
    assert printed.complaint == (f"Several approvals begin with ffffffff; give more digits: {'f' * 31}a, {'f' * 31}b.")


async def test_a_revocation_takes_effect_and_is_on_record() -> None:
    desk = Desk()
    asked = await desk.ask()
    printed = await revoke(desk, asked.id[:8])
    assert printed == Printed(
        0,
        f"Revoked {asked.id[:12]}: issue_refund on records, asked for by Erin Engineer, cannot be made any more.",
    )
    after = await desk.read(asked)
    assert (after.state(desk.now), after.settled and after.settled.by) == (State.REVOKED, "olga")
    assert desk.events()[-1] == ("approval_settled", "revoked")


async def test_one_already_over_says_so_and_since_when() -> None:
    desk = Desk()
    asked = await desk.ask()
    await rulings.decide(desk.book, asked, Verdict.DENY, "no", actor("ann", "leads"))
    assert await revoke(desk, asked.id) == Printed(
        FAILED,
        complaint=f"{asked.id[:12]} is already over: it is denied since 2026-11-23 12:00 UTC. Nothing was changed.",
    )


async def test_one_that_expired_says_so() -> None:
    desk = Desk()
    asked = await desk.ask()
    desk.later(hours=2)
    assert "it is expired. Nothing was changed." in (await revoke(desk, asked.id)).complaint


async def test_without_evidence_nothing_is_revoked() -> None:
    desk = Desk()
    asked = await desk.ask()
    with desk.evidence.down():
        printed = await revoke(desk, asked.id)
    assert (printed.code, "was not revoked" in printed.complaint) == (FAILED, True)
    assert (await desk.read(asked)).state(desk.now) is State.PENDING


async def test_a_store_that_breaks_off_leaves_open_whether_it_was_revoked() -> None:
    desk = Desk()
    asked = await desk.ask()
    with desk.store.failing("settled", Fault.INSERT_FAILS_BUT_IS_WRITTEN):
        printed = await revoke(desk, asked.id)
    assert (printed.code, "it is not known whether" in printed.complaint) == (FAILED, True)
