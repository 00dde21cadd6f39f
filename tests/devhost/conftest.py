"""What the tests of the local stack share: free ports, a host that serves the sample app, and the end of a stranger."""

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from devhost import children
from devhost.children import Part
from devhost.ports import Ports
from devhost.stack import ROOT

SAMPLE = Path(__file__).parent / "sample_app"


def free_ports() -> Ports:
    """A row of ports that nobody holds; drawn, so that two test runs at once rarely meet."""
    return Ports.free(random.randrange(12000, 30000, 20))


@pytest.fixture
def ports() -> Ports:
    return free_ports()


def host_part(ports: Ports, app: Path, state: Path) -> Part:
    """The process that serves a function app."""
    where = ("--app", str(app), "--state", str(state))
    flags = (*where, "--port", str(ports.gateway), "--worker-port", str(ports.worker))
    probe = f"http://127.0.0.1:{ports.gateway}/devhost/ready"
    return Part("gateway", (sys.executable, "-m", "devhost.host", *flags), probe, dict(os.environ))


@pytest.fixture(scope="session")
async def sample(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Ports, Path]]:
    """The sample app, served for the whole session; its ports and its log."""
    ports, state = free_ports(), tmp_path_factory.mktemp("host")
    log = state / "gateway.log"
    child = await children.start(host_part(ports, SAMPLE, state), log, folder=ROOT)
    yield ports, log
    assert await children.stop(child) == 0


@pytest.fixture
def ended() -> Callable[[int], Awaitable[bool]]:
    """Waits, for a few seconds at most, until the process with an id has ended, child or not."""
    return _ended


async def _ended(process: int) -> bool:
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    gone = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(handle, gone.set)
    try:
        async with asyncio.timeout(10):
            return await gone.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)
