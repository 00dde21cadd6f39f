from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.session import session_of, unauthenticated_session
from tests.fakes.values import CALL, CALLER

NOW = datetime(2026, 11, 23, 23, 59, tzinfo=UTC)


def test_a_session_id_begins_with_the_utc_date() -> None:
    assert session_of(CALL, CALLER, NOW).startswith("20261123-")
    assert unauthenticated_session(NOW) == "20261123-unauthenticated"


def test_calls_of_one_sign_in_are_one_session() -> None:
    other_token = replace(CALLER, token_id="other", expires=1)
    assert session_of(CALL, CALLER, NOW) == session_of(CALL, other_token, NOW)


@pytest.mark.parametrize("change", [{"tenant": "t2"}, {"object_id": "o2"}, {"client": "c2"}, {"sign_in": "s2"}])
def test_another_tenant_person_client_or_sign_in_is_another_session(change: dict[str, Any]) -> None:
    assert session_of(CALL, replace(CALLER, **change), NOW) != session_of(CALL, CALLER, NOW)


def test_another_server_or_mcp_session_is_another_session() -> None:
    plain = session_of(CALL, CALLER, NOW)
    assert session_of(replace(CALL, server="other"), CALLER, NOW) != plain
    assert session_of(replace(CALL, mcp_session="m"), CALLER, NOW) != plain


def test_an_mcp_session_under_another_persons_name_is_not_the_same_session() -> None:
    call = replace(CALL, mcp_session="m")
    assert session_of(call, CALLER, NOW) != session_of(call, replace(CALLER, object_id="o2"), NOW)
