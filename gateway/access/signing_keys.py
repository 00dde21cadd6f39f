"""The key that signs session tokens, with its public halves held in memory for a while.

Takes what is to be signed and gives the signature of the newest version; takes a `kid` and gives the
public key of that version, as long as the vault has it enabled. So a new version signs within a minute, what an
older one signed still verifies, and what one signed that was disabled does not, within a minute
(`FRESH`). Without the vault nothing is signed, and after that minute nothing verifies (fail-closed).
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from gateway.storage.contract import KeyDisabledError, KeyVersion, SecretUnavailableError, VaultKey

FRESH = 60.0
"""Seconds for which it counts which versions are enabled."""
PAUSE = 10.0
"""Seconds between two readings because of an unknown `kid`, so that made-up tokens cannot flood the vault."""
RETRY = 1.0
"""Seconds before a vault that did not answer is asked again."""


@dataclass(frozen=True, slots=True)
class Signed:
    message: bytes
    signature: bytes
    """r and s side by side (RFC 7518, section 3.4)."""


class SigningKeys:
    """The versions of one key. Every method may raise SecretUnavailableError."""

    def __init__(self, key: VaultKey | None, clock: Callable[[], float] = time.monotonic) -> None:
        """`key` is None where the settings name no vault."""
        self._key = key
        self._clock = clock
        self._versions: Mapping[str, KeyVersion] = {}
        self._public: Mapping[str, jwt.PyJWK] = {}
        self._lock = asyncio.Lock()
        self._fetched = float("-inf")
        self._failed = float("-inf")
        self._asked = float("-inf")
        """When an unknown `kid` last caused a reading."""

    async def sign(self, message_of: Callable[[str], bytes]) -> Signed:
        """What `message_of` makes of the `kid` of the newest version, signed by that version."""
        key = self._opened()
        kid = await self._newest()
        try:
            return await _signed(key, kid, message_of)
        except KeyDisabledError:
            # It was replaced since the versions were read.
            async with self._lock:
                await self._read()
            return await _signed(key, await self._newest(), message_of)

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """The public key of that version; None if there is none, or none that is enabled."""
        await self._refresh(kid)
        return self._public.get(kid)

    async def published(self) -> list[dict[str, Any]]:
        """All enabled versions as a key set has them (RFC 7517), oldest first."""
        await self._refresh()
        return [_jwk(version) for version in sorted(self._versions.values(), key=lambda each: each.created)]

    async def _newest(self) -> str:
        await self._refresh()
        if not self._versions:
            raise SecretUnavailableError("no version is enabled")
        return max(self._versions.values(), key=lambda each: each.created).kid

    async def _refresh(self, kid: str | None = None) -> None:
        """What is held is fresh, and read again for a `kid` that is not in it."""
        self._opened()
        if not self._is_settled(kid):
            async with self._lock:
                # Others may have read it while this one waited for the lock.
                if not self._is_settled(kid):
                    await self._read()
        if self._clock() - self._fetched >= FRESH:
            raise SecretUnavailableError("not answered a moment ago")

    def _is_settled(self, kid: str | None) -> bool:
        """Whether asking again would be pointless or too soon."""
        now = self._clock()
        if now - self._fetched < FRESH:
            return kid is None or kid in self._versions or now - self._asked < PAUSE
        return now - self._failed < RETRY

    async def _read(self) -> None:
        started = self._clock()
        if started - self._fetched < FRESH:
            self._asked = started
        try:
            found = {version.kid: version for version in await self._opened().versions()}
        except SecretUnavailableError:
            self._failed = self._clock()
            raise
        self._public = {kid: jwt.PyJWK(_jwk(version), "ES256") for kid, version in found.items()}
        # From the start of the reading: a version may have been disabled since.
        self._versions, self._fetched = found, started

    def _opened(self) -> VaultKey:
        if self._key is None:
            raise SecretUnavailableError("COUNTERSIGN_KEY_VAULT is not set")
        return self._key


async def _signed(key: VaultKey, kid: str, message_of: Callable[[str], bytes]) -> Signed:
    message = message_of(kid)
    return Signed(message, await key.sign(kid, message))


def _jwk(version: KeyVersion) -> dict[str, Any]:
    point = {"kty": "EC", "crv": "P-256", "x": version.x, "y": version.y}
    return {"kid": version.kid, "use": "sig", "alg": "ES256", **point}
