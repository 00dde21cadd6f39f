"""A token whose signature was verified before is refused for all that it would be refused for the first time."""

import time
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devhost.accounts import TENANT
from devhost.identity.keys import SigningKey
from gateway.authenticate import LEEWAY, authenticate
from gateway.identity_keys import FRESH, PAUSE, STALE, IdentityKeys
from gateway.reasons import Reason
from gateway.settings import Settings
from gateway.values import Caller, Refusal, Secret
from gateway.verified_tokens import Verified, VerifiedTokens
from tests.fakes.clock import Clock
from tests.fakes.entra import AUTHORITY, Tenant, settings

SETTINGS = settings()


@dataclass
class Room:
    """Room 2 of one process."""

    tenant: Tenant = field(default_factory=Tenant)
    clock: Clock = field(default_factory=Clock)
    keys: IdentityKeys = field(init=False)

    def __post_init__(self) -> None:
        self.keys = IdentityKeys(self.tenant.client(), AUTHORITY, self.clock)

    async def attempt(self, token: str, at: float | None = None, configured: Settings = SETTINGS) -> Caller | Refusal:
        return await authenticate(Secret(token), configured, self.keys, lambda: time.time() if at is None else at)

    async def reason(self, token: str, **options: Any) -> Reason | None:
        found = await self.attempt(token, **options)
        return found.reason if isinstance(found, Refusal) else None


@pytest.fixture
async def room() -> Room:
    return Room()


@pytest.fixture
async def token(room: Room) -> str:
    """One that the room has let in."""
    token = room.tenant.token()
    assert isinstance(await room.attempt(token), Caller)
    return token


async def test_the_caller_is_the_same_at_every_call(room: Room, token: str) -> None:
    first = await Room(room.tenant).attempt(token)
    assert await room.attempt(token) == await room.attempt(token) == first


async def test_it_is_refused_from_the_second_that_it_expires_in(room: Room, token: str) -> None:
    expires = jwt.decode(token, options={"verify_signature": False})["exp"]
    assert await room.reason(token, at=expires + LEEWAY) is None
    assert await room.reason(token, at=expires + LEEWAY + 1) is Reason.TOKEN_EXPIRED


async def test_the_same_claims_under_another_signature_are_refused(room: Room, token: str) -> None:
    header, claims, signature = token.split(".")
    changed = ("A" if signature[0] != "A" else "B") + signature[1:]
    assert await room.reason(f"{header}.{claims}.{changed}") is Reason.TOKEN_SIGNATURE
    other = jwt.encode(
        jwt.decode(token, options={"verify_signature": False}),
        SigningKey.generate().private,
        "RS256",
        {"kid": room.tenant.issuer.keys.signing.kid},
    )
    assert await room.reason(other) is Reason.TOKEN_SIGNATURE


async def test_a_key_that_left_the_key_set_takes_its_tokens_along(room: Room, token: str) -> None:
    room.tenant.issuer.keys.rotate(delete_old=True)
    assert await room.reason(token) is None
    room.clock.advance(FRESH)
    assert await room.reason(token) is Reason.TOKEN_KEY_UNKNOWN


async def test_another_key_under_the_same_id_has_not_signed_it(room: Room, token: str) -> None:
    ring = room.tenant.issuer.keys
    kid = ring.signing.kid
    ring.rotate(delete_old=True)
    ring._keys[-1] = SigningKey(kid, ring.signing.private)
    room.clock.advance(FRESH)
    assert await room.reason(token) is Reason.TOKEN_SIGNATURE


async def test_a_key_set_fetched_for_another_token_counts_for_it_at_once(room: Room, token: str) -> None:
    room.tenant.issuer.keys.rotate(delete_old=True)
    room.clock.advance(PAUSE)
    assert await room.reason(room.tenant.token()) is None
    assert await room.reason(token) is Reason.TOKEN_KEY_UNKNOWN


async def test_nobody_is_let_in_once_the_key_set_is_a_day_old(room: Room, token: str) -> None:
    room.tenant.reachable = False
    room.clock.advance(STALE)
    assert await room.reason(token) is Reason.IDENTITY_UNAVAILABLE


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"COUNTERSIGN_AUDIENCE": "another"}, Reason.TOKEN_AUDIENCE),
        ({"COUNTERSIGN_TENANTS": "11111111-2222-3333-4444-555555555555"}, Reason.TOKEN_TENANT),
    ],
)
async def test_other_settings_refuse_it(room: Room, token: str, change: dict[str, str], expected: Reason) -> None:
    assert await room.reason(token, configured=settings(**change)) is expected


async def test_a_token_that_was_refused_is_not_held(room: Room) -> None:
    expired = room.tenant.token(exp=int(time.time()) - LEEWAY - 10)
    assert await room.reason(expired) is Reason.TOKEN_EXPIRED
    assert room.keys.verified.find(expired) is None


async def test_an_unsigned_header_of_a_token_is_part_of_what_is_held(room: Room, token: str) -> None:
    claims, signature = token.split(".")[1:]
    header = jwt.encode({}, "k" * 32, "HS256", {"kid": room.tenant.issuer.keys.signing.kid}).split(".")[0]
    assert await room.reason(f"{header}.{claims}.{signature}") is Reason.TOKEN_ALGORITHM


@given(st.lists(st.text(max_size=3), max_size=40))
def test_there_are_never_more_than_the_limit_and_the_newest_stay(texts: list[str]) -> None:
    key = jwt.PyJWK({"kty": "oct", "k": "AAAA"}, "HS256")
    tokens = VerifiedTokens(limit=3)
    for text in texts:
        tokens.hold(text, Verified("k", TENANT, key, {"text": text}))
    newest = list(dict.fromkeys(reversed(texts)))
    held = {text for text in texts if tokens.find(text) is not None}
    assert len(held) <= 3
    assert held == set(newest[:3])
    assert all((found := tokens.find(text)) is not None and found.claims == {"text": text} for text in held)


def test_one_that_is_used_outlives_one_that_is_not() -> None:
    key = jwt.PyJWK({"kty": "oct", "k": "AAAA"}, "HS256")
    tokens = VerifiedTokens(limit=2)
    for text in ("a", "b"):
        tokens.hold(text, Verified("k", TENANT, key, {}))
    assert tokens.find("a")
    tokens.hold("c", Verified("k", TENANT, key, {}))
    assert [text for text in "abc" if tokens.find(text)] == ["a", "c"]
