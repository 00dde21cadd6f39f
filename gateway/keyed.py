"""Keyed digests and tokens of values that are hidden.

Takes the vault's key and a session, and gives what stands for a value in evidence (a digest, the same in every
session, so that an auditor who is given a value can have it tested) and in an answer (a token, the same within
one session alone). Neither tells the value, nor lets it be guessed without the key. Without the key nothing is
masked, and nothing goes out (fail-closed).
"""

import hmac
from functools import lru_cache, partial

from gateway.held_secrets import HeldSecrets
from gateway.values import Refusal, Secret

# `seal` is imported where keys are derived: masking on the command line needs neither keys nor cryptography.

_DIGESTS = "evidence digest"
_DIGEST = 32
"""Hexadecimal digits: 128 bits."""
_TOKEN = 12


class Keyed:
    """What stands for hidden values, in one session. Prints no key."""

    __slots__ = ("__digests", "__session", "__tokens")

    def __init__(self, digests: bytes, tokens: bytes, session: str) -> None:
        self.__digests = digests
        self.__tokens = tokens
        self.__session = session.encode()

    def digest(self, value: bytes) -> str:
        """HMAC-SHA-256 of the value, its first 128 bits in hexadecimal."""
        return _digest(self.__digests, value)

    def token(self, value: str) -> str:
        """12 hexadecimal digits, the same for the same value in this session."""
        key = hmac.digest(self.__tokens, self.__session, "sha256")
        return hmac.digest(key, value.encode(errors="surrogatepass"), "sha256").hex()[:_TOKEN]


def digests(value: bytes, keys: Secret) -> tuple[str, ...]:
    """Of the value with every key of the secret, the current one first: older evidence has those of older keys.

    Raises ValueError.
    """
    from gateway.seal import keys_for  # noqa: PLC0415

    return tuple(_digest(key, value) for key in keys_for(_DIGESTS, keys))


def _digest(key: bytes, value: bytes) -> str:
    return hmac.digest(key, value, "sha256").hex()[:_DIGEST]


def is_token(text: str) -> bool:
    """Whether it has the form of a token."""
    return len(text) == _TOKEN and all(sign in "0123456789abcdef" for sign in text)


async def keyed_for(session: str, key_name: str, held: HeldSecrets) -> Keyed | Refusal:
    """That of the session, with the first key of the secret, or SESSION_KEY_UNAVAILABLE."""
    from gateway.seal import with_keys  # noqa: PLC0415

    return await with_keys(key_name, held, partial(_keyed, session))


def _keyed(session: str, keys: Secret) -> Keyed:
    return Keyed(*_purposes(keys), session)


@lru_cache(maxsize=8)
def _purposes(keys: Secret) -> tuple[bytes, bytes]:
    from gateway.seal import keys_for  # noqa: PLC0415

    return keys_for(_DIGESTS, keys)[0], keys_for("mask token", keys)[0]
