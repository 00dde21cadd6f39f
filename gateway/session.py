"""Room 3: which session a call belongs to.

Takes a call and its caller, and gives the call with the upstream's own `Mcp-Session-Id` in place of
the sealed one, and the id of the session that an auditor replays. Without a grant that is the legacy
MCP session, else the sign-in (`sid`), else the single token (`uti`), always with caller, client and
server. Its id begins with a UTC date, so that a range of days is a range of keys: the day an MCP
session began, and for the others the day of the call.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from gateway.held_secrets import HeldSecrets
from gateway.mcp_session import McpSession, seal_of
from gateway.protocol import SESSION_HEADER
from gateway.reasons import Reason
from gateway.values import Call, Caller, Refusal

UNAUTHENTICATED = "unauthenticated"


@dataclass(frozen=True, slots=True)
class Found:
    """The call as it goes on to the upstream, and the session that it is recorded under."""

    call: Call
    session: str
    can_open_pages: bool = False
    """Whether the client of a legacy session lets its person open a page."""


async def find_session(call: Call, caller: Caller, key: str, secrets: HeldSecrets, now: datetime) -> Found | Refusal:
    """The session of the call. SESSION_ENDED if its id was made for another caller or server, or changed.

    `key` names the secret that seals sessions. A call that will begin a session is refused while
    there is no such key, before anything is sent.
    """
    if not call.mcp_session and call.method != "initialize":
        return Found(call, session_of(call, caller, now))
    seal = await seal_of(key, secrets)
    if isinstance(seal, Refusal):
        return seal
    if not call.mcp_session:
        return Found(call, session_of(call, caller, now))
    opened = seal.open(call.mcp_session, caller, call.server)
    if opened is None:
        # Another process may have sealed it with a key that this one has not read yet.
        seal = await seal_of(key, secrets, renew=True)
        opened = None if isinstance(seal, Refusal) else seal.open(call.mcp_session, caller, call.server)
    if opened is None:
        return Refusal(Reason.SESSION_ENDED, "the session id was not made for this caller and server, or was changed")
    return Found(_with_upstream_id(call, opened), session_of(call, caller, now, opened), opened.can_open_pages)


def session_of(call: Call, caller: Caller, now: datetime, opened: McpSession | None = None) -> str:
    """`yyyymmdd-` and 32 hexadecimal digits; the same for every call of one session (and day, if not of MCP)."""
    basis = opened.upstream_id if opened else caller.sign_in or caller.token_id or str(caller.expires)
    day = opened.started if opened else now.date().isoformat().replace("-", "")
    return f"{day}-{_digest(caller.tenant, caller.object_id, caller.client, call.server, basis)}"


# Each call asks twice, and those of a session all ask the same.
@lru_cache(maxsize=1000)
def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _with_upstream_id(call: Call, opened: McpSession) -> Call:
    headers = tuple((name, opened.upstream_id if name == SESSION_HEADER else value) for name, value in call.headers)
    return replace(call, headers=headers, mcp_session=opened.upstream_id)


def unauthenticated_session(now: datetime) -> str:
    """The session of refusals that name no caller: one for each day."""
    return f"{now:%Y%m%d}-{UNAUTHENTICATED}"
