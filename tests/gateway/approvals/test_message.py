"""What people are told, and what names out of strangers' hands cannot do in it."""

import json
import re
from dataclasses import fields, replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devhost.outbox import email, teams
from devhost.outbox.messages import Message as Delivered
from gateway.approvals.approval import Request
from gateway.approvals.message import MAX_TARGET, Message, card, mail, message, neutral
from tests.gateway.approvals.desk import START, TERMS, approval

URL = "https://mcp.example.com"
LINK = f"{URL}/approvals/{'a' * 32}"


def told(stage: str = "asked", **changes: Any) -> Message:
    known = approval(terms=(replace(TERMS, expires=7 * 86400),))
    return message(
        replace(known, request=replace(known.request, **changes)), stage, URL, START + timedelta(minutes=2, seconds=1)
    )


def renderings(this: Message) -> list[str]:
    return [json.dumps(card(this), ensure_ascii=False), mail(this).plain, mail(this).html]


def test_it_says_who_asks_for_what_where_by_which_rule_and_until_when() -> None:
    assert told() == Message(
        subject="Approval needed: issue_refund on records",
        facts=(
            ("Requested by", "Erin Engineer"),
            ("Tool", "issue_refund"),
            ("Server", "records"),
            ("Rules", "engineers-refund, refunds"),
            ("Decide by", "30 November 2026, 12:00 UTC (in 6 days 23 hours)"),
        ),
        link=LINK,
    )


@pytest.mark.parametrize(
    ("stage", "subject"),
    [("reminder-1800", "Reminder, approval needed: "), ("escalated-60", "Escalated to you, approval needed: ")],
)
def test_a_later_stage_says_so(stage: str, subject: str) -> None:
    assert told(stage).subject.startswith(subject)


def test_somebody_without_a_name_is_told_apart_by_object_id() -> None:
    assert told(name="").facts[0] == (
        "Requested by",
        told().facts[0][1].replace("Erin Engineer", approval().request.subject),
    )


def test_the_uri_of_a_resource_is_an_argument_and_is_not_told() -> None:
    this = told(method="resources/read", target="customer://4711/salary")
    assert ("Method", "resources/read") in this.facts
    assert not any("4711" in text or "salary" in text for text in renderings(this))


def test_what_a_detector_finds_in_a_name_is_hidden() -> None:
    assert "4111" not in renderings(told(target="pay_4111 1111 1111 1111"))[1]


def test_a_message_knows_nothing_but_the_facts_of_an_approval_of_which_no_argument_is_one() -> None:
    assert {"message", "arguments", "params", "reason"}.isdisjoint(field.name for field in fields(Request))
    secret = "kept-to-themselves"
    with_reason = replace(approval(), reason=secret)
    assert not any(secret in text for text in renderings(message(with_reason, "asked", URL, START)))


def test_teams_and_the_mail_service_take_it() -> None:
    this = told()
    shown = teams.read("leads", card(this))
    assert isinstance(shown, Delivered), shown
    assert (shown.subject, shown.links) == (this.subject, (LINK,))
    written = mail(this)
    content = {"subject": this.subject, "plainText": written.plain, "html": written.html}
    recipients = {"to": [{"address": "leads@contoso.com"}]}
    posted = email.read({"senderAddress": "no@contoso.com", "recipients": recipients, "content": content})
    assert isinstance(posted, Delivered), posted
    assert posted.links == (LINK,)


@pytest.mark.parametrize(
    "name",
    [
        "[click](https://evil.test)",
        "https://evil.test/approve",
        "www.evil.test",
        "evil.test",
        "<a href=//evil.test>x</a>",
        "<at>everyone</at>",
        "**bold** _slanted_ `code` ~~gone~~",
        "# Heading",
        "- item",
        "1. item",
        "2) item",
        "{{DATE(2026-01-01)}}",
        "&lt;b&gt; &#91;x&#93;",
        "two\nlines\r\n\r\n# three",
        "\u202edesrever\u202c \u200bhidden",
        "![image](//evil.test/x.png)",
        "| a | b |",
        "---",
    ],
)
def test_markup_in_a_name_is_only_text(name: str) -> None:
    markup = re.compile(r"[*\[\]<>`#|~\\{}&!^$\n\r\u202e\u200b]|https?:/|www\.|\w\.\w|^[-+]|^\d+[.)]|(?<!\w)_|_(?!\w)")
    assert markup.search(name), "a case that proves nothing"
    this = told(name=name, target=name)
    for value in (this.facts[0][1], this.facts[1][1]):
        assert not markup.search(value), value


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.found += [value or "" for name, value in attrs if name in ("href", "src")]


names = st.text(max_size=300) | st.text("[](){}<>*_`#&!|~\\-+=.:/@w1 \nabc", max_size=60)


@given(names, names)
@example("_", "__")
@example("a_b", "a__b_")
def test_whatever_the_names_are_there_is_one_link_and_it_is_ours(name: str, target: str) -> None:
    this = told(name=name, target=target)
    assert this.subject.isprintable()
    for value in (neutral(name, MAX_TARGET), this.facts[1][1]):
        assert 0 < len(value) <= MAX_TARGET
        assert re.search(r"[*\[\]<>`#|~\\{}&]|://|\.\w", value) is None
        assert re.search(r"(?<![^\W_])_|_(?![^\W_])", value) is None
    assert re.findall(r"\w+://[^\s\"]+", mail(this).plain) == [LINK]
    page = Links()
    page.feed(mail(this).html)
    assert page.found == [LINK]
    assert page.tags == {"html", "body", "h1", "table", "tr", "th", "td", "p", "a"}
    (attachment,) = card(this)["attachments"]
    assert [action["url"] for action in attachment["content"]["actions"]] == [LINK]
