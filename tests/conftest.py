"""What tests of several folders share: free ports, and Azurite alone."""

import os
import socket
from collections.abc import AsyncIterator

import pytest
from hypothesis import settings

from devhost.ports import Ports
from devhost.stack import Stack, stack

# A deadline measures the machine. A build server tries the same examples at each run, everyone else new ones.
settings.register_profile("here", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("here")


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
