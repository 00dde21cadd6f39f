"""The sealed `Mcp-Session-Id` of the legacy era: the upstream's id, for this caller and server alone.

Takes the upstream's session id and gives the one that the client holds, and back. The sealed id
carries what the gateway needs to know of the session, encrypted and authenticated (AES-256-GCM)
together with the caller and the server, so that no store is needed and an id is worthless to anyone
else: it opens for nobody but the caller and server that it was made for (2025-11-25
basic/transports, Session Management; security best practices, Session Hijacking).
"""

import base64
import binascii
import json
import secrets
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.held_secrets import HeldSecrets
from gateway.reasons import Reason
from gateway.values import Caller, Refusal, Secret

MAX_ID = 2048
"""Characters of a sealed id; an upstream's own id may have about 1,400."""
_NONCE = 12
_VERSION = b"1"


@dataclass(frozen=True, slots=True)
class McpSession:
    """A legacy session, as the gateway sees it."""

    upstream_id: str
    """`Mcp-Session-Id` of the upstream."""
    started: str
    """UTC date on which it was sealed, `yyyymmdd`; the day that its evidence is filed under."""


class SessionSeal:
    """Seals with the first key and opens with any, so that a key can be replaced without ending sessions."""

    def __init__(self, keys: Secret) -> None:
        """`keys`: one or more base64 texts of 32 bytes each, separated by commas. Raises ValueError."""
        self._ciphers = [AESGCM(_key(text)) for text in keys.reveal().split(",")]

    def seal(self, upstream_id: str, caller: Caller, server: str, now: datetime) -> str:
        """The id for the client: visible ASCII, another one at each call."""
        nonce = secrets.token_bytes(_NONCE)
        content = json.dumps([upstream_id, f"{now:%Y%m%d}"]).encode()
        sealed = self._ciphers[0].encrypt(nonce, content, _bound_to(caller, server))
        return base64.urlsafe_b64encode(_VERSION + nonce + sealed).decode().rstrip("=")

    def open(self, sealed: str, caller: Caller, server: str) -> McpSession | None:
        """The session in an id; None if it was not made for this caller and server, or was changed."""
        if len(sealed) > MAX_ID or not sealed.isascii():
            return None
        try:
            raw = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        if raw[:1] != _VERSION:
            return None
        nonce, content = raw[1 : 1 + _NONCE], raw[1 + _NONCE :]
        for cipher in self._ciphers:
            try:
                upstream_id, started = json.loads(cipher.decrypt(nonce, content, _bound_to(caller, server)))
            except (InvalidTag, ValueError):
                continue
            return McpSession(upstream_id, started)
        return None


async def seal_of(name: str, secrets_held: HeldSecrets, *, renew: bool = False) -> SessionSeal | Refusal:
    """The seal with the vault's current keys, or SESSION_KEY_UNAVAILABLE: no session without it (fail-closed)."""
    keys = await (secrets_held.renew(name) if renew else secrets_held.obtain(name))
    if isinstance(keys, Refusal):
        return Refusal(Reason.SESSION_KEY_UNAVAILABLE, keys.detail)
    try:
        return SessionSeal(keys)
    except ValueError:
        return Refusal(Reason.SESSION_KEY_UNAVAILABLE, f"secret {name}: not base64 of 32 bytes")


def _key(text: str) -> bytes:
    """A key in either base64 alphabet, with or without padding. Raises ValueError."""
    plain = text.strip().rstrip("=").replace("+", "-").replace("/", "_")
    key = base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)
    if len(key) != 32:
        raise ValueError("a session key has 32 bytes")
    return key


def _bound_to(caller: Caller, server: str) -> bytes:
    return json.dumps([caller.tenant, caller.object_id, caller.client, server]).encode()
