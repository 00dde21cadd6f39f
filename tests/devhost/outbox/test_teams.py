"""A card that Teams would show becomes a message; anything else is refused with what is wrong."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devhost.outbox import teams
from devhost.outbox.messages import Message
from tests.devhost.outbox.samples import LINK, card

TEXT = {"type": "TextBlock", "text": "x"}


def with_content(**changes: Any) -> dict[str, Any]:
    """The card with other members; None removes one."""
    envelope = card()
    content = envelope["attachments"][0]["content"] | changes
    envelope["attachments"][0]["content"] = {name: value for name, value in content.items() if value is not None}
    return envelope


def accepted(body: Any) -> Message:
    found = teams.read("approvers", body)
    assert isinstance(found, Message), found
    return found


def test_a_card_is_a_message_with_its_text_and_its_link() -> None:
    message = accepted(card())
    assert (message.kind, message.to, message.links) == ("teams", ("approvers",), (LINK,))
    assert message.subject == "Enid Engineer wants issue_refund"
    assert message.text == "Enid Engineer wants issue_refund\nServer: records"
    assert message.body == card()


def test_text_and_buttons_are_found_inside_containers_and_columns() -> None:
    button = {"type": "Action.OpenUrl", "title": "Go", "url": "https://a.example/"}
    column = {"type": "Column", "items": [TEXT, {"type": "ActionSet", "actions": [button]}]}
    body = [{"type": "Container", "items": [{"type": "ColumnSet", "columns": [column]}]}]
    message = accepted(with_content(body=body, actions=None))
    assert (message.text, message.links) == ("x", ("https://a.example/",))


def test_a_link_that_hides_in_the_text_is_shown_too() -> None:
    body = [{"type": "TextBlock", "text": "reason: [click](https://evil.example/)"}]
    assert accepted(with_content(body=body)).links == (LINK, "https://evil.example/")


WRONG_CARDS: list[dict[str, Any]] = [
    {"type": "Card"},
    {"version": None},
    {"version": "2.0"},
    {"body": None},
    {"body": []},
    {"body": TEXT},
    {"body": ["text"]},
    {"body": [{"text": "x"}]},
    {"body": [{"type": "TextBlock"}]},
    {"body": [{"type": "TextBlock", "text": " "}]},
    {"body": [{"type": "FactSet", "facts": [{"title": "x"}]}]},
    {"body": [{"type": "FactSet", "facts": []}]},
    {"body": [{"type": "Container"}]},
    {"body": [{"type": "Input.Text", "id": "reason"}]},
    {"body": [TEXT, {"type": "Image", "url": "https://a.example/x.png"}]},
    {"body": [{"type": "ActionSet", "actions": [{"type": "Action.Submit", "title": "x"}]}]},
    {"actions": {}},
    {"actions": [{"type": "Action.Submit", "title": "Approve"}]},
    {"actions": [{"type": "Action.Http", "title": "Approve", "url": LINK}]},
    {"actions": [{"type": "Action.OpenUrl", "title": "x", "url": "javascript:alert(1)"}]},
    {"actions": [{"type": "Action.OpenUrl", "title": "x", "url": "/approvals/1"}]},
    {"actions": [{"type": "Action.OpenUrl", "url": LINK}]},
    {"actions": [{"type": "Action.OpenUrl", "title": "x"}]},
    {"arguments": {"amount": 1}},
]


@pytest.mark.parametrize("changes", WRONG_CARDS, ids=str)
def test_a_card_that_teams_would_not_show_whole_is_refused(changes: dict[str, Any]) -> None:
    assert isinstance(teams.read("approvers", with_content(**changes)), str)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"text": "a plain webhook message"},
        card() | {"type": "event"},
        card() | {"summary": "x"},
        card() | {"attachments": []},
        card() | {"attachments": card()["attachments"] * 2},
        card() | {"attachments": [card()["attachments"][0] | {"contentType": "application/json"}]},
        card() | {"attachments": [card()["attachments"][0] | {"contentUrl": LINK}]},
        card() | {"attachments": [card()["attachments"][0] | {"name": "x"}]},
        card() | {"attachments": ["x"]},
    ],
    ids=str,
)
def test_another_envelope_is_refused(body: Any) -> None:
    assert isinstance(teams.read("approvers", body), str)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.text(max_size=5)
    | st.sampled_from(["TextBlock", "Container", "AdaptiveCard", "1.5"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "text", "items", "body", "actions", "facts"]), inner, max_size=4)
    ),
)


@given(JSON, JSON)
def test_whatever_comes_is_a_message_or_a_reason(body: Any, actions: Any) -> None:
    assert isinstance(teams.read("approvers", body), Message | str)
    assert isinstance(teams.read("approvers", with_content(body=body, actions=actions)), Message | str)
