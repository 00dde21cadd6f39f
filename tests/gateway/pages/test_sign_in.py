"""Signing in and out against the development provider, which is as strict as Entra where it matters."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest

from devhost.accounts import ACCOUNTS, AUDIENCE, TENANT, Account
from devhost.identity.issuer import Claims, Issuer
from gateway.forward import open_client
from gateway.held_secrets import HeldSecrets
from gateway.held_tokens import HeldTokens
from gateway.identity_keys import IdentityKeys
from gateway.pages.openid import PATIENCE
from gateway.policy.source import INTERVAL
from gateway.storage.identity import Identity
from gateway.token_endpoint import TokenEndpoint
from gateway.upstream_tokens import UpstreamTokens
from gateway.values import Secret
from tests.fakes.entra import settings
from tests.fakes.provider import Provider, provider
from tests.gateway.pages.desk import SAME_SITE, Browser, Desk, Page, desk

HERE = "http://localhost:7071"


@dataclass(slots=True)
class Entrance:
    """The pages over plain http on this machine, the provider, and a way from one to the other."""

    desk: Desk
    provider: Provider
    http: httpx.AsyncClient

    async def leave(self, browser: Browser, to: str = "", **more: str) -> str:
        """The address at the provider that the browser is sent to."""
        page = await browser.get("/sign-in", urlencode({"to": to, **more}))
        assert page.status == 303
        return page.location

    async def choose(self, url: str, name: str) -> tuple[str, str]:
        """Path and query by which the provider sends the browser back after somebody has chosen that account."""
        hint = urlencode({"prompt": "none", "login_hint": name})
        asked = urlencode([pair for pair in parse_qsl(urlsplit(url).query) if pair[0] != "prompt"])
        found = await self.http.get(f"{url.partition('?')[0]}?{asked}&{hint}")
        assert found.status_code == 302, found.text
        assert found.headers["location"].startswith(f"{HERE}/")
        parts = urlsplit(found.headers["location"])
        return parts.path, parts.query

    async def sign_in(self, browser: Browser, name: str = "approver", to: str = "") -> Page:
        return await browser.get(*await self.choose(await self.leave(browser, to), name))


@pytest.fixture
async def entrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Entrance]:
    async with provider() as running, desk(tmp_path) as opened, open_client() as http:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        rooms, identity = opened.gateway.rooms, Identity("")
        configured = settings(
            COUNTERSIGN_URL=HERE,
            COUNTERSIGN_AUTHORITY=running.issuer.base,
            COUNTERSIGN_POLICY=str(opened.gateway.policy_file),
        )
        held = HeldSecrets(_no_secret, opened.gateway.clock)
        tokens = UpstreamTokens(configured, held, TokenEndpoint(http), identity.token, HeldTokens())
        keys = IdentityKeys(http, running.issuer.base)
        opened.gateway.rooms = replace(rooms, settings=configured, tokens=tokens, keys=keys)
        try:
            yield Entrance(opened, running, http)
        finally:
            await identity.close()


async def _no_secret(_name: str) -> Secret:
    raise AssertionError("no secret is needed to sign in")


async def test_a_person_signs_in_and_is_back_where_they_wanted_to_be(entrance: Entrance) -> None:
    approval, browser = await entrance.desk.asked(), entrance.desk.stranger()
    to = f"/approvals/{approval.id}"
    sent = await browser.get(to)
    assert (sent.status, sent.location) == (303, f"/sign-in?to={to}")
    back = await entrance.sign_in(browser, "approver", to)
    assert (back.status, back.location) == (303, to)
    assert set(browser.jar) == {"countersign"}
    page = await browser.get(to)
    assert page.status == 200
    assert "Signed in as Abel Approver" in page.text
    assert (await browser.submit(to, verdict="approve", reason="checked")).status == 303


async def test_the_provider_is_asked_as_oauth_wants_it(entrance: Entrance) -> None:
    first, second = [await entrance.leave(entrance.desk.stranger()) for _ in range(2)]
    asked = {name: values[0] for name, values in parse_qs(urlsplit(first).query).items()}
    again = {name: values[0] for name, values in parse_qs(urlsplit(second).query).items()}
    assert first.startswith(f"{entrance.provider.issuer.base}/{TENANT}/oauth2/v2.0/authorize?")
    assert asked["response_type"] == "code"
    assert asked["client_id"] == AUDIENCE
    assert asked["redirect_uri"] == f"{HERE}/sign-in/callback"
    assert asked["scope"] == f"openid profile {AUDIENCE}/mcp.access"
    assert asked["code_challenge_method"] == "S256"
    for secret in ("state", "nonce", "code_challenge"):
        assert len(asked[secret]) == 43
        assert asked[secret] != again[secret]
    assert "prompt" not in asked


async def test_a_person_may_choose_another_account(entrance: Entrance) -> None:
    url = await entrance.leave(entrance.desk.stranger(), prompt="select_account")
    assert parse_qs(urlsplit(url).query)["prompt"] == ["select_account"]
    other = await entrance.leave(entrance.desk.stranger(), prompt="none")
    assert "prompt" not in parse_qs(urlsplit(other).query)


async def test_what_the_browser_keeps_meanwhile_says_nothing(entrance: Entrance) -> None:
    browser = entrance.desk.stranger()
    url = await entrance.leave(browser)
    assert set(browser.jar) == {"countersign-sign-in"}
    state = parse_qs(urlsplit(url).query)["state"][0]
    assert state not in browser.jar["countersign-sign-in"]


async def test_nobody_is_led_elsewhere(entrance: Entrance) -> None:
    back = await entrance.sign_in(entrance.desk.stranger(), to="//evil.example/approvals")
    assert back.location == "/approvals"


async def test_somebody_in_too_many_groups_for_a_token_is_looked_up(entrance: Entrance) -> None:
    browser = entrance.desk.stranger()
    approval = await entrance.desk.asked(arguments={"n": 1}, subject="somebody-else")
    await entrance.sign_in(browser, "crowd")
    page = await browser.get(f"/approvals/{approval.id}")
    assert (page.status, entrance.desk.refusals()) == (403, ["approver_not_eligible"])
    entrance.desk.gateway.clock.advance(400)
    entrance.desk.gateway.graph.has_no_identity = True
    assert (await browser.get("/approvals")).status == 503


async def test_another_policy_needs_another_sign_in(entrance: Entrance) -> None:
    browser, gateway = entrance.desk.stranger(), entrance.desk.gateway
    await entrance.sign_in(browser)
    assert (await browser.get("/approvals")).status == 200
    gateway.policy_file.write_text(gateway.policy_file.read_text() + "\n# another\n")
    gateway.clock.advance(INTERVAL)
    assert (await browser.get("/approvals")).location == "/sign-in?to=/approvals"


async def test_a_session_ends_within_the_hour(entrance: Entrance) -> None:
    browser = entrance.desk.stranger()
    await entrance.sign_in(browser)
    entrance.desk.gateway.calendar.advance(3601)
    assert (await browser.get("/approvals")).location == "/sign-in?to=/approvals"


# Refused, and on record.


async def test_a_callback_without_a_sign_in_of_this_browser_is_refused(entrance: Entrance) -> None:
    back = await entrance.choose(await entrance.leave(entrance.desk.stranger()), "approver")
    other = entrance.desk.stranger()
    page = await other.get(*back)
    assert (page.status, other.jar, entrance.desk.refusals()) == (403, {}, ["sign_in_failed"])


async def test_a_callback_with_another_state_is_refused(entrance: Entrance) -> None:
    victim, attacker = entrance.desk.stranger(), entrance.desk.stranger()
    await entrance.leave(victim)
    theirs = await entrance.choose(await entrance.leave(attacker), "outsider")
    page = await victim.get(*theirs)
    assert (page.status, "countersign" in victim.jar, entrance.desk.refusals()) == (403, False, ["sign_in_failed"])
    # Nothing was redeemed: the state alone refused it.
    assert "another state" in str(entrance.desk.gateway.evidence.of_calls()[-1]["body"])


async def test_a_code_of_another_sign_in_is_refused_by_its_verifier(entrance: Entrance) -> None:
    victim, attacker = entrance.desk.stranger(), entrance.desk.stranger()
    state = parse_qs(urlsplit(await entrance.leave(victim)).query)["state"][0]
    path, query = await entrance.choose(await entrance.leave(attacker), "outsider")
    code = parse_qs(query)["code"][0]
    page = await victim.get(path, urlencode({"code": code, "state": state}))
    assert (page.status, "countersign" in victim.jar) == (403, False)
    assert "AADSTS501481" in str(entrance.desk.gateway.evidence.of_calls()[-1]["body"])


async def test_a_code_is_good_for_one_session(entrance: Entrance) -> None:
    browser = entrance.desk.stranger()
    back = await entrance.choose(await entrance.leave(browser), "approver")
    kept = dict(browser.jar)
    assert (await browser.get(*back)).status == 303
    browser.jar = kept
    assert (await browser.get(*back)).status == 403


async def test_a_sign_in_that_took_too_long_is_refused(entrance: Entrance) -> None:
    browser = entrance.desk.stranger()
    back = await entrance.choose(await entrance.leave(browser), "approver")
    entrance.desk.gateway.calendar.advance(PATIENCE)
    assert (await browser.get(*back)).status == 403


async def test_of_the_providers_error_only_the_code_is_shown(entrance: Entrance) -> None:
    browser = entrance.desk.stranger()
    path, query = await entrance.choose(await entrance.leave(browser), "nobody")
    assert "error=login_required" in query
    page = await browser.get(path, query)
    assert page.status == 403
    assert "login_required" in page.text
    assert "AADSTS" not in page.text
    assert "sign in as somebody else" in page.text.lower()
    assert entrance.desk.refusals() == ["sign_in_failed"]


async def test_an_error_that_is_no_code_is_not_shown(entrance: Entrance) -> None:
    browser = entrance.desk.stranger()
    state = parse_qs(urlsplit(await entrance.leave(browser)).query)["state"][0]
    page = await browser.get("/sign-in/callback", urlencode({"error": "call 0800-1234 now", "state": state}))
    assert "0800" not in page.text
    assert "unknown_error" in page.text


@pytest.mark.parametrize("name", ["agent", "pipeline"])
async def test_an_agent_or_an_application_gets_no_session(
    entrance: Entrance, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The provider gives no code to either; this one does, as a stolen refresh token of an agent user might.
    browser = entrance.desk.stranger()
    path, query = await entrance.choose(await entrance.leave(browser), "approver")
    make, unlike = Issuer.claims, {"idtyp": "app", "roles": ["Mcp.Call"], **_facets(name)}

    def claims(issuer: Issuer, account: Account, **asked: Any) -> Claims:
        made = make(issuer, account, **asked)
        return made | unlike if account.kind == "user" else made

    monkeypatch.setattr(Issuer, "claims", claims)
    page = await browser.get(path, query)
    assert (page.status, browser.jar.keys() - {"countersign-sign-in"}) == (403, set())
    assert entrance.desk.refusals() == ["approver_not_a_person"]
    assert ACCOUNTS["approver"].object_id in str(entrance.desk.gateway.evidence.of_calls()[-1]["body"])


def _facets(name: str) -> dict[str, str]:
    return {"xms_act_fct": "9 11 3"} if name == "agent" else {}


@pytest.mark.parametrize("nonce", ["", "another"])
async def test_an_id_token_of_another_sign_in_is_refused(
    entrance: Entrance, nonce: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = entrance.desk.stranger()
    back = await entrance.choose(await entrance.leave(browser), "approver")
    make = Issuer.id_token

    def id_token(issuer: Issuer, account: Account, **asked: Any) -> str:
        return make(issuer, account, **(asked | {"nonce": nonce}))

    monkeypatch.setattr(Issuer, "id_token", id_token)
    assert (await browser.get(*back)).status == 403
    assert "ID token" in str(entrance.desk.gateway.evidence.of_calls()[-1]["body"])


async def test_an_id_token_of_another_person_is_refused(entrance: Entrance, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = entrance.desk.stranger()
    back = await entrance.choose(await entrance.leave(browser), "approver")
    make = Issuer.id_token

    def id_token(issuer: Issuer, _account: Account, **asked: Any) -> str:
        return make(issuer, ACCOUNTS["approver2"], **asked)

    monkeypatch.setattr(Issuer, "id_token", id_token)
    assert (await browser.get(*back)).status == 403
    assert "another person" in str(entrance.desk.gateway.evidence.of_calls()[-1]["body"])


async def test_what_strangers_do_at_the_callback_cannot_fill_the_evidence(entrance: Entrance) -> None:
    browser = entrance.desk.stranger()
    for _ in range(100):
        await browser.get("/sign-in/callback", "code=x&state=y")
    assert len(entrance.desk.refusals()) == 60
    assert entrance.desk.gateway.rooms.recorder.omitted == 40


async def test_signing_out_ends_the_session(entrance: Entrance) -> None:
    browser = entrance.desk.stranger()
    await entrance.sign_in(browser)
    token = (await browser.get("/approvals")).token("/sign-out")
    page = await browser.post("/sign-out", {"token": token})
    assert (page.status, browser.jar) == (200, {})
    assert "You are signed out" in page.text
    assert "Signed in as" not in page.text


async def test_another_site_signs_nobody_out(entrance: Entrance) -> None:
    browser = entrance.desk.stranger()
    await entrance.sign_in(browser)
    assert (await browser.post("/sign-out", {})).status == 403
    assert (
        await browser.post("/sign-out", {}, origin="https://evil.example", sec_fetch_site="cross-site")
    ).status == 403
    assert (await browser.get("/sign-out")).status == 405
    assert (await browser.get("/approvals")).status == 200


async def test_whoever_is_not_signed_in_may_sign_out(entrance: Entrance) -> None:
    page = await entrance.desk.stranger().send("POST", "/sign-out", "", SAME_SITE, b"")
    assert page.status == 200
