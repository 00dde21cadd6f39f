"""Secrets of the vault, held in memory for a while.

Takes the name of a secret and gives its value, read from Key Vault at most once in five minutes
however many ask at once, or a refusal. A value that somebody was refused with is read again, at most
once in ten seconds. Values live in `Secret` and nowhere else.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.reasons import Reason
from gateway.storage.contract import SecretUnavailableError
from gateway.values import Refusal, Secret

LIFETIME = 300.0
"""Seconds for which a secret is used before it is read again."""
PAUSE = 10.0
"""Seconds between two readings because of a refusal, so that a refusing upstream cannot flood the vault."""


@dataclass(slots=True)
class _Held:
    secret: Secret | None = None
    read_at: float = float("-inf")
    renewed_at: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class HeldSecrets:
    """The secrets of this process, by name."""

    def __init__(
        self, read: Callable[[str], Awaitable[Secret]] | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._clock = clock
        self._held: dict[str, _Held] = {}

    async def obtain(self, name: str) -> Secret | Refusal:
        """The secret, at most `LIFETIME` old; CREDENTIAL_UNAVAILABLE if the vault does not give it."""
        held = self._held.setdefault(name, _Held())
        async with held.lock:
            # Others may have read it while this one waited for the lock.
            if held.secret is None or self._clock() - held.read_at >= LIFETIME:
                return await self._fetch(name, held)
            return held.secret

    async def renew(self, name: str) -> Secret | Refusal:
        """The secret, read again unless that was done because of a refusal moments ago."""
        held = self._held.setdefault(name, _Held())
        async with held.lock:
            if held.secret is None or self._clock() - held.renewed_at >= PAUSE:
                held.renewed_at = self._clock()
                return await self._fetch(name, held)
            return held.secret

    async def _fetch(self, name: str, held: _Held) -> Secret | Refusal:
        if self._read is None:
            return Refusal(Reason.CREDENTIAL_UNAVAILABLE, "COUNTERSIGN_KEY_VAULT is not set")
        try:
            secret = await self._read(name)
        except SecretUnavailableError as error:
            return Refusal(Reason.CREDENTIAL_UNAVAILABLE, f"secret {name}: {error}")
        held.secret, held.read_at = secret, self._clock()
        return secret
