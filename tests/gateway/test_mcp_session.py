import base64
import secrets
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.held_secrets import HeldSecrets
from gateway.mcp_session import McpSession, SessionSeal, seal_of
from gateway.reasons import Reason
from gateway.values import Refusal, Secret
from tests.fakes.values import CALLER

NOW = datetime(2026, 11, 23, tzinfo=UTC)
KEY, OTHER = (base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2))
SEAL = SessionSeal(Secret(KEY))


def test_a_sealed_id_opens_for_its_caller_and_server() -> None:
    sealed = SEAL.seal("upstream-1", CALLER, "records", NOW)
    assert SEAL.open(sealed, CALLER, "records") == McpSession("upstream-1", "20261123")


def test_a_sealed_id_says_nothing_of_the_upstreams_and_is_never_the_same() -> None:
    one, two = (SEAL.seal("upstream-1", CALLER, "records", NOW) for _ in range(2))
    assert one != two
    assert "upstream" not in one + base64.urlsafe_b64decode(one + "==").decode("latin-1")


def test_an_id_that_an_earlier_version_sealed_keeps_opening() -> None:
    earlier = "MdK3RKH0U8jrSQQ5hHwekFYiPBWSvT5AFDYaLOMXs7AFqyVhL8KzIUMUSl7HuT9fhIaKaRK-dA"
    seal = SessionSeal(Secret(base64.b64encode(bytes(range(32))).decode()))
    assert seal.open(earlier, CALLER, "records") == McpSession("upstream-1", "20261123")


@pytest.mark.parametrize("change", [{"tenant": "t2"}, {"object_id": "o2"}, {"client": "c2"}])
def test_a_stolen_id_opens_for_nobody_else(change: dict[str, Any]) -> None:
    sealed = SEAL.seal("upstream-1", CALLER, "records", NOW)
    assert SEAL.open(sealed, replace(CALLER, **change), "records") is None


def test_an_id_of_one_server_does_not_open_at_another() -> None:
    assert SEAL.open(SEAL.seal("upstream-1", CALLER, "records", NOW), CALLER, "other") is None


def test_a_new_token_of_the_same_person_and_client_keeps_the_session() -> None:
    sealed = SEAL.seal("upstream-1", CALLER, "records", NOW)
    assert SEAL.open(sealed, replace(CALLER, token_id="new", sign_in="new", expires=1), "records")


@given(st.data())
def test_an_id_with_any_changed_character_opens_for_nobody(data: st.DataObject) -> None:
    sealed = SEAL.seal("upstream-1", CALLER, "records", NOW)
    index = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda char: char != sealed[index]))
    changed = sealed[:index] + other + sealed[index + 1 :]
    assert SEAL.open(changed, CALLER, "records") is None


@given(st.text() | st.text(alphabet="ABCabc-_0189", max_size=200))
def test_no_text_makes_it_raise_or_open(text: str) -> None:
    assert SEAL.open(text, CALLER, "records") is None


def test_an_old_key_opens_while_a_new_one_seals() -> None:
    old = SEAL.seal("upstream-1", CALLER, "records", NOW)
    both = SessionSeal(Secret(f"{OTHER},{KEY}"))
    assert both.open(old, CALLER, "records")
    assert SEAL.open(both.seal("upstream-1", CALLER, "records", NOW), CALLER, "records") is None


@given(st.text(st.characters(codec="ascii", min_codepoint=0x21, max_codepoint=0x7E), max_size=1000))
def test_a_sealed_id_is_visible_ascii(upstream_id: str) -> None:
    sealed = SEAL.seal(upstream_id, CALLER, "records", NOW)
    assert all(0x21 <= ord(char) <= 0x7E for char in sealed)
    opened = SEAL.open(sealed, CALLER, "records")
    assert opened is not None
    assert opened.upstream_id == upstream_id


@pytest.mark.parametrize(
    "value",
    ["", "short", "!" * 43, base64.b64encode(bytes(31)).decode(), f"{KEY},", "é" * 43],
    ids=["none", "short", "no base64", "31 bytes", "a key and nothing", "no ASCII"],
)
async def test_without_a_proper_key_there_are_no_sessions(value: str) -> None:
    async def read(_name: str) -> Secret:
        return Secret(value)

    refusal = await seal_of("session-key", HeldSecrets(read))
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.SESSION_KEY_UNAVAILABLE
    assert not value or value not in refusal.detail


@pytest.mark.parametrize("spelling", [str, lambda key: key.rstrip("="), lambda key: key.translate({43: 45, 47: 95})])
def test_either_base64_alphabet_will_do_with_or_without_padding(spelling: Any) -> None:
    assert SessionSeal(Secret(spelling(KEY))).open(SEAL.seal("u", CALLER, "s", NOW), CALLER, "s")
