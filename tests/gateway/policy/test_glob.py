"""Globs."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.glob import Glob, UriGlob
from gateway.policy.uri import HOLE, normal_form

LETTERS = st.text("ab/*", max_size=12)


def by_regular_expression(glob: str, name: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, glob.split("*"))), name, re.DOTALL) is not None


@given(LETTERS, st.text("ab/", max_size=20))
def test_a_glob_matches_what_the_same_regular_expression_matches(glob: str, name: str) -> None:
    assert Glob(glob).matches(name) == by_regular_expression(glob, name)


@pytest.mark.parametrize(
    ("glob", "name", "matches"),
    [
        ("get_*", "get_customer", True),
        ("get_*", "get_", True),
        ("get_*", "GET_customer", False),
        ("get_*", "forget_customer", False),
        ("customer://*", "customer://eu/1/2", True),
        ("*", "", True),
        ("*", "a\nb", True),
        ("a?", "ab", False),
        ("[ab]", "a", False),
        ("aa*aa", "aaa", False),
        ("a*b*c", "a-c-b-c", True),
        ("", "a", False),
    ],
)
def test_only_a_star_is_special(glob: str, name: str, matches: bool) -> None:
    assert Glob(glob).matches(name) is matches


@given(LETTERS, st.text("ab/" + HOLE, max_size=12), st.lists(st.text("ab/", max_size=4), min_size=12, max_size=12))
def test_what_an_expanded_template_matches_its_template_may_match(
    glob: str, template: str, fillings: list[str]
) -> None:
    first, *rest = template.split(HOLE)
    expanded = first + "".join(filling + piece for filling, piece in zip(fillings, rest, strict=False))
    if Glob(glob).matches(expanded):
        assert Glob(glob).may_match(template)


@pytest.mark.parametrize(
    ("glob", "template", "may"),
    [
        ("customer://eu/*", "customer://\ue000/1", True),
        ("customer://eu/*", "customer://us/\ue000", False),
        ("customer://eu/1", "customer://eu/\ue000", True),
        ("customer://eu/1", "customer://us/\ue000", False),
        ("customer://eu/1", "customer://eu/1", True),
        ("*.csv", "records://\ue000.json", False),
    ],
)
def test_a_template_that_cannot_expand_to_a_match_is_told_apart(glob: str, template: str, may: bool) -> None:
    assert Glob(glob).may_match(template) is may


SPELLINGS = [
    "customer://eu/%31",
    "CUSTOMER://eu/1",
    "customer://eu/./1",
    "customer://eu/x/%2e%2e/1",
    "customer://eu\\1",
    "customer://e\tu/1",
    "customer://eu%2f1",
]


@pytest.mark.parametrize("uri", SPELLINGS)
def test_a_deny_bites_on_every_spelling_of_a_uri(uri: str) -> None:
    assert UriGlob("customer://eu/1").matches_a_reading(uri, normal_form(uri))


@pytest.mark.parametrize("uri", SPELLINGS)
def test_an_allow_covers_only_the_spelling_that_it_names(uri: str) -> None:
    assert not UriGlob("customer://eu/1").matches_every_reading(uri, normal_form(uri))


@pytest.mark.parametrize(
    "uri", ["file:///public/../secret", "file:///public/%2e%2e/secret", "file:///public/..%2Fsecret"]
)
def test_an_allow_for_a_folder_does_not_reach_out_of_it(uri: str) -> None:
    assert not UriGlob("file:///public/*").matches_every_reading(uri, normal_form(uri))


@given(st.text(max_size=30))
def test_the_glob_for_everything_covers_every_uri_in_every_reading(uri: str) -> None:
    assert UriGlob("*").matches_every_reading(uri, normal_form(uri))


def test_a_glob_with_an_escaped_character_matches_the_uri_that_is_written_so() -> None:
    uri = "note://caf%C3%A9/1"
    assert UriGlob("note://caf%C3%A9/*").matches_every_reading(uri, normal_form(uri))
