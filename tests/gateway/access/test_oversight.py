"""What operators do with grants: all of them are found, and any number revoked in any race."""

import asyncio

from gateway.access import oversight
from gateway.access.grant import Grant, State
from gateway.access.review import STATES, Chosen
from gateway.approvals.approval import State as ApprovalState
from gateway.approvals.book import Actor
from gateway.approvals.evidence import NOBODY
from gateway.reasons import Reason
from gateway.storage.contract import StoreUnavailableError
from gateway.values import Refusal
from tests.fakes.approvals import Fault
from tests.gateway.access.desk import AccessDesk
from tests.gateway.approvals.desk import person

OPERATOR = Actor(None, NOBODY, operator="olga")
CURRENT = Chosen(STATES["current"])


async def stands(desk: AccessDesk, grant: Grant) -> State:
    return (await desk.found(grant)).state(desk.now)


async def test_the_survey_has_the_newest_first_and_says_what_cannot_be_read() -> None:
    desk = AccessDesk()
    first = await desk.opened(holder=person("one"))
    desk.later(minutes=1)
    second = await desk.opened(holder=person("two"), people=True)
    await desk.grants.insert("f" * 32, "request", {})
    found = await oversight.survey(desk.register, CURRENT)
    assert [grant.id for grant in found.grants] == [second.id, first.id]
    assert (list(found.approvals), found.unreadable) == ([second.id], ("f" * 32,))
    assert [each.id for each in (await oversight.survey(desk.register, Chosen(holder="one"))).grants] == [first.id]


async def test_reading_changes_nothing() -> None:
    desk = AccessDesk()
    grant = await desk.opened(people=True)
    await desk.decided(grant)
    before = dict(desk.grants.approvals[grant.id]), desk.events()
    [found] = (await oversight.survey(desk.register, CURRENT)).grants
    assert found.state(desk.now) is State.PENDING
    assert await oversight.as_it_stands(desk.register, grant.id) == found
    assert (dict(desk.grants.approvals[grant.id]), desk.events()) == before


async def test_an_id_is_found_by_how_it_begins() -> None:
    desk = AccessDesk()
    grant = await desk.opened()
    assert await oversight.beginning(desk.register, grant.id[:8]) == [grant.id]
    assert await oversight.beginning(desk.register, "zzzzzzzz") == []
    assert await oversight.as_it_stands(desk.register, "../x") is None


async def test_many_are_revoked_at_once_in_every_state() -> None:
    desk = AccessDesk()
    grants = [await desk.opened(holder=person(f"p{number}"), people=number % 2 == 0) for number in range(20)]
    done = await oversight.revoke(desk.register, grants, "incident", OPERATOR)
    assert [grant.id for grant, _ in done] == [grant.id for grant in grants]
    assert {await stands(desk, grant) for grant in grants} == {State.REVOKED}
    assert desk.events().count(("grant_ended", "revoked")) == 20
    for grant in grants[::2]:
        approval = await desk.book.read(grant.id)
        assert approval is not None
        assert approval.state(desk.now) is ApprovalState.WITHDRAWN


async def test_one_that_is_over_and_one_whose_store_breaks_off_hold_up_no_other() -> None:
    desk = AccessDesk()
    over, other = await desk.opened(holder=person("one")), await desk.opened(holder=person("two"))
    await desk.register.end(over, State.ENDED, OPERATOR)
    (_, refused), (_, ended) = await oversight.revoke(desk.register, [over, other], "incident", OPERATOR)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.GRANT_ENDED
    assert isinstance(ended, Grant)
    last = await desk.opened(holder=person("three"))
    with desk.grants.failing("ended", Fault.INSERT_FAILS_BUT_IS_WRITTEN):
        [(_, unknown)] = await oversight.revoke(desk.register, [last], "incident", OPERATOR)
    assert isinstance(unknown, StoreUnavailableError)


async def test_one_that_is_approved_at_the_same_moment_is_revoked_all_the_same() -> None:
    for turns in range(0, 60, 3):
        desk = AccessDesk()
        grant = await desk.opened(people=True)

        async def approve(desk: AccessDesk = desk, grant: Grant = grant, turns: int = turns) -> None:
            for _ in range(turns):
                await asyncio.sleep(0)
            await desk.decided(grant)
            await desk.found(grant)

        (((_, ended),), _) = await asyncio.gather(
            oversight.revoke(desk.register, [grant], "incident", OPERATOR), approve()
        )
        assert isinstance(ended, Grant)
        assert await stands(desk, grant) is State.REVOKED
