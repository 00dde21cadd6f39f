"""Only an application of the tenant begins a sign-in, for scopes that exist, and it ends where that application is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devhost.accounts import AUDIENCE, AUDIENCE_URI, PUBLIC_CLIENT, TENANT
from devhost.identity import asked
from devhost.identity.asked import OAuthError, SignIn

REDIRECT = "http://localhost:33418/callback"
QUERY = {
    "client_id": PUBLIC_CLIENT,
    "redirect_uri": REDIRECT,
    "response_type": "code",
    "scope": f"openid {AUDIENCE_URI}/mcp.access",
    "code_challenge": "c" * 43,
    "code_challenge_method": "S256",
}
WEB = QUERY | {"client_id": AUDIENCE, "scope": f"openid profile {AUDIENCE}/mcp.access"}


def error(answer: object) -> str:
    assert isinstance(answer, OAuthError), answer
    return answer.error


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
    assert asked.redirect_uri(QUERY | {"redirect_uri": uri}) == uri


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
        "http://[",
    ],
)
def test_other_redirects_are_refused(uri: str) -> None:
    assert error(asked.redirect_uri(QUERY | {"redirect_uri": uri})) == "invalid_request"


@given(st.text())
def test_no_text_is_a_redirect_unless_it_leads_to_this_machine(uri: str) -> None:
    answer = asked.redirect_uri(QUERY | {"redirect_uri": uri})
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
    assert error(asked.sign_in_request(QUERY | {field: value}, REDIRECT)) == expected


@pytest.mark.parametrize("origin", ["http://localhost:7071", "http://127.0.0.1:17071", "http://[::1]:7071"])
def test_the_gateway_has_one_redirect_uri_on_whatever_port_it_listens(origin: str) -> None:
    uri = f"{origin}/sign-in/callback"
    assert asked.redirect_uri(WEB | {"redirect_uri": uri}) == uri


@pytest.mark.parametrize(
    "uri",
    [
        REDIRECT,
        "https://vscode.dev/redirect",
        "https://localhost:7071/sign-in/callback",
        "http://localhost:7071/sign-in/callback/",
        "http://localhost:7071/sign-in/callback?x=1",
        "http://localhost:7071/sign-in/callback?",
        "http://localhost:7071/sign-in/callback#x",
        "http://localhost:7071/sign-in/callback#",
        "http://localhost:7071//sign-in/callback",
        "http://user@localhost:7071/sign-in/callback",
        "http://evil.example/sign-in/callback",
    ],
)
def test_the_gateway_is_sent_back_to_nowhere_else(uri: str) -> None:
    assert error(asked.redirect_uri(WEB | {"redirect_uri": uri})) == "invalid_request"


def test_no_other_application_signs_people_in() -> None:
    for client in ("", TENANT):
        assert error(asked.redirect_uri(QUERY | {"client_id": client})) == "unauthorized_client"


def test_a_sign_in_remembers_the_client_that_began_it() -> None:
    for query in (QUERY, WEB):
        begun = asked.sign_in_request(query, REDIRECT)
        assert isinstance(begun, SignIn)
        assert begun.client == query["client_id"]


def test_the_gateway_names_its_own_api_by_guid_as_entra_demands() -> None:
    answer = asked.sign_in_request(WEB | {"scope": f"openid {AUDIENCE_URI}/mcp.access"}, REDIRECT)
    assert isinstance(answer, OAuthError)
    assert (answer.number, f"{AUDIENCE}/mcp.access" in answer.description) == (90009, True)
