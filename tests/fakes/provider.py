"""The development identity provider on a free port of this machine, for tests that need its token endpoint."""

import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from devhost import serve
from devhost.accounts import ACCOUNTS, TENANT
from devhost.identity.app import app
from devhost.identity.issuer import Issuer
from devhost.identity.keys import KeyRing
from gateway.settings import Settings
from tests.fakes.entra import settings

_HEADER = "managed-identity-header"
_KEYS = KeyRing.fresh()


@dataclass(slots=True)
class Provider:
    """The running provider. `asked` counts requests by path, without the tenant."""

    issuer: Issuer
    inside: ASGIApp
    asked: Counter[str]

    @property
    def token_url(self) -> str:
        return f"{self.issuer.base}/{TENANT}/oauth2/v2.0/token"

    @property
    def settings(self) -> Settings:
        return settings(COUNTERSIGN_AUTHORITY=self.issuer.base)

    @property
    def environment(self) -> dict[str, str]:
        """What App Service would set for the managed identity."""
        return {"IDENTITY_ENDPOINT": f"{self.issuer.base}/msi/token", "IDENTITY_HEADER": _HEADER}

    def token(self, name: str = "engineer", **changes: object) -> str:
        return self.issuer.access_token(ACCOUNTS[name], changes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.asked[scope["path"].removeprefix(f"/{TENANT}")] += 1
        await self.inside(scope, receive, send)


@contextlib.asynccontextmanager
async def provider() -> AsyncIterator[Provider]:
    door = Provider(Issuer("", _KEYS), _refuse, Counter())
    async with serve.serving(door) as base:
        # Its own address is part of what it issues, and known only now.
        door.issuer = Issuer(base, _KEYS)
        door.inside = app(door.issuer, _HEADER)
        yield door


async def _refuse(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise NotImplementedError
