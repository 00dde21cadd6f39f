from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.access.room import Room
from tests.walk.rooms import gateway


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """A gateway with the API of access, and nothing asked for."""
    async with gateway(tmp_path) as running:
        yield Room(running)
