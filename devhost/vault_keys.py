"""The keys of the development Key Vault: the part of the keys API by which `azure-keyvault-keys` signs.

Takes the state folder, where the private keys lie (mode 0600), and gives the routes. A key leaves only
as its public half, and a version that was disabled signs nothing. Rotation, which in Azure is a policy or
an operator's command, is a path of its own here, for tests and the tour.
"""

import base64
import json
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from devhost import private_file
from devhost.vault_door import error, guarded

SEEDED = ("session-token", "evidence-seal")
"""Keys that exist from the first start on: of the gateway's session tokens, and of its seals."""

_SIZE = 32
"""Bytes of a coordinate, of half a signature, and of a SHA-256."""

type Version = dict[str, Any]


@dataclass(slots=True)
class Keys:
    """The EC keys on disk (P-256). Names are case-insensitive, as in Azure."""

    state: Path

    def __post_init__(self) -> None:
        found = json.loads(
            private_file.read_or_make(self._path, lambda: json.dumps({name: [_fresh()] for name in SEEDED}))
        )
        # A state folder may be older than one of the names.
        if lacking := {name: [_fresh()] for name in SEEDED if name not in found}:
            private_file.write(self._path, json.dumps(found | lacking, indent=1))

    def versions(self, name: str) -> list[Version]:
        """Oldest first; the last is the current one. Empty if there is no such key."""
        versions: list[Version] = self._read().get(name.lower(), [])
        return versions

    def rotate(self, name: str, *, disable_old: bool = False) -> Version:
        """A new version is the current one. The old ones verify and sign as before, unless they are disabled."""
        everything = self._read()
        versions: list[Version] = everything[name.lower()]
        for version in versions if disable_old else ():
            version["enabled"] = False
        # Azure's times have no fractions either; of two versions the newer one must still be told by its time.
        fresh = _fresh(created=max(int(time.time()), versions[-1]["created"] + 1))
        versions.append(fresh)
        private_file.write(self._path, json.dumps(everything, indent=1))
        return fresh

    @property
    def _path(self) -> Path:
        return self.state / "vault" / "keys.json"

    def _read(self) -> dict[str, list[Version]]:
        everything: dict[str, list[Version]] = json.loads(self._path.read_text())
        return everything


@dataclass(frozen=True, slots=True)
class Doors:
    """The paths of the keys API."""

    keys: Keys

    async def read(self, request: Request) -> Response:
        found = self._find(request)
        return JSONResponse({"key": _jwk(request, found), **_item(request, found)}) if found else _not_found(request)

    async def versions(self, request: Request) -> Response:
        versions = self.keys.versions(request.path_params["name"])
        listed = [{"kid": _identifier(request, version), **_item(request, version)} for version in versions]
        return JSONResponse({"value": listed, "nextLink": None})

    async def sign(self, request: Request) -> Response:
        found, asked = self._find(request), await request.json()
        if found is None:
            return _not_found(request)
        if not found["enabled"]:
            return error(403, "Forbidden", "Operation sign is not allowed on a disabled key.")
        digest = _decoded(asked.get("value")) if isinstance(asked, dict) and asked.get("alg") == "ES256" else b""
        if len(digest) != _SIZE:
            return error(400, "BadParameter", "alg must be ES256, and value a SHA-256 in base64url.")
        return JSONResponse({"kid": _identifier(request, found), "value": _text(_signed(_private(found), digest))})

    async def rotate(self, request: Request) -> Response:
        name, body = request.path_params["name"], await request.body()
        asked = json.loads(body) if body else {}
        if not isinstance(asked, dict) or not isinstance(asked.get("disable_old", False), bool):
            return error(400, "BadParameter", "disable_old must be true or false.")
        if not self.keys.versions(name):
            return _not_found(request)
        fresh = self.keys.rotate(name, disable_old=asked.get("disable_old", False))
        return JSONResponse({"version": fresh["version"]})

    def _find(self, request: Request) -> Version | None:
        """The version that the path names; the current one if it names none."""
        wanted = request.path_params.get("version")
        versions = self.keys.versions(request.path_params["name"])
        return next((each for each in reversed(versions) if wanted in (None, "", each["version"])), None)


def routes(state: Path) -> list[Route]:
    """The keys API, and the rotation beside it, which any process of this machine may ask for."""
    doors = Doors(Keys(state))
    return [
        Route("/keys/{name}", guarded(doors.read, state)),
        Route("/keys/{name}/versions", guarded(doors.versions, state)),
        Route("/keys/{name}/{version}/sign", guarded(doors.sign, state), methods=["POST"]),
        Route("/keys/{name}/{version:path}", guarded(doors.read, state)),
        Route("/devhost/keys/{name}/rotate", doors.rotate, methods=["POST"]),
    ]


def _fresh(created: int | None = None) -> Version:
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    created = int(time.time()) if created is None else created
    return {"version": secrets.token_hex(16), "private": pem, "enabled": True, "created": created}


def _private(version: Version) -> ec.EllipticCurvePrivateKey:
    private = load_pem_private_key(version["private"].encode(), password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    return private


def _signed(private: ec.EllipticCurvePrivateKey, digest: bytes) -> bytes:
    """r and s side by side, as JWS has them (RFC 7518, section 3.4) and Key Vault answers."""
    r, s = decode_dss_signature(private.sign(digest, ec.ECDSA(Prehashed(SHA256()))))
    return r.to_bytes(_SIZE) + s.to_bytes(_SIZE)


def _jwk(request: Request, version: Version) -> dict[str, Any]:
    point = _private(version).public_key().public_numbers()
    x, y = (_text(number.to_bytes(_SIZE)) for number in (point.x, point.y))
    kid = _identifier(request, version)
    return {"kid": kid, "kty": "EC", "crv": "P-256", "key_ops": ["sign", "verify"], "x": x, "y": y}


def _item(request: Request, version: Version) -> dict[str, Any]:
    created = version["created"]
    times = {"created": created, "updated": created}
    return {"attributes": {"enabled": version["enabled"], **times, "recoveryLevel": "Purgeable"}, "tags": {}}


def _identifier(request: Request, version: Version) -> str:
    return f"{request.base_url}keys/{request.path_params['name']}/{version['version']}"


def _not_found(request: Request) -> Response:
    name = request.path_params["name"]
    return error(404, "KeyNotFound", f"A key with (name/id) {name} was not found in this key vault.")


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decoded(text: Any) -> bytes:
    try:
        return base64.urlsafe_b64decode(str(text) + "=" * (-len(str(text)) % 4))
    except ValueError:
        return b""
