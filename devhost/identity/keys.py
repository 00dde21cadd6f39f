"""The signing keys of the development tenant, kept on disk and rotated on request.

The newest key signs; all keys of the ring are published as a JWKS in Entra's form (RFC 7517, without
`alg`). A key that left the ring verifies nothing any more.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from devhost import private_file


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An RSA key pair; `kid` follows from the public key."""

    kid: str
    private: rsa.RSAPrivateKey

    @classmethod
    def generate(cls) -> "SigningKey":
        return cls.of(rsa.generate_private_key(public_exponent=65537, key_size=2048))

    @classmethod
    def of(cls, private: rsa.RSAPrivateKey) -> "SigningKey":
        der = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return cls(
            kid=base64.urlsafe_b64encode(hashlib.sha256(der).digest()[:20]).decode().rstrip("="), private=private
        )

    def public_pem(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def private_pem(self) -> str:
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def jwk(self) -> dict[str, Any]:
        numbers = jwt.algorithms.RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {"kty": "RSA", "use": "sig", "kid": self.kid, "n": numbers["n"], "e": numbers["e"]}


class KeyRing:
    """The tenant's keys, oldest first; in memory alone when there is no path."""

    def __init__(self, keys: list[SigningKey], path: Path | None = None) -> None:
        self._keys = keys
        self._path = path

    @classmethod
    def fresh(cls) -> "KeyRing":
        return cls([SigningKey.generate()])

    @classmethod
    def at(cls, state: Path) -> "KeyRing":
        """The ring below the state folder; made there if there is none."""
        path = _path(state)
        return cls(_parse(private_file.read_or_make(path, lambda: _text([SigningKey.generate()]))), path)

    @property
    def signing(self) -> SigningKey:
        return self._keys[-1]

    def find(self, kid: str) -> SigningKey | None:
        return next((key for key in self._keys if key.kid == kid), None)

    def rotate(self, *, delete_old: bool = False) -> SigningKey:
        """A new key signs from now on. The old ones still verify, unless they are deleted."""
        self._keys = ([] if delete_old else self._keys) + [SigningKey.generate()]
        if self._path:
            private_file.write(self._path, _text(self._keys))
        return self.signing

    def jwks(self, issuer: str) -> dict[str, Any]:
        """The public half of the ring; Entra names the issuer at each key."""
        return {"keys": [key.jwk() | {"issuer": issuer} for key in self._keys]}


def published(state: Path) -> KeyRing:
    """The ring as it is on disk right now; empty where the provider has never run."""
    path = _path(state)
    return KeyRing(_parse(path.read_text()) if path.exists() else [])


def _path(state: Path) -> Path:
    return state / "identity" / "signing-keys.json"


def _text(keys: list[SigningKey]) -> str:
    return json.dumps([key.private_pem() for key in keys])


def _parse(text: str) -> list[SigningKey]:
    keys = []
    for pem in json.loads(text):
        # Checking the primes takes 50 ms a key, and this file is our own.
        private = load_pem_private_key(pem.encode(), password=None, unsafe_skip_rsa_key_validation=True)
        assert isinstance(private, rsa.RSAPrivateKey)
        keys.append(SigningKey.of(private))
    return keys
