"""Room 9: the upstream's credential, held for one call.

Takes the credential that the policy names for a server, and on whose behalf the call is made, and
returns the header that carries it. After an upstream's 401 it is obtained once again, since it may
have been rotated or revoked. The value lives in a `Secret` and nowhere else; the caller's own token
never goes to an upstream.
"""

import base64
from dataclasses import dataclass

from gateway.held_secrets import HeldSecrets
from gateway.policy.document import Basic, Bearer, Credential, OwnHeader, StoredCredential
from gateway.reasons import Reason
from gateway.upstream_tokens import Subject, UpstreamTokens
from gateway.values import Refusal, Secret


@dataclass(frozen=True, slots=True)
class Header:
    """One header with its secret; `repr` does not show it."""

    name: str
    value: Secret


async def obtain(
    credential: Credential | None, subject: Subject, secrets: HeldSecrets, tokens: UpstreamTokens
) -> Header | Refusal | None:
    """The header to send; None for a server that needs none; a refusal if there is no credential to be had."""
    match credential:
        case None:
            return None
        case Bearer() | OwnHeader() | Basic():
            return _stored(credential, await secrets.obtain(credential.secret))
        case _:
            return _issued(await tokens.obtain(credential, subject))


async def renew(
    credential: Credential | None,
    refused: Header | None,
    subject: Subject,
    secrets: HeldSecrets,
    tokens: UpstreamTokens,
) -> Header | Refusal | None:
    """A header other than the refused one, after a 401; None if there is none to be had."""
    match credential:
        case None:
            return None
        case Bearer() | OwnHeader() | Basic():
            renewed = _stored(credential, await secrets.renew(credential.secret))
        case _:
            renewed = _issued(await tokens.renew(credential, subject))
    is_same = isinstance(renewed, Header) and refused is not None and renewed.value.reveal() == refused.value.reveal()
    return None if is_same else renewed


def _stored(credential: StoredCredential, secret: Secret | Refusal) -> Header | Refusal:
    if isinstance(secret, Refusal):
        return secret
    value = secret.reveal()
    # Only of a Basic header does a password become base64, which any text fits in (RFC 7617, section 2).
    if not value.isprintable() or not (value.isascii() or isinstance(credential, Basic)):
        return Refusal(Reason.CREDENTIAL_UNAVAILABLE, f"secret {credential.secret}: not fit for a header")
    match credential:
        case Bearer():
            return Header("authorization", Secret(f"Bearer {value}"))
        case OwnHeader(name):
            return Header(name, secret)
        case Basic(user):
            pair = base64.b64encode(f"{user}:{value}".encode()).decode()
            return Header("authorization", Secret(f"Basic {pair}"))


def _issued(token: Secret | Refusal) -> Header | Refusal:
    return token if isinstance(token, Refusal) else Header("authorization", Secret(f"Bearer {token.reveal()}"))
