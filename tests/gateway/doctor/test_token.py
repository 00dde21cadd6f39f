import time
from typing import Any

import pytest

from gateway.doctor import token
from gateway.doctor.finding import Finding, State
from gateway.values import Secret
from tests.gateway.doctor.around import Around


async def explained(around: Around, text: str) -> Finding:
    (found,) = await token.check(around.bench(token=Secret(text)))
    assert text.rpartition(".")[2] not in str(found), "the token itself is told"
    return found


async def test_without_a_token_there_is_nothing_to_explain() -> None:
    assert await token.check(Around().bench()) == []


async def test_a_good_token_is_told_by_its_claims_and_names_nobody() -> None:
    around = Around()
    found = await explained(around, around.tenant.token("engineer"))
    assert found.state is State.OK
    assert all(part in found.seen for part in ("of kind user", "with 1 groups", "ver 2.0", "aud a99", "scp mcp.access"))
    assert "0b1ec700" not in found.seen
    assert "Enid" not in found.seen


@pytest.mark.parametrize(
    ("changes", "reason", "passed", "do"),
    [
        ({"aud": "api://other"}, "TOKEN_AUDIENCE", "issuer", "for another API"),
        ({"aud": "api://a9900000-0000-4000-8000-000000000001/"}, "TOKEN_AUDIENCE", "issuer", "Only the slash"),
        ({"iss": "https://sts.windows.net/x"}, "TOKEN_ISSUER", "beginning", "must be exactly"),
        ({"tid": "00000000-0000-4000-8000-000000000000"}, "TOKEN_TENANT", "algorithm", "COUNTERSIGN_TENANTS"),
        ({"scp": "other"}, "SCOPE_MISSING", "audience", "lacks mcp.access"),
        ({"exp": 1}, "TOKEN_EXPIRED", "signature", "Get a new one"),
        ({"nbf": int(time.time()) + 900}, "TOKEN_NOT_YET_VALID", "end", "clock"),
    ],
)
async def test_a_refusal_says_which_check_failed_what_passed_and_what_to_do(
    changes: dict[str, Any], reason: str, passed: str, do: str
) -> None:
    around = Around()
    found = await explained(around, around.tenant.token("engineer", **changes))
    assert found.state is State.FAULT
    assert found.seen.startswith(f"refused, {reason}")
    assert f"{passed}: " in found.seen
    assert do in found.do


@pytest.mark.parametrize("text", ["", "no.token.this", "x" * 20_000])
async def test_what_is_no_token_passes_nothing(text: str) -> None:
    (found,) = await token.check(Around().bench(token=Secret(text)))
    assert found.state is State.FAULT
    assert "passed: nothing" in found.seen or "TOKEN_MISSING" in found.seen


async def test_a_tenant_whose_keys_cannot_be_fetched_tells_nothing_of_the_token() -> None:
    around = Around()
    around.tenant.reachable = False
    assert (await explained(around, around.tenant.token("engineer"))).state is State.CANNOT_TELL
