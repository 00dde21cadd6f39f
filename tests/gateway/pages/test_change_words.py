"""A change of the policy on the pages: what those who decide, whoever proposed it, and the list are told."""

from datetime import UTC, datetime

import pytest

from gateway.approvals.approval import Verdict
from gateway.pages.change_words import told
from gateway.proposals.proposal import Ending, Proposal, Request, State
from gateway.values import CallerKind
from tests.gateway.pages.desk import Desk
from tests.gateway.pages.test_waiting import part
from tests.gateway.proposals.room import Room

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.fixture
def room(office: Desk) -> Room:
    """A policy that two people change."""
    return Room(office.gateway)


@pytest.fixture
async def proposed(room: Room) -> str:
    return await room.proposed(room.text.replace("wire_money", "send_<b>money"))


def proposal(state: State) -> Proposal:
    request = Request(AT, "t", "s", CallerKind.USER, "c", "Olga", "0" * 64, "1" * 64, "why", "x", "", "")
    return Proposal("a" * 32, request, None if state is State.PENDING else Ending(state, AT, 3), {})


async def test_whoever_decides_reads_what_changes_line_by_line_and_nothing_of_it_is_markup(
    office: Desk, proposed: str
) -> None:
    page = (await (await office.browser("approver")).get(f"/approvals/{proposed}")).text
    assert "proposes a change of the policy" in page
    for text in ("What would change", "as agreed", "send_&lt;b&gt;money", "2 more people have to approve"):
        assert text in page, text
    assert "<b>money" not in page


async def test_the_second_approval_on_the_page_takes_it_into_force(office: Desk, room: Room, proposed: str) -> None:
    path = f"/approvals/{proposed}"
    for account in ("approver", "approver2"):
        assert (await room.in_force())[0] == 0
        browser = await office.browser(account)
        assert (await browser.submit(path, verdict="approve", reason="read it")).status == 303
    page = (await (await office.browser("approver")).get(path)).text
    assert "as version 1 of the policy" in page
    assert (await room.in_force())[0] == 1


async def test_whoever_proposed_it_sees_how_it_stands_and_takes_it_back(
    office: Desk, room: Room, proposed: str
) -> None:
    mine = await office.browser("operator")
    assert "You proposed a change of the policy" in (await mine.get(f"/requests/{proposed}")).text
    assert (await mine.submit(f"/requests/{proposed}", action="withdraw")).status == 303
    await room.tend(proposed)
    assert (await room.found(proposed)).state is State.WITHDRAWN
    assert "Whoever proposed it took it back" in (await mine.get(f"/requests/{proposed}")).text


async def test_whoever_proposed_it_does_not_decide_on_it(office: Desk, room: Room, proposed: str) -> None:
    page = await (await office.browser("operator")).get(f"/approvals/{proposed}")
    assert 'value="approve"' not in page.text
    assert (await room.found(proposed)).state is State.PENDING


async def test_nobody_else_sees_it(office: Desk, proposed: str) -> None:
    outsider = await office.browser("outsider")
    for path, status in ((f"/approvals/{proposed}", 403), (f"/requests/{proposed}", 404)):
        page = await outsider.get(path)
        assert (page.status, "wire_money" in page.text) == (status, False)


async def test_the_list_says_what_it_is_and_whose_turn_it_is(office: Desk, proposed: str) -> None:
    decides = part((await (await office.browser("approver")).get("/approvals")).text, "undecided")
    assert [text in decides for text in (proposed, "a change of the policy", "the gateway itself")] == [True] * 3
    asked = part((await (await office.browser("operator")).get("/approvals")).text, "asked")
    assert proposed in asked


async def test_one_that_is_denied_says_that_the_policy_stays(office: Desk, room: Room, proposed: str) -> None:
    await room.decide(proposed, "approvers", verdict=Verdict.DENY)
    await room.tend(proposed)
    page = (await (await office.browser("approver")).get(f"/approvals/{proposed}")).text
    assert "It was denied. The policy stays as it is." in page


@pytest.mark.parametrize("state", State)
def test_every_state_has_words_and_they_differ(state: State) -> None:
    words = told(proposal(state), is_open=False)
    assert words["is_change"] is True
    assert all(words[name] for name in ("state", "tone", "fate"))
    others = [told(proposal(other), is_open=False)["state"] for other in State if other is not state]
    assert words["state"] not in others


def test_only_what_is_in_force_is_said_to_be() -> None:
    (fate,) = told(proposal(State.IN_FORCE), is_open=False)["fate"]
    assert "as version 3 of the policy" in fate
    for state in set(State) - {State.IN_FORCE}:
        assert "in force since" not in told(proposal(state), is_open=False)["fate"][0]


def test_what_is_no_change_of_the_policy_or_still_open_has_the_words_of_every_approval() -> None:
    assert told(None, is_open=True) == told(None, is_open=False) == {"is_change": False}
    assert told(proposal(State.PENDING), is_open=True) == {"is_change": True}
