"""A person signs in on the provider's page, by clicking, and comes back to the gateway's callback."""

import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import httpx
import jwt
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from devhost.accounts import ACCOUNTS, AUDIENCE, SIGN_IN_CALLBACK, TENANT
from devhost.identity.app import app as identity_app
from devhost.identity.grants import ASSERTION_TYPE, TOKEN_EXCHANGE
from devhost.identity.issuer import Issuer
from devhost.identity.keys import KeyRing
from devhost.serve import serving
from tests.browser.conftest import DESKTOP, PHONE, Browser, fits

VERIFIER = "verifier-" * 5
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@dataclass(slots=True)
class Callback:
    """Where the gateway would be: the callback leads on, as the gateway's does, and here even to another origin."""

    received: dict[str, str] = field(default_factory=dict)
    leads_to: str = "/done"

    async def called(self, request: Request) -> Response:
        self.received = dict(request.query_params)
        return RedirectResponse(self.leads_to, 303)

    async def done(self, _: Request) -> Response:
        return HTMLResponse("<title>Done</title><h1>Signed in</h1>")


@dataclass(frozen=True, slots=True)
class Provider:
    issuer: Issuer
    url: str
    callback: Callback
    redirect: str

    @property
    def page(self) -> str:
        query = {
            "client_id": AUDIENCE,
            "redirect_uri": self.redirect,
            "response_type": "code",
            "scope": f"openid profile {AUDIENCE}/mcp.access",
            "state": "the state",
            "nonce": "the nonce",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return f"{self.url}/{TENANT}/oauth2/v2.0/authorize?{urlencode(query)}"

    async def redeem(self) -> dict[str, str]:
        """What the gateway gets for the code that came back."""
        proof, _ = self.issuer.managed_identity_token(TOKEN_EXCHANGE)
        form = {"grant_type": "authorization_code", "client_id": AUDIENCE, "code": self.callback.received["code"]}
        form |= {"code_verifier": VERIFIER, "redirect_uri": self.redirect}
        form |= {"client_assertion_type": ASSERTION_TYPE, "client_assertion": proof}
        async with httpx.AsyncClient() as client:
            answer = await client.post(f"{self.url}/{TENANT}/oauth2/v2.0/token", data=form)
        tokens: dict[str, str] = answer.raise_for_status().json()
        return tokens


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    callback, issuer = Callback(), Issuer("http://localhost", KeyRing.fresh())
    routes = [Route(SIGN_IN_CALLBACK, callback.called), Route("/done", callback.done)]
    async with serving(identity_app(issuer, "header")) as url, serving(Starlette(routes=routes)) as back:
        yield Provider(issuer, url, callback, f"{back}{SIGN_IN_CALLBACK}")


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
async def test_a_person_signs_in_by_one_click(
    browser: Browser, provider: Provider, width: int, javascript: bool
) -> None:
    async with browser.page(width=width, javascript=javascript) as page:
        await page.goto(provider.page)
        await page.get_by_role("button", name="Abel Approver").click()
        await page.get_by_role("heading", name="Signed in").wait_for()
    assert provider.callback.received["state"] == "the state"
    tokens = await provider.redeem()
    access = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    proof = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert (access["oid"], access["azp"]) == (ACCOUNTS["approver"].object_id, AUDIENCE)
    assert (proof["aud"], proof["nonce"]) == (AUDIENCE, "the nonce")


async def test_the_page_lets_the_browser_go_wherever_the_callback_leads(browser: Browser, provider: Provider) -> None:
    """Chromium applies a page's form-action to each redirect that follows its form."""
    provider.callback.leads_to = provider.redirect.replace("localhost", "127.0.0.1").replace(SIGN_IN_CALLBACK, "/done")
    async with browser.page() as page:
        await page.goto(provider.page)
        await page.get_by_role("button", name="Abel Approver").click()
        await page.get_by_role("heading", name="Signed in").wait_for()
        assert page.url == provider.callback.leads_to


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
async def test_the_page_fits_and_follows_the_colour_scheme(
    browser: Browser, provider: Provider, tmp_path: Path, width: int, dark: bool
) -> None:
    async with browser.page(width=width, dark=dark) as page:
        await page.goto(provider.page)
        people = [account for account in ACCOUNTS.values() if account.kind == "user"]
        assert await page.get_by_role("button").count() == len(people)
        assert await fits(page)
        colour = await page.evaluate("getComputedStyle(document.body).color")
        assert colour == ("rgb(255, 255, 255)" if dark else "rgb(0, 0, 0)")
        await page.screenshot(path=tmp_path / "sign-in.png", full_page=True)
