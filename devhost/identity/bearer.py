"""Whether a request comes from the gateway's managed identity, as each stand-in for an Azure service asks.

Takes an Authorization header, the state folder with the provider's keys, and the names that the service
goes by as an audience; says yes or no. Whatever is not a valid token of that identity for that service
is a no.
"""

from collections.abc import Collection
from pathlib import Path

import jwt

from devhost.accounts import MANAGED_IDENTITY
from devhost.identity.keys import published


def is_managed_identity(header: str, state: Path, audiences: Collection[str]) -> bool:
    """The header holds a token for that service that the provider signed and that is valid now."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        return False
    try:
        key = published(state).find(str(jwt.get_unverified_header(token).get("kid")))
        if key is None:
            return False
        claims = jwt.decode(
            token, key.public_pem(), algorithms=["RS256"], audience=list(audiences), options={"require": ["exp"]}
        )
    except jwt.InvalidTokenError:
        return False
    return claims.get("oid") == MANAGED_IDENTITY.object_id
