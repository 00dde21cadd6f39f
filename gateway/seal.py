"""Authenticated encryption with the key of the vault, for one purpose at a time.

Takes the secret that holds the keys and gives a seal, which encrypts (AES-256-GCM) and opens again
what the gateway puts into hands or stores that it does not trust. The first key of the secret seals
and any of them opens, so that a key can be replaced while what it sealed is still about. What was
sealed for another purpose, bound to something else or changed by one bit does not open.
"""

import base64
import secrets
from collections.abc import Callable, Sequence
from functools import lru_cache, partial

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.held_secrets import HeldSecrets
from gateway.reasons import Reason
from gateway.values import Refusal, Secret

_VERSION = b"1"
_NONCE = 12
_KEY = 32
_PURPOSES = b"countersign seal 1 "


class Seal:
    """Seals with the first of its keys and opens with any."""

    __slots__ = ("_ciphers",)

    def __init__(self, keys: Sequence[bytes]) -> None:
        """`keys`: one or more of 32 bytes each."""
        self._ciphers = [AESGCM(key) for key in keys]

    def seal(self, content: bytes, bound_to: bytes) -> bytes:
        """The content, unreadable, and another text at each call; it opens with the same `bound_to` alone."""
        nonce = secrets.token_bytes(_NONCE)
        return _VERSION + nonce + self._ciphers[0].encrypt(nonce, content, bound_to)

    def open(self, sealed: bytes, bound_to: bytes) -> bytes | None:
        """The content; None if it was not sealed with one of these keys for this `bound_to`, or was changed."""
        if sealed[: len(_VERSION)] != _VERSION:
            return None
        start = len(_VERSION) + _NONCE
        nonce, encrypted = sealed[len(_VERSION) : start], sealed[start:]
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(nonce, encrypted, bound_to)
            except (InvalidTag, ValueError):
                # A nonce that is cut short is a ValueError.
                continue
        return None

    def seal_text(self, content: bytes, bound_to: bytes) -> str:
        """As `seal`, in base64url without padding (RFC 4648, section 5)."""
        return _text(self.seal(content, bound_to))

    def open_text(self, sealed: str, bound_to: bytes) -> bytes | None:
        """As `open`. Only the one spelling that `seal_text` gives opens."""
        try:
            raw = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
        except ValueError:
            return None
        return self.open(raw, bound_to) if _text(raw) == sealed else None


async def seal_for(purpose: str, key_name: str, held: HeldSecrets, *, renew: bool = False) -> Seal | Refusal:
    """The seal of one purpose with the vault's current keys, or SESSION_KEY_UNAVAILABLE.

    Each purpose has keys of its own, derived from those of the secret (HKDF-SHA256, RFC 5869). `renew`
    reads the secret again, for when something sealed by a newer key does not open.
    """
    return await with_keys(key_name, held, partial(_derived, purpose), renew=renew)


async def with_keys[Made](
    key_name: str, held: HeldSecrets, make: Callable[[Secret], Made], *, renew: bool = False
) -> Made | Refusal:
    """What `make` makes of the keys, or SESSION_KEY_UNAVAILABLE: without keys nothing is sealed (fail-closed)."""
    keys = await (held.renew(key_name) if renew else held.obtain(key_name))
    if isinstance(keys, Refusal):
        return Refusal(Reason.SESSION_KEY_UNAVAILABLE, keys.detail)
    try:
        return make(keys)
    except ValueError:
        return Refusal(Reason.SESSION_KEY_UNAVAILABLE, f"secret {key_name}: not base64 of 32 bytes")


def keys_in(keys: Secret) -> tuple[bytes, ...]:
    """The keys of a secret: base64 texts of 32 bytes each, separated by commas. Raises ValueError."""
    return tuple(map(_key, keys.reveal().split(",")))


# By the Secret itself, which compares by identity and is held for minutes: no key is ever a cache's key.
@lru_cache(maxsize=32)
def _derived(purpose: str, keys: Secret) -> Seal:
    return Seal(keys_for(purpose, keys))


def keys_for(purpose: str, keys: Secret) -> list[bytes]:
    """The keys of one purpose, 32 bytes each, in the order of the secret's. Raises ValueError."""
    info = _PURPOSES + purpose.encode()
    return [HKDF(algorithm=SHA256(), length=_KEY, salt=None, info=info).derive(key) for key in keys_in(keys)]


def _key(text: str) -> bytes:
    """A key in either base64 alphabet, with or without padding. Raises ValueError."""
    plain = text.strip().rstrip("=").replace("+", "-").replace("/", "_")
    key = base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)
    if len(key) != _KEY:
        raise ValueError("a key has 32 bytes")
    return key


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
