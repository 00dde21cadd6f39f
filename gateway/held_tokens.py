"""Tokens that issuers gave out, held in memory until shortly before they expire.

Takes a key and a way to get its token, and gives the token, asked for once however many want it at
the same time, or the refusal. Only so many are held; the one that was not used for the longest time
goes first. Values live in `Secret` and nowhere else.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field

from gateway.values import Refusal, Secret

MARGIN = 120.0
"""Seconds before its end at which a token is not used any more; a fifth of a short life."""
PAUSE = 10.0
"""Seconds between two renewals because of a refusal, so that a refusing upstream cannot flood the issuer."""
RETRY = 1.0
"""Seconds for which a refusal is the answer, so that those who waited for it do not each try in turn."""
CAPACITY = 2000
"""Tokens; one on behalf of a user takes about 4 KB."""


@dataclass(frozen=True, slots=True)
class Token:
    """What an issuer gave out."""

    value: Secret
    lifetime: float
    """Seconds from when it was asked for."""
    id_token: Secret | None = None
    """OpenID Connect's proof of who signed in, where somebody did."""


type Fetch = Callable[[], Awaitable[Token | Refusal]]


@dataclass(slots=True)
class _Held:
    answer: Secret | Refusal | None = None
    until: float = float("-inf")
    renewed_at: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class HeldTokens:
    """The tokens of this process, by key."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, capacity: int = CAPACITY) -> None:
        self._clock = clock
        self._capacity = capacity
        self._held: OrderedDict[Hashable, _Held] = OrderedDict()

    async def obtain(self, key: Hashable, fetch: Fetch) -> Secret | Refusal:
        """The token of that key, which will not expire in the next moments; else why there is none."""
        held = self._slot(key)
        async with held.lock:
            # Others may have fetched it while this one waited for the lock.
            if held.answer is None or self._clock() >= held.until:
                return await self._fetch(held, fetch)
            return held.answer

    async def renew(self, key: Hashable, fetch: Fetch) -> Secret | Refusal:
        """The token, asked for again unless that was done because of a refusal moments ago."""
        held = self._slot(key)
        async with held.lock:
            if held.answer is None or self._clock() - held.renewed_at >= PAUSE:
                held.renewed_at = self._clock()
                return await self._fetch(held, fetch)
            return held.answer

    def _slot(self, key: Hashable) -> _Held:
        held = self._held.setdefault(key, _Held())
        self._held.move_to_end(key)
        if len(self._held) > self._capacity:
            self._held.popitem(last=False)
        return held

    async def _fetch(self, held: _Held, fetch: Fetch) -> Secret | Refusal:
        asked_at = self._clock()
        token = await fetch()
        if isinstance(token, Refusal):
            held.answer, held.until = token, self._clock() + RETRY
        else:
            held.answer, held.until = token.value, asked_at + token.lifetime - min(MARGIN, token.lifetime / 5)
        return held.answer
