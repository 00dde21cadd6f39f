"""The real Key Vault client signs with the development keys, and nobody else does."""

import contextlib
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity.aio import ManagedIdentityCredential
from azure.keyvault.keys.aio import KeyClient
from azure.keyvault.keys.crypto import SignatureAlgorithm
from azure.keyvault.keys.crypto.aio import CryptographyClient

from devhost import certificates
from devhost.identity.managed import as_on_app_service
from devhost.vault_door import RESOURCE
from devhost.vault_keys import SEEDED, Keys
from tests.devhost.test_vault import Stack, stack

__all__ = ["stack"]

NAME = SEEDED[0]
DIGEST = hashlib.sha256(b"message").digest()


@contextlib.asynccontextmanager
async def clients(stack: Stack) -> AsyncIterator[KeyClient]:
    with as_on_app_service(stack.state, stack.identity):
        credential = ManagedIdentityCredential(retry_total=0)
    authority = str(certificates.ensure(stack.state).authority)
    client = KeyClient(
        stack.vault, credential, verify_challenge_resource=False, connection_verify=authority, retry_total=0
    )
    async with credential, client:
        yield client


async def signed(client: KeyClient, version: str) -> tuple[CryptographyClient, bytes]:
    signer = client.get_cryptography_client(NAME, key_version=version)
    return signer, (await signer.sign(SignatureAlgorithm.es256, DIGEST)).signature


async def test_the_first_start_makes_a_key_that_signs_and_the_sdk_verifies(stack: Stack) -> None:
    async with clients(stack) as client:
        current = await client.get_key(NAME)
        assert (current.key_type, current.properties.enabled) == ("EC", True)
        version = current.properties.version
        assert version is not None
        assert (await client.get_key(NAME, version)).id == current.id
        signer, signature = await signed(client, version)
        assert (await signer.verify(SignatureAlgorithm.es256, DIGEST, signature)).is_valid
        changed = bytes([signature[0] ^ 1]) + signature[1:]
        assert not (await signer.verify(SignatureAlgorithm.es256, DIGEST, changed)).is_valid
        with pytest.raises(ResourceNotFoundError, match="KeyNotFound"):
            await client.get_key("no-such-key")


async def test_a_rotated_key_has_versions_and_a_disabled_one_signs_nothing(stack: Stack) -> None:
    async with clients(stack) as client, stack.browser() as browser:
        old = (await client.get_key(NAME)).properties.version or ""
        made = (await browser.post(f"/devhost/keys/{NAME}/rotate")).json()["version"]
        assert (await client.get_key(NAME)).properties.version == made
        await signed(client, old)
        answer = await browser.post(f"/devhost/keys/{NAME}/rotate", json={"disable_old": True})
        last = answer.json()["version"]
        listed = [each async for each in client.list_properties_of_key_versions(NAME)]
        assert {each.version: each.enabled for each in listed} == {old: False, made: False, last: True}
        times = [each.created_on for each in listed if each.created_on]
        assert len(set(times)) == 3
        with pytest.raises(HttpResponseError, match="disabled"):
            await signed(client, old)
        await signed(client, last)


async def test_keys_outlive_the_vault_in_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    [first] = Keys(tmp_path).versions(NAME)
    Keys(tmp_path).rotate(NAME)
    assert Keys(tmp_path).versions(NAME)[0] == first
    stored = tmp_path / "vault" / "keys.json"
    assert stored.stat().st_mode & 0o777 == 0o600
    assert len(json.loads(stored.read_text())[NAME]) == 2


async def test_without_the_managed_identitys_token_no_key_is_shown_and_none_signs(stack: Stack) -> None:
    [version] = Keys(stack.state).versions(NAME)
    paths = [f"/keys/{NAME}", f"/keys/{NAME}/versions", f"/keys/{NAME}/{version['version']}"]
    async with stack.browser() as browser:
        answers = [await browser.get(path) for path in paths]
        answers.append(await browser.post(f"{paths[2]}/sign", json={"alg": "ES256", "value": "AA"}))
    for answer in answers:
        assert answer.status_code == 401
        assert "key" not in answer.json()


async def test_no_answer_holds_a_private_key(stack: Stack) -> None:
    token, _ = stack.issuer.managed_identity_token(RESOURCE)
    async with stack.browser() as browser:
        answer = await browser.get(f"/keys/{NAME}", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["key"].keys() == {"kid", "kty", "crv", "key_ops", "x", "y"}
    assert "PRIVATE" not in answer.text


@pytest.mark.parametrize("body", [{"alg": "ES256", "value": "AA"}, {"alg": "RS256", "value": "A" * 43}, {}, []])
async def test_only_a_sha_256_is_signed_and_only_with_es256(stack: Stack, body: object) -> None:
    token, _ = stack.issuer.managed_identity_token(RESOURCE)
    [version] = Keys(stack.state).versions(NAME)
    async with stack.browser() as browser:
        path = f"/keys/{NAME}/{version['version']}/sign"
        answer = await browser.post(path, headers={"Authorization": f"Bearer {token}"}, json=body)
    assert answer.status_code == 400


async def test_a_rotation_that_cannot_be_understood_changes_nothing(stack: Stack) -> None:
    async with stack.browser() as browser:
        assert (await browser.post(f"/devhost/keys/{NAME}/rotate", json={"disable_old": "no"})).status_code == 400
        assert (await browser.post("/devhost/keys/no-such-key/rotate")).status_code == 404
    assert len(Keys(stack.state).versions(NAME)) == 1
