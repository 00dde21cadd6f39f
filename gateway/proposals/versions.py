"""The versions of the policy, in one container in which blobs are created and never changed.

Gives the newest version, and adds the next. The name of a version is its number and is created once, so that of two
that are added at once one is. Whoever removes the newest version brings back the one before: nobody may, on Azure.
"""

import hashlib
import time
from collections.abc import Callable
from datetime import datetime

from gateway.access.signing_keys import SigningKeys
from gateway.evidence import jws
from gateway.proposals.version import (
    PREFIX,
    Agreed,
    UnprovenError,
    Version,
    content_of,
    message_of,
    name_of,
    number_in,
    read,
)
from gateway.storage.contract import BlobExistsError, BlobStore

CONTAINER = "policies"
INTERVAL = 5.0
"""Seconds between two looks for a newer version."""


class Versions:
    """The versions. Every method may raise StoreUnavailableError, SecretUnavailableError and UnprovenError."""

    def __init__(
        self,
        blobs: BlobStore,
        keys: SigningKeys,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._blobs = blobs
        self._keys = keys
        self._now = now
        self._clock = clock
        self._looked = float("-inf")
        self._known: Agreed | None = None

    async def newest(self) -> tuple[int, bytes] | None:
        """Number and text of the newest version, as of `INTERVAL` ago at most; None if there is none."""
        if self._clock() - self._looked >= INTERVAL:
            began = self._clock()
            self._known = await self.latest()
            self._looked = began
        return (self._known.version.number, self._known.text) if self._known is not None else None

    async def latest(self) -> Agreed | None:
        """The newest version, as of now."""
        known = self._known
        if known is None:
            numbers = [number_in(name) for name in await self._blobs.names(PREFIX)]
            last = max((number for number in numbers if number is not None), default=0)
            known = await self._read(last) if last else None
        while known is not None and (following := await self._read(known.version.number + 1)) is not None:
            known = following
        return known

    async def add(self, text: bytes, approval: str, before: str) -> Agreed | None:
        """The version that follows the newest; None if another one was added first, or replaced what was `before`."""
        newest = await self.latest()
        if newest is not None and newest.version.digest != before:
            return None
        number = newest.version.number + 1 if newest is not None else 1
        version = Version(number, hashlib.sha256(text).hexdigest(), before, approval, self._now())
        signed = await self._keys.sign(lambda kid: message_of(version, kid))
        content = content_of(jws.text_of(signed.message, signed.signature), text)
        try:
            await self._blobs.create(name_of(number), content)
        except BlobExistsError:
            # Of another process; or of this one, after an answer that was lost.
            found = await self._read(number)
            return found if found is not None and found.version.approval == approval else None
        return Agreed(version, text)

    async def find(self, approval: str, since: datetime) -> Agreed | None:
        """The version that rests on this approval, if it was added after that time."""
        found = await self.latest()
        while found is not None and found.version.approval != approval:
            number = found.version.number - 1
            found = await self._read(number) if number and found.version.at >= since else None
        return found

    async def _read(self, number: int) -> Agreed | None:
        content = await self._blobs.read(name_of(number))
        if content is None:
            return None
        try:
            keys = jws.keys_of({"keys": await self._keys.published()})
        except ValueError:
            raise UnprovenError("the key that signs versions of the policy is none that signs") from None
        return read(content, number, keys)
