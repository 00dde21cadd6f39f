"""The page shows what was sent, newest first, and nothing that was sent becomes markup."""

from dataclasses import asdict
from typing import Any

from devhost.outbox.messages import Message
from devhost.outbox.page import HEADERS, page


def shown(subject: str, *links: str, kind: Any = "teams", to: str = "approvers") -> dict[str, Any]:
    return asdict(Message(kind, (to,), subject, f"text of {subject}", links, {}))


def test_the_newest_comes_first_and_links_can_be_followed() -> None:
    text = page([shown("older"), shown("newer", "http://localhost:7071/approvals/1", kind="email", to="a@b.example")])
    assert text.index("newer") < text.index("older")
    assert '<a href="http://localhost:7071/approvals/1">' in text
    assert "Mail to a@b.example" in text
    assert "Teams channel approvers" in text


def test_an_empty_outbox_says_so() -> None:
    assert "Nothing has been sent yet." in page([])


def test_what_was_sent_is_escaped_and_only_web_addresses_are_links() -> None:
    attack = '"><script>alert(1)</script>'
    text = page([shown(attack, "javascript:alert(1)", f"http://x/{attack}", to=attack)])
    assert "<script" not in text
    assert 'href="javascript' not in text


def test_it_needs_no_script_and_fits_a_phone_and_the_dark() -> None:
    assert "width=device-width" in page([])
    assert "color-scheme: light dark" in page([])
    assert "default-src 'none'" in HEADERS["Content-Security-Policy"]
