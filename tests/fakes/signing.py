"""A signing key in memory, in place of the vault's."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.storage.contract import KeyDisabledError, KeyVersion, SecretUnavailableError


class MemoryKey:
    """A key with versions. `reachable` is its fault; `listed` and `signed` count what it was asked for."""

    def __init__(self) -> None:
        self.reachable = True
        self.listed = 0
        self.signed = 0
        self.enabled: list[str] = []
        self._private: dict[str, ec.EllipticCurvePrivateKey] = {}
        self.rotate()

    def rotate(self, *, disable_old: bool = False) -> str:
        """The `kid` of a new version, which is the newest."""
        kid = f"version-{len(self._private) + 1}"
        self._private[kid] = ec.generate_private_key(ec.SECP256R1())
        self.enabled = ([] if disable_old else self.enabled) + [kid]
        return kid

    async def versions(self) -> Sequence[KeyVersion]:
        self.listed += 1
        self._reach()
        # In no order, as the vault lists them.
        return [self._version(kid) for kid in sorted(self.enabled, reverse=True)]

    async def sign(self, kid: str, message: bytes) -> bytes:
        self.signed += 1
        self._reach()
        if kid not in self.enabled:
            raise KeyDisabledError("HttpResponseError")
        return self._signature(kid, message)

    def token(self, claims: Mapping[str, Any], *, kid: str = "", **header: Any) -> str:
        """Whatever claims, really signed by this key; a change of the header to None removes the field."""
        kid = kid or self.enabled[-1]
        fields = {"typ": "at+jwt", "alg": "ES256", "kid": kid} | header
        parts = ({name: value for name, value in fields.items() if value is not None}, claims)
        message = ".".join(base64url(json.dumps(part).encode()) for part in parts)
        return f"{message}.{base64url(self._signature(kid, message.encode()))}"

    def public_pem(self) -> bytes:
        public = self._private[self.enabled[-1]].public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def _signature(self, kid: str, message: bytes) -> bytes:
        r, s = decode_dss_signature(self._private[kid].sign(message, ec.ECDSA(SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)

    def _version(self, kid: str) -> KeyVersion:
        point = self._private[kid].public_key().public_numbers()
        x, y = (base64url(number.to_bytes(32)) for number in (point.x, point.y))
        return KeyVersion(kid, float(list(self._private).index(kid)), x, y)

    def _reach(self) -> None:
        if not self.reachable:
            raise SecretUnavailableError("ServiceRequestError")


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
