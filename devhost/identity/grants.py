"""Who gets a token, and by which OAuth grant: code with PKCE, refresh token, client credentials, on-behalf-of.

Takes the parameters of a request to the token endpoint and returns what to answer, or an `OAuthError`
as Entra words it. A code is redeemed once, and only by the client that it was given to; the gateway's
own registration proves itself by its managed identity, and the public client has nothing to prove.
"""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import jwt

from devhost.accounts import (
    ACCOUNTS,
    AUDIENCE,
    AUDIENCE_URI,
    MANAGED_IDENTITY,
    PUBLIC_CLIENT,
    UPSTREAM,
    UPSTREAM_CLIENT,
    UPSTREAM_ROLE,
    UPSTREAM_SCOPE,
    UPSTREAM_URI,
    Account,
    by_client,
)
from devhost.identity.asked import GATEWAY_SCOPES, NO_SUCH_CLIENT, OAuthError, SignIn, scopes
from devhost.identity.issuer import LIFETIME, Claims, Issuer, changed

CODE_LIFETIME = 600
UPSTREAM_SCOPES = frozenset(
    f"{resource}/{name}" for resource in (UPSTREAM, UPSTREAM_URI) for name in (UPSTREAM_SCOPE, ".default")
)
ON_BEHALF_OF = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN_EXCHANGE = "api://AzureADTokenExchange"
"""Audience of the assertion by which the gateway's managed identity signs in as the gateway's registration."""
GRAPH = "00000003-0000-0000-c000-000000000000"
"""Audience of the token that Entra hands out where only OpenID scopes are asked for. The gateway must refuse it."""

OTHERS_CODE = OAuthError("invalid_grant", 70000, "The code or token was given to another client.")


@dataclass(slots=True)
class Grants:
    """Codes and refresh tokens that are out; in memory, so a restart asks everybody to sign in again."""

    issuer: Issuer
    clock: Callable[[], float] = time.time
    _codes: dict[str, tuple[Account, SignIn]] = field(default_factory=dict)
    _refresh_tokens: dict[str, tuple[Account, SignIn]] = field(default_factory=dict)

    def issue_code(self, account: Account, sign_in: SignIn) -> str:
        """A code that the client can redeem once, within ten minutes."""
        code = secrets.token_urlsafe(32)
        session = secrets.token_hex(16)
        self._codes[code] = (account, replace(sign_in, session=session, expires=self.clock() + CODE_LIFETIME))
        return code

    def token(self, form: Mapping[str, str]) -> dict[str, Any] | OAuthError:
        """What the token endpoint answers."""
        match form.get("grant_type"):
            case "authorization_code":
                return self._redeem_code(form)
            case "refresh_token":
                return self._refresh(form)
            case "client_credentials":
                return self._client_credentials(form)
            case grant if grant == ON_BEHALF_OF:
                return self._on_behalf_of(form)
            case None:
                return OAuthError("invalid_request", 900144, "The request body must contain 'grant_type'.")
            case other:
                return OAuthError("unsupported_grant_type", 70003, f"The grant type {other!r} is not supported.")

    def _redeem_code(self, form: Mapping[str, str]) -> dict[str, Any] | OAuthError:
        if refused := self._not_a_client(form):
            return refused
        found = self._codes.pop(form.get("code", ""), None)
        if found is None:
            return OAuthError("invalid_grant", 54005, "The code is unknown or was already redeemed.")
        account, sign_in = found
        if form["client_id"] != sign_in.client:
            return OTHERS_CODE
        if self.clock() > sign_in.expires:
            return OAuthError("invalid_grant", 70008, "The code has expired.")
        if form.get("redirect_uri") != sign_in.redirect_uri:
            return OAuthError("invalid_grant", 50011, "The redirect URI differs from the one that got the code.")
        if not hmac.compare_digest(_s256(form.get("code_verifier", "")), sign_in.challenge):
            return OAuthError("invalid_grant", 501481, "The code_verifier does not match the code_challenge.")
        return self._signed_in(account, sign_in)

    def _refresh(self, form: Mapping[str, str]) -> dict[str, Any] | OAuthError:
        if refused := self._not_a_client(form):
            return refused
        found = self._refresh_tokens.get(form.get("refresh_token", ""))
        if found is None:
            return OAuthError("invalid_grant", 9002313, "The refresh token is unknown; sign in again.")
        account, sign_in = found
        if form["client_id"] != sign_in.client:
            return OTHERS_CODE
        asked = scopes(form["scope"], sign_in.client) if form.get("scope") else sign_in.scopes
        return asked if isinstance(asked, OAuthError) else self._signed_in(account, replace(sign_in, scopes=asked))

    def _signed_in(self, account: Account, sign_in: SignIn) -> dict[str, Any]:
        granted = set(sign_in.scopes)
        claims = self.issuer.claims(account, session=sign_in.session, client=sign_in.client)
        if not granted & GATEWAY_SCOPES:
            claims = changed(claims, {"aud": GRAPH, "scp": "openid profile email"})
        answer = _bearer(self.issuer.sign(claims)) | {"scope": " ".join(sign_in.scopes)}
        if "offline_access" in granted:
            answer["refresh_token"] = secrets.token_urlsafe(48)
            self._refresh_tokens[answer["refresh_token"]] = (account, sign_in)
        if "openid" in granted:
            answer["id_token"] = self.issuer.id_token(
                account, client=sign_in.client, nonce=sign_in.nonce, session=sign_in.session
            )
        return answer

    def _client_credentials(self, form: Mapping[str, str]) -> dict[str, Any] | OAuthError:
        account = by_client(form.get("client_id", ""))
        if account is None:
            return NO_SUCH_CLIENT
        if not hmac.compare_digest(form.get("client_secret", "").encode(), account.secret.encode()):
            return OAuthError("invalid_client", 7000215, "The client secret is not valid.")
        if form.get("scope") in {f"{UPSTREAM}/.default", f"{UPSTREAM_URI}/.default"}:
            roles = [UPSTREAM_ROLE] if account is UPSTREAM_CLIENT else None
            return _bearer(self.issuer.access_token(account, {"aud": UPSTREAM, "roles": roles}))
        if form.get("scope") not in {f"{AUDIENCE}/.default", f"{AUDIENCE_URI}/.default"}:
            return OAuthError("invalid_scope", 1002012, f"Ask for the scope {AUDIENCE_URI}/.default.")
        return _bearer(self.issuer.access_token(account))

    def _on_behalf_of(self, form: Mapping[str, str]) -> dict[str, Any] | OAuthError:
        """Entra's on-behalf-of flow: a user's token for the gateway becomes one for the upstream."""
        if form.get("requested_token_use") != "on_behalf_of":
            return OAuthError("invalid_request", 90014, "The field 'requested_token_use' must be on_behalf_of.")
        if refused := self._not_the_gateway(form):
            return refused
        assertion = self._verified(form.get("assertion", ""))
        if assertion is None:
            return OAuthError("invalid_grant", 50013, "The assertion's signature or time is not valid.")
        if assertion.get("aud") not in (AUDIENCE, AUDIENCE_URI):
            return OAuthError("invalid_grant", 500131, "The assertion is not meant for the client that presents it.")
        if "scp" not in assertion:
            return OAuthError("unauthorized_client", 7000114, "Applications may not make on-behalf-of calls.")
        asked = form.get("scope", "").split()
        if not asked or not UPSTREAM_SCOPES.issuperset(asked):
            return OAuthError("invalid_grant", 65001, "Nobody has consented to the use of this scope.")
        account = next((account for account in ACCOUNTS.values() if account.object_id == assertion.get("oid")), None)
        if account is None:
            return OAuthError("invalid_grant", 50034, "The user of the assertion does not exist in this tenant.")
        session = assertion.get("sid", "")
        claims = self.issuer.claims(account, scope=UPSTREAM_SCOPE, session=session, client=AUDIENCE)
        return _bearer(self.issuer.sign(claims | {"aud": UPSTREAM})) | {"scope": " ".join(asked)}

    def _not_a_client(self, form: Mapping[str, str]) -> OAuthError | None:
        """People sign in by two applications: the public one, and the gateway's own."""
        if form.get("client_id") != PUBLIC_CLIENT:
            return self._not_the_gateway(form)
        if form.get("client_secret") or form.get("client_assertion"):
            return OAuthError("invalid_client", 700025, "The client is public and may show no credential.")
        return None

    def _not_the_gateway(self, form: Mapping[str, str]) -> OAuthError | None:
        """The gateway's registration has no secret; its federated credential is the managed identity."""
        if form.get("client_id") != AUDIENCE:
            return NO_SUCH_CLIENT
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            return OAuthError("invalid_client", 7000218, "The request must contain 'client_assertion'.")
        proof = self._verified(form.get("client_assertion", ""))
        if proof is None or (proof.get("aud"), proof.get("oid")) != (TOKEN_EXCHANGE, MANAGED_IDENTITY.object_id):
            return OAuthError("invalid_client", 700213, "No federated identity matches the presented assertion.")
        return None

    def _verified(self, token: str) -> Claims | None:
        """The claims of a token of this tenant that is valid now."""
        try:
            key = self.issuer.keys.find(jwt.get_unverified_header(token).get("kid", ""))
            public = key.private.public_key() if key else ""
            claims: Claims = jwt.decode(token, public, algorithms=["RS256"], options={"verify_aud": False})
        except jwt.PyJWTError:
            return None
        return claims if claims.get("iss") in (self.issuer.name("1.0"), self.issuer.name("2.0")) else None


def _bearer(token: str) -> dict[str, Any]:
    return {"token_type": "Bearer", "expires_in": LIFETIME, "ext_expires_in": LIFETIME, "access_token": token}


def _s256(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
