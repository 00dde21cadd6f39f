from gateway.approvals import rulings
from gateway.approvals.approval import Approval, State, Verdict
from gateway.pages import waiting
from tests.gateway.pages.desk import Desk


def part(text: str, heading: str) -> str:
    """The section of the list with that id in its heading."""
    return text.partition(f'<h2 id="{heading}">')[2].partition("</section>")[0]


async def ask(office: Desk, count: int) -> list[Approval]:
    return [await office.asked(arguments={"n": number}) for number in range(count)]


async def test_an_approver_sees_what_waits_and_the_requester_what_was_asked_for(office: Desk) -> None:
    approval = await office.asked()
    approver = (await (await office.browser("approver")).get("/approvals")).text
    requester = (await (await office.browser("engineer")).get("/approvals")).text
    assert f'href="/approvals/{approval.id}"' in part(approver, "undecided")
    assert approval.id not in part(approver, "asked")
    assert f'href="/requests/{approval.id}"' in part(requester, "asked")
    assert approval.id not in part(requester, "undecided")


async def test_nobody_else_learns_that_there_is_one(office: Desk) -> None:
    approval = await office.asked()
    page = await (await office.browser("outsider")).get("/approvals")
    assert approval.id not in page.text
    assert "Nothing waits for you." in page.text


async def test_ones_own_request_is_not_ones_own_decision(office: Desk) -> None:
    approval = await office.asked(subject=(await office.person("approver")).object_id)
    page = (await (await office.browser("approver")).get("/approvals")).text
    assert approval.id not in part(page, "undecided")
    assert approval.id in part(page, "asked")


async def test_what_one_has_decided_is_apart_until_all_have(office: Desk) -> None:
    approval = await office.asked("wire_money")
    book = office.gateway.rooms.approvals
    await rulings.decide(book, approval, Verdict.APPROVE, "fine", await office.actor("approver"))
    page = (await (await office.browser("approver")).get("/approvals")).text
    assert approval.id in part(page, "decided")
    assert approval.id not in part(page, "undecided")
    await rulings.decide(book, approval, Verdict.DENY, "no", await office.actor("approver2"))
    assert approval.id not in (await (await office.browser("approver")).get("/approvals")).text


async def test_what_is_approved_and_unused_stays_on_the_requesters_list(office: Desk) -> None:
    approval = await office.asked()
    book = office.gateway.rooms.approvals
    await rulings.decide(book, approval, Verdict.APPROVE, "fine", await office.actor("approver"))
    assert (await office.now(approval)).state(office.gateway.calendar()) is State.APPROVED
    asked = part((await (await office.browser("engineer")).get("/approvals")).text, "asked")
    assert approval.id in asked
    assert "Approved" in asked


async def test_many_are_shown_those_first_that_end_first(office: Desk) -> None:
    made = await ask(office, waiting.AT_ONCE * 2 + 1)
    text = (await (await office.browser("approver")).get("/approvals")).text
    places = [text.index(approval.id) for approval in made]
    assert places == sorted(places)


async def test_one_that_cannot_be_read_does_not_hide_the_others(office: Desk) -> None:
    good, bad = await ask(office, 2)
    office.gateway.approvals.approvals[bad.id]["request"] = {"created": "nonsense"}
    page = await (await office.browser("approver")).get("/approvals")
    assert (page.status, good.id in page.text, bad.id in page.text) == (200, True, False)


async def test_no_argument_is_on_the_list(office: Desk) -> None:
    await office.asked(arguments={"customer": "c-17-only-here"})
    for name in ("approver", "engineer"):
        assert "c-17-only-here" not in (await (await office.browser(name)).get("/approvals")).text
