"""The statement of one seal, version 1, and the JWS that carries it. Pure.

A seal says which records of which chains it covers, from where the seal before ended, and names that one by the
SHA-256 of its text. It is a JWS in compact form (RFC 7515, ES256) over canonical JSON (RFC 8785). What has another
form, type or algorithm is malformed, whatever its signature (fail-closed).
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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

VERSION = 1
FIRST = "0" * 64
"""`previous` of the first seal, whose number is 1."""
TYPE = "countersign-seal+jws"

type Keys = Mapping[str, EllipticCurvePublicKey]
"""Public keys by `kid`."""


class MalformedSealError(ValueError):
    """The text is no seal of this form; says why."""


@dataclass(frozen=True, slots=True)
class Covered:
    """A stretch of one chain."""

    session: str
    writer: str
    first: int
    """Sequence number, as `last`."""
    last: int
    head: str
    """Hash of the record at `last`."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A fault that the chain had when it was sealed; it was sealed as it was."""

    session: str
    writer: str
    sequence: int
    fault: str


@dataclass(frozen=True, slots=True)
class Statement:
    number: int
    previous: str
    start: str
    """When the seal before was made; the first one's is its own `end`."""
    end: str
    """When the reading for this one began: what was written before is in it."""
    records: int
    root: str
    chains: tuple[Covered, ...] = ()
    """In the order of session and writer."""
    events: Mapping[str, int] | None = None
    ended: tuple[str, ...] = ()
    """Sessions that have been quiet for so long that they count as over."""
    broken: tuple[Broken, ...] = ()


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal as it was read; nothing says yet that the signature is good."""

    statement: Statement
    kid: str
    message: bytes
    signature: bytes


def time_of(moment: datetime) -> str:
    """As a seal writes it; such texts sort as the moments do."""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"


def message_of(statement: Statement, kid: str) -> bytes:
    """What is signed."""
    header = {"alg": "ES256", "kid": kid, "typ": TYPE}
    return b".".join(_encoded(rfc8785.dumps(part)) for part in (header, _claims(statement)))


def text_of(message: bytes, signature: bytes) -> str:
    """The seal, as it is stored."""
    return (message + b"." + _encoded(signature)).decode()


def digest_of(text: str) -> str:
    """By which the next seal names this one."""
    return hashlib.sha256(text.encode()).hexdigest()


def parse(text: str) -> Seal:
    """The seal that the text is. Raises MalformedSealError."""
    try:
        header_text, claims_text, signature_text = text.split(".")
        header, claims = (_object(part) for part in (header_text, claims_text))
        if header.keys() != {"alg", "kid", "typ"} or (header["alg"], header["typ"]) != ("ES256", TYPE):
            raise MalformedSealError("it is not signed as a seal is")
        message = f"{header_text}.{claims_text}".encode()
        return Seal(_statement(claims), str(header["kid"]), message, _decoded(signature_text))
    except MalformedSealError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise MalformedSealError(f"it cannot be read ({type(error).__name__})") from None


def is_signed(seal: Seal, key: EllipticCurvePublicKey) -> bool:
    """Whether that key signed it."""
    if len(seal.signature) != 64:
        return False
    r, s = int.from_bytes(seal.signature[:32]), int.from_bytes(seal.signature[32:])
    try:
        key.verify(encode_dss_signature(r, s), seal.message, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def keys_of(key_set: Mapping[str, Any]) -> Keys:
    """The keys of a JWKS (RFC 7517). Raises ValueError for a set with anything that is no P-256 key."""
    try:
        return {str(jwk["kid"]): _public(jwk) for jwk in key_set["keys"]}
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a set of P-256 keys ({type(error).__name__})") from None


def _public(jwk: Mapping[str, Any]) -> EllipticCurvePublicKey:
    if (jwk["kty"], jwk["crv"]) != ("EC", "P-256"):
        raise ValueError("not a P-256 key")
    x, y = (int.from_bytes(_decoded(jwk[name])) for name in ("x", "y"))
    return EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()


def _claims(statement: Statement) -> dict[str, Any]:
    chains = [[each.session, each.writer, each.first, each.last, each.head] for each in statement.chains]
    broken = [[each.session, each.writer, each.sequence, each.fault] for each in statement.broken]
    return {
        "v": VERSION,
        "number": statement.number,
        "previous": statement.previous,
        "from": statement.start,
        "to": statement.end,
        "records": statement.records,
        "root": statement.root,
        "chains": chains,
        "events": dict(statement.events or {}),
        "ended": list(statement.ended),
        **({"broken": broken} if broken else {}),
    }


def _statement(claims: Mapping[str, Any]) -> Statement:
    if claims["v"] != VERSION:
        raise MalformedSealError(f"it is of version {claims['v']!r}")
    return Statement(
        number=_number(claims["number"]),
        previous=_word(claims["previous"]),
        start=_moment(claims["from"]),
        end=_moment(claims["to"]),
        records=_number(claims["records"]),
        root=_word(claims["root"]),
        chains=tuple(_covered(each) for each in claims["chains"]),
        events={_word(name): _number(count) for name, count in claims["events"].items()},
        ended=tuple(map(_word, claims["ended"])),
        broken=tuple(_broken(each) for each in claims.get("broken", ())),
    )


def _covered(parts: Sequence[Any]) -> Covered:
    session, writer, first, last, head = parts
    found = Covered(_word(session), _word(writer), _number(first), _number(last), _word(head))
    if found.first > found.last:
        raise MalformedSealError("a chain ends before it begins")
    return found


def _broken(parts: Sequence[Any]) -> Broken:
    session, writer, sequence, fault = parts
    return Broken(_word(session), _word(writer), _number(sequence), _word(fault))


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _moment(value: Any) -> str:
    if time_of(datetime.fromisoformat(_word(value))) != value:
        raise ValueError
    return _word(value)


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError
    return value


def _object(encoded: str) -> dict[str, Any]:
    value = json.loads(_decoded(encoded))
    if not isinstance(value, dict):
        raise TypeError
    return value


def _encoded(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _decoded(text: str) -> bytes:
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    # Of the texts that decode to the same bytes one counts, so that a seal has one text.
    if _encoded(raw).decode() != text:
        raise MalformedSealError("its base64url is not the shortest")
    return raw
