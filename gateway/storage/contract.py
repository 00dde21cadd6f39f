"""What the gateway asks of its stores, as promises in prose."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.values import CallerKind

type Columns = Mapping[str, str | int]


class StoreUnavailableError(Exception):
    """The store did not confirm. The row may be there or not; only reading it tells."""


class SecretUnavailableError(Exception):
    """The vault did not give the secret. Carries the kind of error, never its text."""


class DirectoryUnavailableError(Exception):
    """The directory did not answer, or in no way that can be believed. Carries the kind of error, never its text."""


class RowExistsError(Exception):
    """A row of that key is there already. `columns` is what it holds."""

    def __init__(self, columns: Columns, row: str = "") -> None:
        super().__init__("row exists")
        self.columns = columns
        self.row = row


class BatchRefusedError(Exception):
    """The store takes no batch from this credential. Nothing was written; single rows may well be taken."""


MAX_BATCH = 100
"""Rows of one batch; together they may have 4 MiB as they are sent."""


class EvidenceStore(Protocol):
    """A table that rows are added to and never changed in.

    Any number of processes may insert at once. Two inserts of one key cannot both succeed.
    """

    async def insert(self, partition: str, row: str, columns: Columns) -> None:
        """The row is durable. Raises RowExistsError if the key is taken (the row then stays as it
        was), StoreUnavailableError if the store did not confirm in time."""

    async def insert_all(self, partition: str, rows: Mapping[str, Columns]) -> None:
        """All rows, up to MAX_BATCH, are durable; after an error none is, or, if the store did not confirm, all
        or none. Raises RowExistsError if a key is taken (its `row` says which, `columns` is empty),
        BatchRefusedError if the store takes no batch, StoreUnavailableError if it did not confirm in time."""

    async def between(self, partition: str, first: str, last: str) -> Mapping[str, Columns]:
        """The rows of the partition whose keys lie between these two, both included, as they are now.
        Raises StoreUnavailableError."""

    async def close(self) -> None:
        """Connections are released."""


class EvidenceRows(Protocol):
    """The evidence as it is read. Rows come in the order of their keys, with PartitionKey and RowKey.

    Every method raises StoreUnavailableError, in the middle too, if the store does not answer in time.
    """

    def rows(self, partition: str, first: str = "", last: str = "") -> AsyncIterator[Columns]:
        """Those of one partition; from one row key to another, both included, where these are named."""

    def between(self, first: str, before: str, *, keys_only: bool = False) -> AsyncIterator[Columns]:
        """Those of the partitions from `first` on and before `before`."""

    async def close(self) -> None:
        """Connections are released."""


class BlobExistsError(Exception):
    """A blob of that name is there already, and stays as it was."""


class BlobStore(Protocol):
    """A container that blobs are added to, and never changed in.

    Any number of processes may create at once: of two of one name, one succeeds. Every method raises
    StoreUnavailableError if the store did not confirm in time.
    """

    async def create(self, name: str, content: bytes) -> None:
        """The blob is durable. Raises BlobExistsError, also where an attempt whose answer was lost has written it."""

    async def read(self, name: str) -> bytes | None:
        """Its content; None if there is none of that name."""

    async def names(self, prefix: str = "") -> Sequence[str]:
        """The names that begin so, in their order."""

    async def close(self) -> None:
        """Connections are released."""


class Directory(Protocol):
    """The tenant's groups. Each answer is whole: what cannot be known in time raises DirectoryUnavailableError."""

    async def memberships(self, object_id: str, kind: CallerKind, groups: Collection[str]) -> frozenset[str]:
        """Those of the groups (object ids, lower case) that this caller is in, directly or through another."""

    async def groups_called(self, names: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """By name: the object ids of the groups of that display name; two stand for two or more."""


@dataclass(frozen=True, slots=True)
class Pin:
    """Which definition of a tool may be used, and which one waits for an operator."""

    tool: str
    accepted: str = ""
    """Hash of the definition that may be used; empty if none may."""
    waiting: str = ""
    """Hash of the definition that is held back; empty if none is."""
    accepted_text: str = ""
    waiting_text: str = ""
    """The definitions themselves, for the diff; empty where the store was asked for hashes alone."""
    version: str = ""
    """Of the row; the store's own. Empty for a pin that is not stored yet."""


@dataclass(frozen=True, slots=True)
class Pins:
    """What is pinned of one server, hashes alone."""

    has_baseline: bool
    """Whether a whole catalogue of the server has been pinned before."""
    by_tool: Mapping[str, Pin]


class PinChangedError(Exception):
    """The pin is no longer the one that was read; nothing was written."""


class PinStore(Protocol):
    """The pinned tools of each server. Any number of processes may write at once.

    Every method raises StoreUnavailableError if the store did not confirm in time.
    """

    async def pins(self, server: str) -> Pins:
        """All pins of a server, without their texts."""

    async def pin(self, server: str, tool: str) -> Pin | None:
        """One pin with its texts, as it is now."""

    async def write(self, server: str, pin: Pin) -> Pin:
        """The pin is stored in place of the version that it names, or as a new one where it names none.

        Gives the pin without its texts, under its new version. Raises PinChangedError if the stored version
        is another one: of two writers who saw the same, one succeeds.
        """

    async def mark_baseline(self, server: str) -> None:
        """A whole catalogue of the server is pinned. To mark it again changes nothing."""

    async def servers(self) -> Sequence[str]:
        """The servers of which something is pinned, in the order of their names."""

    async def close(self) -> None:
        """Connections are released."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """Which approval a key names now."""

    approval: str
    version: str
    """Of the row; the store's own."""


class ApprovalStore(Protocol):
    """Approvals: rows that are added and never changed, sealed contents, and what finds an approval again.

    Any number of processes may write at once. Every method raises StoreUnavailableError if the store did
    not confirm in time. What one call has confirmed, every later call of any process sees.

    Names and keys are 1 to 200 letters and digits of ASCII, `.`, `_`, `~` and `-`; ids are the same without
    `~`. Whatever the store cannot hold raises ValueError, before anything is asked of it.
    """

    async def insert(self, approval: str, row: str, columns: Columns) -> None:
        """The row is durable. Raises RowExistsError, with what it holds, if there is one of that name: of any
        number of writers exactly one succeeds. A text has up to 32,000 UTF-16 units, a number 64 bits."""

    async def rows(self, approval: str) -> Mapping[str, Columns]:
        """All rows of an approval by name; empty if there is no such approval."""

    async def keep(self, approval: str, name: str, content: bytes) -> None:
        """The content, up to 24 MiB and sealed by whoever calls, is durable, whole, under that name. Raises
        RowExistsError (without columns) if there is one that is whole: of any number of writers one succeeds."""

    async def kept(self, approval: str, name: str) -> bytes | None:
        """The content; None if there is none, or not all of it."""

    async def forget(self, approval: str, name: str) -> None:
        """There is no content of that name any more. To forget it again changes nothing."""

    async def find(self, key: str) -> Pointer | None:
        """What the key names now."""

    async def point(self, key: str, approval: str, instead_of: Pointer | None) -> bool:
        """The key names this approval, in place of what `find` gave (None: of nothing). False if that was replaced
        by then, be it by the same approval, and nothing was written: of two writers who saw the same, one succeeds."""

    async def enlist(self, approval: str) -> None:
        """The approval is among those that wait. To enlist it again changes nothing."""

    async def delist(self, approval: str) -> None:
        """It is not. To delist it again changes nothing."""

    async def waiting(self) -> Sequence[str]:
        """Ids of those that wait, in the order of the ids; of more than 1,000 the first 1,000."""

    async def known(self) -> Sequence[str]:
        """Ids of all approvals of which the row `request` exists, in the order of the ids."""

    async def close(self) -> None:
        """Connections are released."""


class KeyDisabledError(SecretUnavailableError):
    """The vault does not sign with that version of a key any more."""


@dataclass(frozen=True, slots=True)
class KeyVersion:
    """The public half of one version of a signing key (P-256)."""

    kid: str
    created: float
    """Unix seconds."""
    x: str
    """base64url, as `y`."""
    y: str


class VaultKey(Protocol):
    """A key that signs and never leaves its vault. Each method raises SecretUnavailableError if the vault does not
    answer in time."""

    async def versions(self) -> Sequence[KeyVersion]:
        """Those that are enabled and have not expired, in any order."""

    async def sign(self, kid: str, message: bytes) -> bytes:
        """The ES256 signature of that version, r and s side by side. Raises KeyDisabledError."""
