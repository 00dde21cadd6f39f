"""What a client may ask of the provider: which redirect URIs are its own, and which scopes there are.

Takes the parameters of a request to the authorize endpoint and returns a checked `SignIn`, or an
`OAuthError` as Entra words it. Strict where Entra is strict (registered redirect URIs, S256, scopes with
the resource's name in front); the `resource` parameter is ignored, since Entra would compare it with an
App ID URI that is the gateway's public address, and here there is none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from devhost.accounts import AUDIENCE, AUDIENCE_URI, PUBLIC_CLIENT, REDIRECT_URIS, SCOPE, SIGN_IN_CALLBACK

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
OPENID_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})
GATEWAY_SCOPES = frozenset(
    f"{resource}/{name}" for resource in (AUDIENCE, AUDIENCE_URI) for name in (SCOPE, ".default")
)


@dataclass(frozen=True, slots=True)
class OAuthError:
    """RFC 6749, sections 4.1.2.1 and 5.2, with Entra's number."""

    error: str
    number: int
    description: str

    @property
    def status(self) -> int:
        return 401 if self.error == "invalid_client" else 400

    def body(self) -> dict[str, Any]:
        text = f"AADSTS{self.number}: {self.description}"
        return {"error": self.error, "error_description": text, "error_codes": [self.number]}


NO_SUCH_CLIENT = OAuthError("unauthorized_client", 700016, "No such application in this tenant.")


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a client asked for at the authorize endpoint, checked."""

    client: str
    redirect_uri: str
    state: str
    scopes: tuple[str, ...]
    challenge: str
    nonce: str
    session: str = ""
    """`sid`: set when somebody signs in."""
    expires: float = 0.0


def redirect_uri(query: Mapping[str, str]) -> str | OAuthError:
    """Where the browser may be sent back to; nothing else of the request counts before this is known."""
    uri = query.get("redirect_uri", "")
    parts = _split(uri)
    match query.get("client_id"):
        case client if client == PUBLIC_CLIENT:
            is_registered = (_is_loopback(parts) or uri in REDIRECT_URIS) and not parts.fragment
        case client if client == AUDIENCE:
            # On Azure this is one URI, at the gateway's public address; here the gateway's port may move.
            is_registered = _is_loopback(parts) and uri == f"http://{parts.netloc}{SIGN_IN_CALLBACK}"
        case _:
            return NO_SUCH_CLIENT
    if is_registered:
        return uri
    return OAuthError("invalid_request", 50011, "The redirect URI is not registered for this application.")


def sign_in_request(query: Mapping[str, str], redirect: str) -> SignIn | OAuthError:
    """The rest of an authorize request; its errors go back to the client by the redirect."""
    if query.get("response_type") != "code" or query.get("response_mode", "query") != "query":
        return OAuthError("unsupported_response_type", 70005, "Only response_type=code by query is supported.")
    if query.get("code_challenge_method") != "S256" or len(query.get("code_challenge", "")) != 43:
        return OAuthError("invalid_request", 9002325, "Proof Key for Code Exchange (S256) is required.")
    asked = scopes(query.get("scope", ""), query["client_id"])
    if isinstance(asked, OAuthError):
        return asked
    return SignIn(
        client=query["client_id"],
        redirect_uri=redirect,
        state=query.get("state", ""),
        scopes=asked,
        challenge=query["code_challenge"],
        nonce=query.get("nonce", ""),
    )


def scopes(text: str, client: str) -> tuple[str, ...] | OAuthError:
    """The scopes that the client asks for, in order and without repeats."""
    asked = tuple(dict.fromkeys(text.split()))
    if not asked:
        return OAuthError("invalid_request", 900144, "The request must contain 'scope'.")
    unknown = [scope for scope in asked if scope not in OPENID_SCOPES | GATEWAY_SCOPES]
    if unknown:
        # A bare `mcp.access` would mean a scope of Microsoft Graph to Entra, so it is as unknown here.
        return OAuthError("invalid_scope", 70011, f"No such scope: {unknown[0]!r}. Ask for {AUDIENCE_URI}/{SCOPE}.")
    if client == AUDIENCE and any(scope.startswith(AUDIENCE_URI) for scope in asked):
        # Entra's condition for an application that wants a token for its own API.
        text = f"An application that requests a token for itself names its GUID: ask for {AUDIENCE}/{SCOPE}."
        return OAuthError("invalid_request", 90009, text)
    return asked


def _split(uri: str) -> SplitResult:
    try:
        return urlsplit(uri)
    except ValueError:
        # fail-closed: what is no URI leads nowhere.
        return urlsplit("")


def _is_loopback(parts: SplitResult) -> bool:
    return parts.scheme == "http" and parts.hostname in LOOPBACK and "@" not in parts.netloc
