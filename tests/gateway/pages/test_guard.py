import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pages.guard import FIELD, foreign, forged, form_token, origin_of
from gateway.pages.request import PageRequest
from gateway.seal import Seal

SEAL = Seal([b"k" * 32])
URL = "https://mcp.example.com"
PATH = f"/approvals/{'a' * 32}"


def request(*headers: tuple[str, str], path: str = PATH) -> PageRequest:
    return PageRequest("POST", path, "", headers, b"")


SAME = (("origin", URL), ("sec-fetch-site", "same-origin"))


def test_a_form_of_its_own_page_is_genuine() -> None:
    assert forged(request(*SAME), {FIELD: form_token(SEAL, "s", PATH)}, SEAL, "s", URL) == ""


@pytest.mark.parametrize(("session", "path"), [("t", PATH), ("s", PATH[:-1] + "b"), ("s", "/sign-out"), ("", PATH)])
def test_the_token_of_another_session_or_page_is_not(session: str, path: str) -> None:
    assert forged(request(*SAME), {FIELD: form_token(SEAL, session, path)}, SEAL, "s", URL)


@given(st.text(max_size=80))
def test_no_other_text_is_a_token(text: str) -> None:
    assert forged(request(*SAME), {FIELD: text}, SEAL, "s", URL)


def test_a_form_without_a_token_is_not_genuine() -> None:
    assert forged(request(*SAME), {}, SEAL, "s", URL)


@pytest.mark.parametrize(
    "headers",
    [
        SAME,
        (("origin", URL),),
        (("sec-fetch-site", "same-origin"),),
        (("origin", "null"), ("sec-fetch-site", "same-origin")),
    ],
)
def test_these_come_from_our_own_pages(headers: tuple[tuple[str, str], ...]) -> None:
    assert foreign(request(*headers), URL) == ""


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("origin", "null"),),
        (("origin", ""),),
        (("origin", "https://mcp.example.com.evil.example"), ("sec-fetch-site", "same-origin")),
        (("origin", "http://mcp.example.com"),),
        (("origin", "https://mcp.example.com:8443"),),
        (("origin", URL), ("sec-fetch-site", "same-site")),
        (("origin", URL), ("sec-fetch-site", "cross-site")),
        (("origin", URL), ("sec-fetch-site", "none")),
        (("origin", URL), ("origin", "https://evil.example")),
        (("origin", URL), ("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")),
    ],
)
def test_these_do_not(headers: tuple[tuple[str, str], ...]) -> None:
    assert foreign(request(*headers), URL)


@given(st.text(max_size=40))
def test_no_other_origin_is_ours(origin: str) -> None:
    assert bool(foreign(request(("origin", origin)), URL)) is (origin != URL)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://MCP.example.com/base", "https://mcp.example.com"),
        ("https://mcp.example.com:443", "https://mcp.example.com"),
        ("http://localhost:7071", "http://localhost:7071"),
        ("http://[::1]:7071", "http://[::1]:7071"),
        ("http://localhost:80", "http://localhost"),
    ],
)
def test_an_origin_is_spelled_as_browsers_spell_it(url: str, origin: str) -> None:
    assert origin_of(url) == origin
