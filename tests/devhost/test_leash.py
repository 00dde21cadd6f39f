import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable

import pytest

from devhost import leash

# A parent that starts a leashed sleeper, which says its process id, and waits to be killed.
PARENT = """
import os, subprocess, sys
sleeper = ["sh", "-c", "echo $$; exec sleep 600"]
subprocess.run([sys.executable, "-I", "-S", sys.argv[1], str(os.getpid()), *sleeper], start_new_session=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be asked for this")
async def test_a_leashed_command_dies_with_a_parent_that_is_killed(ended: Callable[[int], Awaitable[bool]]) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, leash.__file__, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(await asyncio.wait_for(parent.stdout.readline(), 10))
    try:
        parent.kill()
        assert await ended(child)
        await asyncio.wait_for(parent.wait(), 10)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def leashed(parent: int, *command: str) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-I", "-S", leash.__file__, str(parent), *command]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=10, check=False)


def test_the_process_becomes_the_command() -> None:
    done = leashed(os.getpid(), "sh", "-c", "echo ran; exit 3")
    assert (done.stdout, done.returncode) == ("ran\n", 3)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be asked for this")
def test_nothing_runs_when_the_parent_is_gone_already() -> None:
    done = leashed(signal.SIGRTMAX + 999_999, "echo", "ran")
    assert (done.stdout, done.returncode) == ("", 1)


def test_a_command_that_does_not_exist_is_named() -> None:
    done = leashed(os.getpid(), "no-such-command")
    assert done.returncode == 1
    assert "no-such-command cannot be run" in done.stderr
