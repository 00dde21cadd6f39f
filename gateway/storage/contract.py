"""What the gateway asks of its stores, as promises in prose."""

from collections.abc import Mapping
from typing import Protocol

type Columns = Mapping[str, str | int]


class StoreUnavailableError(Exception):
    """The store did not confirm. The row may be there or not; only reading it tells."""


class SecretUnavailableError(Exception):
    """The vault did not give the secret. Carries the kind of error, never its text."""


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
