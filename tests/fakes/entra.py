"""A tenant in the test's own process: devhost's issuer, and its key set behind a fake network."""

import httpx

from devhost.accounts import ACCOUNTS, AUDIENCE, AUDIENCE_URI, TENANT
from devhost.identity.issuer import Issuer
from devhost.identity.keys import KeyRing
from gateway.settings import Settings, read

AUTHORITY = "http://localhost:7072"

ENVIRONMENT = {
    "COUNTERSIGN_URL": "https://mcp.example.com",
    "COUNTERSIGN_TENANTS": TENANT,
    "COUNTERSIGN_AUDIENCE": f"{AUDIENCE}, {AUDIENCE_URI}",
    "COUNTERSIGN_AUTHORITY": AUTHORITY,
    "COUNTERSIGN_EVIDENCE": "https://evidence.table.core.windows.net",
    "COUNTERSIGN_EVIDENCE_BLOBS": "https://evidence.blob.core.windows.net",
    "COUNTERSIGN_STATE": "AccountName=a;AccountKey=YQ==;DefaultEndpointsProtocol=http;TableEndpoint=http://127.0.0.1:9/a;",
}


def settings(**changes: str) -> Settings:
    return read(ENVIRONMENT | changes)


class Tenant:
    """The tenant's issuer, and how often its key set was fetched. `reachable` and `broken` are its faults."""

    def __init__(self) -> None:
        self.issuer = Issuer(AUTHORITY, KeyRing.fresh())
        self.fetches = 0
        self.reachable = True
        self.broken = False

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def token(self, name: str = "engineer", **changes: object) -> str:
        return self.issuer.access_token(ACCOUNTS[name], changes)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if not self.reachable:
            raise httpx.ConnectError("down")
        if request.url.path != f"/{TENANT}/discovery/v2.0/keys":
            return httpx.Response(404)
        self.fetches += 1
        return httpx.Response(200, json={} if self.broken else self.issuer.keys.jwks(self.issuer.name()))
