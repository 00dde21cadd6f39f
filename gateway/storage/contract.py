"""What the gateway asks of its stores, as promises in prose."""

from collections.abc import Collection, Mapping, Sequence
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

    def __init__(self, columns: Columns) -> None:
        super().__init__("row exists")
        self.columns = columns


class EvidenceStore(Protocol):
    """A table that rows are added to and never changed in.

    Any number of processes may insert at once. Two inserts of one key cannot both succeed.
    """

    async def insert(self, partition: str, row: str, columns: Columns) -> None:
        """The row is durable. Raises RowExistsError if the key is taken (the row then stays as it
        was), StoreUnavailableError if the store did not confirm in time."""

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
