"""The session of a person on the pages, as the browser keeps it: sealed, and short.

Takes a caller whom a token named and gives the value of a cookie, and back. Of the caller's groups
only those are in it that the policy names, and it holds under that policy alone, so that a group
that a new policy names is asked for and not missed. Nothing of it is stored here.
"""

import base64
import secrets
import uuid
from dataclasses import dataclass, replace
from typing import Any

from gateway import jsontext
from gateway.approvals.sealed_call import pack_caller, unpack_caller
from gateway.policy.document import Policy
from gateway.seal import Seal
from gateway.values import Caller

PURPOSE = "web-session"
LIFETIME = 3600
"""Seconds, where the token does not end earlier."""

_BOUND_TO = b"web session"


@dataclass(frozen=True, slots=True)
class WebSession:
    """Who is signed in, until when, and under which policy their groups were looked up."""

    id: str
    """Binds the forms of this session to it; in no record."""
    caller: Caller
    policy: str
    expires: int
    """Unix seconds."""


def begin(caller: Caller, policy: Policy, now: float) -> WebSession:
    """A new session; where the token listed no groups it holds none, and they are asked for each time."""
    kept = replace(caller, groups=caller.groups & frozenset(policy.groups.values()), roles=frozenset())
    return WebSession(secrets.token_urlsafe(16), kept, policy.digest, min(caller.expires, int(now) + LIFETIME))


def seal_session(session: WebSession, seal: Seal) -> str:
    content = {
        "v": 1,
        "id": session.id,
        "policy": session.policy,
        "expires": session.expires,
        "caller": pack_caller(session.caller) | {"groups": _dense(session.caller.groups)},
    }
    return seal.seal_text(jsontext.write(content), _BOUND_TO)


def open_session(sealed: str, seal: Seal, now: float) -> WebSession | None:
    """The session; None if it was not sealed here, was changed, or is over."""
    content = seal.open_text(sealed, _BOUND_TO)
    found = None if content is None else jsontext.parse(content)
    if not isinstance(found, dict) or found.get("v") != 1 or now >= found["expires"]:
        return None
    caller: dict[str, Any] = found["caller"]
    known = unpack_caller(caller | {"groups": _spelled(caller["groups"])})
    return WebSession(found["id"], known, found["policy"], found["expires"])


def _dense(groups: frozenset[str]) -> str:
    """Object ids in 22 characters each, so that a hundred of them fit into a cookie."""
    return base64.b64encode(b"".join(uuid.UUID(group).bytes for group in sorted(groups))).decode()


def _spelled(dense: str) -> list[str]:
    raw = base64.b64decode(dense)
    return [str(uuid.UUID(bytes=raw[start : start + 16])) for start in range(0, len(raw), 16)]
