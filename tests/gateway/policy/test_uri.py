"""The normal form of a URI."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.uri import HOLE, normal_form, template_text


@pytest.mark.parametrize(
    ("uri", "normal"),
    [
        ("customer://eu/1", "customer://eu/1"),
        ("CUSTOMER://EU/A", "customer://eu/A"),
        ("customer://eu/%41%2Fb", "customer://eu/A/b"),
        ("file:///a/./b/../c", "file:///a/c"),
        ("file:///a/b/..", "file:///a/"),
        ("file:///../../etc", "file:///etc"),
        ("x://host/../../b", "x://host/b"),
        ("x://public%2F..%2Fsecret", "x://public/secret"),
        ("https://user@Example.com:443/a?b=%41", "https://example.com/a?b=A"),
        ("https://example.com:8443/", "https://example.com:8443/"),
        (" customer://e\nu/1\t", "customer://eu/1"),
        ("file:\\\\\\a", "file:///a"),
        ("urn:a:b", "urn:a:b"),
        ("customer://*", "customer://*"),
        ("*", "*"),
        ("", ""),
    ],
)
def test_spellings_of_one_resource_have_one_normal_form(uri: str, normal: str) -> None:
    assert normal_form(uri) == normal


def test_a_query_is_decoded_but_its_dots_stay() -> None:
    assert normal_form("x://a/b?c=../d") == "x://a/b?c=../d"


@given(st.text(max_size=60))
def test_every_text_has_a_normal_form(text: str) -> None:
    assert isinstance(normal_form(text), str)


@given(st.text("ab/.%2eEfF\\:", max_size=40))
def test_no_normal_form_has_a_dot_segment(text: str) -> None:
    assert not {".", ".."} & set(normal_form("x://h/" + text).split("/")[3:])


def test_the_variables_of_a_template_become_holes() -> None:
    assert template_text("records://customers/{id}{?email}") == f"records://customers/{HOLE}{HOLE}"
