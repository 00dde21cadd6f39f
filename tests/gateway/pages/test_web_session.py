import uuid
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devhost.accounts import GROUPS
from gateway.pages.cookies import MAX_COOKIE
from gateway.pages.web_session import LIFETIME, begin, open_session, seal_session
from gateway.seal import Seal
from tests.fakes.policies import policy
from tests.fakes.values import CALLER

SEAL = Seal([b"k" * 32])
NOW = 1_900_000_000.0
PERSON = replace(CALLER, name="Abel Approver", groups=frozenset({GROUPS["approvers"], str(uuid.UUID(int=9))}))


def test_a_session_opens_as_it_was_sealed() -> None:
    session = begin(PERSON, policy(), NOW)
    assert open_session(seal_session(session, SEAL), SEAL, NOW) == session


def test_only_groups_that_the_policy_names_are_in_it_and_no_roles() -> None:
    session = begin(replace(PERSON, roles=frozenset({"Mcp.Call"})), policy(), NOW)
    assert session.caller.groups == {GROUPS["approvers"]}
    assert session.caller.roles == frozenset()
    assert session.policy == policy().digest


@given(st.integers(0, 10**9))
def test_it_ends_with_the_token_and_within_the_hour(lifetime: int) -> None:
    session = begin(replace(PERSON, expires=int(NOW) + lifetime), policy(), NOW)
    assert session.expires == int(NOW) + min(lifetime, LIFETIME)
    sealed = seal_session(session, SEAL)
    assert open_session(sealed, SEAL, session.expires) is None
    if lifetime:
        assert open_session(sealed, SEAL, session.expires - 1) == session


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_session_of_which_a_byte_was_changed_is_none(place: int, change: int) -> None:
    sealed = seal_session(begin(PERSON, policy(), NOW), SEAL).encode()
    at = place % len(sealed)
    changed = sealed[:at] + bytes([sealed[at] ^ change]) + sealed[at + 1 :]
    assert open_session(changed.decode("latin-1"), SEAL, NOW) is None


@given(st.text())
def test_no_text_is_an_error(text: str) -> None:
    assert open_session(text, SEAL, NOW) is None


@pytest.mark.parametrize("content", [b"{}", b"[]", b"null", b'{"v": 2}', b"\xff"])
def test_what_another_version_sealed_is_none(content: bytes) -> None:
    assert open_session(SEAL.seal_text(content, b"web session"), SEAL, NOW) is None


def test_what_was_sealed_for_something_else_is_none() -> None:
    assert open_session(SEAL.seal_text(b'{"v": 1}', b"sign-in"), SEAL, NOW) is None


def test_two_sessions_of_one_person_are_two() -> None:
    assert begin(PERSON, policy(), NOW).id != begin(PERSON, policy(), NOW).id


def test_a_hundred_groups_fit_into_a_cookie() -> None:
    many = frozenset(str(uuid.UUID(int=number)) for number in range(100))
    session = replace(begin(PERSON, policy(), NOW), caller=replace(PERSON, groups=many, name="N" * 100))
    sealed = seal_session(session, SEAL)
    assert len(sealed) <= MAX_COOKIE
    assert open_session(sealed, SEAL, NOW) == session
