"""What a Teams workflow accepts, "When a Teams webhook request is received": one Adaptive Card in its envelope.

Takes the decoded body of a request and returns the message that a channel would show, or a sentence on
what is wrong with it. A real workflow answers 202 to almost anything and shows nothing then; here a card
that Teams would not show whole is refused, so that a test notices.
"""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from devhost.outbox.messages import Message, urls

CARD = "application/vnd.microsoft.card.adaptive"
VERSIONS = ("1.0", "1.1", "1.2", "1.3", "1.4", "1.5")
"""Of the card schema, as far as Teams follows it."""
MAX_BYTES = 28 * 1024
"""What Teams takes of a message that comes by a webhook."""

_CARD_KEYS = frozenset({"$schema", "type", "version", "body", "actions", "msteams", "fallbackText", "lang", "speak"})
_INSIDE = {"Container": "items", "ColumnSet": "columns", "Column": "items"}
"""Elements that hold others, and where."""


class NotACardError(Exception):
    """The message says why."""


def read(channel: str, body: Any) -> Message | str:
    """The message for the channel, or what is wrong."""
    try:
        return _message(channel, body)
    except NotACardError as wrong:
        return str(wrong)


def _message(channel: str, body: Any) -> Message:
    _check(isinstance(body, dict) and set(body) == {"type", "attachments"}, "the body needs type and attachments alone")
    _check(body["type"] == "message", "the body's type must be message")
    attachments = body["attachments"]
    _check(isinstance(attachments, list) and len(attachments) == 1, "there must be one attachment")
    card = _card(attachments[0])
    texts = [text for element in card["body"] for text in _texts(element)]
    buttons = [url for action in card.get("actions", []) for url in _button(action)]
    buttons += [url for element in card["body"] for url in _buttons(element)]
    _check(bool(texts), "the card shows no text")
    links = dict.fromkeys([*buttons, *urls(texts)])
    return Message("teams", (channel,), subject=texts[0], text="\n".join(texts), links=tuple(links), body=body)


def _card(attachment: Any) -> dict[str, Any]:
    keys = {"contentType", "contentUrl", "content"}
    _check(isinstance(attachment, dict) and keys.issuperset(attachment), f"an attachment has {', '.join(sorted(keys))}")
    _check(attachment.get("contentType") == CARD, f"the attachment's contentType must be {CARD}")
    _check(attachment.get("contentUrl") is None, "the attachment's contentUrl must be null")
    card = attachment.get("content")
    _check(isinstance(card, dict) and card.get("type") == "AdaptiveCard", "the content must be an AdaptiveCard")
    assert isinstance(card, dict)
    _check(_CARD_KEYS.issuperset(card), f"a card has no {', '.join(sorted(set(card) - _CARD_KEYS))}")
    _check(card.get("version") in VERSIONS, f"the card's version must be one of {', '.join(VERSIONS)}")
    _check(isinstance(card.get("body"), list) and bool(card["body"]), "the card's body must be a list of elements")
    _check(isinstance(card.get("actions", []), list), "the card's actions must be a list")
    return card


def _texts(element: Any) -> Iterator[str]:
    kind = _type(element)
    if kind == "TextBlock":
        yield _text(element, "text")
    elif kind == "FactSet":
        for fact in _list(element, "facts"):
            yield f"{_text(fact, 'title')}: {_text(fact, 'value')}"
    else:
        yield from _within(element, kind, _texts)


def _buttons(element: Any) -> Iterator[str]:
    kind = _type(element)
    if kind == "ActionSet":
        for action in _list(element, "actions"):
            yield from _button(action)
    elif kind not in ("TextBlock", "FactSet"):
        yield from _within(element, kind, _buttons)


def _within(element: Any, kind: str, found: Callable[[Any], Iterator[str]]) -> Iterator[str]:
    if kind in _INSIDE:
        for inner in _list(element, _INSIDE[kind]):
            yield from found(inner)
    else:
        _check(kind == "ActionSet", f"an element of type {kind} is none that is expected here")


def _button(action: Any) -> Iterator[str]:
    _check(_type(action) == "Action.OpenUrl", "only Action.OpenUrl works from a webhook")
    _text(action, "title")
    url = _text(action, "url")
    parts = urlsplit(url)
    _check(parts.scheme in ("http", "https") and bool(parts.netloc), "an action's url must be an absolute web address")
    yield url


def _type(element: Any) -> str:
    _check(isinstance(element, dict), "an element must be an object")
    return _text(element, "type")


def _text(element: Any, name: str) -> str:
    _check(isinstance(element, dict) and isinstance(element.get(name), str), f"{name} must be text")
    text: str = element[name]
    _check(bool(text.strip()), f"{name} must not be empty")
    return text


def _list(element: Any, name: str) -> list[Any]:
    found = element.get(name)
    _check(isinstance(found, list) and bool(found), f"{name} must be a list that is not empty")
    assert isinstance(found, list)
    return found


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise NotACardError(otherwise)
