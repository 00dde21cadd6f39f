"""What a token of the development tenant says, and how it is signed.

Takes an account and returns claims in Entra's form, version 2.0 or 1.0; any claim can be changed or
removed before signing, so that a test can mint every wrong token too. It decides nothing about who
may have one: that is `grants`.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import jwt

from devhost.accounts import AUDIENCE, AUDIENCE_URI, MANAGED_IDENTITY, PUBLIC_CLIENT, SCOPE, TENANT, Account
from devhost.identity.keys import KeyRing, SigningKey

LIFETIME = 75 * 60
"""Seconds; Entra draws from 60 to 90 minutes."""

MAX_GROUPS = 200
"""Groups that a token lists; where there are more, it only says so (overage)."""

AGENT_FACETS = "9 11 3"
"""Facet 11 marks an agent identity. Entra promises no order, so it is neither first nor last here."""

_PROOFS = {PUBLIC_CLIENT: "0", AUDIENCE: "2"}
"""How an application proves itself, as `azpacr` says it: not at all, by assertion; all others by a secret, `1`."""

type Claims = dict[str, Any]
type Version = Literal["1.0", "2.0"]


@dataclass(frozen=True, slots=True)
class Issuer:
    """The tenant's token maker."""

    base: str
    """`http://localhost:{port}`, without a trailing slash."""
    keys: KeyRing

    def name(self, version: Version = "2.0") -> str:
        """The `iss` of its tokens. Version 1.0 has no host of its own here, as sts.windows.net is in Azure."""
        return f"{self.base}/{TENANT}/v2.0" if version == "2.0" else f"{self.base}/{TENANT}/"

    def claims(
        self,
        account: Account,
        *,
        version: Version = "2.0",
        scope: str = SCOPE,
        lifetime: int = LIFETIME,
        session: str = "",
        client: str = "",
    ) -> Claims:
        """What an access token for the gateway says of this account. `session` is the sign-in it stems from,
        `client` the application that asked for it, if not the account's own."""
        audience = AUDIENCE if version == "2.0" else AUDIENCE_URI
        claims = self._envelope(audience, version, lifetime) | {"oid": account.object_id}
        claims |= _client(client or account.client, version)
        if account.kind == "user":
            return claims | _user(account, version) | {"scp": scope, "sid": session or str(uuid.uuid4())}
        claims |= {"idtyp": "app", "sub": account.object_id}
        if account.roles:
            claims["roles"] = list(account.roles)
        if account.kind == "agent":
            claims |= {"xms_act_fct": AGENT_FACETS, "xms_sub_fct": AGENT_FACETS, "xms_par_app_azp": account.blueprint}
        return claims

    def access_token(
        self, account: Account, changes: Mapping[str, Any] | None = None, *, version: Version = "2.0"
    ) -> str:
        """A signed token for the gateway. A change to None removes the claim."""
        return self.sign(changed(self.claims(account, version=version), changes or {}))

    def id_token(self, account: Account, *, client: str, nonce: str, session: str) -> str:
        """OpenID Connect's proof of sign-in, for the client and nobody else."""
        claims = self._envelope(client, "2.0", LIFETIME) | _user(account, "2.0")
        del claims["idtyp"]
        return self.sign(claims | {"oid": account.object_id, "sid": session} | ({"nonce": nonce} if nonce else {}))

    def managed_identity_token(self, resource: str, lifetime: int = 24 * 3600) -> tuple[str, int]:
        """A token of the function app itself for an Azure resource, and when it expires."""
        claims = self.claims(MANAGED_IDENTITY, version="1.0", lifetime=lifetime) | {"aud": resource}
        return self.sign(claims), claims["exp"]

    def sign(
        self, claims: Mapping[str, Any], key: SigningKey | None = None, header: Mapping[str, Any] | None = None
    ) -> str:
        """RS256 with the ring's newest key or with any other; header fields can be added or replaced."""
        used = key or self.keys.signing
        fields = {"typ": "JWT", "alg": "RS256", "kid": used.kid} | dict(header or {})
        signed = _part(fields) + b"." + _part(claims)
        signature = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256).sign(signed, used.private)
        return (signed + b"." + _base64(signature)).decode()

    def _envelope(self, audience: str, version: Version, lifetime: int) -> Claims:
        now = int(time.time())
        return {
            "aud": audience,
            "iss": self.name(version),
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "tid": TENANT,
            "uti": secrets.token_urlsafe(16),
            "ver": version,
        }


def changed(claims: Mapping[str, Any], changes: Mapping[str, Any]) -> Claims:
    """The claims with some replaced or added, and those removed that are changed to None."""
    return {name: value for name, value in (dict(claims) | dict(changes)).items() if value is not None}


def unsigned(claims: Mapping[str, Any]) -> str:
    """The attack of RFC 8725, section 2.1: `alg` none, no signature."""
    return (_part({"typ": "JWT", "alg": "none"}) + b"." + _part(claims) + b".").decode()


def signed_with_the_public_key(claims: Mapping[str, Any], key: SigningKey) -> str:
    """The other one: HS256, with the published key's PEM as the shared secret."""
    signed = _part({"typ": "JWT", "alg": "HS256", "kid": key.kid}) + b"." + _part(claims)
    return (signed + b"." + _base64(hmac.digest(key.public_pem(), signed, "sha256"))).decode()


def _client(client: str, version: Version) -> Claims:
    proof = _PROOFS.get(client, "1")
    if version == "2.0":
        return {"azp": client, "azpacr": proof}
    return {"appid": client, "appidacr": proof}


def _user(account: Account, version: Version) -> Claims:
    pairwise = hashlib.sha256(f"{AUDIENCE} {account.object_id}".encode()).digest()
    claims: Claims = {"idtyp": "user", "sub": _base64(pairwise).decode(), "name": account.display_name}
    claims |= {"preferred_username": account.mail} if version == "2.0" else {"unique_name": account.mail}
    groups = account.group_ids
    if len(groups) > MAX_GROUPS:
        # Entra names its retired predecessor of Graph here, which nobody may ask.
        endpoint = f"https://graph.windows.net/{TENANT}/users/{account.object_id}/getMemberObjects"
        return claims | {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": endpoint}}}
    # Entra leaves the claim out for a user without groups.
    return claims | ({"groups": groups} if groups else {})


def _part(value: Mapping[str, Any]) -> bytes:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(value: bytes) -> bytes:
    return base64.urlsafe_b64encode(value).rstrip(b"=")
