"""A bench in the test's own process: a web of pages, a tenant, a vault of secrets, a directory."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from gateway.approvals.message import Message
from gateway.doctor.bench import Bench
from gateway.doctor.finding import Finding, State
from gateway.held_secrets import HeldSecrets
from gateway.held_tokens import Token
from gateway.identity_keys import IdentityKeys
from gateway.policy.document import Notifier
from gateway.policy.parse import read
from gateway.storage.contract import SecretUnavailableError
from gateway.values import Secret
from tests.fakes.entra import Tenant, settings
from tests.fakes.graph import Network

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DATE = "Mon, 23 Nov 2026 12:00:00 GMT"


@dataclass(slots=True)
class Around:
    """What a test puts there, or breaks."""

    tenant: Tenant = field(default_factory=Tenant)
    pages: dict[str, Any] = field(default_factory=dict)
    """By URL: a document, or a status."""
    secrets: dict[str, str] = field(default_factory=dict)
    why: str = "ResourceNotFoundError"
    """Of a secret that is not there."""
    date: str = DATE
    has_no_identity: bool = False
    failure: str = ""
    """Of every message that is sent."""
    told: list[tuple[Notifier, Message]] = field(default_factory=list)
    network: Network | None = None

    def bench(self, policy: str = "", changes: Mapping[str, str] | None = None, **given: Any) -> Bench:
        self.network = self.network or Network(self.tenant.issuer)
        made = Bench(
            settings=settings(**(changes or {})),
            client=httpx.AsyncClient(transport=httpx.MockTransport(self._answer)),
            secrets=HeldSecrets(self._secret),
            keys=IdentityKeys(self.tenant.client(), settings().authority),
            directory=self.network.open(),
            token_for=self._token,
            tell=self._tell,
            as_operator=False,
            now=lambda: NOW,
        )
        found = read(policy.encode()) if policy else "none"
        document = "; ".join(map(str, found)) if isinstance(found, tuple) else found
        return replace(made, document=document, **given)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        found = self.pages.get(str(request.url))
        if found is None:
            raise httpx.ConnectError("nobody there")
        headers = {"date": self.date} if self.date else {}
        return (
            httpx.Response(found, headers=headers)
            if isinstance(found, int)
            else httpx.Response(200, json=found, headers=headers)
        )

    async def _secret(self, name: str) -> Secret:
        if name not in self.secrets:
            raise SecretUnavailableError(self.why)
        return Secret(self.secrets[name])

    async def _token(self, resource: str) -> Token:
        if self.has_no_identity:
            raise SecretUnavailableError("CredentialUnavailableError")
        return Token(Secret(f"token for {resource}"), 3600)

    async def _tell(self, notifier: Notifier, message: Message) -> str:
        self.told.append((notifier, message))
        return self.failure


def states(findings: list[Finding]) -> list[State]:
    return [finding.state for finding in findings]


def written(folder: Path, text: str) -> Path:
    path = folder / "policy.yaml"
    path.write_text(text)
    return path
