"""What people wrote stays text, in every place of every page; and what the headers allow."""

import base64
import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.access.grant import Grant, Span
from gateway.access.grant import Request as GrantRequest
from gateway.approvals.approval import Approval, Ending, Request, State, Verdict, Vote
from gateway.evidence.chosen import Chosen
from gateway.evidence.library import Summary, Survey
from gateway.evidence.timeline import Entry, Kind, Masked, Step, Timeline
from gateway.pages import (
    access_page,
    approval_page,
    change_words,
    evidence_page,
    grant_page,
    render,
    request_page,
    session_page,
)
from gateway.pages.shown import ShownCall, ShownTool
from gateway.pages.visit import Visitor
from gateway.pages.web_session import begin
from gateway.reasons import Reason
from gateway.seal import Seal
from gateway.storage.contract import Columns
from gateway.values import ApprovalTerms, CallerKind
from tests.fakes.policies import policy
from tests.fakes.values import CALLER

URL = "https://mcp.example.com"
NOW = datetime(2026, 11, 23, 18, 5, tzinfo=UTC)
VISITOR = Visitor(begin(CALLER, policy(), NOW.timestamp()), CALLER, policy(), Seal([b"k" * 32]))
NASTY = st.text(min_size=1, max_size=30) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=x>',
        "'-->",
        "</textarea><form>",
        "{{ 7 * 7 }}",
        "&lt;b&gt;",
    ]
)


class _Tags(HTMLParser):
    """The tags of a page with the names of their attributes, and its text."""

    def __init__(self, page: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.text = ""
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def approval(text: str) -> Approval:
    """With that text wherever somebody else chooses one."""
    request = Request(
        created=NOW,
        tenant=text,
        subject=text,
        kind=CallerKind.USER,
        client=text,
        name=text,
        server=text,
        era="legacy",
        method="tools/call",
        target=text,
        definition="",
        digest="",
        session="",
        call="",
        policy="",
        rules="rule",
        terms=(ApprovalTerms(text, frozenset({text})),),
        masks="",
        source="",
        trace="",
    )
    vote = Vote("t", "o", Verdict.DENY, NOW, frozenset(), text, text)
    return Approval("0" * 32, request, (vote,), text, None, None, {})


NO_CHANGE = change_words.told(None, is_open=True)


def approver_page(text: str) -> bytes:
    own = {
        "call": ShownCall(((text, text), ("n", text)), 1, text),
        "tool": ShownTool(text, text, ("it changes things",), False),
        "is_tool": True,
        "token": "token",
        "said": text,
        "problem": "Say why.",
        "visitor": {"name": text, "sign_out": "token", "is_auditor": True},
    }
    found = approval(text)
    facts = approval_page._facts(found, VISITOR, NOW) | approval_page._of_access(found, None, NOW) | NO_CHANGE
    return render._rendered("approval.html", {**facts, **own})


def access_approver_page(text: str) -> bytes:
    own = {
        "call": ShownCall(((text, text),), 1, text),
        "tool": None,
        "is_tool": False,
        "token": "token",
        "said": text,
        "problem": "Say why.",
        "visitor": {"name": text, "sign_out": "token", "is_auditor": True},
    }
    found = approval(text)
    facts = approval_page._facts(found, VISITOR, NOW) | approval_page._of_access(found, grant(text), NOW) | NO_CHANGE
    return render._rendered("approval.html", {**facts, **own})


def grant(text: str) -> Grant:
    """With that text wherever somebody else chooses one."""
    request = GrantRequest(
        **{name: text for name in ("tenant", "subject", "client", "name", "server", "grant", "reason")},
        created=NOW,
        kind=CallerKind.USER,
        seconds=60,
        starts=NOW,
        session="",
        policy="",
        needs_people=True,
        extends="",
        latest=None,
        at_once=0,
        remind=0,
        cancels_calls=False,
        source="",
        trace="",
    )
    marks: dict[str, Columns] = {"asked": {}, "recorded": {}}
    return Grant("0" * 32, request, Span(NOW, NOW + timedelta(seconds=60)), (), None, marks)


def grant_page_of(text: str) -> bytes:
    facts = {
        **grant_page._facts(grant(text), NOW),
        **grant_page._people(approval(text), VISITOR, NOW),
        "ending_reason": text,
        "denials": [text],
        "is_mine": False,
        "may_decide": True,
        "may_extend": 5,
        "extension": "0" * 32,
        "token": "t",
        "said": grant_page._Said("end", text, "Say why."),
        "max_reason": 1000,
        "visitor": {"name": text, "sign_out": "t", "is_auditor": True},
    }
    return render._rendered("grant.html", facts)


def access_page_of(text: str) -> bytes:
    facts = {
        "offers": [{"value": text, "label": text, "is_chosen": True}],
        "is_unknown": True,
        "longest": 60,
        "ahead": "1 day",
        "may_lay_ahead": True,
        "held": [access_page._line(grant(text), VISITOR, NOW)],
        "waiting": [access_page._line(grant(text), VISITOR, NOW)],
        "token": "t",
        "said": {"minutes": text, "starts": text, "reason": text},
        "problem": "Say why.",
        "max_reason": 1000,
        "visitor": {"name": text, "sign_out": "t", "is_auditor": True},
    }
    return re.sub(rb'name="token" value="[^"]*"', b"", render._rendered("access.html", facts))


def requester_page(text: str) -> bytes:
    own = {
        "token": "t",
        "said": text,
        "problem": "Say why.",
        "visitor": {"name": text, "sign_out": "t", "is_auditor": True},
    }
    denied = replace(approval(text), settled=Ending(State.DENIED, NOW, reason=text))
    return render._rendered("request.html", {**request_page._facts(denied, policy(), NOW), **NO_CHANGE, **own})


def list_page(text: str) -> bytes:
    line = {"id": "0" * 32, "server": text, "what": text, "name": text, "asked_at": text}
    lines = [line | {"left": text, "state": "Waiting", "tone": "pending"}]
    facts = {
        "undecided": lines,
        "decided": lines,
        "asked": lines,
        "visitor": {"name": text, "sign_out": "t", "is_auditor": True},
    }
    return render._rendered("waiting.html", facts)


def session_page_of(text: str) -> bytes:
    step = Step("2026-11-23T10:00:00Z", text, text, text)
    entry = Entry(
        at="2026-11-23T10:00:00Z",
        kind=Kind.CALL,
        event="outcome",
        outcome="succeeded",
        about={"subject": text, "name": text, "method": text, "target": text, "detail": text, "source": text},
        approval=(step,),
        steps=(step,),
        masked=(Masked(text, text, text, 1),),
        missing=(text,),
        rows=(text,),
    )
    facts = session_page.facts_of(Timeline("s", (entry, entry), 2, (text,), left_out=1))
    return render._rendered("session.html", facts | {"visitor": {"name": text, "sign_out": "t", "is_auditor": True}})


def sessions_page_of(text: str) -> bytes:
    line = Summary("20261123-a", "2026-11-23T10:00", "2026-11-24T10:00", (text,), (text,), (text,), 1, 1, 2, True)
    facts = evidence_page.facts_of(["records"], Chosen(), Survey((line,), is_cut=True))
    facts |= {"said": dict.fromkeys(facts["said"], text)}
    return render._rendered("evidence.html", facts | {"visitor": {"name": text, "sign_out": "t", "is_auditor": True}})


PAGES = [
    *(approver_page, access_approver_page, requester_page, list_page, grant_page_of, access_page_of),
    *(session_page_of, sessions_page_of),
]


@pytest.mark.parametrize("made", PAGES)
@given(text=NASTY)
@settings(max_examples=60)
def test_no_text_of_anybody_makes_a_tag_or_an_attribute(made: Any, text: str) -> None:
    assert _Tags(made(text)).tags == _Tags(made("x")).tags


@pytest.mark.parametrize("made", PAGES)
@given(text=NASTY)
@settings(max_examples=60)
def test_no_angle_bracket_of_anybody_is_on_a_page(made: Any, text: str) -> None:
    assert made(text).count(b"<") == made("x").count(b"<")


@given(NASTY)
def test_what_was_written_can_be_read(text: str) -> None:
    if text.isprintable():
        assert text in _Tags(approver_page(text)).text


@given(st.text())
def test_nothing_on_a_page_is_hidden_or_turned_around(text: str) -> None:
    shown = render.visible(text)
    assert all(character in "\n\t" or unicodedata.category(character)[0] != "C" for character in shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("pay\u202e001", "pay\\u{202E}001"),
        ("a\u200bb", "a\\u{200B}b"),
        ("a\x00b", "a\\u{0000}b"),
        ("Zoë 🙂 日本\n\t", "Zoë 🙂 日本\n\t"),
    ],
)
def test_a_character_that_is_not_seen_is_spelled_out(text: str, shown: str) -> None:
    assert render.visible(text) == shown


@pytest.mark.parametrize("made", PAGES)
def test_no_text_turns_the_direction_of_a_page(made: Any) -> None:
    page = made("pay\u202e001").decode()
    assert "\u202e" not in page
    assert "pay\\u{202E}001" in page


def test_no_page_has_a_script_a_style_attribute_or_anything_of_another_site() -> None:
    for made in PAGES:
        page = made("x").decode()
        assert not re.search(r"<script|\sstyle=|\son\w+=|https?://|<img|<link", page)


def test_every_field_has_a_label_and_every_page_one_heading_and_a_landmark() -> None:
    for made in PAGES:
        page = made("x").decode()
        assert (page.count("<h1"), page.count("<main"), page.count('<html lang="en">')) == (1, 1, 1)
        assert 'name="viewport"' in page
        for identifier in re.findall(r'<(?:textarea|select|input) id="(\w+)"', page):
            assert f'<label for="{identifier}"' in page
        for identifier in re.findall(r'aria-labelledby="([\w-]+)"', page):
            assert f'id="{identifier}"' in page


def test_the_policy_of_a_page_lets_it_load_nothing_but_its_own_style() -> None:
    found: Mapping[str, str] = render.headers(URL)
    style = re.search(r"<style>(.*?)</style>", list_page("x").decode(), re.DOTALL)
    assert style
    hashed = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert found["content-security-policy"] == (
        f"default-src 'none'; style-src 'sha256-{hashed}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    assert found["cache-control"] == "no-store"
    assert found["referrer-policy"] == "no-referrer"
    assert found["x-frame-options"] == "DENY"
    assert found["x-content-type-options"] == "nosniff"
    assert found["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in found["permissions-policy"]
    assert "max-age" in found["strict-transport-security"]


def test_plain_http_on_this_machine_is_not_said_to_be_https() -> None:
    assert "strict-transport-security" not in render.headers("http://localhost:7071")


@pytest.mark.parametrize("reason", [Reason.INTERNAL, Reason.PAGE_UNAVAILABLE])
def test_the_page_of_a_failure_needs_no_template(reason: Reason) -> None:
    answer = render.bare(reason, URL)
    assert answer.status == reason.wire.http
    assert isinstance(answer.body, bytes)
    assert reason.wire.sentence.encode() in answer.body
    assert answer.headers["content-security-policy"]
