"""What tests of several folders share: free ports, and Azurite alone."""

import socket
from collections.abc import AsyncIterator

import pytest

from devhost.ports import Ports
from devhost.stack import Stack, stack


def free_row() -> Ports:
    """Ports in a row that nobody uses at the moment."""
    for first in range(21000, 60000, 50):
        ports = Ports.starting_at(first)
        if all(_is_free(port) for port in ports.named().values()):
            return ports
    raise AssertionError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture(scope="session")
async def storage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Azurite and the parts of an Azure that answers for a managed identity and a vault."""
    state = tmp_path_factory.mktemp("storage")
    async with stack(free_row(), state, names=("azurite", "identity", "vault")) as running:
        yield running
