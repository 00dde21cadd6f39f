from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.pages.desk import Desk, desk


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Desk]:
    """The pages, with nobody signed in and nothing waiting."""
    async with desk(tmp_path) as opened:
        yield opened
