"""Room 9: the upstream's credential, held for one call.

Takes the credential that the policy names for a server and returns the header that carries it. After
an upstream's 401 the secret is read once again, since it may have been rotated. The value lives in a
`Secret` and nowhere else; the caller's own token never comes near this room.
"""

from dataclasses import dataclass

from gateway.held_secrets import HeldSecrets
from gateway.policy.document import Credential
from gateway.reasons import Reason
from gateway.values import Refusal, Secret


@dataclass(frozen=True, slots=True)
class Header:
    """One header with its secret; `repr` does not show it."""

    name: str
    value: Secret


async def obtain(credential: Credential | None, secrets: HeldSecrets) -> Header | Refusal | None:
    """The header to send; None for a server that needs none; a refusal if the vault gives nothing."""
    return None if credential is None else _header(credential, await secrets.obtain(credential.secret))


async def renew(credential: Credential | None, refused: Header | None, secrets: HeldSecrets) -> Header | Refusal | None:
    """A header other than the refused one, after a 401; None if there is none to be had."""
    if credential is None or refused is None:
        return None
    renewed = _header(credential, await secrets.renew(credential.secret))
    if isinstance(renewed, Header) and renewed.value.reveal() == refused.value.reveal():
        return None
    return renewed


def _header(credential: Credential, secret: Secret | Refusal) -> Header | Refusal:
    if isinstance(secret, Refusal):
        return secret
    if not secret.reveal().isascii() or not secret.reveal().isprintable():
        return Refusal(Reason.CREDENTIAL_UNAVAILABLE, f"secret {credential.secret}: not fit for a header")
    if credential.header == "authorization":
        return Header(credential.header, Secret(f"Bearer {secret.reveal()}"))
    return Header(credential.header, secret)
