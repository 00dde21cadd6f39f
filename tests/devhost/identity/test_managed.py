"""The managed identity works as on App Service, for the process that knows the header."""

import os
from pathlib import Path

import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity.aio import ManagedIdentityCredential

from devhost.accounts import MANAGED_IDENTITY
from devhost.identity.app import app
from devhost.identity.issuer import Issuer
from devhost.identity.keys import KeyRing
from devhost.identity.managed import as_on_app_service, identity_header
from devhost.serve import serving


def test_the_header_is_kept_private_and_is_the_same_for_every_process(tmp_path: Path) -> None:
    assert identity_header(tmp_path) == identity_header(tmp_path)
    assert (tmp_path / "identity" / "msi-header").stat().st_mode & 0o777 == 0o600


def test_the_environment_is_as_it_was_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "before")
    monkeypatch.delenv("IDENTITY_ENDPOINT", raising=False)
    with as_on_app_service(tmp_path, "http://localhost:1"):
        assert os.environ["IDENTITY_ENDPOINT"] == "http://localhost:1/msi/token"
    assert os.environ["IDENTITY_HEADER"] == "before"
    assert "IDENTITY_ENDPOINT" not in os.environ


async def test_the_real_credential_gets_a_token_for_the_resource_it_asks_for(tmp_path: Path) -> None:
    issuer = Issuer("http://localhost", KeyRing.fresh())
    async with serving(app(issuer, identity_header(tmp_path))) as url:
        with as_on_app_service(tmp_path, url):
            credential = ManagedIdentityCredential()
        async with credential:
            token = await credential.get_token("https://storage.azure.com/.default")
    key = issuer.keys.signing.public_pem()
    claims = jwt.decode(token.token, key, algorithms=["RS256"], audience="https://storage.azure.com")
    assert (claims["oid"], claims["exp"]) == (MANAGED_IDENTITY.object_id, token.expires_on)


async def test_the_real_credential_with_another_header_gets_nothing(tmp_path: Path) -> None:
    async with serving(app(Issuer("http://localhost", KeyRing.fresh()), "expected")) as url:
        with as_on_app_service(tmp_path, url):
            credential = ManagedIdentityCredential(retry_total=0)
        async with credential:
            with pytest.raises(ClientAuthenticationError):
                await credential.get_token("https://storage.azure.com/.default")
