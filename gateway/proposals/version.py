"""A version of the policy that people agreed on: its text, and the signed statement that it is one. Pure.

The versions of a policy are numbered from 1, and each names the one before it and the approval that it rests on. The
statement is a JWS of its own type, signed with the key of the seals, in front of the text. What does not hold together
is no version, whatever its signature (fail-closed): whoever may write to the store cannot make one.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.approvals.approval import stamp
from gateway.evidence import jws
from gateway.evidence.jws import Keys

TYPE = "countersign-policy+jws"
PREFIX = "versions/"
_V = 1


class UnprovenError(ValueError):
    """A version that is there is not what people agreed on, or cannot be shown to be; says why."""


@dataclass(frozen=True, slots=True)
class Version:
    """The statement about one version."""

    number: int
    digest: str
    """SHA-256 of the text, as for every policy."""
    before: str
    """That of the policy that it replaced."""
    approval: str
    """Id of the proposal and of its approval."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Agreed:
    """A version whose signature is good, with its text."""

    version: Version
    text: bytes


def name_of(number: int) -> str:
    """The name of its blob; such names sort as the numbers do."""
    return f"{PREFIX}{number:08}"


def number_in(name: str) -> int | None:
    """The number in the name of a blob; None where it is the name of no version."""
    digits = name.removeprefix(PREFIX)
    return int(digits) if digits.isdecimal() and name_of(int(digits)) == name else None


def message_of(version: Version, kid: str) -> bytes:
    """What is signed."""
    claims = {
        "v": _V,
        "number": version.number,
        "digest": version.digest,
        "before": version.before,
        "approval": version.approval,
        "at": stamp(version.at),
    }
    return jws.message_of(claims, kid, TYPE)


def content_of(signed: str, text: bytes) -> bytes:
    """The blob: the statement on a line, then the text as it is."""
    return signed.encode() + b"\n" + text


def read(content: bytes, number: int, keys: Keys) -> Agreed:
    """The version of that number. Raises UnprovenError."""
    line, _, text = content.partition(b"\n")
    try:
        signed = jws.parse(line.decode("ascii"), TYPE)
        version = _version(signed.claims)
    except (ValueError, KeyError, TypeError) as error:
        raise UnprovenError(f"version {number} of the policy cannot be read ({type(error).__name__})") from None
    key = keys.get(signed.kid)
    if key is None or not jws.is_signed(signed.message, signed.signature, key):
        raise UnprovenError(f"version {number} of the policy is not signed by the gateway")
    if version.number != number:
        raise UnprovenError(f"version {number} of the policy says that it is version {version.number}")
    if hashlib.sha256(text).hexdigest() != version.digest:
        raise UnprovenError(f"version {number} of the policy is not the text that was signed")
    return Agreed(version, text)


def _version(claims: Mapping[str, Any]) -> Version:
    if claims["v"] != _V or type(claims["number"]) is not int:
        raise ValueError
    words = {name: claims[name] for name in ("digest", "before", "approval")}
    if not all(isinstance(each, str) for each in words.values()):
        raise TypeError
    return Version(number=claims["number"], at=datetime.fromisoformat(claims["at"]), **words)
