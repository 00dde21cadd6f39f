"""The development Key Vault: the part of the secrets API that `azure-keyvault-secrets` uses, over HTTPS.

Takes the state folder, where the secrets lie (mode 0600) beside the identity provider's keys, and
returns the ASGI app, with the keys of `vault_keys` in it; `secret_client` is the real SDK, pointed at it.
A request without the managed identity's token gets the challenge of `vault_door`, and nothing else.
"""

import contextlib
import json
import re
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from devhost import certificates, private_file, vault_keys
from devhost.identity.managed import as_on_app_service
from devhost.serve import arguments, serve, with_healthz
from devhost.vault_door import error, guarded
from devhost.vault_fault import Faulty

if TYPE_CHECKING:
    from azure.keyvault.secrets.aio import SecretClient

SEEDED = ("records-token", "everything-key", "session-key")
"""Secrets that exist from the first start on, with random values: credentials of the demo MCP servers,
and the key that seals the gateway's sessions."""
TEAMS_CHANNELS = ("approvers", "operators")
"""Channels of Teams whose webhook lies in the vault as `teams-{channel}`: it is the outbox that answers there."""

_NAME = re.compile(r"[0-9A-Za-z-]{1,127}")

type Versions = list[dict[str, Any]]
"""Oldest first; the last is the current one."""


@dataclass(slots=True)
class Vault:
    """The secrets on disk. Names are case-insensitive, as in Azure."""

    state: Path

    def __post_init__(self) -> None:
        private_file.read_or_make(self._path, lambda: json.dumps({name: [_fresh()] for name in SEEDED}))
        found = self._read()
        # A state folder of an earlier version may lack what is seeded now.
        if lacking := {name: [_fresh()] for name in SEEDED if name not in found}:
            private_file.write(self._path, json.dumps(found | lacking, indent=1))

    def versions(self, name: str) -> Versions:
        versions: Versions = self._read().get(name.lower(), [])
        return versions

    def add(self, name: str, value: str, tags: dict[str, str]) -> dict[str, Any]:
        """The secret has a new current version; the old ones stay readable."""
        everything = self._read()
        version = _fresh(value) | {"tags": tags}
        everything.setdefault(name.lower(), []).append(version)
        private_file.write(self._path, json.dumps(everything, indent=1))
        return version

    def point_to(self, outbox: str) -> None:
        """The webhooks of Teams are those of the outbox, wherever its port has moved to."""
        for channel in TEAMS_CHANNELS:
            name, url = f"teams-{channel}", f"{outbox}/teams/{channel}"
            if [version["value"] for version in self.versions(name)[-1:]] != [url]:
                self.add(name, url, {})

    @property
    def _path(self) -> Path:
        return self.state / "vault" / "secrets.json"

    def _read(self) -> dict[str, Versions]:
        everything: dict[str, Versions] = json.loads(self._path.read_text())
        return everything


@dataclass(frozen=True, slots=True)
class Doors:
    """The paths of the secrets API."""

    vault: Vault

    async def read(self, request: Request) -> Response:
        wanted = request.path_params.get("version")
        versions = self.vault.versions(request.path_params["name"])
        found = [version for version in versions if wanted in (None, "", version["version"])]
        return JSONResponse(_bundle(request, found[-1])) if found else _not_found(request)

    async def write(self, request: Request) -> Response:
        name, asked = request.path_params["name"], await request.json()
        if not _NAME.fullmatch(name) or not isinstance(asked, dict) or not isinstance(asked.get("value"), str):
            return error(400, "BadParameter", "A name of letters, digits and hyphens and a value are needed.")
        return JSONResponse(_bundle(request, self.vault.add(name, asked["value"], asked.get("tags") or {})))

    async def versions(self, request: Request) -> Response:
        bundles = [_bundle(request, version) for version in self.vault.versions(request.path_params["name"])]
        for bundle in bundles:
            del bundle["value"]
        return JSONResponse({"value": bundles, "nextLink": None})


def app(state: Path) -> Starlette:
    """The vault as it is in the state folder."""
    doors = Doors(Vault(state))
    return Starlette(
        routes=[
            Route("/secrets/{name}", guarded(doors.read, state)),
            Route("/secrets/{name}", guarded(doors.write, state), methods=["PUT"]),
            Route("/secrets/{name}/versions", guarded(doors.versions, state)),
            Route("/secrets/{name}/{version:path}", guarded(doors.read, state)),
            *vault_keys.routes(state),
        ]
    )


@contextlib.asynccontextmanager
async def secret_client(vault: str, identity: str, state: Path) -> "AsyncIterator[SecretClient]":
    """The real SDK client with the real managed identity credential, trusting this machine's CA. It never retries."""
    from azure.identity.aio import ManagedIdentityCredential  # noqa: PLC0415 - costs the vault 0.3 s at start
    from azure.keyvault.secrets.aio import SecretClient  # noqa: PLC0415 - the same

    with as_on_app_service(state, identity):
        credential = ManagedIdentityCredential(retry_total=0)
    authority = str(certificates.ensure(state).authority)
    client = SecretClient(
        vault, credential, verify_challenge_resource=False, connection_verify=authority, retry_total=0
    )
    async with credential, client:
        yield client


def _not_found(request: Request) -> Response:
    name = request.path_params["name"]
    return error(404, "SecretNotFound", f"A secret with (name/id) {name} was not found in this key vault.")


def _bundle(request: Request, version: dict[str, Any]) -> dict[str, Any]:
    created = version["created"]
    return {
        "value": version["value"],
        "id": f"{request.base_url}secrets/{request.path_params['name']}/{version['version']}",
        "attributes": {"enabled": True, "created": created, "updated": created, "recoveryLevel": "Purgeable"},
        "tags": version.get("tags", {}),
    }


def _fresh(value: str | None = None) -> dict[str, Any]:
    text = secrets.token_urlsafe(32) if value is None else value
    return {"version": secrets.token_hex(16), "value": text, "created": int(time.time())}


def main(argv: list[str] | None = None) -> None:
    """Serves until told to stop."""
    chosen = arguments("devhost.vault", argv, "outbox")
    Vault(chosen.state).point_to(chosen.outbox)
    serve(with_healthz(Faulty(app(chosen.state))), chosen.port, certificates.ensure(chosen.state))


if __name__ == "__main__":
    main()
