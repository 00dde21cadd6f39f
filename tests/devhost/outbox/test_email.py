"""A mail that the service would send becomes a message; anything else is refused with what is wrong."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devhost.outbox import email
from devhost.outbox.messages import Message
from tests.devhost.outbox.samples import LINK, mail


def accepted(body: Any) -> Message:
    found = email.read(body)
    assert isinstance(found, Message), found
    return found


def test_a_mail_is_a_message_with_its_text_and_its_link() -> None:
    message = accepted(mail())
    assert (message.kind, message.to) == ("email", ("approver@countersign.example",))
    assert (message.subject, message.links) == ("Enid Engineer wants issue_refund", (LINK,))
    assert message.text == f"Look and decide: {LINK}"
    assert message.body == mail()


def test_all_addressees_and_the_links_of_both_texts_are_shown() -> None:
    body = mail()
    body["recipients"] |= {"cc": [{"address": "c@d.example", "displayName": "C"}], "bcc": [{"address": "e@f.example"}]}
    body["content"]["html"] = f'<a href="{LINK}">decide</a> <a href="javascript:alert(1)">x</a>'
    message = accepted(body)
    assert message.to == ("approver@countersign.example", "c@d.example", "e@f.example")
    assert message.links == (LINK, "javascript:alert(1)")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("senderAddress", None),
        ("senderAddress", "countersign"),
        ("content", None),
        ("content", {"subject": "x"}),
        ("content", {"plainText": "x"}),
        ("content", {"subject": "", "plainText": "x"}),
        ("content", {"subject": "x", "plainText": 1}),
        ("content", {"subject": "x\r\nBcc: e@f.example", "plainText": "x"}),
        ("content", {"subject": "x", "plainText": "x", "text": "x"}),
        ("recipients", None),
        ("recipients", {}),
        ("recipients", {"to": []}),
        ("recipients", {"cc": [{"address": "a@b.example"}]}),
        ("recipients", {"to": ["a@b.example"]}),
        ("recipients", {"to": "a@b.example"}),
        ("recipients", {"to": [{"address": "a@b.example, c@d.example"}]}),
        ("recipients", {"to": [{"address": "a@b.example", "name": "A"}]}),
        ("recipients", {"to": [{"address": "a@b.example"}], "others": []}),
        ("importance", "high"),
    ],
)
def test_a_mail_that_the_service_would_not_send_is_refused(field: str, value: Any) -> None:
    assert isinstance(email.read(mail() | {field: value}), str)


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.just("a@b.example"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["subject", "plainText", "to", "cc", "address"]), inner, max_size=4)
    ),
)


@given(JSON, JSON)
def test_whatever_comes_is_a_message_or_a_reason(content: Any, recipients: Any) -> None:
    assert isinstance(email.read(content), Message | str)
    assert isinstance(email.read(mail() | {"content": content, "recipients": recipients}), Message | str)
