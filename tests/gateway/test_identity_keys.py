import asyncio
import gzip
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from devhost.accounts import TENANT
from gateway import identity_keys
from gateway.identity_keys import FRESH, MAX_KEY_SET, PAUSE, RETRY, STALE, IdentityKeys, KeysUnavailableError
from tests.fakes.clock import Clock
from tests.fakes.entra import AUTHORITY, Tenant


@pytest.fixture
def tenant() -> Tenant:
    return Tenant()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(tenant: Tenant, clock: Clock) -> IdentityKeys:
    return IdentityKeys(tenant.client(), AUTHORITY, clock)


async def test_a_published_key_is_found_and_fetched_once(tenant: Tenant, keys: IdentityKeys) -> None:
    kid = tenant.issuer.keys.signing.kid
    assert await keys.find(TENANT, kid)
    assert await keys.find(TENANT, kid)
    assert tenant.fetches == 1


async def test_a_hundred_first_calls_fetch_once(tenant: Tenant, keys: IdentityKeys) -> None:
    kid = tenant.issuer.keys.signing.kid
    assert all(await asyncio.gather(*(keys.find(TENANT, kid) for _ in range(100))))
    assert tenant.fetches == 1


async def test_unknown_kids_cause_one_refetch_and_not_one_for_each(
    tenant: Tenant, keys: IdentityKeys, clock: Clock
) -> None:
    await keys.find(TENANT, tenant.issuer.keys.signing.kid)
    for number in range(50):
        assert await keys.find(TENANT, f"made-up-{number}") is None
    assert tenant.fetches == 2
    clock.advance(PAUSE)
    await keys.find(TENANT, "made-up")
    assert tenant.fetches == 3


async def test_a_new_key_is_found_at_once(tenant: Tenant, keys: IdentityKeys) -> None:
    await keys.find(TENANT, tenant.issuer.keys.signing.kid)
    assert await keys.find(TENANT, tenant.issuer.keys.rotate().kid)


async def test_a_deleted_key_is_gone_with_the_next_fetch(tenant: Tenant, keys: IdentityKeys, clock: Clock) -> None:
    old = tenant.issuer.keys.signing.kid
    assert await keys.find(TENANT, old)
    tenant.issuer.keys.rotate(delete_old=True)
    clock.advance(FRESH)
    assert await keys.find(TENANT, old) is None


async def test_the_last_key_set_counts_for_a_day_while_the_issuer_is_down(
    tenant: Tenant, keys: IdentityKeys, clock: Clock
) -> None:
    kid = tenant.issuer.keys.signing.kid
    await keys.find(TENANT, kid)
    tenant.reachable = False
    clock.advance(STALE - 1)
    assert await keys.find(TENANT, kid)
    clock.advance(1)
    with pytest.raises(KeysUnavailableError):
        await keys.find(TENANT, kid)


async def test_an_issuer_that_was_never_reached_is_asked_again_soon(
    tenant: Tenant, keys: IdentityKeys, clock: Clock
) -> None:
    tenant.reachable = False
    with pytest.raises(KeysUnavailableError):
        await keys.find(TENANT, "any")
    tenant.reachable = True
    clock.advance(RETRY)
    assert await keys.find(TENANT, tenant.issuer.keys.signing.kid)


async def test_an_answer_that_is_no_key_set_replaces_nothing(tenant: Tenant, keys: IdentityKeys, clock: Clock) -> None:
    kid = tenant.issuer.keys.signing.kid
    await keys.find(TENANT, kid)
    tenant.broken = True
    clock.advance(FRESH)
    assert await keys.find(TENANT, kid)


async def test_all_who_ask_while_the_first_fetch_is_under_way_get_the_key_that_it_brings() -> None:
    tenant = Tenant()

    async def late(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        return tenant._answer(request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(late)) as client:
        keys = IdentityKeys(client, AUTHORITY, Clock())
        found = await asyncio.gather(*(keys.find(TENANT, tenant.issuer.keys.signing.kid) for _ in range(8)))
    assert all(found)
    assert tenant.fetches == 1


class Endless(httpx.AsyncByteStream):
    """A body without end, as fast as it is read, or standing still."""

    def __init__(self, *, is_still: bool = False) -> None:
        self.given = 0
        self._is_still = is_still

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(30 if self._is_still else 0)
            self.given += 10_000
            yield b" " * 10_000
            assert self.given < 10 * MAX_KEY_SET, "nobody stops reading"


async def test_a_key_set_without_end_is_read_no_further_than_the_limit() -> None:
    body = Endless()
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200, stream=body))) as client:
        with pytest.raises(KeysUnavailableError):
            await IdentityKeys(client, AUTHORITY, Clock()).find(TENANT, "any")
    assert body.given <= MAX_KEY_SET + 10_000


async def test_a_key_set_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity_keys, "PATIENCE", 0.01)
    stands = Endless(is_still=True)
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200, stream=stands))) as client:
        with pytest.raises(KeysUnavailableError):
            await asyncio.wait_for(IdentityKeys(client, AUTHORITY, Clock()).find(TENANT, "any"), 5)


async def test_a_packed_key_set_that_nobody_asked_for_is_not_unpacked(tenant: Tenant) -> None:
    keys = tenant.issuer.keys
    packed = gzip.compress(json.dumps(keys.jwks(tenant.issuer.name())).encode())
    answer = httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(packed))
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer)) as client:
        with pytest.raises(KeysUnavailableError):
            await IdentityKeys(client, AUTHORITY, Clock()).find(TENANT, keys.signing.kid)
