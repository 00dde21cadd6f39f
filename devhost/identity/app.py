"""The doors of the identity provider, at Entra's paths, plus a few of its own below `/devhost`.

Takes an `Issuer` and the secret of the managed identity endpoint, and returns the ASGI app. GET of the
authorize endpoint changes nothing, except that `prompt=none` with a `login_hint` signs in by itself:
that is for tests, and no better and no worse than a provider without passwords.
"""

import base64
import hmac
import json
from binascii import Error as Base64Error
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from devhost import graph
from devhost.accounts import ACCOUNTS, MANAGED_IDENTITY, TENANT, Account
from devhost.identity import asked, control, pages
from devhost.identity.asked import OAuthError, SignIn
from devhost.identity.grants import Grants
from devhost.identity.issuer import Issuer

NO_STORE = {"Cache-Control": "no-store"}


@dataclass(slots=True)
class Doors:
    issuer: Issuer
    grants: Grants
    msi_header: str
    requests: Counter[str] = field(default_factory=Counter)

    async def configuration(self, request: Request) -> Response:
        self.requests["configuration"] += 1
        return JSONResponse(configuration(self.issuer, is_v2="v2.0" in request.url.path))

    async def keys(self, request: Request) -> Response:
        self.requests["keys"] += 1
        return JSONResponse(self.issuer.keys.jwks(self.issuer.name()))

    async def authorize(self, request: Request) -> Response:
        self.requests["authorize"] += 1
        query = dict(request.query_params)
        redirect = asked.redirect_uri(query)
        if isinstance(redirect, OAuthError):
            return HTMLResponse(pages.problem(redirect.body()["error_description"]), 400, pages.HEADERS)
        sign_in = asked.sign_in_request(query, redirect)
        if isinstance(sign_in, OAuthError):
            return _back(redirect, query, sign_in.body())
        if request.method == "POST":
            return self._signed_in(_person((await _form(request)).get("account", "")), sign_in)
        if query.get("prompt") != "none":
            return HTMLResponse(pages.sign_in(f"{request.url.path}?{request.url.query}"), headers=pages.HEADERS)
        hinted = _person(query.get("login_hint", ""))
        if hinted is None:
            error = OAuthError("login_required", 50058, "prompt=none needs a login_hint that names a user.")
            return _back(redirect, query, error.body())
        return self._signed_in(hinted, sign_in)

    def _signed_in(self, account: Account | None, sign_in: SignIn) -> Response:
        if account is None:
            return HTMLResponse(pages.problem("There is no such user."), 400, pages.HEADERS)
        code = self.grants.issue_code(account, sign_in)
        return _back(sign_in.redirect_uri, {"state": sign_in.state}, {"code": code})

    async def token(self, request: Request) -> Response:
        self.requests["token"] += 1
        answer = self.grants.token(await _form(request) | _basic(request))
        if isinstance(answer, OAuthError):
            return JSONResponse(answer.body(), answer.status, NO_STORE)
        return JSONResponse(answer, headers=NO_STORE)

    async def managed_identity(self, request: Request) -> Response:
        """App Service's endpoint, api-version 2019-08-01."""
        self.requests["msi"] += 1
        shown = request.headers.get("x-identity-header", "")
        if not hmac.compare_digest(shown.encode(), self.msi_header.encode()):
            return JSONResponse({"statusCode": 401, "message": "X-IDENTITY-HEADER is missing or wrong"}, 401)
        resource = request.query_params.get("resource")
        if not resource or request.query_params.get("api-version") != "2019-08-01":
            return JSONResponse({"statusCode": 400, "message": "resource and api-version 2019-08-01 are needed"}, 400)
        token, expires = self.issuer.managed_identity_token(resource)
        answer = {"access_token": token, "expires_on": str(expires), "resource": resource, "token_type": "Bearer"}
        return JSONResponse(answer | {"client_id": MANAGED_IDENTITY.client}, headers=NO_STORE)

    async def devhost_token(self, request: Request) -> Response:
        """Any token that a test may want: see `control.mint`."""
        status, answer = control.mint(self.issuer, await _json(request))
        return JSONResponse(answer, status, NO_STORE)

    async def devhost_rotate(self, request: Request) -> Response:
        body = await _json(request)
        delete_old = isinstance(body, dict) and body.get("delete_old") is True
        key = await run_in_threadpool(self.issuer.keys.rotate, delete_old=delete_old)
        return JSONResponse({"kid": key.kid})

    async def devhost_requests(self, request: Request) -> Response:
        """How often each of Entra's endpoints was asked since the start."""
        names = ("configuration", "keys", "authorize", "token", "msi")
        return JSONResponse({name: self.requests[name] for name in names})


def app(issuer: Issuer, msi_header: str, directory: graph.Directory | None = None) -> Starlette:
    """The whole provider, Graph included. Other names for this machine than localhost are refused (DNS rebinding)."""
    doors = Doors(issuer, Grants(issuer), msi_header)
    tenant = f"/{TENANT}"
    routes = [
        Route(f"{tenant}/v2.0/.well-known/openid-configuration", doors.configuration),
        Route(f"{tenant}/.well-known/openid-configuration", doors.configuration),
        Route(f"{tenant}/discovery/v2.0/keys", doors.keys),
        Route(f"{tenant}/discovery/keys", doors.keys),
        Route(f"{tenant}/oauth2/v2.0/authorize", doors.authorize, methods=["GET", "POST"]),
        Route(f"{tenant}/oauth2/v2.0/token", doors.token, methods=["POST"]),
        Route("/msi/token", doors.managed_identity),
        Route("/devhost/token", doors.devhost_token, methods=["POST"]),
        Route("/devhost/keys/rotate", doors.devhost_rotate, methods=["POST"]),
        Route("/devhost/requests", doors.devhost_requests),
        *graph.routes(issuer, directory or graph.Directory()),
    ]
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=["localhost", "127.0.0.1"])
    return Starlette(routes=routes, middleware=[hosts])


def configuration(issuer: Issuer, *, is_v2: bool) -> dict[str, Any]:
    """OpenID configuration as Entra publishes it, which names no PKCE method and no registration."""
    tenant = f"{issuer.base}/{TENANT}"
    return {
        "token_endpoint": f"{tenant}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "jwks_uri": f"{tenant}/discovery/v2.0/keys" if is_v2 else f"{tenant}/discovery/keys",
        "response_modes_supported": ["query"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": issuer.name("2.0" if is_v2 else "1.0"),
        "request_uri_parameter_supported": False,
        "authorization_endpoint": f"{tenant}/oauth2/v2.0/authorize",
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "ver"],
    }


def _person(hint: str) -> Account | None:
    people = (account for account in ACCOUNTS.values() if account.kind == "user")
    return next((account for account in people if hint in (account.name, account.mail)), None)


def _back(redirect: str, query: dict[str, str], answer: dict[str, Any]) -> Response:
    fields = {name: value for name, value in answer.items() if isinstance(value, str)}
    if query.get("state"):
        fields["state"] = query["state"]
    joint = "&" if "?" in redirect else "?"
    return RedirectResponse(f"{redirect}{joint}{urlencode(fields)}", 302, pages.HEADERS)


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode(errors="replace")))


def _basic(request: Request) -> dict[str, str]:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        client, _, secret = base64.b64decode(encoded).decode(errors="replace").partition(":")
    except Base64Error:
        return {}
    return {"client_id": unquote(client), "client_secret": unquote(secret)}


async def _json(request: Request) -> Any:
    try:
        return json.loads(await request.body() or b"{}")
    except ValueError:
        return None
