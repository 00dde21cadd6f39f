"""Room 2: an access token becomes a Caller, or a Refusal.

Takes the bearer token of a call and the settings, looks up the signing key, and believes nothing
that is not signed. Tokens are validated here and not by the platform, so that every refusal has a
reason and a record. This room never logs, returns or forwards the token.

Source: Microsoft identity platform, access token claims reference and claims validation.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

import jwt
from jwt.types import Options

from gateway.identity_keys import IdentityKeys, KeysUnavailableError
from gateway.reasons import Reason
from gateway.settings import Settings
from gateway.values import Caller, CallerKind, Refusal, Secret

LEEWAY = 60
"""Seconds of clock difference allowed for `exp` and `nbf`."""
MAX_TOKEN = 16 * 1024
"""Characters; a token with 200 groups has about 9,000."""

_AGENT_FACETS = frozenset({"11", "13"})
"""Facets of an Entra agent identity and an agent user (`xms_act_fct`, `xms_sub_fct`)."""


async def authenticate(
    token: Secret | None, settings: Settings, keys: IdentityKeys, clock: Callable[[], float] = time.time
) -> Caller | Refusal:
    """The caller whom a valid token names. Every other outcome is a refusal (fail-closed)."""
    if token is None:
        return Refusal(Reason.TOKEN_MISSING)
    text = token.reveal()
    unverified = _unverified(text)
    if isinstance(unverified, Refusal):
        return unverified
    kid, tenant = unverified
    if tenant not in settings.tenants:
        return Refusal(Reason.TOKEN_TENANT)
    try:
        key = await keys.find(tenant, kid)
    except KeysUnavailableError:
        return Refusal(Reason.IDENTITY_UNAVAILABLE)
    if key is None:
        return Refusal(Reason.TOKEN_KEY_UNKNOWN)
    try:
        claims = jwt.decode(text, key, algorithms=["RS256"], options=_OWN_CHECKS)
    except jwt.PyJWTError:
        return Refusal(Reason.TOKEN_SIGNATURE)
    return _check(claims, tenant, settings, clock()) or _caller(claims, settings)


# Signature alone: time, issuer and audience are checked below, each with a reason of its own.
_OWN_CHECKS: Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


def _unverified(text: str) -> tuple[str, str] | Refusal:
    """`kid` and `tid`, to find the key by; nothing else is read before the signature holds."""
    if len(text) > MAX_TOKEN:
        return Refusal(Reason.TOKEN_MALFORMED, "too long")
    try:
        header = jwt.get_unverified_header(text)
        claims = jwt.decode(text, options={"verify_signature": False, **_OWN_CHECKS})
    except (jwt.PyJWTError, RecursionError):
        return Refusal(Reason.TOKEN_MALFORMED)
    # RS256 alone: `none` and HS256 with the public key as its secret end here.
    if header.get("alg") != "RS256":
        return Refusal(Reason.TOKEN_ALGORITHM)
    kid, tenant = header.get("kid"), claims.get("tid")
    if not isinstance(kid, str) or not isinstance(tenant, str):
        return Refusal(Reason.TOKEN_CLAIMS, "kid or tid is missing")
    return kid, tenant.lower()


def _check(claims: Mapping[str, Any], tenant: str, settings: Settings, now: float) -> Refusal | None:
    expires, begins = claims.get("exp"), claims.get("nbf", 0)
    if not isinstance(expires, int) or not isinstance(begins, int):
        return Refusal(Reason.TOKEN_CLAIMS, "exp or nbf is not a number")
    if now > expires + LEEWAY:
        return Refusal(Reason.TOKEN_EXPIRED)
    if now < begins - LEEWAY:
        return Refusal(Reason.TOKEN_NOT_YET_VALID)
    if claims.get("iss") not in issuers(settings.authority, tenant):
        return Refusal(Reason.TOKEN_ISSUER)
    audience = claims.get("aud")
    if not isinstance(audience, str) or audience.lower() not in settings.audiences:
        return Refusal(Reason.TOKEN_AUDIENCE)
    return None


def issuers(authority: str, tenant: str) -> tuple[str, str]:
    """The two exact issuers of a tenant: of v2 tokens and of v1 tokens.

    In the public cloud v1 tokens name another host than the one that issued them.
    """
    v1 = "https://sts.windows.net" if authority == "https://login.microsoftonline.com" else authority
    return f"{authority}/{tenant}/v2.0", f"{v1}/{tenant}/"


def _caller(claims: Mapping[str, Any], settings: Settings) -> Caller | Refusal:
    object_id = claims.get("oid")
    client = claims.get("azp", claims.get("appid"))
    if not isinstance(object_id, str) or not object_id or not isinstance(client, str) or not client:
        return Refusal(Reason.TOKEN_CLAIMS, "oid or azp is missing")
    kind = _kind(claims)
    is_delegated = "scp" in claims or kind is CallerKind.USER
    if is_delegated and settings.scope not in _text(claims.get("scp")).split():
        return Refusal(Reason.SCOPE_MISSING)
    return Caller(
        tenant=claims["tid"].lower(),
        object_id=object_id.lower(),
        kind=kind,
        client=client.lower(),
        groups=frozenset(group.lower() for group in _strings(claims.get("groups"))),
        roles=frozenset(_strings(claims.get("roles"))),
        token_id=_text(claims.get("uti")),
        sign_in=_text(claims.get("sid")),
        expires=claims["exp"],
        groups_complete=not _has_overage(claims),
    )


def _kind(claims: Mapping[str, Any]) -> CallerKind:
    facets = f"{claims.get('xms_act_fct', '')} {claims.get('xms_sub_fct', '')}".split()
    if not _AGENT_FACETS.isdisjoint(facets):
        return CallerKind.AGENT
    # `idtyp` is an optional claim; without it only a delegated token carries `scp`.
    identity_type = claims.get("idtyp", "user" if "scp" in claims else "app")
    return CallerKind.USER if identity_type == "user" else CallerKind.APP


def _has_overage(claims: Mapping[str, Any]) -> bool:
    """Whether Entra left the groups out because there are too many to list."""
    names = claims.get("_claim_names")
    return bool(claims.get("hasgroups")) or (isinstance(names, dict) and "groups" in names)


def _strings(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
