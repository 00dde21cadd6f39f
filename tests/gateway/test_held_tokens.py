"""Tokens are asked for once, kept until shortly before they end, and never more than fit."""

import asyncio

import pytest

from gateway.held_tokens import MARGIN, PAUSE, RETRY, HeldTokens, Token
from gateway.reasons import Reason
from gateway.values import Refusal, Secret
from tests.fakes.clock import Clock

DOWN = Refusal(Reason.CREDENTIAL_UNAVAILABLE, "down")


class Issuer:
    """Gives out `token-1`, `token-2`, ... while it is up."""

    def __init__(self, lifetime: float = 3600) -> None:
        self.asked = 0
        self.lifetime = lifetime
        self.is_up = True

    async def fetch(self) -> Token | Refusal:
        self.asked += 1
        await asyncio.sleep(0)
        return Token(Secret(f"token-{self.asked}"), self.lifetime) if self.is_up else DOWN


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def held(clock: Clock) -> HeldTokens:
    return HeldTokens(clock, capacity=3)


def shown(answer: Secret | Refusal) -> str:
    assert isinstance(answer, Secret), answer
    return answer.reveal()


async def test_a_token_is_asked_for_once_however_many_want_it(held: HeldTokens) -> None:
    issuer = Issuer()
    given = await asyncio.gather(*(held.obtain("a", issuer.fetch) for _ in range(50)))
    assert ({shown(answer) for answer in given}, issuer.asked) == ({"token-1"}, 1)


async def test_each_key_has_its_own_token(held: HeldTokens) -> None:
    issuer = Issuer()
    assert [shown(await held.obtain(key, issuer.fetch)) for key in ("a", "b", "a")] == ["token-1", "token-2", "token-1"]


@pytest.mark.parametrize(("lifetime", "used_for"), [(3600, 3600 - MARGIN), (50, 40), (0, 0), (-5, 0)])
async def test_a_token_is_used_until_shortly_before_it_ends(
    held: HeldTokens, clock: Clock, lifetime: float, used_for: float
) -> None:
    issuer = Issuer(lifetime)
    await held.obtain("a", issuer.fetch)
    if used_for:
        clock.advance(used_for - 0.01)
        assert shown(await held.obtain("a", issuer.fetch)) == "token-1"
        clock.advance(0.01)
    assert shown(await held.obtain("a", issuer.fetch)) == "token-2"


async def test_those_who_waited_for_a_refusal_do_not_each_try_in_turn(held: HeldTokens, clock: Clock) -> None:
    issuer = Issuer()
    issuer.is_up = False
    assert set(map(id, await asyncio.gather(*(held.obtain("a", issuer.fetch) for _ in range(50))))) == {id(DOWN)}
    assert issuer.asked == 1
    issuer.is_up = True
    clock.advance(RETRY)
    assert shown(await held.obtain("a", issuer.fetch)) == "token-2"


async def test_a_refusing_upstream_does_not_flood_the_issuer(held: HeldTokens, clock: Clock) -> None:
    issuer = Issuer()
    await held.obtain("a", issuer.fetch)
    renewed = await asyncio.gather(*(held.renew("a", issuer.fetch) for _ in range(50)))
    assert ({shown(answer) for answer in renewed}, issuer.asked) == ({"token-2"}, 2)
    assert shown(await held.obtain("a", issuer.fetch)) == "token-2"
    clock.advance(PAUSE)
    assert shown(await held.renew("a", issuer.fetch)) == "token-3"


async def test_the_token_that_was_not_used_for_the_longest_time_goes_first(held: HeldTokens) -> None:
    issuer = Issuer()
    for key in ("a", "b", "c", "a", "d"):
        await held.obtain(key, issuer.fetch)
    assert issuer.asked == 4
    assert shown(await held.obtain("a", issuer.fetch)) == "token-1"
    assert shown(await held.obtain("b", issuer.fetch)) == "token-5"


async def test_whoever_gives_up_does_not_keep_the_others_from_the_token(held: HeldTokens) -> None:
    issuer, stuck = Issuer(), asyncio.Event()

    async def never() -> Token | Refusal:
        stuck.set()
        await asyncio.Event().wait()
        raise AssertionError

    first = asyncio.create_task(held.obtain("a", never))
    await asyncio.wait_for(stuck.wait(), 5)
    second = asyncio.create_task(held.obtain("a", issuer.fetch))
    first.cancel()
    assert shown(await asyncio.wait_for(second, 5)) == "token-1"


async def test_a_token_is_in_no_repr(held: HeldTokens) -> None:
    token = await Issuer().fetch()
    await held.obtain("a", Issuer().fetch)
    assert "token-1" not in repr(token) + repr(held.__dict__)
