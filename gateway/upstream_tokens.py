"""The tokens that open an upstream: of the gateway as a client, of its managed identity, or of the calling user.

Takes what the policy says and on whose behalf the call is made, and gives the token or a refusal.
A caller's own token goes to the token endpoint of the caller's tenant and nowhere else, and only in
exchange for one that is made for the upstream; for an application there is nothing to exchange. A
token that would open this gateway itself is never asked for.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass

from gateway.held_secrets import HeldSecrets
from gateway.held_tokens import HeldTokens, Token
from gateway.policy.document import ClientCredentials, IssuedCredential, ManagedIdentity, OnBehalfOf
from gateway.reasons import Reason
from gateway.settings import Settings
from gateway.storage.contract import SecretUnavailableError
from gateway.token_endpoint import Failure, TokenEndpoint, client_proof
from gateway.values import Caller, CallerKind, Refusal, Secret

TOKEN_EXCHANGE = "api://AzureADTokenExchange"  # noqa: S105 - an audience
"""What the managed identity's token is for when it stands in for the gateway's client secret."""
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ON_BEHALF_OF = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_APPLICATION_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Subject:
    """On whose behalf a call is made: the caller, and the token that says so."""

    caller: Caller | None
    token: Secret | None

    @property
    def is_user(self) -> bool:
        return self.caller is not None and self.caller.kind is CallerKind.USER and self.token is not None


class UpstreamTokens:
    """The tokens of this process for its upstreams."""

    def __init__(
        self,
        settings: Settings,
        secrets: HeldSecrets,
        endpoint: TokenEndpoint,
        identity: Callable[[str], Awaitable[Token]],
        held: HeldTokens,
    ) -> None:
        """`identity` gives the managed identity's token for a resource, or raises SecretUnavailableError."""
        self._settings = settings
        self._secrets = secrets
        self._endpoint = endpoint
        self._identity = identity
        self._held = held

    async def obtain(self, credential: IssuedCredential, subject: Subject) -> Secret | Refusal:
        """A token that opens the upstream. CREDENTIAL_NEEDS_USER if only a person has one, before anything
        is sent; CREDENTIAL_UNAVAILABLE if the issuer does not give it."""
        return self._unfit(credential, subject) or await self._held.obtain(
            _key(credential, subject), lambda: self._fetch(credential, subject)
        )

    async def renew(self, credential: IssuedCredential, subject: Subject) -> Secret | Refusal:
        """The token asked for again after the upstream refused it, or the same one if that was just done."""
        return self._unfit(credential, subject) or await self._held.renew(
            _key(credential, subject), lambda: self._fetch(credential, subject)
        )

    def _unfit(self, credential: IssuedCredential, subject: Subject) -> Refusal | None:
        """Why this token must not even be asked for."""
        if isinstance(credential, OnBehalfOf) and not subject.is_user:
            return Refusal(Reason.CREDENTIAL_NEEDS_USER)
        if _resource(credential).lower() in self._own_resources():
            # fail-closed: with such a token the upstream could come back as the caller.
            why = f"{_KINDS[type(credential)]}: names this gateway, not the upstream"
            return Refusal(Reason.CREDENTIAL_UNAVAILABLE, why)
        return None

    def _own_resources(self) -> set[str]:
        return {form for name in self._settings.audiences for form in (name, f"api://{name}")}

    async def _fetch(self, credential: IssuedCredential, subject: Subject) -> Token | Refusal:
        match credential:
            case ClientCredentials():
                answer = await self._as_client(credential)
            case ManagedIdentity(resource):
                answer = await self._as_identity(resource)
            case OnBehalfOf(scope):
                answer = await self._as_user(scope, subject)
        if isinstance(answer, Failure):
            return Refusal(Reason.CREDENTIAL_UNAVAILABLE, f"{_KINDS[type(credential)]}: {answer.why}")
        return answer

    async def _as_client(self, credential: ClientCredentials) -> Token | Failure | Refusal:
        secret = await self._secrets.obtain(credential.secret)
        if isinstance(secret, Refusal):
            return secret
        answer = await self._redeem(credential, secret)
        if not isinstance(answer, Failure) or answer.error != "invalid_client":
            return answer
        # The secret may have been rotated since it was read.
        renewed = await self._secrets.renew(credential.secret)
        if isinstance(renewed, Refusal) or renewed.reveal() == secret.reveal():
            return answer
        return await self._redeem(credential, renewed)

    async def _redeem(self, credential: ClientCredentials, secret: Secret) -> Token | Failure:
        form = {"grant_type": "client_credentials"} | ({"scope": credential.scope} if credential.scope else {})
        return await self._endpoint.ask(credential.token_url, form, client_proof(credential.client, secret))

    async def _as_identity(self, resource: str) -> Token | Failure:
        try:
            return await self._identity(resource)
        except SecretUnavailableError as error:
            return Failure(f"the managed identity has no token ({error})")

    async def _as_user(self, scope: str, subject: Subject) -> Token | Failure | Refusal:
        if subject.caller is None or subject.token is None or subject.caller.grant:
            # A session token is the gateway's own, and goes to nobody else.
            return Refusal(Reason.CREDENTIAL_NEEDS_USER)
        form = {
            "grant_type": _ON_BEHALF_OF,
            "requested_token_use": "on_behalf_of",
            "assertion": subject.token.reveal(),
            "scope": scope,
        }
        # The tenant is one that the settings name; `authenticate` lets no other caller in.
        return await self.ask_as_gateway(subject.caller.tenant, form)

    async def ask_as_gateway(self, tenant: str, form: Mapping[str, str]) -> Token | Failure | Refusal:
        """What the tenant's token endpoint gives the gateway's own registration, which its managed identity proves."""
        client = application_id(self._settings)
        if client is None:
            return Failure("COUNTERSIGN_AUDIENCE must hold exactly one application id, that of the gateway")
        proof = await self._held.obtain(TOKEN_EXCHANGE, self._assertion)
        if isinstance(proof, Refusal):
            return proof
        own = {"client_id": client, "client_assertion_type": _ASSERTION_TYPE, "client_assertion": proof.reveal()}
        return await self._endpoint.ask(f"{self._settings.authority}/{tenant}/oauth2/v2.0/token", {**form, **own})

    async def _assertion(self) -> Token | Refusal:
        answer = await self._as_identity(TOKEN_EXCHANGE)
        if isinstance(answer, Failure):
            return Refusal(Reason.CREDENTIAL_UNAVAILABLE, f"on_behalf_of: {answer.why}")
        return answer


def application_id(settings: Settings) -> str | None:
    """The client id of the gateway's own registration; None if the settings name none, or more than one."""
    found = {match[0] for name in settings.audiences if (match := _APPLICATION_ID.search(name))}
    return found.pop() if len(found) == 1 else None


def _key(credential: IssuedCredential, subject: Subject) -> Hashable:
    if not isinstance(credential, OnBehalfOf) or subject.token is None:
        return credential
    return credential, hashlib.sha256(subject.token.reveal().encode()).digest()


def _resource(credential: IssuedCredential) -> str:
    """What the token is for, where the policy says so in Entra's form."""
    if isinstance(credential, ManagedIdentity):
        return credential.resource
    return credential.scope.split(" ")[0].rpartition("/")[0]


_KINDS = {
    ClientCredentials: "client_credentials",
    ManagedIdentity: "managed_identity",
    OnBehalfOf: "on_behalf_of",
}
"""As the policy calls them."""
