"""A stand-in for an Azure service believes the managed identity with a token for that service, and nobody else."""

from pathlib import Path

import pytest

from devhost.accounts import ACCOUNTS, MANAGED_IDENTITY
from devhost.identity.bearer import is_managed_identity
from devhost.identity.issuer import Issuer, unsigned
from devhost.identity.keys import KeyRing

HERE = ("https://service.example", "https://service.example/")


@pytest.mark.parametrize("audience", HERE)
def test_the_managed_identity_is_believed_under_each_name_of_the_service(tmp_path: Path, audience: str) -> None:
    token, _ = Issuer("http://localhost", KeyRing.at(tmp_path)).managed_identity_token(audience)
    assert is_managed_identity(f"Bearer {token}", tmp_path, HERE)
    assert is_managed_identity(f"bearer {token}", tmp_path, HERE)


def test_nobody_else_is(tmp_path: Path) -> None:
    issuer = Issuer("http://localhost", KeyRing.at(tmp_path))
    token, _ = issuer.managed_identity_token(HERE[0])
    claims = issuer.claims(MANAGED_IDENTITY) | {"aud": HERE[0]}
    wrong = [
        "",
        "Bearer",
        f"Basic {token}",
        f"Bearer {token}x",
        f"Bearer {issuer.managed_identity_token('https://other.example')[0]}",
        f"Bearer {issuer.sign(claims | {'exp': 1})}",
        f"Bearer {issuer.sign({name: claims[name] for name in claims if name != 'exp'})}",
        f"Bearer {issuer.sign(issuer.claims(ACCOUNTS['pipeline']) | {'aud': HERE[0]})}",
        f"Bearer {unsigned(claims)}",
        f"Bearer {Issuer('http://localhost', KeyRing.fresh()).sign(claims)}",
    ]
    assert [header for header in wrong if is_managed_identity(header, tmp_path, HERE)] == []


def test_without_a_provider_there_is_nobody_to_believe(tmp_path: Path) -> None:
    token, _ = Issuer("http://localhost", KeyRing.fresh()).managed_identity_token(HERE[0])
    assert not is_managed_identity(f"Bearer {token}", tmp_path, HERE)
