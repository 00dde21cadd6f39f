"""A signed statement: a JWS in compact form over canonical JSON. Pure.

Takes claims and the name of a key, and gives what is to be signed, and the text with its signature (RFC 7515, ES256,
RFC 8785); takes such a text and gives the claims. A statement says of which type it is, and is read as no other: what
has another type, algorithm or spelling is malformed, whatever its signature (fail-closed).
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

type Key = EllipticCurvePublicKey
type Keys = Mapping[str, EllipticCurvePublicKey]
"""Public keys by `kid`."""


class MalformedError(ValueError):
    """The text is no statement of this type; says why."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement as it was read; nothing says yet that the signature is good."""

    claims: Mapping[str, Any]
    kid: str
    message: bytes
    signature: bytes
    """r and s side by side (RFC 7518, section 3.4)."""


def message_of(claims: Mapping[str, Any], kid: str, kind: str) -> bytes:
    """What is signed; `kind` is the type that the header says."""
    header = {"alg": "ES256", "kid": kid, "typ": kind}
    return b".".join(_encoded(rfc8785.dumps(part)) for part in (header, dict(claims)))


def text_of(message: bytes, signature: bytes) -> str:
    """The statement, as it is stored."""
    return (message + b"." + _encoded(signature)).decode()


def digest_of(text: str) -> str:
    """By which the next statement names this one."""
    return hashlib.sha256(text.encode()).hexdigest()


def parse(text: str, kind: str) -> Signed:
    """The statement of that type that the text is. Raises MalformedError."""
    try:
        header_text, claims_text, signature_text = text.split(".")
        header, claims = (_object(part) for part in (header_text, claims_text))
        if header.keys() != {"alg", "kid", "typ"} or (header["alg"], header["typ"]) != ("ES256", kind):
            raise MalformedError(f"it is not signed as a {kind} is")
        message = f"{header_text}.{claims_text}".encode()
        return Signed(claims, str(header["kid"]), message, _decoded(signature_text))
    except MalformedError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise MalformedError(f"it cannot be read ({type(error).__name__})") from None


def is_signed(message: bytes, signature: bytes, key: Key) -> bool:
    """Whether that key signed it."""
    if len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    try:
        key.verify(encode_dss_signature(r, s), message, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def keys_of(key_set: Mapping[str, Any]) -> Keys:
    """The keys of a JWKS (RFC 7517). Raises ValueError for a set with anything that is no P-256 key."""
    try:
        return {str(jwk["kid"]): _public(jwk) for jwk in key_set["keys"]}
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a set of P-256 keys ({type(error).__name__})") from None


def _public(jwk: Mapping[str, Any]) -> Key:
    if (jwk["kty"], jwk["crv"]) != ("EC", "P-256"):
        raise ValueError("not a P-256 key")
    x, y = (int.from_bytes(_decoded(jwk[name])) for name in ("x", "y"))
    return EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()


def _object(encoded: str) -> dict[str, Any]:
    value = json.loads(_decoded(encoded))
    if not isinstance(value, dict):
        raise TypeError
    return value


def _encoded(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _decoded(text: str) -> bytes:
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    # Of the texts that decode to the same bytes one counts, so that a statement has one text.
    if _encoded(raw).decode() != text:
        raise MalformedError("its base64url is not the shortest")
    return raw
