"""How a message reaches a Teams channel or a mailbox.

Takes a notifier of the policy and a message, and gives the kind of failure, or nothing: the service has
accepted it. No secret, no address and no answer of a service is in what it gives or logs. A webhook
that is not reached over TLS is not used.
"""

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import httpx

from gateway.approvals.message import Message, card, mail
from gateway.policy.document import Email, Notifier, Teams
from gateway.settings import is_loopback
from gateway.values import Refusal

if TYPE_CHECKING:
    from gateway.rooms import Rooms

TEAMS_PATIENCE = 10.0
"""Seconds for one card."""
EMAIL_PATIENCE = 20.0
"""Seconds until the service has accepted one mail; delivery comes later, and nobody waits for it."""

_STALE = frozenset({401, 403, 404, 410})
"""Answers of a webhook that is not what it was: the vault may have a new one."""

# httpx logs the URL of every request, and that of a webhook is its secret.
logging.getLogger("httpx").setLevel(logging.WARNING)


async def send(notifier: Notifier, message: Message, rooms: "Rooms") -> str:
    """The kind of failure; empty once the service has accepted the message. Never raises."""
    match notifier:
        case Teams():
            return await _teams(notifier, message, rooms)
        case Email():
            return await _email(notifier, message, rooms)


async def _teams(notifier: Teams, message: Message, rooms: "Rooms") -> str:
    found = await rooms.secrets.obtain(notifier.webhook)
    if isinstance(found, Refusal):
        return "secret unavailable"
    url = found.reveal().strip()
    try:
        if not url.startswith("https://") and not (url.startswith("http://") and is_loopback(url)):
            return "webhook is not https"
        async with asyncio.timeout(TEAMS_PATIENCE):
            status = await _post(rooms.client, url, card(message))
    except TimeoutError:
        return "timeout"
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return type(error).__name__
    if status in _STALE:
        await rooms.secrets.renew(notifier.webhook)
    return "" if 200 <= status < 300 else f"status {status}"


async def _post(client: httpx.AsyncClient, url: str, content: dict[str, Any]) -> int:
    """The status; the answer itself is not read, however long it is."""
    async with client.stream("POST", url, json=content, timeout=TEAMS_PATIENCE, follow_redirects=False) as response:
        return response.status_code


async def _email(notifier: Email, message: Message, rooms: "Rooms") -> str:
    # These packages take a while to load, and most processes never send a mail.
    from azure.communication.email.aio import EmailClient  # noqa: PLC0415
    from azure.core.exceptions import AzureError, HttpResponseError  # noqa: PLC0415

    from gateway.storage.identity import managed_identity  # noqa: PLC0415

    body = mail(message)
    written = {
        "senderAddress": notifier.sender,
        "recipients": {"to": [{"address": address} for address in notifier.to]},
        "content": {"subject": message.subject, "plainText": body.plain, "html": body.html},
        "userEngagementTrackingDisabled": True,
    }
    try:
        async with (
            asyncio.timeout(EMAIL_PATIENCE),
            managed_identity(rooms.settings.identity) as credential,
            EmailClient(notifier.endpoint, credential, **_OPTIONS) as client,
        ):
            await client.begin_send(written, polling=False)
    except TimeoutError:
        return "timeout"
    except HttpResponseError as error:
        return f"status {error.status_code}" if error.status_code else type(error).__name__
    except (AzureError, OSError, ValueError) as error:
        return type(error).__name__
    return ""


_OPTIONS: dict[str, Any] = {
    "retry_total": 0,  # an attempt that failed is made again later, and is on record
    "connection_timeout": 5,
    "read_timeout": 10,
}
