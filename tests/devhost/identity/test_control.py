"""The control endpoint mints the tokens that tests need, wrong ones included."""

import time
from typing import Any

import jwt
import pytest

from devhost.accounts import ACCOUNTS
from devhost.identity.control import mint
from devhost.identity.issuer import Issuer
from devhost.identity.keys import KeyRing

ISSUER = Issuer("http://localhost:7072", KeyRing.fresh())


def minted(**asked: Any) -> dict[str, Any]:
    status, answer = mint(ISSUER, {"account": "engineer"} | asked)
    assert status == 200, answer
    claims: dict[str, Any] = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert answer["expires_on"] == claims.get("exp")
    return claims


def test_a_plain_request_gives_the_accounts_ordinary_token() -> None:
    assert set(minted()) == set(ISSUER.claims(ACCOUNTS["engineer"]))


def test_audience_scope_version_and_claims_can_be_chosen() -> None:
    claims = minted(audience="other", scope="a b", version="1.0", claims={"groups": None, "tid": "elsewhere"})
    assert (claims["aud"], claims["scp"], claims["ver"], claims["tid"]) == ("other", "a b", "1.0", "elsewhere")
    assert "groups" not in claims


def test_a_token_may_have_expired_already_but_began_before_its_end() -> None:
    claims = minted(lifetime=-3600)
    assert claims["nbf"] < claims["exp"] < time.time() - 3590


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"account": "nobody"}, 404),
        ({}, 404),
        (None, 400),
        ([], 400),
        ({"account": "engineer", "lifetime": "1"}, 400),
        ({"account": "engineer", "claims": []}, 400),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(asked: object, status: int) -> None:
    assert mint(ISSUER, asked)[0] == status
