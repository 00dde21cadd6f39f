"""The sealed `Mcp-Session-Id` of the legacy era: the upstream's id, for this caller and server alone.

Takes the upstream's session id and gives the one that the client holds, and back. The sealed id
carries what the gateway needs to know of the session, encrypted and authenticated (AES-256-GCM)
together with the caller and the server, so that no store is needed and an id is worthless to anyone
else: it opens for nobody but the caller and server that it was made for (2025-11-25
basic/transports, Session Management; security best practices, Session Hijacking).
"""

import json
from dataclasses import dataclass
from datetime import datetime

from gateway.held_secrets import HeldSecrets
from gateway.seal import Seal, keys_in, with_keys
from gateway.values import Caller, Refusal, Secret

MAX_ID = 2048
"""Characters of a sealed id; an upstream's own id may have about 1,400."""


@dataclass(frozen=True, slots=True)
class McpSession:
    """A legacy session, as the gateway sees it."""

    upstream_id: str
    """`Mcp-Session-Id` of the upstream."""
    started: str
    """UTC date on which it was sealed, `yyyymmdd`; the day that its evidence is filed under."""
    can_open_pages: bool = False
    """Whether the client declared elicitation in URL mode (2025-11-25 client/elicitation)."""


class SessionSeal:
    """Seals with the first key and opens with any, so that a key can be replaced without ending sessions."""

    def __init__(self, keys: Secret) -> None:
        """`keys`: one or more base64 texts of 32 bytes each, separated by commas. Raises ValueError."""
        # With the keys as they are, not derived ones: the ids of running sessions must keep opening.
        self._seal = Seal(keys_in(keys))

    def seal(
        self, upstream_id: str, caller: Caller, server: str, now: datetime, *, can_open_pages: bool = False
    ) -> str:
        """The id for the client: visible ASCII, another one at each call."""
        content = json.dumps([upstream_id, f"{now:%Y%m%d}", *([True] if can_open_pages else [])]).encode()
        return self._seal.seal_text(content, _bound_to(caller, server))

    def open(self, sealed: str, caller: Caller, server: str) -> McpSession | None:
        """The session in an id; None if it was not made for this caller and server, or was changed."""
        if len(sealed) > MAX_ID:
            return None
        content = self._seal.open_text(sealed, _bound_to(caller, server))
        return None if content is None else McpSession(*json.loads(content))


async def seal_of(name: str, secrets_held: HeldSecrets, *, renew: bool = False) -> SessionSeal | Refusal:
    """The seal with the vault's current keys, or SESSION_KEY_UNAVAILABLE: no session without it (fail-closed)."""
    return await with_keys(name, secrets_held, SessionSeal, renew=renew)


def _bound_to(caller: Caller, server: str) -> bytes:
    return json.dumps([caller.tenant, caller.object_id, caller.client, server]).encode()
