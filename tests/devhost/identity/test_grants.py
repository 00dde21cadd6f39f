"""Each OAuth grant gives a token to the one it belongs to, once, and a named error to everybody else."""

import base64
import hashlib
from typing import Any

import jwt
import pytest

from devhost.accounts import (
    ACCOUNTS,
    AUDIENCE,
    AUDIENCE_URI,
    PUBLIC_CLIENT,
    UPSTREAM,
    UPSTREAM_CLIENT,
    UPSTREAM_ROLE,
    UPSTREAM_SCOPE,
    UPSTREAM_URI,
)
from devhost.identity import grants
from devhost.identity.asked import OAuthError, SignIn, sign_in_request
from devhost.identity.grants import Grants
from devhost.identity.issuer import Issuer
from devhost.identity.keys import KeyRing

ISSUER = Issuer("http://localhost:7072", KeyRing.fresh())
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
REDIRECT = "http://localhost:33418/callback"
QUERY = {
    "client_id": PUBLIC_CLIENT,
    "redirect_uri": REDIRECT,
    "response_type": "code",
    "scope": f"openid offline_access {AUDIENCE_URI}/mcp.access",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
    "nonce": "n-1",
}


def signed_in(given: Grants, **changes: str) -> dict[str, str]:
    """The form that redeems a fresh code of `engineer`."""
    query = QUERY | changes
    sign_in = sign_in_request(query, query["redirect_uri"])
    assert isinstance(sign_in, SignIn)
    code = given.issue_code(ACCOUNTS["engineer"], sign_in)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": query["redirect_uri"]}
    return form | {"client_id": query["client_id"], "code_verifier": VERIFIER}


def proof() -> dict[str, str]:
    """By which the gateway shows that it is the gateway."""
    token, _ = ISSUER.managed_identity_token(grants.TOKEN_EXCHANGE)
    return {"client_assertion_type": grants.ASSERTION_TYPE, "client_assertion": token}


WEB = {
    "client_id": AUDIENCE,
    "redirect_uri": "http://localhost:7071/sign-in/callback",
    "scope": f"openid profile offline_access {AUDIENCE}/mcp.access",
}


def ok(answer: dict[str, Any] | OAuthError) -> dict[str, Any]:
    assert isinstance(answer, dict), answer
    return answer


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def error(answer: object) -> str:
    assert isinstance(answer, OAuthError), answer
    return answer.error


def test_a_code_gives_access_id_and_refresh_token_of_one_sign_in() -> None:
    given = Grants(ISSUER)
    answer = ok(given.token(signed_in(given)))
    access, id_token = claims(answer["access_token"]), claims(answer["id_token"])
    assert (access["aud"], access["scp"], id_token["aud"]) == (AUDIENCE, "mcp.access", PUBLIC_CLIENT)
    assert (access["azp"], access["azpacr"]) == (PUBLIC_CLIENT, "0")
    assert (access["sid"], id_token["nonce"]) == (id_token["sid"], "n-1")
    assert (answer["token_type"], answer["expires_in"], answer["scope"]) == ("Bearer", 4500, QUERY["scope"])


def test_a_code_is_redeemed_once() -> None:
    given = Grants(ISSUER)
    form = signed_in(given)
    ok(given.token(form))
    assert error(given.token(form)) == "invalid_grant"


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("code_verifier", "w" * 43, "invalid_grant"),
        ("code_verifier", "", "invalid_grant"),
        ("redirect_uri", "http://localhost:1/callback", "invalid_grant"),
        ("client_id", ACCOUNTS["pipeline"].client, "unauthorized_client"),
        ("code", "guess", "invalid_grant"),
        ("grant_type", "password", "unsupported_grant_type"),
    ],
)
def test_a_code_is_refused_to_whom_it_does_not_belong(field: str, value: str, expected: str) -> None:
    given = Grants(ISSUER)
    assert error(given.token(signed_in(given) | {field: value})) == expected


@pytest.mark.parametrize(("age", "is_valid"), [(grants.CODE_LIFETIME, True), (grants.CODE_LIFETIME + 1, False)])
def test_a_code_expires(age: int, is_valid: bool) -> None:
    now = 1_000_000.0
    given = Grants(ISSUER, clock=lambda: now)
    form = signed_in(given)
    now += age
    assert isinstance(given.token(form), dict) is is_valid


def test_a_refresh_token_gives_a_new_token_of_the_same_sign_in() -> None:
    given = Grants(ISSUER)
    first = ok(given.token(signed_in(given)))
    form = {"grant_type": "refresh_token", "client_id": PUBLIC_CLIENT, "refresh_token": first["refresh_token"]}
    second = ok(given.token(form))
    before, after = claims(first["access_token"]), claims(second["access_token"])
    assert (before["sid"], before["oid"]) == (after["sid"], after["oid"])
    assert before["uti"] != after["uti"]
    assert error(given.token(form | {"refresh_token": "guess"})) == "invalid_grant"
    assert error(given.token(form | {"client_id": "other"})) == "unauthorized_client"


def test_the_gateway_redeems_the_code_of_a_person_who_signs_in_to_its_pages() -> None:
    given = Grants(ISSUER)
    answer = ok(given.token(signed_in(given, **WEB) | proof()))
    access, id_token = claims(answer["access_token"]), claims(answer["id_token"])
    assert (access["aud"], access["azp"], access["azpacr"], access["scp"]) == (AUDIENCE, AUDIENCE, "2", "mcp.access")
    assert (access["name"], access["preferred_username"]) == ("Enid Engineer", "engineer@countersign.example")
    assert {"sid", "uti", "groups", "oid"} <= set(access)
    assert (id_token["aud"], id_token["nonce"], id_token["sid"]) == (AUDIENCE, "n-1", access["sid"])
    again = {"grant_type": "refresh_token", "client_id": AUDIENCE, "refresh_token": answer["refresh_token"]}
    assert claims(ok(given.token(again | proof()))["access_token"])["azp"] == AUDIENCE
    assert error(given.token(again)) == "invalid_client"
    assert error(given.token(again | {"client_id": PUBLIC_CLIENT})) == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"client_assertion": ""}, 700213),
        ({"client_assertion_type": ""}, 7000218),
        ({"client_assertion": ISSUER.managed_identity_token("https://vault.azure.net")[0]}, 700213),
        ({"client_assertion": ISSUER.access_token(ACCOUNTS["pipeline"], {"aud": grants.TOKEN_EXCHANGE})}, 700213),
        ({"code_verifier": "w" * 43}, 501481),
        ({"redirect_uri": "http://localhost:1/sign-in/callback"}, 50011),
    ],
)
def test_the_gateways_code_is_refused_without_its_proof_and_verifier(changes: dict[str, str], number: int) -> None:
    given = Grants(ISSUER)
    answer = given.token(signed_in(given, **WEB) | proof() | changes)
    assert isinstance(answer, OAuthError)
    assert answer.number == number


def test_neither_client_redeems_a_code_of_the_other() -> None:
    given = Grants(ISSUER)
    for form in (
        signed_in(given, **WEB) | {"client_id": PUBLIC_CLIENT},
        signed_in(given) | {"client_id": AUDIENCE} | proof(),
    ):
        answer = given.token(form)
        assert isinstance(answer, OAuthError)
        assert (answer.error, answer.number) == ("invalid_grant", 70000)


def test_the_public_client_may_show_no_credential() -> None:
    given = Grants(ISSUER)
    for shown in (proof(), {"client_secret": "x"}):
        assert error(given.token(signed_in(given) | shown)) == "invalid_client"


def test_without_offline_access_there_is_no_refresh_token_and_without_openid_no_id_token() -> None:
    given = Grants(ISSUER)
    answer = ok(given.token(signed_in(given, scope=f"{AUDIENCE}/mcp.access")))
    assert not {"refresh_token", "id_token"} & set(answer)


def test_openid_scopes_alone_give_a_token_that_is_not_for_the_gateway() -> None:
    given = Grants(ISSUER)
    answer = ok(given.token(signed_in(given, scope="openid profile")))
    assert claims(answer["access_token"])["aud"] == grants.GRAPH


def test_an_app_signs_in_with_its_secret() -> None:
    app = ACCOUNTS["agent"]
    form = {"grant_type": "client_credentials", "client_id": app.client, "client_secret": app.secret}
    form |= {"scope": f"{AUDIENCE_URI}/.default"}
    assert claims(ok(Grants(ISSUER).token(form))["access_token"])["oid"] == app.object_id
    wrong = Grants(ISSUER).token(form | {"client_secret": "guess"})
    assert isinstance(wrong, OAuthError)
    assert (wrong.error, wrong.status) == ("invalid_client", 401)
    assert error(Grants(ISSUER).token(form | {"client_secret": ""})) == "invalid_client"
    assert error(Grants(ISSUER).token(form | {"client_id": PUBLIC_CLIENT})) == "unauthorized_client"
    assert error(Grants(ISSUER).token(form | {"scope": "https://graph.microsoft.com/.default"})) == "invalid_scope"


def on_behalf_of(**changes: str) -> dict[str, str]:
    """The form by which the gateway exchanges a token of `engineer`."""
    form = {"grant_type": grants.ON_BEHALF_OF, "requested_token_use": "on_behalf_of", "client_id": AUDIENCE} | proof()
    form |= {"assertion": ISSUER.access_token(ACCOUNTS["engineer"]), "scope": f"{UPSTREAM_URI}/{UPSTREAM_SCOPE}"}
    return form | changes


def test_the_gateway_gets_a_users_token_for_the_upstream() -> None:
    form = on_behalf_of()
    before, after = claims(form["assertion"]), claims(ok(Grants(ISSUER).token(form))["access_token"])
    assert (after["aud"], after["azp"], after["scp"]) == (UPSTREAM, AUDIENCE, UPSTREAM_SCOPE)
    assert (after["oid"], after["sid"]) == (before["oid"], before["sid"])


PIPELINE = ACCOUNTS["pipeline"]


@pytest.mark.parametrize(
    ("changes", "expected", "number"),
    [
        ({"requested_token_use": "x"}, "invalid_request", 90014),
        ({"client_id": PIPELINE.client}, "unauthorized_client", 700016),
        ({"client_assertion_type": ""}, "invalid_client", 7000218),
        ({"client_assertion": ISSUER.managed_identity_token("https://vault.azure.net")[0]}, "invalid_client", 700213),
        (
            {"client_assertion": ISSUER.access_token(PIPELINE, {"aud": grants.TOKEN_EXCHANGE})},
            "invalid_client",
            700213,
        ),
        ({"client_assertion": "guess"}, "invalid_client", 700213),
        ({"assertion": Issuer(ISSUER.base, KeyRing.fresh()).access_token(PIPELINE)}, "invalid_grant", 50013),
        ({"assertion": ISSUER.access_token(ACCOUNTS["engineer"], {"exp": 1})}, "invalid_grant", 50013),
        ({"assertion": ISSUER.access_token(ACCOUNTS["engineer"], {"iss": "x"})}, "invalid_grant", 50013),
        ({"assertion": ISSUER.access_token(ACCOUNTS["engineer"], {"aud": UPSTREAM})}, "invalid_grant", 500131),
        ({"assertion": ISSUER.access_token(PIPELINE)}, "unauthorized_client", 7000114),
        ({"assertion": ISSUER.access_token(ACCOUNTS["engineer"], {"oid": "x"})}, "invalid_grant", 50034),
        ({"scope": "https://graph.microsoft.com/.default"}, "invalid_grant", 65001),
        ({"scope": ""}, "invalid_grant", 65001),
    ],
)
def test_nothing_else_is_exchanged(changes: dict[str, str], expected: str, number: int) -> None:
    answer = Grants(ISSUER).token(on_behalf_of(**changes))
    assert isinstance(answer, OAuthError)
    assert (answer.error, answer.number) == (expected, number)


def test_an_app_gets_a_token_for_the_upstream_with_the_role_it_has_there() -> None:
    for app, roles in ((UPSTREAM_CLIENT, [UPSTREAM_ROLE]), (PIPELINE, None)):
        form = {"grant_type": "client_credentials", "client_id": app.client, "client_secret": app.secret}
        found = claims(ok(Grants(ISSUER).token(form | {"scope": f"{UPSTREAM_URI}/.default"}))["access_token"])
        assert (found["aud"], found["oid"], found.get("roles")) == (UPSTREAM, app.object_id, roles)
