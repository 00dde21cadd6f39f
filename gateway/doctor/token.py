"""One access token explained: whether room 2 accepts it, and if not, which of its checks it fails and why.

Takes a token and gives one finding, with those claims that decide; never the token, nor whom it is for.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.authenticate import authenticate, issuers
from gateway.doctor.bench import Bench
from gateway.doctor.finding import Finding, cannot_tell, fault, ok
from gateway.reasons import Reason
from gateway.settings import Settings
from gateway.token_text import read
from gateway.values import Refusal

NAME = "token"
_TOLD = ("ver", "iss", "aud", "tid", "azp", "appid", "idtyp", "scp", "roles", "nbf", "exp")
_TIMES = ("nbf", "exp")
_LONGEST = 200

_STEPS = (
    ("form", Reason.TOKEN_MALFORMED),
    ("algorithm", Reason.TOKEN_ALGORITHM),
    ("tenant", Reason.TOKEN_TENANT),
    ("key", Reason.TOKEN_KEY_UNKNOWN),
    ("signature", Reason.TOKEN_SIGNATURE),
    ("end", Reason.TOKEN_EXPIRED),
    ("beginning", Reason.TOKEN_NOT_YET_VALID),
    ("issuer", Reason.TOKEN_ISSUER),
    ("audience", Reason.TOKEN_AUDIENCE),
    ("scope", Reason.SCOPE_MISSING),
)
"""The checks of room 2, in its order, each with the refusal of whoever fails it."""

_MEND = {
    Reason.TOKEN_MALFORMED: "Give one access token, as a client sends it after `Bearer `; an id token is none.",
    Reason.TOKEN_ALGORITHM: "It is signed in another way than Entra signs (RS256): it comes from somewhere else.",
    Reason.TOKEN_KEY_UNKNOWN: "No key of the tenant has that `kid`: it is another issuer's, or older than its keys.",
    Reason.TOKEN_SIGNATURE: "It was changed, or it is a token for Microsoft Graph, which nobody else can check.",
    Reason.TOKEN_EXPIRED: "Get a new one.",
    Reason.TOKEN_NOT_YET_VALID: "Look at the clock of this machine; 60 seconds are allowed.",
    Reason.TOKEN_TENANT: "Add the tenant to COUNTERSIGN_TENANTS if its people are to call.",
    Reason.TOKEN_CLAIMS: "It is no access token of Entra for a person or an application.",
    Reason.SCOPE_MISSING: "Have the client ask for that scope, and consent to it; or set COUNTERSIGN_SCOPE.",
}


async def check(bench: Bench) -> list[Finding]:
    """What becomes of the token; nothing where none was given."""
    if bench.token is None:
        return []
    found = await authenticate(bench.token, bench.settings, bench.keys)
    said = read(bench.token.reveal())
    claims: Mapping[str, Any] = {} if isinstance(said, Refusal) else said.claims
    if not isinstance(found, Refusal):
        overage = "" if found.groups_complete else ", and more than a token can list (Graph is asked)"
        seen = f"accepted, of kind {found.kind}, with {len(found.groups)} groups{overage}: {_told(claims)}"
        return [ok(NAME, seen)]
    detail = f" ({found.detail})" if found.detail else ""
    seen = f"refused, {found.reason.name}{detail}; {_passed(found)}: {_told(claims)}"
    if found.reason is Reason.IDENTITY_UNAVAILABLE:
        return [cannot_tell(NAME, seen, "First mend `tokens`: the keys of the tenant cannot be fetched.")]
    return [fault(NAME, seen, _mend(found.reason, claims, bench.settings))]


def _mend(reason: Reason, claims: Mapping[str, Any], settings: Settings) -> str:
    if reason is Reason.TOKEN_ISSUER:
        expected = " or ".join(issuers(settings.authority, _text(claims.get("tid")).lower()))
        return f"`iss` must be exactly {expected}; a session token of the gateway is for calls alone."
    if reason is Reason.TOKEN_AUDIENCE:
        audience = _text(claims.get("aud"))
        if audience.endswith("/") and audience.rstrip("/").lower() in settings.audiences:
            return "Only the slash at its end is too much: take it away in the client's `resource` or scope."
        return f"It is for another API. Accepted are: {', '.join(sorted(settings.audiences))}."
    if reason is Reason.SCOPE_MISSING:
        return f"`scp` lacks {settings.scope}. {_MEND[reason]}"
    return _MEND.get(reason, "Look at the claims above.")


def _passed(refusal: Refusal) -> str:
    """Which checks it passed before."""
    failed = [reason for _, reason in _STEPS]
    # Of claims that are missing, and of session tokens, the order says nothing.
    if refusal.reason not in failed or (refusal.reason is Reason.TOKEN_ISSUER and refusal.detail):
        return "it is judged by its claims alone"
    passed = [step for step, _ in _STEPS[: failed.index(refusal.reason)]]
    return f"passed: {', '.join(passed) or 'nothing'}"


def _told(claims: Mapping[str, Any]) -> str:
    """The claims that decide, as the token has them, believed or not."""
    found = [(name, claims[name]) for name in _TOLD if name in claims]
    told = [f"{name} {_moment(value) if name in _TIMES else _text(value)}" for name, value in found]
    return ", ".join(told) or "it says nothing"


def _moment(value: Any) -> str:
    is_time = isinstance(value, int) and 0 <= value < 2**33
    return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%S} UTC" if is_time else _text(value)


def _text(value: Any) -> str:
    return (value if isinstance(value, str) else str(value))[:_LONGEST]
