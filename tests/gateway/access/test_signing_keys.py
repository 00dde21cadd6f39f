"""Versions of the signing key come and go within a minute, and strangers cannot flood the vault."""

import asyncio

import jwt
import pytest

from gateway.access.signing_keys import FRESH, PAUSE, RETRY, Signed, SigningKeys
from gateway.storage.contract import SecretUnavailableError
from tests.fakes.clock import Clock
from tests.fakes.signing import MemoryKey


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def key() -> MemoryKey:
    return MemoryKey()


@pytest.fixture
def keys(key: MemoryKey, clock: Clock) -> SigningKeys:
    return SigningKeys(key, clock)


def message_of(kid: str) -> bytes:
    return f"by {kid}".encode()


async def is_valid(keys: SigningKeys, signed: Signed) -> bool:
    found = await keys.find(signed.message.decode().removeprefix("by "))
    return found is not None and jwt.get_algorithm_by_name("ES256").verify(signed.message, found.key, signed.signature)


async def test_what_was_signed_verifies_by_the_published_key(keys: SigningKeys) -> None:
    signed = await keys.sign(message_of)
    assert await is_valid(keys, signed)
    [published] = await keys.published()
    assert published.keys() == {"kid", "kty", "crv", "x", "y", "use", "alg"}
    assert message_of(published["kid"]) == signed.message


async def test_the_newest_version_signs_and_older_ones_still_verify(
    keys: SigningKeys, key: MemoryKey, clock: Clock
) -> None:
    signed = [await keys.sign(message_of)]
    for _ in range(2):
        key.rotate()
        clock.advance(FRESH)
        signed.append(await keys.sign(message_of))
    assert [each.message for each in signed] == [b"by version-1", b"by version-2", b"by version-3"]
    assert [await is_valid(keys, each) for each in signed] == [True] * 3
    assert [each["kid"] for each in await keys.published()] == ["version-1", "version-2", "version-3"]


async def test_a_version_that_was_disabled_counts_for_less_than_a_minute_more(
    keys: SigningKeys, key: MemoryKey, clock: Clock
) -> None:
    signed = await keys.sign(message_of)
    key.rotate(disable_old=True)
    clock.advance(FRESH - 1)
    assert await is_valid(keys, signed)
    clock.advance(1)
    assert not await is_valid(keys, signed)
    assert [each["kid"] for each in await keys.published()] == ["version-2"]


async def test_signing_goes_on_with_the_new_version_when_the_old_one_was_disabled_a_moment_ago(
    keys: SigningKeys, key: MemoryKey
) -> None:
    await keys.sign(message_of)
    key.rotate(disable_old=True)
    assert (await keys.sign(message_of)).message == b"by version-2"


async def test_a_new_version_of_another_process_is_known_at_once_but_made_up_ones_do_not_flood_the_vault(
    keys: SigningKeys, key: MemoryKey, clock: Clock
) -> None:
    await keys.published()
    clock.advance(PAUSE)
    new = key.rotate()
    assert await keys.find(new) is not None
    assert key.listed == 2
    for number in range(50):
        assert await keys.find(f"made-up-{number}") is None
    assert key.listed == 2
    clock.advance(PAUSE)
    assert [await keys.find("made-up") for _ in range(3)] == [None] * 3
    assert key.listed == 3


async def test_however_many_ask_at_once_the_vault_is_asked_once(keys: SigningKeys, key: MemoryKey) -> None:
    await asyncio.gather(*(keys.find("version-1") for _ in range(20)))
    assert key.listed == 1


async def test_without_the_vault_nothing_verifies_after_a_minute_and_it_is_asked_once_a_second(
    keys: SigningKeys, key: MemoryKey, clock: Clock
) -> None:
    signed = await keys.sign(message_of)
    key.reachable = False
    clock.advance(FRESH - 1)
    assert await is_valid(keys, signed)
    clock.advance(1)
    for _ in range(3):
        with pytest.raises(SecretUnavailableError):
            await keys.find("version-1")
    assert key.listed == 2
    key.reachable = True
    clock.advance(RETRY)
    assert await is_valid(keys, signed)


async def test_an_unknown_key_is_not_called_unknown_while_nobody_can_be_asked(
    keys: SigningKeys, key: MemoryKey
) -> None:
    await keys.published()
    key.reachable = False
    with pytest.raises(SecretUnavailableError):
        await keys.find("version-2")


async def test_with_every_version_disabled_nothing_is_signed(keys: SigningKeys, key: MemoryKey) -> None:
    key.enabled = []
    with pytest.raises(SecretUnavailableError):
        await keys.sign(message_of)
    assert await keys.published() == []


async def test_without_a_vault_in_the_settings_there_are_no_keys() -> None:
    keys = SigningKeys(None)
    for asking in (keys.find("version-1"), keys.published(), keys.sign(message_of)):
        with pytest.raises(SecretUnavailableError, match="COUNTERSIGN_KEY_VAULT"):
            await asking
