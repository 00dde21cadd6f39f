"""The tenant's Graph in the test's own process: devhost's, asked through the real client, behind a fake network."""

import asyncio

import httpx
from starlette.applications import Starlette

from devhost import graph
from devhost.graph import Directory
from devhost.identity.issuer import Issuer
from gateway.held_tokens import Token
from gateway.storage.contract import SecretUnavailableError
from gateway.storage.graph import Graph
from gateway.values import Secret


class Network:
    """The way to Graph. `pauses` are those that the client made between attempts; none takes time."""

    def __init__(self, issuer: Issuer, resource: str = "") -> None:
        """`resource`: what the tokens are for; else what the gateway asks for."""
        self.directory = Directory()
        self.pauses: list[float] = []
        self.has_no_identity = False
        self._issuer = issuer
        self._resource = resource

    def open(self) -> Graph:
        app = Starlette(routes=graph.routes(self._issuer, self.directory))
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app))
        return Graph(client, f"{self._issuer.base}/graph", self._identity, self._sleep)

    async def _identity(self, resource: str) -> Token:
        if self.has_no_identity:
            raise SecretUnavailableError("down")
        return Token(Secret(self._issuer.managed_identity_token(self._resource or resource)[0]), lifetime=3600)

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)
