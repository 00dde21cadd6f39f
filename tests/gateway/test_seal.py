import base64
import secrets
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import seal as module
from gateway.held_secrets import HeldSecrets
from gateway.reasons import Reason
from gateway.seal import Seal, seal_for
from gateway.storage.contract import SecretUnavailableError
from gateway.values import Refusal, Secret

OLD, NEW = (base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2))
FIXED = base64.b64encode(bytes(range(32))).decode()
SEALED = "MdgDbyYi1ym2igJnfAogDoaZ4za_yOVXaSF8q0qsZe01XaIe"


def held(value: str) -> HeldSecrets:
    async def read(_name: str) -> Secret:
        return Secret(value)

    return HeldSecrets(read)


async def made(value: str, purpose: str = "call") -> Seal:
    seal = await seal_for(purpose, "session-key", held(value))
    assert isinstance(seal, Seal)
    return seal


@pytest.fixture(scope="module")
async def seal() -> Seal:
    return await made(OLD)


@given(st.binary(max_size=300), st.binary(max_size=50))
def test_what_was_sealed_opens_with_what_it_is_bound_to(seal: Seal, content: bytes, bound_to: bytes) -> None:
    assert seal.open(seal.seal(content, bound_to), bound_to) == content
    assert seal.open_text(seal.seal_text(content, bound_to), bound_to) == content


@given(st.binary(max_size=100), st.binary(max_size=20), st.binary(max_size=20))
def test_bound_to_something_else_it_does_not_open(seal: Seal, content: bytes, one: bytes, other: bytes) -> None:
    opened = seal.open(seal.seal(content, one), other)
    assert opened == (content if one == other else None)


@given(st.binary(max_size=40), st.data())
def test_with_any_bit_flipped_it_does_not_open(seal: Seal, content: bytes, data: st.DataObject) -> None:
    sealed = seal.seal(content, b"x")
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    changed = bytearray(sealed)
    changed[bit // 8] ^= 1 << bit % 8
    assert seal.open(bytes(changed), b"x") is None


@given(st.binary(max_size=40), st.data())
def test_cut_short_or_longer_it_does_not_open(seal: Seal, content: bytes, data: st.DataObject) -> None:
    sealed = seal.seal(content, b"x")
    assert seal.open(sealed[: data.draw(st.integers(0, len(sealed) - 1))], b"x") is None
    assert seal.open(sealed + data.draw(st.binary(min_size=1, max_size=20)), b"x") is None


@given(st.binary(max_size=40), st.data())
def test_a_text_with_any_character_changed_does_not_open(seal: Seal, content: bytes, data: st.DataObject) -> None:
    sealed = seal.seal_text(content, b"x")
    index = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.characters().filter(lambda char: char != sealed[index]))
    # Not even the last one, which may hold bits that count for nothing.
    assert seal.open_text(sealed[:index] + other + sealed[index + 1 :], b"x") is None


@given(st.binary(max_size=20), st.sampled_from(["=", "==", " ", "\n", "A", "\ud800"]), st.booleans())
def test_a_text_has_one_spelling(seal: Seal, content: bytes, more: str, in_front: bool) -> None:
    sealed = seal.seal_text(content, b"x")
    assert seal.open_text(more + sealed if in_front else sealed + more, b"x") is None


@given(st.binary(max_size=100), st.text(max_size=100))
def test_nothing_makes_it_raise(seal: Seal, raw: bytes, text: str) -> None:
    assert seal.open(raw, b"x") is None
    assert seal.open(b"1" + raw, b"x") is None
    assert seal.open_text(text, b"x") is None


def test_it_is_never_the_same_and_says_nothing(seal: Seal) -> None:
    one, two = (seal.seal(b"the content", b"x") for _ in range(2))
    assert one != two
    assert b"content" not in one
    assert one[0] == ord("1")


@given(st.text(max_size=20), st.text(max_size=20))
async def test_another_purpose_does_not_open(one: str, other: str) -> None:
    sealed = (await made(OLD, one)).seal(b"content", b"x")
    assert (await made(OLD, other)).open(sealed, b"x") == (b"content" if one == other else None)


async def test_the_key_itself_opens_nothing_that_has_a_purpose(seal: Seal) -> None:
    assert Seal([base64.b64decode(OLD)]).open(seal.seal(b"content", b"x"), b"x") is None


async def test_an_old_key_opens_while_a_new_one_seals(seal: Seal) -> None:
    new, both = await made(NEW), await made(f"{NEW},{OLD}")
    assert both.open(seal.seal(b"content", b"x"), b"x") == b"content"
    assert new.open(both.seal(b"content", b"x"), b"x") == b"content"
    assert seal.open(both.seal(b"content", b"x"), b"x") is None


async def test_renewed_it_opens_what_a_newer_key_sealed() -> None:
    values = [OLD, f"{NEW},{OLD}"]

    async def read(_name: str) -> Secret:
        return Secret(values.pop(0))

    vault, sealed = HeldSecrets(read), (await made(NEW)).seal(b"content", b"x")
    before, after = await seal_for("call", "k", vault), await seal_for("call", "k", vault, renew=True)
    assert isinstance(before, Seal)
    assert isinstance(after, Seal)
    assert (before.open(sealed, b"x"), after.open(sealed, b"x")) == (None, b"content")


async def test_what_was_sealed_before_keeps_opening() -> None:
    """A text as an earlier version wrote it: neither the derivation nor the form may change unnoticed."""
    assert (await made(FIXED, "call")).open_text(SEALED, b"x") == b"content"


async def test_keys_are_derived_once_while_the_secret_is_held() -> None:
    vault = held(OLD)
    assert await seal_for("call", "k", vault) is await seal_for("call", "k", vault)
    assert await seal_for("call", "k", vault) is not await seal_for("result", "k", vault)


@pytest.mark.parametrize(
    "value",
    ["", "short", "!" * 43, base64.b64encode(bytes(31)).decode(), f"{OLD},", "é" * 43],
    ids=["none", "short", "no base64", "31 bytes", "a key and nothing", "no ASCII"],
)
async def test_without_a_proper_key_nothing_is_sealed(value: str) -> None:
    refusal = await seal_for("call", "session-key", held(value))
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.SESSION_KEY_UNAVAILABLE
    assert not value or value not in refusal.detail


async def test_without_the_vault_nothing_is_sealed() -> None:
    async def read(_name: str) -> Secret:
        raise SecretUnavailableError("HttpResponseError")

    for vault in (HeldSecrets(read), HeldSecrets(None)):
        refusal = await seal_for("call", "session-key", vault)
        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.SESSION_KEY_UNAVAILABLE


@pytest.mark.parametrize("spelling", [str, lambda key: key.rstrip("="), lambda key: key.translate({43: 45, 47: 95})])
async def test_either_base64_alphabet_will_do_with_or_without_padding(seal: Seal, spelling: Any) -> None:
    assert (await made(spelling(OLD))).open(seal.seal(b"content", b"x"), b"x") == b"content"


async def test_nothing_prints_a_key(seal: Seal) -> None:
    assert OLD not in repr(seal) + repr(vars(module))
