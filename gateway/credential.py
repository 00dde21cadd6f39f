"""Room 9: the upstream's credential, held for one call.

Takes the credential that the policy names for a server and returns the header that carries it.
Secrets come from Key Vault and are kept for five minutes; after an upstream's 401 they are read
once again, since they may have been rotated. The value lives in a `Secret` and nowhere else; the
caller's own token never comes near this room.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.policy.document import Credential
from gateway.reasons import Reason
from gateway.storage.contract import SecretUnavailableError
from gateway.values import Refusal, Secret

LIFETIME = 300.0
"""Seconds for which a secret is used before it is read again."""
PAUSE = 10.0
"""Seconds between two readings because of a 401, so that a refusing upstream cannot flood the vault."""


@dataclass(frozen=True, slots=True)
class Header:
    """One header with its secret; `repr` does not show it."""

    name: str
    value: Secret


@dataclass(slots=True)
class _Held:
    secret: Secret | None = None
    read_at: float = float("-inf")
    renewed_at: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Credentials:
    """The secrets of this process, by name."""

    def __init__(
        self, read: Callable[[str], Awaitable[Secret]] | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._clock = clock
        self._held: dict[str, _Held] = {}

    async def obtain(self, credential: Credential | None) -> Header | Refusal | None:
        """The header to send; None for a server that needs none; a refusal if the vault gives nothing."""
        if credential is None:
            return None
        held = self._held.setdefault(credential.secret, _Held())
        async with held.lock:
            # Others may have read it while this one waited for the lock.
            if held.secret is None or self._clock() - held.read_at >= LIFETIME:
                refusal = await self._fetch(credential.secret, held)
                if refusal is not None:
                    return refusal
        return _header(credential, held)

    async def renew(self, credential: Credential | None, refused: Header | None) -> Header | Refusal | None:
        """A header other than the refused one, after a 401; None if there is none to be had."""
        if credential is None or refused is None:
            return None
        held = self._held.setdefault(credential.secret, _Held())
        async with held.lock:
            if self._clock() - held.renewed_at >= PAUSE:
                held.renewed_at = self._clock()
                refusal = await self._fetch(credential.secret, held)
                if refusal is not None:
                    return refusal
        renewed = _header(credential, held)
        if isinstance(renewed, Header) and renewed.value.reveal() == refused.value.reveal():
            return None
        return renewed

    async def _fetch(self, name: str, held: _Held) -> Refusal | None:
        if self._read is None:
            return Refusal(Reason.CREDENTIAL_UNAVAILABLE, "COUNTERSIGN_KEY_VAULT is not set")
        try:
            secret = await self._read(name)
        except SecretUnavailableError as error:
            return Refusal(Reason.CREDENTIAL_UNAVAILABLE, f"secret {name}: {error}")
        if not secret.reveal().isascii() or not secret.reveal().isprintable():
            return Refusal(Reason.CREDENTIAL_UNAVAILABLE, f"secret {name}: not fit for a header")
        held.secret, held.read_at = secret, self._clock()
        return None


def _header(credential: Credential, held: _Held) -> Header | Refusal:
    if held.secret is None:
        return Refusal(Reason.CREDENTIAL_UNAVAILABLE)
    if credential.header == "authorization":
        return Header(credential.header, Secret(f"Bearer {held.secret.reveal()}"))
    return Header(credential.header, held.secret)
