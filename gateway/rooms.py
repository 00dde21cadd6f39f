"""What the rooms of one process share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx

from gateway.access.register import Register
from gateway.access.signing_keys import SigningKeys
from gateway.approvals.book import Book
from gateway.catalogue import Catalogue
from gateway.forward import Upstreams
from gateway.groups import Memberships
from gateway.held_secrets import HeldSecrets
from gateway.identity_keys import IdentityKeys
from gateway.limits import Limits
from gateway.policy.source import PolicySource
from gateway.proposals.register import Proposals
from gateway.record import Recorder
from gateway.settings import Settings
from gateway.storage.contract import PinStore
from gateway.telemetry.trace import OFF, Telemetry
from gateway.upstream_tokens import UpstreamTokens

if TYPE_CHECKING:
    # No call reads evidence.
    from gateway.evidence.library import Library


@dataclass(frozen=True, slots=True)
class Pace:
    """How long one HTTP request may wait for people, and how often it looks, in seconds; a test waits less."""

    hold: float = 25.0
    """Of a client that can only repeat the call."""
    leg: float = 45.0
    """Of a client that asks again with `requestState`; below the shortest time limit of clients in use."""
    look: float = 1.0
    """Between two looks at the store."""
    progress: float = 5.0
    """Between two notifications of progress."""
    watch: float = 2.0
    """Between two looks at the access that something runs under."""


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
    """For all that is no upstream."""
    memberships: Memberships
    catalogue: Catalogue
    pins: PinStore
    approvals: Book
    grants: Register
    signing: SigningKeys
    library: "Library"
    proposals: Proposals
    upstreams: Upstreams = field(default_factory=Upstreams)
    limits: Limits = field(default_factory=Limits)
    pace: Pace = Pace()
    telemetry: Telemetry = OFF
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
