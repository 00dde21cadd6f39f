"""Access tokens whose signature has been verified, so that it is verified once and not at every call.

Takes the text of a token and gives what it claims and the key by which that was found to be signed. Nothing else
is remembered: whether the key still counts and whether the claims are good now is asked at every call (fail-closed).
Tokens are held by their SHA-256, so that none lies in memory for longer than its call.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

MAX_HELD = 1000
"""Tokens; the one unused for longest goes first. One with 200 groups takes about 25 KB."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a token claims, and by what it is believed."""

    kid: str
    tenant: str
    key: jwt.PyJWK
    """The very object: with the next fetch of the key set there is another one, and the token is verified again."""
    claims: Mapping[str, Any]


class VerifiedTokens:
    """Those of this process."""

    def __init__(self, limit: int = MAX_HELD) -> None:
        self._limit = limit
        self._held: OrderedDict[bytes, Verified] = OrderedDict()

    def find(self, text: str) -> Verified | None:
        """What is known of exactly this text."""
        name = _name(text)
        found = self._held.get(name)
        if found is not None:
            self._held.move_to_end(name)
        return found

    def hold(self, text: str, verified: Verified) -> None:
        name = _name(text)
        self._held[name] = verified
        self._held.move_to_end(name)
        if len(self._held) > self._limit:
            self._held.popitem(last=False)


def _name(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()
