import string
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pages.request import HOME, PageRequest, fields_in, form_of, names_in, way_back

FORM = ("content-type", "application/x-www-form-urlencoded")
ID = "0123456789abcdef" * 2


def posted(body: bytes | None, *headers: tuple[str, str]) -> PageRequest:
    return PageRequest("POST", f"/approvals/{ID}", "", headers or (FORM,), body)


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=50), min_size=1, max_size=8))
def test_what_a_browser_writes_is_read(fields: dict[str, str]) -> None:
    assert fields_in(urlencode(fields)) == fields


@given(st.text())
def test_no_query_is_an_error(text: str) -> None:
    found = fields_in(text)
    assert found is None or all(isinstance(value, str) for value in found.values())


@given(st.binary(max_size=300))
def test_no_body_is_an_error(body: bytes) -> None:
    found = form_of(posted(body))
    assert found is None or body.isascii()


@given(st.text(min_size=1, max_size=10), st.text(max_size=10), st.text(max_size=10))
def test_a_field_that_is_there_twice_makes_no_form(name: str, one: str, other: str) -> None:
    assert fields_in(urlencode([(name, one), (name, other)])) is None


def test_an_empty_query_has_no_fields() -> None:
    assert fields_in("") == {}


@pytest.mark.parametrize("text", ["a", "a=1&", "a=%ff", "&".join(f"a{n}=1" for n in range(9))])
def test_a_form_that_readers_could_read_differently_is_none(text: str) -> None:
    assert fields_in(text) is None


def test_a_body_that_was_too_large_is_no_form() -> None:
    assert form_of(posted(None)) is None


@pytest.mark.parametrize("kind", ["text/plain", "", "multipart/form-data", "application/x-www-form-urlencodedx"])
def test_another_kind_of_body_is_no_form(kind: str) -> None:
    assert form_of(posted(b"a=1", ("content-type", kind))) is None


def test_a_charset_does_not_matter_and_a_repeated_type_does() -> None:
    assert form_of(posted(b"a=1", (FORM[0], f"{FORM[1]}; charset=UTF-8"))) == {"a": "1"}
    assert form_of(posted(b"a=1", FORM, FORM)) is None


def test_line_ends_of_browsers_become_one_character() -> None:
    assert form_of(posted(b"a=1%0D%0A2")) == {"a": "1\n2"}


@given(st.text(min_size=1, max_size=10))
def test_a_name_in_a_query_is_seen_however_it_is_spelled(name: str) -> None:
    spelled = "".join(f"%{byte:02x}" for byte in name.encode())
    assert name in names_in(f"x=1&{spelled}=2")
    assert name in names_in(f"{quote(name, safe='')}&y")


@given(st.text())
def test_a_way_back_is_one_of_our_own_pages(to: str) -> None:
    assert way_back(to) == HOME or way_back(to).startswith(("/approvals", "/requests/", "/access"))


@given(st.text(alphabet=string.printable, max_size=10), st.text(alphabet=string.printable, max_size=10))
def test_what_surrounds_a_page_makes_it_none(before: str, after: str) -> None:
    to = f"{before}/approvals/{ID}{after}"
    assert way_back(to) == (to if not before and not after else HOME)


LINK = "/access?server=records&grant=desk_1.a-b"
"""Where a refused call sends people."""


@pytest.mark.parametrize(
    ("path", "query", "here"),
    [
        ("/access", "server=records&grant=desk", "/access?server=records&grant=desk"),
        ("/access", "server=records&grant=desk&action=ask", "/access"),
        ("/approvals", "server=records&grant=desk", "/approvals"),
        (f"/access/{ID}", "x=1", f"/access/{ID}"),
        ("/access", "", "/access"),
    ],
)
def test_a_sign_in_leads_back_with_the_query_of_the_page_that_has_one(path: str, query: str, here: str) -> None:
    assert PageRequest("GET", path, query, (), b"").here == here


@pytest.mark.parametrize(
    "to", [*("/approvals", f"/approvals/{ID}", f"/requests/{ID}", f"/access/{ID}"), "/access", LINK]
)
def test_a_page_that_there_is_is_a_way_back(to: str) -> None:
    assert way_back(to) == to


@pytest.mark.parametrize(
    "to",
    [
        "",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/approvals/../sign-out",
        f"/approvals/{ID}\n",
        f"//evil.example/approvals/{ID}",
        "/sign-in",
        "/requests",
        "javascript:alert(1)",
        "/access/requests",
        f"{LINK}&x=1",
        f"{LINK}\n",
        "/access?server=a&grant=%0a",
        "/access?server=&grant=a",
    ],
)
def test_nothing_else_is(to: str) -> None:
    assert way_back(to) == HOME
