"""How the rooms of one process are opened, from its settings."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from gateway.access.register import Register
from gateway.access.signing_keys import SigningKeys
from gateway.approvals.book import Book
from gateway.approvals.message import Message
from gateway.approvals.notifiers import send
from gateway.approvals.sealed_call import PURPOSE
from gateway.catalogue import Catalogue
from gateway.evidence.alarm import Alarms
from gateway.evidence.chain import Chains
from gateway.evidence.reading import PAYLOADS, SEALS, Stored
from gateway.forward import open_client
from gateway.groups import Memberships
from gateway.held_secrets import HeldSecrets
from gateway.held_tokens import HeldTokens, Token
from gateway.identity_keys import IdentityKeys
from gateway.payloads import Payloads
from gateway.pinning import Pinning
from gateway.policy.document import Notifier
from gateway.policy.source import PolicySource
from gateway.proposals.register import Proposals
from gateway.proposals.versions import CONTAINER, Versions
from gateway.record import Recorder
from gateway.rooms import Rooms
from gateway.seal import seal_for
from gateway.settings import Settings
from gateway.storage.approvals import GRANTS, PROPOSALS, open_approvals
from gateway.storage.contract import BlobStore, KeyVersion
from gateway.storage.evidence_reader import open_rows
from gateway.storage.graph import Graph
from gateway.storage.pins import open_pins
from gateway.storage.tables import open_table
from gateway.telemetry.trace import OFF, Telemetry
from gateway.token_endpoint import TokenEndpoint
from gateway.upstream_tokens import UpstreamTokens
from gateway.values import Secret

if TYPE_CHECKING:
    from gateway.evidence.jobs import Jobs
    from gateway.storage.identity import Identity
    from gateway.storage.signing import VaultSigningKey
    from gateway.storage.vault import Vault


def open_rooms(settings: Settings) -> Rooms:
    """The rooms, with one HTTP client, one table client and one vault client for the life of the process.

    Must run in the event loop that serves the calls.
    """
    client = open_client()
    identity = _LazyIdentity(settings)
    directory = Graph(client, settings.graph, identity.token)
    secrets = HeldSecrets(_LazyVault(settings).read if settings.key_vault else None)
    pins = open_pins(settings.state, settings.identity)
    evidence = open_table(settings.evidence, settings.evidence_table, settings.identity)
    telemetry = _open_telemetry(settings)
    recorder = Recorder(Chains(telemetry.timed(evidence)), Payloads(_LazyBlobs(settings, PAYLOADS)))
    seal = partial(seal_for, PURPOSE, settings.session_key, secrets)
    book = Book(open_approvals(settings.state, settings.identity), recorder, seal, _now)
    versions = Versions(_LazyBlobs(settings, CONTAINER), _seal_keys(settings), _now)
    policy = PolicySource(settings.policy, directory=directory, newest=versions.newest)
    return Rooms(
        settings=settings,
        keys=IdentityKeys(client, settings.authority),
        policy=policy,
        recorder=recorder,
        secrets=secrets,
        client=client,
        tokens=UpstreamTokens(settings, secrets, TokenEndpoint(client), identity.token, HeldTokens()),
        memberships=Memberships(directory),
        catalogue=Catalogue(Pinning(pins, recorder), recorder),
        pins=pins,
        approvals=book,
        grants=Register(open_approvals(settings.state, settings.identity, GRANTS), book, _now),
        signing=SigningKeys(_LazySigningKey(settings, settings.token_key) if settings.key_vault else None),
        library=_open_library(settings),
        proposals=Proposals(open_approvals(settings.state, settings.identity, PROPOSALS), book, versions, policy, _now),
        telemetry=telemetry,
    )


def _open_library(settings: Settings) -> Stored:
    """The evidence, as the auditors' pages read it; they ask for no seal."""
    rows = open_rows(settings.evidence, settings.evidence_table, settings.identity)
    return Stored(rows, _LazyBlobs(settings, SEALS), _LazyBlobs(settings, PAYLOADS))


def _seal_keys(settings: Settings) -> SigningKeys:
    return SigningKeys(_LazySigningKey(settings, settings.seal_key) if settings.key_vault else None)


def _open_telemetry(settings: Settings) -> Telemetry:
    if not settings.collector:
        return OFF
    # No first call waits for its packages where no collector is named.
    from gateway.telemetry.opened import Exported  # noqa: PLC0415

    return Exported(settings.collector)


def open_alarms(opened: Rooms) -> Alarms:
    """The alarms, which go to whom the policy in force names; to nobody without one."""

    async def notifiers() -> Sequence[Notifier]:
        policy = await opened.policy.current()
        return policy.alerted() if policy else ()

    async def told(notifier: Notifier, message: Message) -> str:
        return await send(notifier, message, opened)

    return Alarms(opened.settings.url, notifiers, told, _now)


def open_sealing(settings: Settings, alarms: Alarms) -> "Jobs":
    """The jobs of the timers, with clients of their own. Must run in the event loop that runs them."""
    # No call needs any of it.
    from gateway.evidence.checking import Watch  # noqa: PLC0415
    from gateway.evidence.copies import Copier  # noqa: PLC0415
    from gateway.evidence.jobs import Jobs  # noqa: PLC0415
    from gateway.evidence.sealing import Sealer, public_keys  # noqa: PLC0415
    from gateway.storage.blobs import open_blobs  # noqa: PLC0415

    seals = open_blobs(settings.evidence_blobs, SEALS, settings.identity)
    payloads = open_blobs(settings.evidence_blobs, PAYLOADS, settings.identity)
    stored = Stored(open_rows(settings.evidence, settings.evidence_table, settings.identity), seals, payloads)
    keys = _seal_keys(settings)
    copies = open_blobs(settings.seal_copy, SEALS, settings.identity) if settings.seal_copy else None
    watch = Watch(stored, partial(public_keys, keys), _now, copies)
    return Jobs(Sealer(stored, seals, keys, _now), watch, alarms, Copier(seals, copies) if copies else None)


def _now() -> datetime:
    return datetime.now(UTC)


class _LazyVault:
    """Opens the vault on the first secret: its packages take 0.3 s that a first refusal need not wait for."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._vault: Vault | None = None

    async def read(self, name: str) -> Secret:
        if self._vault is None:
            from gateway.storage.vault import Vault  # noqa: PLC0415 - see the class

            self._vault = Vault(self._settings.key_vault, self._settings.identity)
        return await self._vault.read(name)


class _LazyBlobs:
    """Opens a container of the evidence on its first blob, for the same reason."""

    def __init__(self, settings: Settings, container: str) -> None:
        self._settings = settings
        self._container = container
        self._blobs: BlobStore | None = None

    async def create(self, name: str, content: bytes) -> None:
        await self._opened().create(name, content)

    async def read(self, name: str) -> bytes | None:
        return await self._opened().read(name)

    async def names(self, prefix: str = "") -> Sequence[str]:
        return await self._opened().names(prefix)

    async def close(self) -> None:
        if self._blobs is not None:
            await self._blobs.close()

    def _opened(self) -> BlobStore:
        if self._blobs is None:
            from gateway.storage.blobs import open_blobs  # noqa: PLC0415 - see the class

            self._blobs = open_blobs(self._settings.evidence_blobs, self._container, self._settings.identity)
        return self._blobs


class _LazySigningKey:
    """Opens the vault's key on the first session token, or the first seal, for the same reason."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings = settings
        self._name = name
        self._key: VaultSigningKey | None = None

    async def versions(self) -> Sequence[KeyVersion]:
        return await self._opened().versions()

    async def sign(self, kid: str, message: bytes) -> bytes:
        return await self._opened().sign(kid, message)

    def _opened(self) -> "VaultSigningKey":
        if self._key is None:
            from gateway.storage.signing import VaultSigningKey  # noqa: PLC0415 - see the class

            self._key = VaultSigningKey(self._settings.key_vault, self._name, self._settings.identity)
        return self._key


class _LazyIdentity:
    """Opens the managed identity on the first token that an upstream or Graph asks for, for the same reason."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._identity: Identity | None = None

    async def token(self, resource: str) -> Token:
        if self._identity is None:
            from gateway.storage.identity import Identity  # noqa: PLC0415 - see the class

            self._identity = Identity(self._settings.identity)
        return await self._identity.token(resource)
