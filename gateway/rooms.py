"""What the rooms of one process share."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from gateway.catalogue import Catalogue
from gateway.groups import Memberships
from gateway.held_secrets import HeldSecrets
from gateway.identity_keys import IdentityKeys
from gateway.policy.source import PolicySource
from gateway.record import Recorder
from gateway.settings import Settings
from gateway.upstream_tokens import UpstreamTokens


@dataclass(frozen=True, slots=True)
class Rooms:
    """What the rooms of this process share; opened once, by `composition`."""

    settings: Settings
    keys: IdentityKeys
    policy: PolicySource
    recorder: Recorder
    secrets: HeldSecrets
    tokens: UpstreamTokens
    client: httpx.AsyncClient
    memberships: Memberships
    catalogue: Catalogue
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
