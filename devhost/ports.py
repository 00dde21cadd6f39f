"""The one place of ports.

Takes the first port, from a flag or from the environment, and gives every part of the local stack
its own, in a fixed order. It says whether a port is free now; it reserves none.
"""

import errno
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

FIRST = 7071
VARIABLE = "DEVHOST_FIRST_PORT"


@dataclass(frozen=True, slots=True)
class Ports:
    """Which part listens where, always on loopback."""

    gateway: int = FIRST
    identity: int = FIRST + 1
    vault: int = FIRST + 2
    records: int = FIRST + 3
    everything: int = FIRST + 4
    blob: int = FIRST + 5
    queue: int = FIRST + 6
    table: int = FIRST + 7
    worker: int = FIRST + 8
    """The HTTP server inside Microsoft's worker, behind the gateway's port."""
    outbox: int = FIRST + 9
    outbox_page: int = FIRST + 10
    """The outbox once more without TLS, for people: no browser knows the stack's own authority."""

    @classmethod
    def starting_at(cls, first: int) -> Self:
        """All ports in a row from `first`. Raises ValueError when the row does not fit below 65536."""
        names = [field.name for field in fields(cls)]
        if not 1024 <= first <= 65536 - len(names):
            raise ValueError(f"the first port must be from 1024 to {65536 - len(names)}, not {first}")
        return cls(**{name: first + offset for offset, name in enumerate(names)})

    @classmethod
    def chosen(cls, flag: str | None = None, environment: Mapping[str, str] | None = None) -> Self:
        """The ports that `--first-port` or else DEVHOST_FIRST_PORT asks for. Raises ValueError with the fix."""
        found = os.environ if environment is None else environment
        text = flag or found.get(VARIABLE) or str(FIRST)
        try:
            first = int(text)
        except ValueError:
            raise ValueError(f"the first port ({VARIABLE} or --first-port) must be a number, not {text!r}") from None
        return cls.starting_at(first)

    @classmethod
    def free(cls, first: int) -> Self:
        """The first row at or above `first`, in steps of twenty, in which no port is taken now."""
        for start in range(first, 65536 - 20, 20):
            row = cls.starting_at(start)
            if not any(is_taken(port) for port in row.named().values()):
                return row
        raise ValueError(f"no row of free ports above {first}")

    def named(self) -> dict[str, int]:
        """Port by name, in order."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def is_taken(port: int) -> bool:
    """Whether another process holds this port of 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do: connections of an earlier run that linger do not hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as failure:
            return failure.errno == errno.EADDRINUSE
    return False
