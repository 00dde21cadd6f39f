import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.held_secrets import HeldSecrets
from gateway.mcp_session import SessionSeal
from gateway.reasons import Reason
from gateway.session import Found, find_session, session_of, unauthenticated_session
from gateway.storage.contract import SecretUnavailableError
from gateway.values import Call, Caller, Refusal, Secret
from tests.fakes.values import CALL, CALLER

NOW = datetime(2026, 11, 23, 23, 59, tzinfo=UTC)
KEY = Secret(base64.b64encode(bytes(32)).decode())
NEW_KEY = Secret(f"{base64.b64encode(bytes([1] * 32)).decode()},{KEY.reveal()}")


class Keys:
    """The vault with the session key; `current` None: it cannot be read."""

    def __init__(self, current: Secret | None = KEY) -> None:
        self.current = current
        self.secrets = HeldSecrets(self.read)

    async def read(self, _name: str) -> Secret:
        if self.current is None:
            raise SecretUnavailableError("down")
        return self.current


async def find(call: Call, caller: Caller = CALLER, keys: Keys | None = None, at: datetime = NOW) -> Found | Refusal:
    return await find_session(call, caller, "session-key", (keys or Keys()).secrets, at)


def held(upstream_id: str = "u-1", caller: Caller = CALLER, key: Secret = KEY) -> Call:
    """A call in a legacy session, with the id as the client holds it."""
    sealed = SessionSeal(key).seal(upstream_id, caller, "records", NOW)
    return replace(CALL, mcp_session=sealed, headers=(("mcp-session-id", sealed), ("accept", "x")))


def test_a_session_id_begins_with_the_utc_date() -> None:
    assert session_of(CALL, CALLER, NOW).startswith("20261123-")
    assert unauthenticated_session(NOW) == "20261123-unauthenticated"


def test_calls_of_one_sign_in_are_one_session() -> None:
    other_token = replace(CALLER, token_id="other", expires=1)
    assert session_of(CALL, CALLER, NOW) == session_of(CALL, other_token, NOW)


@pytest.mark.parametrize("change", [{"tenant": "t2"}, {"object_id": "o2"}, {"client": "c2"}, {"sign_in": "s2"}])
def test_another_tenant_person_client_or_sign_in_is_another_session(change: dict[str, Any]) -> None:
    assert session_of(CALL, replace(CALLER, **change), NOW) != session_of(CALL, CALLER, NOW)


def test_another_server_is_another_session() -> None:
    assert session_of(replace(CALL, server="other"), CALLER, NOW) != session_of(CALL, CALLER, NOW)


async def test_a_call_in_an_mcp_session_goes_on_with_the_upstreams_id() -> None:
    found = await find(held("u-1"))
    assert isinstance(found, Found)
    assert found.call.mcp_session == "u-1"
    assert found.call.headers == (("mcp-session-id", "u-1"), ("accept", "x"))


async def test_an_mcp_session_stays_one_session_past_midnight_and_with_a_new_token() -> None:
    first = await find(held("u-1"))
    later = await find(held("u-1"), replace(CALLER, token_id="new", sign_in="new"), at=NOW + timedelta(hours=9))
    other = await find(held("u-2"))
    assert isinstance(first, Found)
    assert isinstance(later, Found)
    assert isinstance(other, Found)
    assert first.session == later.session != other.session


async def test_a_stolen_session_id_has_ended_for_everyone_else() -> None:
    refusal = await find(held(), replace(CALLER, object_id="thief"))
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.SESSION_ENDED


async def test_an_upstreams_own_id_is_not_accepted() -> None:
    refusal = await find(replace(CALL, mcp_session="u-1"))
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.SESSION_ENDED


async def test_an_id_sealed_elsewhere_with_a_newer_key_opens_at_once() -> None:
    keys = Keys()
    assert isinstance(await find(held(), keys=keys), Found)
    keys.current = NEW_KEY
    assert isinstance(await find(held(key=NEW_KEY), keys=keys), Found)


async def test_without_the_key_no_session_begins_or_goes_on_and_other_calls_do() -> None:
    for call in (held(), replace(CALL, method="initialize")):
        refusal = await find(call, keys=Keys(None))
        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.SESSION_KEY_UNAVAILABLE
    assert isinstance(await find(CALL, keys=Keys(None)), Found)
