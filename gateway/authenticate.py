"""Room 2: an access token becomes a Caller, or a Refusal.

Takes the bearer token of a call and the settings, looks up the signing key, and believes nothing
that is not signed. Tokens are validated here and not by the platform, so that every refusal has a
reason and a record. Those that the gateway itself issued (`access.session_token`) are for calls alone.
This room never logs, returns or forwards the token.

Source: Microsoft identity platform, access token claims reference and claims validation.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from gateway.access import session_token
from gateway.access.signing_keys import SigningKeys
from gateway.identity_keys import IdentityKeys, KeysUnavailableError
from gateway.reasons import Reason
from gateway.settings import Settings
from gateway.token_text import SIGNATURE_ALONE, Unverified, read
from gateway.values import Caller, CallerKind, Refusal, Secret
from gateway.verified_tokens import Verified

LEEWAY = 60
"""Seconds of clock difference allowed for `exp` and `nbf`."""
MAX_NAME = 100
"""Characters of what a token calls a person."""

_AGENT_FACETS = frozenset({"11", "13"})
"""Facets of an Entra agent identity and an agent user (`xms_act_fct`, `xms_sub_fct`)."""


@dataclass(frozen=True, slots=True)
class SessionTokens:
    """By which keys session tokens are accepted, and for which server."""

    keys: SigningKeys
    server: str
    now: float
    """Unix seconds, by the clock that grants end by."""


async def authenticate(
    token: Secret | None,
    settings: Settings,
    keys: IdentityKeys,
    clock: Callable[[], float] = time.time,
    *,
    sessions: SessionTokens | None = None,
) -> Caller | Refusal:
    """The caller whom a valid token names. Every other outcome is a refusal (fail-closed).

    Without `sessions` only Entra's tokens are accepted.
    """
    if token is None:
        return Refusal(Reason.TOKEN_MISSING)
    text = token.reveal()
    known = keys.verified.find(text)
    if known is not None and await _key(known.tenant, known.kid, settings, keys) is known.key:
        return _check(known.claims, known.tenant, settings, clock()) or _caller(known.claims, settings)
    unverified = read(text)
    if isinstance(unverified, Refusal):
        return unverified
    if unverified.claims.get("iss") == settings.url:
        if sessions is None:
            return Refusal(Reason.TOKEN_ISSUER, "a session token, which is for calls alone")
        return await session_token.verify(text, sessions.server, settings, sessions.keys, sessions.now)
    return await _of_entra(text, unverified, settings, keys, clock())


async def _of_entra(
    text: str, unverified: Unverified, settings: Settings, keys: IdentityKeys, now: float
) -> Caller | Refusal:
    named = _key_and_tenant(unverified)
    if isinstance(named, Refusal):
        return named
    kid, tenant = named
    key = await _key(tenant, kid, settings, keys)
    if isinstance(key, Refusal):
        return key
    try:
        claims = jwt.decode(text, key, algorithms=["RS256"], options=SIGNATURE_ALONE)
    except jwt.PyJWTError:
        return Refusal(Reason.TOKEN_SIGNATURE)
    found = _check(claims, tenant, settings, now) or _caller(claims, settings)
    if isinstance(found, Caller):
        keys.verified.hold(text, Verified(kid, tenant, key, claims))
    return found


async def _key(tenant: str, kid: str, settings: Settings, keys: IdentityKeys) -> jwt.PyJWK | Refusal:
    """The key of that id, of a tenant that is believed, as it is published now."""
    if tenant not in settings.tenants:
        return Refusal(Reason.TOKEN_TENANT)
    try:
        key = await keys.find(tenant, kid)
    except KeysUnavailableError:
        return Refusal(Reason.IDENTITY_UNAVAILABLE)
    return key or Refusal(Reason.TOKEN_KEY_UNKNOWN)


def _key_and_tenant(unverified: Unverified) -> tuple[str, str] | Refusal:
    """`kid` and `tid`, to find the key by; nothing else is read before the signature holds."""
    header, claims = unverified.header, unverified.claims
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
        name=_name(claims),
    )


def _kind(claims: Mapping[str, Any]) -> CallerKind:
    facets = f"{claims.get('xms_act_fct', '')} {claims.get('xms_sub_fct', '')}".split()
    if not _AGENT_FACETS.isdisjoint(facets):
        return CallerKind.AGENT
    # `idtyp` is an optional claim; without it only a delegated token carries `scp`.
    identity_type = claims.get("idtyp", "user" if "scp" in claims else "app")
    return CallerKind.USER if identity_type == "user" else CallerKind.APP


def _name(claims: Mapping[str, Any]) -> str:
    found = (_text(claims.get(claim)).strip() for claim in ("name", "preferred_username", "unique_name"))
    return next(filter(None, found), "")[:MAX_NAME]


def _has_overage(claims: Mapping[str, Any]) -> bool:
    """Whether Entra left the groups out because there are too many to list."""
    names = claims.get("_claim_names")
    return bool(claims.get("hasgroups")) or (isinstance(names, dict) and "groups" in names)


def _strings(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
