"""The sign-in page offers every person, and nothing that it is given becomes markup."""

from devhost.accounts import ACCOUNTS
from devhost.identity import pages


def test_there_is_one_button_for_each_person_and_none_for_an_app() -> None:
    page = pages.sign_in("/authorize?a=b")
    offered = [name for name in ACCOUNTS if f'name="account" value="{name}"' in page]
    assert offered == ["engineer", "approver", "approver2", "auditor", "operator", "outsider", "crowd"]
    assert "<script" not in page
    assert "width=device-width" in page


def test_what_the_request_says_is_escaped() -> None:
    attack = '"><script>alert(1)</script>'
    assert "<script" not in pages.sign_in(attack) + pages.problem(attack)
