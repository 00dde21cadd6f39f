"""What the checks have at hand.

Takes the rooms of a process and whoever asks: on the command line that is whoever is signed in with `az login`, inside
the app its managed identity.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

import httpx

from gateway.approvals.message import Message
from gateway.approvals.notifiers import send
from gateway.doctor.finding import Finding
from gateway.doctor.web import Page, page_of
from gateway.held_secrets import HeldSecrets
from gateway.held_tokens import Token
from gateway.identity_keys import IdentityKeys
from gateway.policy.document import Notifier, Policy
from gateway.policy.parse import Draft
from gateway.proposals.version import Version
from gateway.rooms import Rooms
from gateway.settings import Settings
from gateway.storage.contract import Directory
from gateway.storage.graph import Graph
from gateway.storage.identity import Identity
from gateway.values import Secret


@dataclass(frozen=True, slots=True)
class Bench:
    """What one examination has at hand."""

    settings: Settings
    client: httpx.AsyncClient
    secrets: HeldSecrets
    keys: IdentityKeys
    directory: Directory
    token_for: Callable[[str], Awaitable[Token]]
    """A token of whoever asks, for a resource. Raises SecretUnavailableError."""
    tell: Callable[[Notifier, Message], Awaitable[str]]
    """Sends a message; gives the kind of failure."""
    as_operator: bool
    """Whether a person asks and not the app."""
    document: Policy | Draft | str = "not looked at"
    """The policy that is in force, or would be; or what is wrong with it."""
    version: Version | None = None
    """Which one of those that people agreed on it is; None where it is the file."""
    unknown: Finding | None = None
    """Why nobody knows what people agreed on."""
    is_sending: bool = False
    token: Secret | None = None
    """An access token that is to be explained."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def get(self, url: str, *, is_read: bool = True) -> Page:
        """What lies there. Never raises."""
        return await page_of(self.client, url, is_read=is_read)


def made_of(rooms: Rooms, secrets: HeldSecrets, identity: Identity, *, as_operator: bool) -> Bench:
    """What the rooms of a process have, with these secrets and this identity."""
    settings = rooms.settings
    return Bench(
        settings=settings,
        client=rooms.client,
        secrets=secrets,
        keys=rooms.keys,
        directory=Graph(rooms.client, settings.graph, identity.token),
        token_for=identity.token,
        # The rooms of the app read secrets as the app.
        tell=partial(_tell, replace(rooms, secrets=secrets)),
        as_operator=as_operator,
    )


async def _tell(rooms: Rooms, notifier: Notifier, message: Message) -> str:
    return await send(notifier, message, rooms)
