"""What Azure Communication Services Email accepts as a message to be sent.

Takes the decoded body of `POST /emails:send` and returns the message that the addressees would get, or a
sentence on what is wrong with it. Fields that the service does not know are refused, as it does.
"""

import re
from typing import Any

from devhost.outbox.messages import Message, urls

API_VERSIONS = frozenset({"2023-03-31", "2024-07-01-preview", "2025-09-01"})
AUDIENCES = ("https://communication.azure.com", "https://communication.azure.com/")
"""The SDK asks for a token for the second, since its scope has two slashes before `.default`."""

_KEYS = frozenset(
    {
        *("senderAddress", "content", "recipients", "attachments", "headers", "replyTo"),
        "userEngagementTrackingDisabled",
    }
)
_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+")
_HREF = re.compile(r"""href\s*=\s*["']([^"']+)["']""", re.IGNORECASE)


def read(body: Any) -> Message | str:
    """The message, or what is wrong."""
    if not isinstance(body, dict) or not _KEYS.issuperset(body):
        return f"the body must be an object with no other fields than {', '.join(sorted(_KEYS))}"
    if not _is_address(body.get("senderAddress")):
        return "senderAddress must be a mail address"
    content: Any = body.get("content")
    recipients: Any = body.get("recipients")
    if wrong := _wrong_content(content) or _wrong_recipients(recipients):
        return wrong
    plain, html = content.get("plainText", ""), content.get("html", "")
    everyone = [one["address"] for kind in ("to", "cc", "bcc") for one in recipients.get(kind, [])]
    return Message(
        "email",
        tuple(everyone),
        subject=content["subject"],
        text=plain or html,
        links=tuple(dict.fromkeys([*_HREF.findall(html), *urls([plain, html])])),
        body=body,
    )


def _wrong_content(content: Any) -> str:
    if not isinstance(content, dict) or not {"subject", "plainText", "html"}.issuperset(content):
        return "content must be an object of subject, plainText and html"
    if not all(isinstance(value, str) and value.strip() for value in content.values()):
        return "subject, plainText and html must be text"
    if "subject" not in content or any(not character.isprintable() for character in content["subject"]):
        return "subject must be one line of text"
    return "" if len(content) > 1 else "either plainText or html is needed"


def _wrong_recipients(recipients: Any) -> str:
    if not isinstance(recipients, dict) or not {"to", "cc", "bcc"}.issuperset(recipients) or not recipients.get("to"):
        return "recipients must be an object with to, and perhaps cc and bcc"
    for people in recipients.values():
        if not isinstance(people, list) or not all(_is_recipient(one) for one in people):
            return "each recipient must be an object with an address, and perhaps a displayName"
    return ""


def _is_recipient(one: Any) -> bool:
    return isinstance(one, dict) and {"address", "displayName"}.issuperset(one) and _is_address(one.get("address"))


def _is_address(text: Any) -> bool:
    return isinstance(text, str) and bool(_ADDRESS.fullmatch(text))
