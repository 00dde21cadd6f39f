"""The signing keys of Entra tenants, cached: which public key carries a given `kid`.

Keys are fetched from the tenant's key set and kept for an hour. An unknown `kid` asks again, but
at most once in ten seconds for each tenant, so that made-up tokens cannot be turned into traffic. A key that
left the set is gone with the next fetch. If the set cannot be fetched, the last one counts for a
day; after that identity is unavailable (fail-closed).
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import jwt

from gateway import jsontext
from gateway.verified_tokens import VerifiedTokens

FRESH = 3600.0
"""Seconds before a key set is fetched again."""
STALE = 86400.0
"""Seconds for which the last key set counts when the issuer cannot be reached."""
PAUSE = 10.0
"""Seconds between two fetches because of an unknown `kid`, for one tenant."""
RETRY = 1.0
"""Seconds before an issuer that could not be reached is asked again."""
PATIENCE = 10.0
"""Seconds for one fetch; whoever needs the tenant's keys waits for it."""
MAX_KEY_SET = 256 * 1024
"""Bytes."""


class KeysUnavailableError(Exception):
    """No usable key set: the issuer cannot be reached or answers nonsense."""


@dataclass(slots=True)
class _KeySet:
    keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    fetched: float = float("-inf")
    tried: float = float("-inf")
    asked: float = float("-inf")
    """When an unknown `kid` last caused a fetch."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class IdentityKeys:
    """The key sets of the tenants that this gateway believes."""

    def __init__(self, client: httpx.AsyncClient, authority: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._authority = authority
        self._clock = clock
        self._tenants: dict[str, _KeySet] = {}
        self.verified = VerifiedTokens()
        """Tokens that these keys were found to have signed."""

    async def find(self, tenant: str, kid: str) -> jwt.PyJWK | None:
        """The tenant's public key of that id, or None if its key set holds none.

        `tenant` must be one of the believed tenants. Raises KeysUnavailableError.
        """
        known = self._tenants.setdefault(tenant, _KeySet())
        if not self._settled(known, kid):
            async with known.lock:
                # Others may have fetched while this one waited for the lock.
                if not self._settled(known, kid):
                    await self._fetch(tenant, known)
        if self._clock() - known.fetched >= STALE:
            raise KeysUnavailableError
        return known.keys.get(kid)

    def _settled(self, known: _KeySet, kid: str) -> bool:
        """Whether asking again would be pointless or too soon."""
        now = self._clock()
        if now - known.fetched < FRESH:
            return kid in known.keys or now - known.asked < PAUSE
        return now - known.tried < RETRY

    async def _fetch(self, tenant: str, known: _KeySet) -> None:
        is_fresh = self._clock() - known.fetched < FRESH
        try:
            url = f"{self._authority}/{tenant}/discovery/v2.0/keys"
            async with asyncio.timeout(PATIENCE), self._client.stream("GET", url) as response:
                keys = _keys(await _body(response))
        except (httpx.HTTPError, TimeoutError):
            keys = {}
        # Only now: whoever asks during the fetch waits for it, and is not told that there is no such key.
        known.tried = self._clock()
        if is_fresh:
            known.asked = known.tried
        if keys:
            known.keys, known.fetched = keys, known.tried


async def _body(response: httpx.Response) -> bytes:
    """The body of a good answer; nothing where it goes past the limit, or came packed, which nobody asked for."""
    if response.status_code != 200 or response.headers.get("content-encoding", "identity").lower() != "identity":
        return b""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_KEY_SET:
            return b""
    return bytes(body)


def _keys(content: bytes) -> dict[str, jwt.PyJWK]:
    """The RSA keys of a key set (RFC 7517); empty if it is not one."""
    document = jsontext.parse(content)
    listed = document.get("keys") if isinstance(document, dict) else None
    try:
        return {entry["kid"]: jwt.PyJWK(entry, "RS256") for entry in listed or () if entry["kty"] == "RSA"}
    except (jwt.PyJWTError, KeyError, TypeError):
        return {}
