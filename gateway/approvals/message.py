"""What people are told of an approval that waits for them, as a card and as a mail. Pure.

Takes the facts of an approval and gives a message: who asks, which tool of which server, by which rule,
until when, and the link. No argument is an input here, nor the requester's reason, which could repeat
one. Names that a stranger chose are cut and lose what a card, a mail or a browser would act on.
"""

import html
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway import mask
from gateway.access.grant import METHOD
from gateway.approvals.approval import Approval
from gateway.approvals.notices import ESCALATED, REMINDER
from gateway.proposals.proposal import METHOD as POLICY
from gateway.record import EVERYTHING

MAX_NAME = 80
MAX_TARGET = 120
MAX_RULES = 200
CHANGE, THE_GATEWAY = "a change of the policy", "the gateway itself"
NOTE = "What exactly is asked for is shown after you have signed in. The link itself gives no access."

_KINDS = {"tools/call": "Tool", "prompts/get": "Prompt", METHOD: "Access", POLICY: "Policy"}
"""Methods whose target is a name. That of others, such as the URI of a resource, is an argument."""


@dataclass(frozen=True, slots=True)
class Message:
    subject: str
    facts: tuple[tuple[str, str], ...]
    link: str
    button: str = "Open the request"
    note: str = NOTE


@dataclass(frozen=True, slots=True)
class Mail:
    plain: str
    html: str


def message(approval: Approval, stage: str, url: str, now: datetime) -> Message:
    """What is told at that stage; `url` is the gateway's own."""
    request = approval.request
    kind, target = _KINDS.get(request.method, "Method"), request.method
    if request.method in _KINDS:
        target = mask.mask_text(request.target, EVERYTHING)
    what, server = neutral(target, MAX_TARGET), neutral(request.server or THE_GATEWAY, MAX_NAME)
    rules = [*request.rules.split(","), *(each.name for each in request.terms)]
    return Message(
        subject=f"{_heading(stage)}: {CHANGE if request.method == POLICY else f'{what} on {server}'}",
        facts=(
            ("Requested by", neutral(request.name or request.subject, MAX_NAME)),
            (kind, what),
            ("Server", server),
            ("Rules", neutral(", ".join(dict.fromkeys(filter(None, rules))), MAX_RULES)),
            ("Decide by", f"{approval.expires.astimezone(UTC):%d %B %Y, %H:%M} UTC ({_left(approval.expires - now)})"),
        ),
        link=f"{url}/approvals/{approval.id}",
    )


def card(told: Message) -> dict[str, Any]:
    """The body for the webhook of a Teams workflow: one Adaptive Card whose button opens the page."""
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            {"type": "TextBlock", "text": told.subject, "size": "Medium", "weight": "Bolder", "wrap": True},
            {"type": "FactSet", "facts": [{"title": name, "value": value} for name, value in told.facts]},
            {"type": "TextBlock", "text": told.note, "size": "Small", "isSubtle": True, "wrap": True},
        ],
        "actions": [{"type": "Action.OpenUrl", "title": told.button, "url": told.link}],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": content}
    return {"type": "message", "attachments": [attachment]}


def mail(told: Message) -> Mail:
    """The same in plain text and in HTML, without images or anything else that is loaded."""
    width = max(len(name) for name, _ in told.facts) + 2
    lines = [f"{name + ':':{width}}{value}" for name, value in told.facts]
    rows = "".join(
        f'<tr><th align="left" valign="top" style="padding:2px 12px 2px 0">{html.escape(name)}</th>'
        f'<td style="padding:2px 0">{html.escape(value)}</td></tr>'
        for name, value in told.facts
    )
    page = (
        '<!doctype html><html lang="en"><body style="font-family:sans-serif">'
        f'<h1 style="font-size:18px">{html.escape(told.subject)}</h1><table>{rows}</table>'
        f'<p><a href="{html.escape(told.link)}">{html.escape(told.button)}</a></p>'
        f"<p>{html.escape(told.note)}</p></body></html>"
    )
    return Mail("\n".join([told.subject, "", *lines, "", f"{told.button}: {told.link}", "", told.note, ""]), page)


def neutral(text: str, limit: int) -> str:
    """The text on one line, without anything that Markdown, HTML or a reader's own linking would act on.

    Cards and mail readers escape in different ways, or not at all, so that nothing is left to escape:
    each character that means something there becomes one that only looks like it.
    """
    seen = "".join(character if character.isprintable() else " " for character in text)
    line = " ".join(seen.translate(_LOOK_ALIKES).split()).lstrip("-+= ") or "(unnamed)"
    if len(line) > limit:
        line = line[: limit - 1] + "…"
    for found, instead in _IN_PLACE:
        line = found.sub(instead, line)
    return line


_LOOK_ALIKES = str.maketrans({character: chr(ord(character) + 0xFEE0) for character in "*[]<>`#|~\\{}&!^$"})
"""Full-width forms, which mean nothing to a parser."""
_IN_PLACE = (
    # Between letters and digits, as in the names of tools, it emphasises nothing.
    (re.compile(r"(?<![^\W_])_|_(?![^\W_])"), "\uff3f"),
    # What would become a link: `://`, `www.`, a bare domain.
    (re.compile(r":(?=/)"), "\ua789"),
    (re.compile(r"\.(?=\S)"), "\u2024"),
    # What would begin a numbered list.
    (re.compile(r"^(\d+)\."), "\\1\u2024"),
    (re.compile(r"^(\d+)\)"), "\\1\uff09"),
)


def _heading(stage: str) -> str:
    if stage.startswith(REMINDER):
        return "Reminder, approval needed"
    return "Escalated to you, approval needed" if stage.startswith(ESCALATED) else "Approval needed"


def _left(left: timedelta) -> str:
    minutes = max(left, timedelta()) // timedelta(minutes=1)
    if not minutes:
        return "in less than a minute"
    parts = [(minutes // 1440, "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute")]
    said = [f"{number} {unit}{'s' if number > 1 else ''}" for number, unit in parts if number]
    return f"in {' '.join(said[:2])}"
