"""Room 3: which session a call belongs to. Pure.

A session is what an auditor replays. Without a grant it is the legacy MCP session, else the sign-in
(`sid`), else the single token (`uti`), always with caller, client and server. Its id begins with
the UTC date, so that a range of days is a range of keys; a session that lasts past midnight goes on
under the next day's id.
"""

import hashlib
import json
from datetime import datetime

from gateway.values import Call, Caller

UNAUTHENTICATED = "unauthenticated"


def session_of(call: Call, caller: Caller, now: datetime) -> str:
    """`yyyymmdd-` and 32 hexadecimal digits; the same for every call of one session on one day."""
    basis = call.mcp_session or caller.sign_in or caller.token_id or str(caller.expires)
    parts = [caller.tenant, caller.object_id, caller.client, call.server, basis]
    return f"{now:%Y%m%d}-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]}"


def unauthenticated_session(now: datetime) -> str:
    """The session of refusals that name no caller: one for each day."""
    return f"{now:%Y%m%d}-{UNAUTHENTICATED}"
