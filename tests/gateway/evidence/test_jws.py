"""Signed statements: of one type, in one spelling, and of nobody else's key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access.signing_keys import SigningKeys
from gateway.evidence import jws
from tests.fakes.clock import Clock
from tests.fakes.signing import MemoryKey

KIND = "a-statement+jws"
CLAIMS = st.dictionaries(st.text(max_size=10), st.none() | st.booleans() | st.integers(0, 2**50) | st.text(max_size=20))


async def signed(claims: dict[str, object], key: MemoryKey) -> tuple[str, jws.Keys]:
    keys = SigningKeys(key, Clock())
    found = await keys.sign(lambda kid: jws.message_of(claims, kid, KIND))
    return jws.text_of(found.message, found.signature), jws.keys_of({"keys": await keys.published()})


async def test_what_was_signed_is_read_and_its_signature_is_good() -> None:
    text, keys = await signed({"number": 7}, MemoryKey())
    found = jws.parse(text, KIND)
    assert found.claims == {"number": 7}
    assert jws.is_signed(found.message, found.signature, keys[found.kid])


async def test_no_other_key_signed_it() -> None:
    text, keys = await signed({"number": 7}, MemoryKey())
    _, others = await signed({}, MemoryKey())
    found = jws.parse(text, KIND)
    assert not any(jws.is_signed(found.message, found.signature, key) for key in others.values())
    assert not jws.is_signed(found.message, found.signature[:-1], keys[found.kid])


async def test_it_is_read_as_no_other_type() -> None:
    text, _ = await signed({"number": 7}, MemoryKey())
    with pytest.raises(jws.MalformedError, match="not signed as"):
        jws.parse(text, "another+jws")


async def test_it_has_one_text() -> None:
    text, _ = await signed({"number": 7}, MemoryKey())
    with pytest.raises(jws.MalformedError):
        jws.parse(text + "=", KIND)


@given(CLAIMS)
def test_claims_come_back_as_they_were(claims: dict[str, object]) -> None:
    message = jws.message_of(claims, "k", KIND)
    assert jws.parse(jws.text_of(message, b"\0" * 64), KIND).claims == claims


@given(st.text(max_size=200))
def test_other_texts_are_malformed(text: str) -> None:
    with pytest.raises(jws.MalformedError):
        jws.parse(text, KIND)
