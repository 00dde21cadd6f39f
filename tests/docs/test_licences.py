"""No package of production has a licence that nobody has allowed, and the page says which it has."""

import pytest

from tests.docs.licences import ALLOWED_FOR, PAGE, Licensed, is_allowed, licensed, needed, page


def test_no_package_has_a_licence_that_is_not_allowed() -> None:
    found = [licensed(package) for package in needed().values()]
    assert len(found) > 40
    assert [row for row in found if not is_allowed(row)] == []


def test_the_page_is_what_is_installed() -> None:
    assert page() in PAGE.read_text(), "run make licences"


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0 OR GPL-3.0-only", True),
        ("Apache-2.0 AND GPL-3.0-only", False),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("MPL-2.0 AND (GPL-3.0-only OR AGPL-3.0-only)", False),
        ("AGPL-3.0-only", False),
        ("LGPL-2.1-or-later", False),
        ("", False),
        ("UNKNOWN", False),
    ],
)
def test_an_expression_is_allowed_where_a_choice_of_it_is(licence: str, *, allowed: bool) -> None:
    assert is_allowed(Licensed("example", licence)) is allowed


def test_what_is_allowed_for_one_package_is_allowed_for_that_licence_alone() -> None:
    for name, licence in ALLOWED_FOR.items():
        assert is_allowed(Licensed(name, licence))
        assert not is_allowed(Licensed(name, "GPL-3.0-only"))
