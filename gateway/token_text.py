"""What a bearer token says before anything of it is believed. Pure.

Takes the text of a token and gives its header and claims, so that its key can be found, or a refusal.
Nothing here is verified: whoever uses it must still check the signature, and all that the token claims.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from jwt.types import Options

from gateway.reasons import Reason
from gateway.values import Refusal

MAX_TOKEN = 16 * 1024
"""Characters; a token with 200 groups has about 9,000."""

# The rest is checked where the token is, each with a reason of its own.
SIGNATURE_ALONE: Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


@dataclass(frozen=True, slots=True)
class Unverified:
    """What anybody may have written."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]


def read(text: str) -> Unverified | Refusal:
    """What the token says. TOKEN_MALFORMED if it is none, or too long to be one."""
    if len(text) > MAX_TOKEN:
        return Refusal(Reason.TOKEN_MALFORMED, "too long")
    try:
        header = jwt.get_unverified_header(text)
        claims = jwt.decode(text, options={"verify_signature": False, **SIGNATURE_ALONE})
    except (jwt.PyJWTError, RecursionError):
        return Refusal(Reason.TOKEN_MALFORMED)
    return Unverified(header, claims)
