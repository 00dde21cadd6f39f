"""A card and a mail that are as they should be."""

import copy
from typing import Any

LINK = "http://localhost:7071/approvals/a-1"

_ENVELOPE: dict[str, Any] = {
    "type": "message",
    "attachments": [
        {
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": None,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.5",
                "body": [
                    {"type": "TextBlock", "text": "Enid Engineer wants issue_refund", "weight": "bolder", "wrap": True},
                    {"type": "FactSet", "facts": [{"title": "Server", "value": "records"}]},
                ],
                "actions": [{"type": "Action.OpenUrl", "title": "Look and decide", "url": LINK}],
            },
        }
    ],
}
_MAIL: dict[str, Any] = {
    "senderAddress": "countersign@countersign.example",
    "content": {"subject": "Enid Engineer wants issue_refund", "plainText": f"Look and decide: {LINK}"},
    "recipients": {"to": [{"address": "approver@countersign.example"}]},
}


def card() -> dict[str, Any]:
    return copy.deepcopy(_ENVELOPE)


def mail() -> dict[str, Any]:
    return copy.deepcopy(_MAIL)
