"""Tokens say what Entra's tokens say, and any part of one can be made wrong on purpose."""

import base64
import hmac
import json
import time
from typing import Any

import jwt
import pytest

from devhost.accounts import ACCOUNTS, AUDIENCE, AUDIENCE_URI, GROUPS, PUBLIC_CLIENT, TENANT
from devhost.identity.issuer import Issuer, Version, changed, signed_with_the_public_key, unsigned
from devhost.identity.keys import KeyRing, SigningKey

ISSUER = Issuer("http://localhost:7072", KeyRing.fresh())


def verified(token: str, audience: str = AUDIENCE) -> dict[str, Any]:
    """What an independent library makes of the token."""
    key = jwt.PyJWKSet.from_dict(ISSUER.keys.jwks("i"))[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, Any] = jwt.decode(token, key, algorithms=["RS256"], audience=audience)
    return claims


def test_a_users_token_has_the_claims_of_a_delegated_v2_token() -> None:
    claims = verified(ISSUER.access_token(ACCOUNTS["engineer"]))
    now = time.time()
    assert now - 5 < claims.pop("iat") == claims.pop("nbf") == claims.pop("exp") - 75 * 60 < now + 1
    assert len(claims.pop("uti")) == 22
    assert len(claims.pop("sub")) == 43
    assert claims.pop("sid")
    assert claims == {
        "aud": AUDIENCE,
        "iss": f"http://localhost:7072/{TENANT}/v2.0",
        "tid": TENANT,
        "ver": "2.0",
        "oid": ACCOUNTS["engineer"].object_id,
        "azp": PUBLIC_CLIENT,
        "azpacr": "0",
        "idtyp": "user",
        "scp": "mcp.access",
        "groups": [GROUPS["engineering"]],
        "name": "Enid Engineer",
        "preferred_username": "engineer@countersign.example",
    }


def test_a_user_without_groups_has_no_groups_claim() -> None:
    assert "groups" not in verified(ISSUER.access_token(ACCOUNTS["outsider"]))


def test_a_user_with_too_many_groups_has_a_token_that_only_says_so() -> None:
    claims = verified(ISSUER.access_token(ACCOUNTS["crowd"]))
    assert len(ACCOUNTS["crowd"].group_ids) == 250
    assert "groups" not in claims
    assert claims["_claim_names"] == {"groups": "src1"}
    assert set(claims["_claim_sources"]) == {"src1"}


def test_an_apps_token_has_roles_and_nothing_of_a_person() -> None:
    claims = verified(ISSUER.access_token(ACCOUNTS["pipeline"]))
    assert claims["roles"] == ["Mcp.Call"]
    assert (claims["idtyp"], claims["azpacr"], claims["azp"]) == ("app", "1", ACCOUNTS["pipeline"].client)
    assert claims["sub"] == claims["oid"]
    assert not {"scp", "sid", "groups", "name", "preferred_username", "xms_act_fct"} & set(claims)


def test_an_agents_token_says_that_subject_and_actor_are_an_agent_identity() -> None:
    claims = verified(ISSUER.access_token(ACCOUNTS["agent"]))
    assert "11" in claims["xms_act_fct"].split()
    assert "11" in claims["xms_sub_fct"].split()
    assert claims["xms_par_app_azp"] == ACCOUNTS["agent"].blueprint
    assert claims["idtyp"] == "app"


def test_version_1_tokens_have_the_other_issuer_audience_and_client_claim() -> None:
    claims = verified(ISSUER.access_token(ACCOUNTS["engineer"], version="1.0"), AUDIENCE_URI)
    assert (claims["ver"], claims["iss"]) == ("1.0", f"http://localhost:7072/{TENANT}/")
    assert (claims["appid"], claims["appidacr"]) == (PUBLIC_CLIENT, "0")
    assert (claims["name"], claims["unique_name"]) == ("Enid Engineer", "engineer@countersign.example")
    assert not {"azp", "azpacr", "preferred_username"} & set(claims)


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_no_two_tokens_have_the_same_id(version: Version) -> None:
    assert len({ISSUER.claims(ACCOUNTS["agent"], version=version)["uti"] for _ in range(20)}) == 20


def test_claims_can_be_replaced_added_and_removed() -> None:
    token = ISSUER.access_token(ACCOUNTS["engineer"], {"groups": None, "hasgroups": True, "tid": "other"})
    claims = verified(token)
    assert ("groups" in claims, claims["hasgroups"], claims["tid"]) == (False, True, "other")
    assert changed({"a": 1, "b": 2}, {"a": None, "b": False}) == {"b": False}


def test_the_header_names_the_key_and_can_be_changed() -> None:
    token = ISSUER.sign({}, header={"kid": "unknown", "typ": "at+jwt"})
    assert jwt.get_unverified_header(token) == {"typ": "at+jwt", "alg": "RS256", "kid": "unknown"}
    plain = jwt.get_unverified_header(ISSUER.sign({}))
    assert plain == {"typ": "JWT", "alg": "RS256", "kid": ISSUER.keys.signing.kid}


def test_another_key_can_sign_under_the_rings_kid() -> None:
    forged = ISSUER.sign(ISSUER.claims(ACCOUNTS["engineer"]), SigningKey.generate(), {"kid": ISSUER.keys.signing.kid})
    with pytest.raises(jwt.InvalidSignatureError):
        verified(forged)


def test_an_unsigned_token_has_alg_none_and_an_empty_signature() -> None:
    token = unsigned(ISSUER.claims(ACCOUNTS["engineer"]))
    assert jwt.decode(token, options={"verify_signature": False})["oid"] == ACCOUNTS["engineer"].object_id
    assert (jwt.get_unverified_header(token)["alg"], token[-1]) == ("none", ".")


def test_the_algorithm_confusion_token_verifies_under_the_public_key_as_a_secret() -> None:
    token = signed_with_the_public_key(ISSUER.claims(ACCOUNTS["engineer"]), ISSUER.keys.signing)
    signed, _, signature = token.rpartition(".")
    expected = hmac.digest(ISSUER.keys.signing.public_pem(), signed.encode(), "sha256")
    assert base64.urlsafe_b64decode(signature + "=") == expected
    assert json.loads(base64.urlsafe_b64decode(signed.partition(".")[0] + "=="))["alg"] == "HS256"


def test_an_id_token_is_for_the_client_and_gives_no_access() -> None:
    token = ISSUER.id_token(ACCOUNTS["approver"], client=PUBLIC_CLIENT, nonce="n-1", session="s-1")
    claims = verified(token, PUBLIC_CLIENT)
    assert (claims["nonce"], claims["sid"], claims["oid"]) == ("n-1", "s-1", ACCOUNTS["approver"].object_id)
    assert not {"scp", "roles", "azp"} & set(claims)


def test_a_managed_identitys_token_is_for_the_resource_and_has_no_roles() -> None:
    token, expires = ISSUER.managed_identity_token("https://vault.azure.net")
    claims = verified(token, "https://vault.azure.net")
    assert (claims["exp"], claims["ver"], claims["idtyp"]) == (expires, "1.0", "app")
    assert "roles" not in claims
