"""Each OAuth grant gives a token to the one it belongs to, once, and a named error to everybody else."""

import base64
import hashlib
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devhost.accounts import (
    ACCOUNTS,
    AUDIENCE,
    AUDIENCE_URI,
    PUBLIC_CLIENT,
    TENANT,
    UPSTREAM,
    UPSTREAM_CLIENT,
    UPSTREAM_ROLE,
    UPSTREAM_SCOPE,
    UPSTREAM_URI,
)
from devhost.identity import grants
from devhost.identity.grants import Grants, OAuthError, SignIn
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
    sign_in = grants.sign_in_request(query, query["redirect_uri"])
    assert isinstance(sign_in, SignIn)
    code = given.issue_code(ACCOUNTS["engineer"], sign_in)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": query["redirect_uri"]}
    return form | {"client_id": PUBLIC_CLIENT, "code_verifier": VERIFIER}


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
    access, proof = claims(answer["access_token"]), claims(answer["id_token"])
    assert (access["aud"], access["scp"], proof["aud"]) == (AUDIENCE, "mcp.access", PUBLIC_CLIENT)
    assert (access["sid"], proof["nonce"]) == (proof["sid"], "n-1")
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


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost/",
        "http://localhost:1",
        "http://127.0.0.1:8123/callback?x=1",
        "http://[::1]:8123/",
        "https://vscode.dev/redirect",
    ],
)
def test_redirects_to_loopback_on_any_port_and_to_listed_uris_are_accepted(uri: str) -> None:
    assert grants.redirect_uri(QUERY | {"redirect_uri": uri}) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "https://localhost:1/",
        "http://localhost.evil.example/",
        "http://localhost@evil.example/",
        "http://evil.example@localhost/",
        "http://localhost/#fragment",
        "https://vscode.dev/redirect/more",
        "https://vscode.dev/redirect#x",
        "javascript:alert(1)",
    ],
)
def test_other_redirects_are_refused(uri: str) -> None:
    assert error(grants.redirect_uri(QUERY | {"redirect_uri": uri})) == "invalid_request"


@given(st.text())
def test_no_text_is_a_redirect_unless_it_leads_to_this_machine(uri: str) -> None:
    answer = grants.redirect_uri(QUERY | {"redirect_uri": uri})
    assert isinstance(answer, OAuthError) or answer.startswith("http://")


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("response_type", "token", "unsupported_response_type"),
        ("response_mode", "fragment", "unsupported_response_type"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("scope", "", "invalid_request"),
        ("scope", "mcp.access", "invalid_scope"),
        ("scope", f"openid {TENANT}/mcp.access", "invalid_scope"),
    ],
)
def test_a_sign_in_without_pkce_or_with_unknown_scopes_is_refused(field: str, value: str, expected: str) -> None:
    assert error(grants.sign_in_request(QUERY | {field: value}, REDIRECT)) == expected


def on_behalf_of(**changes: str) -> dict[str, str]:
    """The form by which the gateway exchanges a token of `engineer`."""
    proof, _ = ISSUER.managed_identity_token(grants.TOKEN_EXCHANGE)
    form = {"grant_type": grants.ON_BEHALF_OF, "requested_token_use": "on_behalf_of", "client_id": AUDIENCE}
    form |= {"client_assertion_type": grants.ASSERTION_TYPE, "client_assertion": proof}
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
