"""The table of pages and their outer boundary."""

import pytest

from gateway.pages import approval_page, render
from tests.gateway.pages.desk import Desk

PATHS = ("/approvals", f"/approvals/{'0' * 32}", f"/requests/{'0' * 32}", "/access", f"/access/{'0' * 32}")


@pytest.mark.parametrize("path", PATHS)
async def test_whoever_is_not_signed_in_is_sent_to_the_sign_in_and_back(office: Desk, path: str) -> None:
    page = await office.stranger().get(path)
    assert (page.status, page.location) == (303, f"/sign-in?to={path}")
    assert office.refusals() == []


async def test_a_path_of_a_strangers_choice_is_not_sent_on(office: Desk) -> None:
    page = await office.stranger().get("/approvals/x\r\nset-cookie: a=b")
    assert page.location == "/sign-in?to=/approvals"


@pytest.mark.parametrize("path", [*PATHS, "/sign-in", "/sign-in/callback", "/sign-out"])
async def test_a_scanner_of_links_changes_and_learns_nothing(office: Desk, path: str) -> None:
    page = await (await office.browser()).get(path, "verdict=approve", method="HEAD")
    assert (page.status, page.text, page.answer.cookies) == (200, "", ())
    assert office.gateway.evidence.events() == []


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/approvals"), ("POST", "/sign-in"), ("GET", "/sign-out"), ("PUT", PATHS[1])]
)
async def test_another_method_is_not_allowed(office: Desk, method: str, path: str) -> None:
    page = await (await office.browser()).get(path, method=method)
    assert page.status == 405
    assert page.answer.headers["allow"]


async def test_every_page_has_the_headers(office: Desk) -> None:
    approval = await office.asked()
    browser = await office.browser()
    pages = [
        await browser.get("/approvals"),
        await browser.get(f"/approvals/{approval.id}"),
        await browser.get(f"/requests/{approval.id}"),
        await browser.get("/approvals/unknown"),
        await browser.get("/sign-in"),
        await browser.get("/sign-in/callback"),
        await office.stranger().get("/approvals"),
        await office.stranger().post(f"/approvals/{approval.id}", {}),
        await browser.get("/approvals", method="HEAD"),
    ]
    wanted = render.headers("https://mcp.example.com")
    pages += [await browser.get("/access"), await browser.get("/access/unknown")]
    for page in pages:
        assert wanted.items() <= page.answer.headers.items(), page.status


async def test_a_store_that_is_down_is_a_page(office: Desk) -> None:
    approval = await office.asked()
    browser = await office.browser()
    with office.gateway.approvals.down():
        for path in ("/approvals", f"/approvals/{approval.id}", f"/requests/{approval.id}"):
            page = await browser.get(path)
            assert (page.status, page.answer.headers["retry-after"]) == (503, "5")
            assert approval.id not in page.text


async def test_a_pin_that_cannot_be_read_hides_the_page(office: Desk) -> None:
    approval = await office.asked()
    browser = await office.browser()
    with office.gateway.pins.down():
        assert (await browser.get(f"/approvals/{approval.id}")).status == 503


async def test_without_the_key_of_the_vault_there_is_no_page(office: Desk) -> None:
    browser = await office.browser()
    office.gateway.secrets.clear()
    office.gateway.clock.advance(1000)
    assert (await browser.get("/approvals")).status == 503
    assert (await browser.get("/sign-in")).status == 503


async def test_without_a_policy_there_is_no_page(office: Desk) -> None:
    browser = await office.browser()
    office.gateway.rooms.policy._policy = None  # as of a process that never had a good one
    assert (await browser.get("/approvals")).status == 503


async def test_what_was_not_foreseen_is_a_fixed_page_on_record(office: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    approval = await office.asked()

    async def fails(*_: object) -> None:
        raise RuntimeError("c-17 and all")

    monkeypatch.setattr(approval_page, "_page", fails)
    page = await (await office.browser()).get(f"/approvals/{approval.id}")
    assert page.status == 500
    assert "c-17" not in page.text
    assert office.refusals() == ["internal"]
    assert "c-17" not in str(office.gateway.evidence.of_calls()[-1]["body"])


async def test_even_a_template_that_fails_is_a_page(office: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> bytes:
        raise RuntimeError("broken")

    monkeypatch.setattr(render, "_rendered", fails)
    assert (await (await office.browser()).get("/approvals")).status == 500
