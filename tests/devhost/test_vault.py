"""The real Key Vault client and the real managed identity credential work against the vault, and nobody else."""

import asyncio
import json
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from azure.core.exceptions import ClientAuthenticationError, ResourceNotFoundError

from devhost import certificates, private_file, vault
from devhost.accounts import ACCOUNTS
from devhost.identity.app import app as identity_app
from devhost.identity.issuer import Issuer, changed, unsigned
from devhost.identity.keys import KeyRing
from devhost.identity.managed import environment, identity_header
from devhost.serve import serving
from devhost.vault_door import RESOURCE


@dataclass(frozen=True)
class Stack:
    state: Path
    identity: str
    vault: str
    issuer: Issuer

    def browser(self) -> httpx.AsyncClient:
        """A client that trusts the vault's certificate and has no token."""
        trust = ssl.create_default_context(cafile=str(certificates.ensure(self.state).authority))
        return httpx.AsyncClient(base_url=self.vault, verify=trust)


@pytest_asyncio.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    issuer = Issuer("http://localhost", KeyRing.at(tmp_path))
    async with AsyncExitStack() as parts:
        identity = await parts.enter_async_context(serving(identity_app(issuer, identity_header(tmp_path))))
        url = await parts.enter_async_context(serving(vault.app(tmp_path), certificates.ensure(tmp_path)))
        yield Stack(tmp_path, identity, url, issuer)


async def test_the_first_start_seeds_the_demo_servers_secrets(stack: Stack) -> None:
    async with vault.secret_client(stack.vault, stack.identity, stack.state) as client:
        values = [(await client.get_secret(name)).value for name in vault.SEEDED]
    assert len(set(values)) == len(vault.SEEDED)
    assert all(value and len(value) >= 32 for value in values)


def test_a_state_folder_of_an_earlier_version_gets_what_it_lacks(tmp_path: Path) -> None:
    vault.Vault(tmp_path).add("own", "kept", {})
    stored = tmp_path / "vault" / "secrets.json"
    stored.write_text(json.dumps({"own": json.loads(stored.read_text())["own"]}))
    again = vault.Vault(tmp_path)
    assert again.versions("own")[0]["value"] == "kept"
    assert all(again.versions(name) for name in vault.SEEDED)


def test_the_webhooks_are_the_outboxs_wherever_it_listens(tmp_path: Path) -> None:
    secrets = vault.Vault(tmp_path)
    assert secrets.versions("teams-approvers") == []
    for port in (7080, 7080, 17080):
        secrets.point_to(f"https://localhost:{port}")
    values = [version["value"] for version in secrets.versions("teams-approvers")]
    assert values == ["https://localhost:7080/teams/approvers", "https://localhost:17080/teams/approvers"]
    assert all(len(secrets.versions(name)) == 1 for name in vault.SEEDED)


async def test_a_secret_set_through_the_sdk_is_read_back_in_every_version(stack: Stack) -> None:
    async with vault.secret_client(stack.vault, stack.identity, stack.state) as client:
        first = await client.set_secret("Some-Name", "first", tags={"who": "test"})
        await client.set_secret("some-name", "")
        assert (await client.get_secret("some-name")).value == ""
        old = await client.get_secret("some-name", first.properties.version)
        assert (old.value, old.properties.tags) == ("first", {"who": "test"})
        assert len([each async for each in client.list_properties_of_secret_versions("some-name")]) == 2
        with pytest.raises(ResourceNotFoundError, match="SecretNotFound"):
            await client.get_secret("no-such-secret")


async def test_secrets_outlive_the_vault_in_a_file_for_its_owner_alone(stack: Stack) -> None:
    async with vault.secret_client(stack.vault, stack.identity, stack.state) as client:
        await client.set_secret("records-token", "rotated")
    assert vault.Vault(stack.state).versions("records-token")[-1]["value"] == "rotated"
    assert (stack.state / "vault" / "secrets.json").stat().st_mode & 0o777 == 0o600


AS_ON_AZURE = """
import asyncio, sys
from azure.identity.aio import ManagedIdentityCredential
from azure.keyvault.secrets.aio import SecretClient

async def main():
    async with ManagedIdentityCredential() as credential:
        async with SecretClient(sys.argv[1], credential, verify_challenge_resource=False) as client:
            print((await client.get_secret("records-token")).value)

asyncio.run(main())
"""


async def test_a_process_needs_only_the_environment_that_app_service_sets_and_a_ca_file(stack: Stack) -> None:
    settings = environment(stack.state, stack.identity)
    settings["SSL_CERT_FILE"] = str(certificates.ensure(stack.state).authority)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", AS_ON_AZURE, stack.vault, env=settings, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await asyncio.wait_for(process.communicate(), 20)
    assert printed.decode().strip() == vault.Vault(stack.state).versions("records-token")[-1]["value"]


async def test_requests_without_a_token_for_key_vault_get_the_challenge_and_no_secret(stack: Stack) -> None:
    good, _ = stack.issuer.managed_identity_token(RESOURCE)
    claims = stack.issuer.claims(ACCOUNTS["engineer"]) | {"aud": RESOURCE}
    wrong = {
        "missing": "",
        "garbage": "Bearer garbage",
        "other scheme": f"Basic {good}",
        "other audience": f"Bearer {stack.issuer.access_token(ACCOUNTS['engineer'])}",
        "expired": f"Bearer {stack.issuer.sign(claims | {'exp': 1})}",
        "no end": f"Bearer {stack.issuer.sign(changed(claims, {'exp': None}))}",
        "unsigned": f"Bearer {unsigned(claims)}",
        "somebody else": f"Bearer {stack.issuer.sign(claims)}",
        "foreign key": f"Bearer {Issuer('http://localhost', KeyRing.fresh()).sign(claims)}",
    }
    async with stack.browser() as client:
        url = "/secrets/records-token"
        assert (await client.get(url, headers={"Authorization": f"Bearer {good}"})).status_code == 200
        for name, value in wrong.items():
            for method in ("GET", "PUT"):
                answer = await client.request(method, url, headers={"Authorization": value}, json={"value": "x"})
                assert (name, answer.status_code) == (name, 401)
                assert 'resource="https://vault.azure.net"' in answer.headers["www-authenticate"]
                assert "value" not in answer.json()


async def test_a_token_of_a_deleted_key_is_refused_and_the_next_one_works(stack: Stack) -> None:
    token, _ = stack.issuer.managed_identity_token(RESOURCE)
    stack.issuer.keys.rotate(delete_old=True)
    async with stack.browser() as client:
        headers = {"Authorization": f"Bearer {token}"}
        assert (await client.get("/secrets/records-token", headers=headers)).status_code == 401
    async with vault.secret_client(stack.vault, stack.identity, stack.state) as client:
        assert (await client.get_secret("records-token")).value


async def test_a_process_with_the_wrong_identity_header_gets_no_secret(stack: Stack) -> None:
    private_file.write(stack.state / "identity" / "msi-header", "wrong")
    async with vault.secret_client(stack.vault, stack.identity, stack.state) as client:
        with pytest.raises(ClientAuthenticationError):
            await client.get_secret("records-token")


async def test_a_secret_without_a_value_is_refused(stack: Stack) -> None:
    token, _ = stack.issuer.managed_identity_token(RESOURCE)
    before = json.loads((stack.state / "vault" / "secrets.json").read_text())
    async with stack.browser() as client:
        headers = {"Authorization": f"Bearer {token}"}
        assert (await client.put("/secrets/x", headers=headers, json={"value": 1})).status_code == 400
        assert (await client.put("/secrets/a_b", headers=headers, json={"value": "x"})).status_code == 400
    assert json.loads((stack.state / "vault" / "secrets.json").read_text()) == before
