"""Keyed digests and tokens: the same where they should be, different everywhere else, and no key in sight."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.held_secrets import HeldSecrets
from gateway.keyed import Keyed, digests, is_token, keyed_for
from gateway.reasons import Reason
from gateway.storage.contract import SecretUnavailableError
from gateway.values import Refusal, Secret

A, B = "A" * 43, "B" * 43


async def keyed(keys: str = A, session: str = "20261123-one") -> Keyed:
    async def read(_: str) -> Secret:
        return Secret(keys)

    found = await keyed_for(session, "session-key", HeldSecrets(read))
    assert isinstance(found, Keyed)
    return found


async def test_a_digest_is_the_same_in_every_session_and_differs_with_the_key() -> None:
    first, second = await keyed(), await keyed(session="20261123-two")
    other = await keyed(B)
    assert first.digest(b"91000") == second.digest(b"91000") != other.digest(b"91000")
    assert first.digest(b"91000") != first.digest(b"91001")


async def test_a_token_is_the_same_within_a_session_alone() -> None:
    first, second, other = await keyed(), await keyed(session="20261123-two"), await keyed(B)
    assert first.token("mary") == (await keyed()).token("mary")
    assert len({first.token("mary"), second.token("mary"), other.token("mary"), first.token("lee")}) == 4
    assert is_token(first.token("mary"))


async def test_digest_and_token_tell_nothing_of_each_other_or_the_plain_hash() -> None:
    made = await keyed()
    digest, token = made.digest(b"mary"), made.token("mary")
    assert token not in digest
    assert hashlib.sha256(b"mary").hexdigest()[:32] != digest
    assert hmac.digest(bytes(32), b"mary", hashlib.sha256).hex()[:32] != digest


async def test_no_key_is_printed() -> None:
    assert "b'" not in repr(await keyed())


@given(st.binary(max_size=50))
def test_a_value_is_tested_with_every_key_of_the_secret(value: bytes) -> None:
    now, before = digests(value, Secret(f"{B},{A}"))
    assert [now, before] == [*digests(value, Secret(B)), *digests(value, Secret(A))]


async def test_the_first_key_is_the_one_that_is_used() -> None:
    assert (await keyed(f"{B},{A}")).digest(b"x") == digests(b"x", Secret(f"{B},{A}"))[0]


@pytest.mark.parametrize("keys", ["short", "", "A" * 42 + "="])
def test_what_is_no_key_is_an_error_that_does_not_show_it(keys: str) -> None:
    with pytest.raises(ValueError, match=r"32 bytes|base64|padding|data characters") as raised:
        digests(b"x", Secret(keys))
    assert keys == "" or keys not in str(raised.value)


async def test_without_the_key_there_is_a_refusal() -> None:
    async def read(_: str) -> Secret:
        raise SecretUnavailableError("down")

    found = await keyed_for("s", "session-key", HeldSecrets(read))
    assert isinstance(found, Refusal)
    assert found.reason is Reason.SESSION_KEY_UNAVAILABLE


@pytest.mark.parametrize(("text", "is_one"), [("a1b2c3d4e5f6", True), ("A1b2c3d4e5f6", False), ("a1b2", False)])
def test_a_token_has_twelve_digits(text: str, is_one: bool) -> None:
    assert is_token(text) is is_one
