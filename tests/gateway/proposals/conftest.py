from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.proposals.room import Room
from tests.walk.rooms import gateway


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with gateway(tmp_path) as running:
        yield Room(running)
