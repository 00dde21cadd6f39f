"""Session tokens: what the gateway itself signs, so that a pipeline can call under a grant without signing in.

Takes a caller with an open grant and gives a JWT (ES256) that only calls to the grant's server accept, for
minutes and never past the grant's end; and takes such a token and gives the caller whom it was issued to.
Whether the grant is still open is not in the token: room 6 asks the register at each call. The caller's
kind, roles, and groups are those of when it was issued. Everything that is not exactly as the gateway
writes it is refused.
"""

import base64
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt

from gateway import jsontext
from gateway.access.signing_keys import SigningKeys
from gateway.reasons import Reason
from gateway.settings import Settings
from gateway.storage.contract import SecretUnavailableError
from gateway.token_text import MAX_TOKEN, SIGNATURE_ALONE, read
from gateway.values import Caller, CallerKind, Refusal, Secret

LIFETIME = 15 * 60
"""Seconds; the grant may end before."""
SKEW = 60
"""Seconds by which the clock of the process that issued it may be ahead. None for the end: it is the grant's."""
TYPE = "at+jwt"
"""`typ` of an access token (RFC 9068, section 2.1)."""

_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}")
_KINDS = frozenset(kind.value for kind in CallerKind)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a token is bound to."""

    server: str
    grant: str
    """Id of the grant."""
    ends: datetime
    """When the grant is over."""
    groups: frozenset[str]
    """Group object ids that the policy mentions; a token says of no other whether its caller is in it."""


@dataclass(frozen=True, slots=True)
class Issued:
    token: Secret
    token_id: str
    """`jti`: what the records of calls with it have as `token`."""
    expires: int
    """Unix seconds."""


async def issue(
    caller: Caller, bounds: Bounds, settings: Settings, keys: SigningKeys, now: datetime
) -> Issued | Refusal:
    """A token for the caller, whose groups must be complete, and whose own token must be Entra's.

    GRANT_OVER at the grant's end, GRANTS_UNAVAILABLE if the vault does not sign.
    """
    if not caller.groups_complete:
        # fail-closed: a deny for a group that is not known would never match.
        return Refusal(Reason.GROUPS_UNAVAILABLE, "not asked for")
    issued, expires = int(now.timestamp()), int(min(now.timestamp() + LIFETIME, bounds.ends.timestamp()))
    if expires <= now.timestamp():
        return Refusal(Reason.GRANT_OVER)
    claims = claims_of(caller, bounds, settings.url) | {"iat": issued, "nbf": issued, "exp": expires}
    claims["jti"] = secrets.token_urlsafe(16)
    payload = _text(jsontext.write(claims))
    try:
        signed = await keys.sign(lambda kid: f"{_header(kid)}.{payload}".encode())
    except SecretUnavailableError as error:
        return Refusal(Reason.GRANTS_UNAVAILABLE, f"signing key: {error}")
    token = f"{signed.message.decode()}.{_text(signed.signature)}"
    if len(token) > MAX_TOKEN:
        return Refusal(Reason.INTERNAL, "the session token would be too long")
    return Issued(Secret(token), claims["jti"], expires)


def claims_of(caller: Caller, bounds: Bounds, url: str) -> dict[str, Any]:
    """Who may use the token, and for what; the times and its id aside."""
    return {
        "iss": url,
        "aud": audience(url, bounds.server),
        "sub": caller.object_id,
        "tid": caller.tenant,
        "oid": caller.object_id,
        "azp": caller.client,
        "kind": caller.kind.value,
        "name": caller.name,
        "roles": sorted(caller.roles),
        "groups": sorted(caller.groups & bounds.groups),
        "grant": bounds.grant,
        "uti_parent": caller.token_id,
    }


def audience(url: str, server: str) -> str:
    return f"{url}/mcp/{server}"


async def verify(text: str, server: str, settings: Settings, keys: SigningKeys, now: float) -> Caller | Refusal:
    """The caller whom a valid token for this server was issued to. Every other outcome is a refusal (fail-closed)."""
    kid = key_of(text)
    if isinstance(kid, Refusal):
        return kid
    try:
        key = await keys.find(kid)
    except SecretUnavailableError as error:
        return Refusal(Reason.IDENTITY_UNAVAILABLE, f"signing key: {error}")
    if key is None:
        return Refusal(Reason.TOKEN_KEY_UNKNOWN)
    return believed(text, key, server, settings, now)


def key_of(text: str) -> str | Refusal:
    """`kid` of a token that is written as the gateway writes them."""
    unverified = read(text)
    if isinstance(unverified, Refusal):
        return unverified
    header = unverified.header
    # ES256 alone: `none`, and HS256 with the public key as its secret, end here.
    if header.get("alg") != "ES256":
        return Refusal(Reason.TOKEN_ALGORITHM)
    kid = header.get("kid")
    if not isinstance(kid, str) or header.keys() != {"typ", "alg", "kid"} or header["typ"] != TYPE:
        return Refusal(Reason.TOKEN_MALFORMED, "header")
    if not _FORM.fullmatch(text):
        # PyJWT takes padding at the end, which the signature does not cover.
        return Refusal(Reason.TOKEN_MALFORMED, "padding")
    return kid


def believed(text: str, key: jwt.PyJWK, server: str, settings: Settings, now: float) -> Caller | Refusal:
    """The caller, if the key signed the token and each claim holds here and now. Pure."""
    try:
        claims = jwt.decode(text, key, algorithms=["ES256"], options=SIGNATURE_ALONE)
    except jwt.PyJWTError:
        return Refusal(Reason.TOKEN_SIGNATURE)
    if claims.get("iss") != settings.url:
        return Refusal(Reason.TOKEN_ISSUER)
    if claims.get("aud") != audience(settings.url, server):
        return Refusal(Reason.TOKEN_AUDIENCE, "a session token of another server")
    times: list[Any] = [claims.get(name) for name in ("iat", "nbf", "exp")]
    if not all(type(each) is int for each in times):
        return Refusal(Reason.TOKEN_CLAIMS, "iat, nbf or exp is not a number")
    issued, begins, expires = times
    if now >= expires:
        return Refusal(Reason.TOKEN_EXPIRED)
    if now < begins - SKEW:
        return Refusal(Reason.TOKEN_NOT_YET_VALID)
    if expires - issued > LIFETIME:
        return Refusal(Reason.TOKEN_CLAIMS, "it lasts longer than any that is issued")
    return _caller(claims, settings)


def _caller(claims: Mapping[str, Any], settings: Settings) -> Caller | Refusal:
    needed = [claims.get(name) for name in ("tid", "oid", "azp", "grant", "jti")]
    said = [claims.get(name) for name in ("name", "uti_parent", "kind")]
    if not all(isinstance(each, str) and each for each in needed) or claims.get("sub") != claims["oid"]:
        return Refusal(Reason.TOKEN_CLAIMS, "tid, oid, sub, azp, grant or jti")
    if not all(isinstance(each, str) for each in said) or claims["kind"] not in _KINDS:
        return Refusal(Reason.TOKEN_CLAIMS, "name, uti_parent or kind")
    if not _are_texts(claims.get("roles")) or not _are_texts(claims.get("groups")):
        return Refusal(Reason.TOKEN_CLAIMS, "roles or groups")
    if claims["tid"] not in settings.tenants:
        return Refusal(Reason.TOKEN_TENANT)
    return Caller(
        tenant=claims["tid"],
        object_id=claims["oid"],
        kind=CallerKind(claims["kind"]),
        client=claims["azp"],
        groups=frozenset(claims["groups"]),
        roles=frozenset(claims["roles"]),
        token_id=claims["jti"],
        sign_in="",
        expires=claims["exp"],
        name=claims["name"],
        grant=claims["grant"],
        issued_by=claims["uti_parent"],
    )


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _header(kid: str) -> str:
    return _text(jsontext.write({"typ": TYPE, "alg": "ES256", "kid": kid}))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
