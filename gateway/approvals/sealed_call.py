"""The call that waits, as it outlives its HTTP request: sealed, without any token. Pure.

Takes a call, its caller and its origin, and gives bytes for `seal`; and back. What is in them is what
an approver is shown (masked) and what is made after the approval, so that these cannot differ.
"""

from dataclasses import dataclass, replace
from typing import Any

from gateway import jsontext
from gateway.values import Call, Caller, CallerKind, Era, MessageKind, Origin

PURPOSE = "approval"
"""What the sealing key is derived for."""


@dataclass(frozen=True, slots=True)
class SealedCall:
    call: Call
    caller: Caller
    """As of when the call was asked for."""
    origin: Origin
    client_session: str
    """`Mcp-Session-Id` as the client holds it."""


def pack(sealed: SealedCall) -> bytes:
    call, caller = sealed.call, sealed.caller
    return jsontext.write(
        {
            "v": 1,
            "call": {
                "server": call.server,
                "era": call.era.value,
                "method": call.method,
                "target": call.target,
                "id": call.id,
                "message": dict(call.message),
                "headers": [list(pair) for pair in call.headers],
                "mcp_session": call.mcp_session,
            },
            "caller": pack_caller(caller),
            "origin": [sealed.origin.source, sealed.origin.trace],
            "client_session": sealed.client_session,
        }
    )


def unpack(content: bytes) -> SealedCall:
    """Raises ValueError or KeyError on what `pack` has not written."""
    found = _object(content)
    call = dict(found["call"])
    era, headers = Era(call.pop("era")), tuple((name, value) for name, value in call.pop("headers"))
    return SealedCall(
        call=Call(**call, era=era, headers=headers, kind=MessageKind.REQUEST, token=None),
        caller=unpack_caller(found["caller"]),
        origin=Origin(*found["origin"]),
        client_session=found["client_session"],
    )


def pack_caller(caller: Caller) -> dict[str, Any]:
    known = {name: getattr(caller, name) for name in _TEXTS}
    return known | {
        "kind": caller.kind.value,
        "groups": sorted(caller.groups),
        "roles": sorted(caller.roles),
        "expires": caller.expires,
        "groups_complete": caller.groups_complete,
    }


def unpack_caller(found: dict[str, Any]) -> Caller:
    kind, groups, roles = CallerKind(found["kind"]), frozenset(found["groups"]), frozenset(found["roles"])
    return Caller(**found | {"kind": kind, "groups": groups, "roles": roles})


def as_of(caller: Caller, now: float) -> Caller:
    """The caller as far as the token's word still counts at this time (Unix seconds).

    Past the token's end nobody vouches for its groups and roles: groups have to be asked of the
    directory again, and roles, which nobody can be asked for, are gone (fail-closed).
    """
    if now < caller.expires:
        return caller
    return replace(caller, groups=frozenset(), groups_complete=False, roles=frozenset())


_TEXTS = ("tenant", "object_id", "client", "token_id", "sign_in", "name", "grant", "issued_by")


def _object(content: bytes) -> dict[str, Any]:
    found = jsontext.parse(content)
    if not isinstance(found, dict) or found.get("v") != 1:
        raise ValueError("not a sealed call")
    return found
