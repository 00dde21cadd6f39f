"""A session token is what the gateway wrote, for this server, now; whatever else it is, it is refused."""

import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devhost.accounts import ACCOUNTS, GROUPS, TENANT
from devhost.identity.issuer import unsigned
from devhost.identity.keys import SigningKey
from gateway.access.session_token import LIFETIME, SKEW, Bounds, Issued, issue, verify
from gateway.access.signing_keys import FRESH, SigningKeys
from gateway.reasons import Reason
from gateway.token_text import MAX_TOKEN
from gateway.values import Caller, CallerKind, Refusal
from tests.fakes.clock import Clock
from tests.fakes.entra import settings
from tests.fakes.signing import MemoryKey, base64url

SETTINGS = settings()
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
KEY = MemoryKey()
KEYS = SigningKeys(KEY)
HOLDER = Caller(
    tenant=TENANT,
    object_id=ACCOUNTS["pipeline"].object_id,
    kind=CallerKind.APP,
    client=ACCOUNTS["pipeline"].client,
    groups=frozenset({GROUPS["hr"], GROUPS["engineering"]}),
    roles=frozenset({"Mcp.Call"}),
    token_id="entra-token",
    sign_in="a-sign-in",
    expires=AT + 3600,
    name="Release pipeline",
)
BOUNDS = Bounds("records", "a" * 32, NOW + timedelta(hours=1), frozenset({GROUPS["engineering"]}))


async def issued(caller: Caller = HOLDER, bounds: Bounds = BOUNDS, keys: SigningKeys = KEYS) -> Issued:
    found = await issue(caller, bounds, SETTINGS, keys, NOW)
    assert isinstance(found, Issued)
    return found


async def token() -> str:
    return (await issued()).token.reveal()


async def reason(
    text: str, *, server: str = "records", keys: SigningKeys = KEYS, at: float = AT, tenants: str = TENANT
) -> Reason | None:
    found = await verify(text, server, settings(COUNTERSIGN_TENANTS=tenants), keys, at)
    return found.reason if isinstance(found, Refusal) else None


def claims_in(text: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(text, options={"verify_signature": False})
    return found


async def changed(**changes: Any) -> str:
    """A token with other claims, signed by the gateway's own key; a change to None removes one."""
    claims = claims_in(await token()) | changes
    return KEY.token({name: value for name, value in claims.items() if value is not None})


async def test_the_holder_is_known_by_it_as_by_the_token_that_asked_for_it() -> None:
    found = await issued()
    caller = await verify(found.token.reveal(), "records", SETTINGS, KEYS, AT)
    assert caller == replace(
        HOLDER,
        groups=frozenset({GROUPS["engineering"]}),
        token_id=found.token_id,
        sign_in="",
        expires=found.expires,
        grant="a" * 32,
        issued_by="entra-token",
    )


async def test_it_says_no_more_than_it_must() -> None:
    claims = claims_in(await token())
    assert {claims.pop(name) for name in ("iat", "nbf")} == {AT}
    assert claims.pop("exp") == AT + LIFETIME
    assert claims.pop("jti")
    assert claims == {
        "iss": "https://mcp.example.com",
        "aud": "https://mcp.example.com/mcp/records",
        "sub": HOLDER.object_id,
        "tid": TENANT,
        "oid": HOLDER.object_id,
        "azp": HOLDER.client,
        "kind": "app",
        "name": "Release pipeline",
        "roles": ["Mcp.Call"],
        "groups": [GROUPS["engineering"]],
        "grant": "a" * 32,
        "uti_parent": "entra-token",
    }


@pytest.mark.parametrize("kind", CallerKind)
async def test_an_agent_stays_an_agent(kind: CallerKind) -> None:
    found = await issued(replace(HOLDER, kind=kind))
    caller = await verify(found.token.reveal(), "records", SETTINGS, KEYS, AT)
    assert isinstance(caller, Caller)
    assert caller.kind is kind


async def test_no_two_are_the_same() -> None:
    assert (await issued()).token_id != (await issued()).token_id


@given(st.floats(min_value=0.001, max_value=7200), st.floats(min_value=-100, max_value=7200))
async def test_it_never_outlives_the_grant_or_a_quarter_of_an_hour(left: float, later: float) -> None:
    ends = NOW + timedelta(seconds=left)
    found = await issue(HOLDER, replace(BOUNDS, ends=ends), SETTINGS, KEYS, NOW)
    if isinstance(found, Refusal):
        assert left < 1
        return
    outcome = await reason(found.token.reveal(), at=AT + later)
    if later >= min(left, LIFETIME):
        assert outcome is Reason.TOKEN_EXPIRED
    elif later < -SKEW:
        assert outcome is Reason.TOKEN_NOT_YET_VALID
    elif later < int(min(left, LIFETIME)):
        assert outcome is None


@pytest.mark.parametrize("left", [0, -1, -3600])
async def test_none_is_issued_when_the_grant_is_over(left: int) -> None:
    refused = await issue(HOLDER, replace(BOUNDS, ends=NOW + timedelta(seconds=left)), SETTINGS, KEYS, NOW)
    assert refused == Refusal(Reason.GRANT_OVER)


async def test_none_is_issued_to_a_caller_whose_groups_are_not_known() -> None:
    refused = await issue(replace(HOLDER, groups_complete=False), BOUNDS, SETTINGS, KEYS, NOW)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.GROUPS_UNAVAILABLE


async def test_none_is_issued_that_would_be_too_long_to_use() -> None:
    many = frozenset(f"role-{number:040}" for number in range(400))
    refused = await issue(replace(HOLDER, roles=many), BOUNDS, SETTINGS, KEYS, NOW)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.INTERNAL


async def test_no_clock_is_late_for_its_end_and_one_may_be_a_minute_early_for_its_beginning() -> None:
    text = await token()
    assert await reason(text, at=AT + LIFETIME - 0.001) is None
    assert await reason(text, at=AT + LIFETIME) is Reason.TOKEN_EXPIRED
    assert await reason(text, at=AT - SKEW) is None
    assert await reason(text, at=AT - SKEW - 0.001) is Reason.TOKEN_NOT_YET_VALID


@given(st.data())
async def test_with_any_byte_changed_it_is_refused(data: st.DataObject) -> None:
    text = await token()
    index = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(max_codepoint=255).filter(lambda char: char != text[index]))
    assert await reason(text[:index] + other + text[index + 1 :]) is not None


async def test_each_character_changed_to_its_neighbour_is_refused() -> None:
    """The last one among them: four of its six bits count, and the others must be zero."""
    text = await token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for index, char in enumerate(text):
        other = "." if char == "." else alphabet[alphabet.index(char) ^ 1]
        assert char == "." or await reason(text[:index] + other + text[index + 1 :]) is not None


@given(st.data())
async def test_with_anything_added_or_removed_it_is_refused(data: st.DataObject) -> None:
    text = await token()
    index = data.draw(st.integers(0, len(text)))
    added = data.draw(st.text(min_size=1, max_size=3))
    assert await reason(text[:index] + added + text[index:]) is not None
    assert await reason(text[:index] + text[index + 1 :]) is not None or index == len(text)


async def test_padding_that_the_signature_does_not_cover_is_refused() -> None:
    assert await reason(f"{await token()}==") is Reason.TOKEN_MALFORMED


async def test_it_is_of_no_use_at_another_server() -> None:
    text = await token()
    for server in ("crm", "record", "records/", "Records", ""):
        assert await reason(text, server=server) is Reason.TOKEN_AUDIENCE


async def test_it_is_of_no_use_once_its_tenant_is_not_believed_any_more() -> None:
    assert await reason(await token(), tenants="11111111-0000-4000-8000-000000000001") is Reason.TOKEN_TENANT


WRONG_CLAIMS: list[tuple[dict[str, Any], Reason]] = [
    ({"iss": "https://mcp.example.com/"}, Reason.TOKEN_ISSUER),
    ({"iss": None}, Reason.TOKEN_ISSUER),
    ({"aud": ["https://mcp.example.com/mcp/records"]}, Reason.TOKEN_AUDIENCE),
    ({"aud": None}, Reason.TOKEN_AUDIENCE),
    ({"exp": AT + LIFETIME + 1}, Reason.TOKEN_CLAIMS),
    ({"exp": None}, Reason.TOKEN_CLAIMS),
    ({"exp": True}, Reason.TOKEN_CLAIMS),
    ({"exp": float(AT + 1)}, Reason.TOKEN_CLAIMS),
    ({"exp": str(AT + 1)}, Reason.TOKEN_CLAIMS),
    ({"nbf": None}, Reason.TOKEN_CLAIMS),
    ({"iat": None}, Reason.TOKEN_CLAIMS),
    ({"sub": "somebody-else"}, Reason.TOKEN_CLAIMS),
    ({"kind": "administrator"}, Reason.TOKEN_CLAIMS),
    ({"kind": ["app"]}, Reason.TOKEN_CLAIMS),
    ({"roles": "Mcp.Call"}, Reason.TOKEN_CLAIMS),
    ({"groups": [1]}, Reason.TOKEN_CLAIMS),
    ({"name": 5}, Reason.TOKEN_CLAIMS),
    *(
        ({name: value}, Reason.TOKEN_CLAIMS)
        for name in ("oid", "azp", "grant", "jti", "tid")
        for value in ("", None, 1)
    ),
    *(({name: None}, Reason.TOKEN_CLAIMS) for name in ("kind", "roles", "groups", "name", "uti_parent")),
]


@pytest.mark.parametrize(("changes", "expected"), WRONG_CLAIMS, ids=str)
async def test_what_the_gateway_would_not_write_is_refused_although_its_key_signed_it(
    changes: dict[str, Any], expected: Reason
) -> None:
    assert await reason(await changed()) is None
    assert await reason(await changed(**changes)) is expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
CLAIMS = ["iss", "aud", "sub", "tid", "oid", "azp", "kind", "name", "roles", "groups", "grant", "uti_parent", "jti"]


@given(st.dictionaries(st.sampled_from([*CLAIMS, "iat", "nbf", "exp"]), JSON))
async def test_no_claims_make_it_raise(changes: dict[str, Any]) -> None:
    assert isinstance(
        await verify(KEY.token(claims_in(await token()) | changes), "records", SETTINGS, KEYS, AT), object
    )


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]{1,40}\.[A-Za-z0-9_-]{1,40}\.[A-Za-z0-9_-]{86}", fullmatch=True))
async def test_no_text_makes_it_raise_or_believe(text: str) -> None:
    assert await reason(text) is not None


def spliced(text: str, header: dict[str, Any]) -> str:
    return f"{encoded(header)}.{text.partition('.')[2]}"


def encoded(part: dict[str, Any]) -> str:
    return base64url(json.dumps(part).encode())


async def test_no_other_algorithm_is_accepted() -> None:
    claims, kid = claims_in(await token()), KEY.enabled[-1]
    assert await reason(unsigned(claims)) is Reason.TOKEN_ALGORITHM
    rsa = jwt.encode(claims, SigningKey.generate().private, "RS256", {"kid": kid, "typ": "at+jwt"})
    assert await reason(rsa) is Reason.TOKEN_ALGORITHM
    for secret in (KEY.public_pem(), json.dumps((await KEYS.published())[0]).encode()):
        message = f"{encoded({'typ': 'at+jwt', 'alg': 'HS256', 'kid': kid})}.{encoded(claims)}"
        forged = f"{message}.{base64url(hmac.digest(secret, message.encode(), 'sha256'))}"
        assert await reason(forged) is Reason.TOKEN_ALGORITHM


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": None},
        {"kid": None},
        {"kid": 1},
        {"jwk": {}},
        {"jku": "https://attacker.example/keys"},
        {"x5c": []},
        {"crit": ["b64"], "b64": False},
        {"alg": "es256"},
    ],
    ids=str,
)
async def test_a_header_that_the_gateway_does_not_write_is_refused(header: dict[str, Any]) -> None:
    if header.get("kid", "") == "":
        signed = KEY.token(claims_in(await token()), **header)
    else:
        signed = spliced(await token(), {"typ": "at+jwt", "alg": "ES256"} | header)
    assert await reason(signed) in (Reason.TOKEN_MALFORMED, Reason.TOKEN_ALGORITHM)


async def test_another_key_signs_nothing_here() -> None:
    stranger = MemoryKey()
    claims = claims_in(await token())
    assert await reason(stranger.token(claims)) is Reason.TOKEN_SIGNATURE
    assert await reason(spliced(await token(), {"typ": "at+jwt", "alg": "ES256", "kid": "unknown"})) is (
        Reason.TOKEN_KEY_UNKNOWN
    )


async def test_a_token_that_is_too_long_is_refused_unread() -> None:
    keys = SigningKeys(None)
    assert await reason("a" * (MAX_TOKEN + 1), keys=keys) is Reason.TOKEN_MALFORMED


async def test_it_dies_with_its_key_within_a_minute_and_outlives_a_rotation_that_leaves_the_key_enabled() -> None:
    key, clock = MemoryKey(), Clock()
    keys = SigningKeys(key, clock)
    text = (await issued(keys=keys)).token.reveal()
    key.rotate()
    clock.advance(FRESH)
    assert await reason(text, keys=keys) is None
    key.rotate(disable_old=True)
    clock.advance(FRESH)
    assert await reason(text, keys=keys) is Reason.TOKEN_KEY_UNKNOWN
    assert await reason((await issued(keys=keys)).token.reveal(), keys=keys) is None


async def test_without_the_vault_none_is_issued_and_none_believed() -> None:
    key, clock = MemoryKey(), Clock()
    keys = SigningKeys(key, clock)
    text = (await issued(keys=keys)).token.reveal()
    key.reachable = False
    clock.advance(FRESH)
    assert await reason(text, keys=keys) is Reason.IDENTITY_UNAVAILABLE
    refused = await issue(HOLDER, BOUNDS, SETTINGS, keys, NOW)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.GRANTS_UNAVAILABLE
    assert refused.detail.startswith("signing key")
