import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from devhost import leash

# A parent that starts a leashed sleeper, which says its process id, and waits to be killed.
PARENT = """
import os, subprocess, sys
sleeper = ["sh", "-c", sys.argv[3], "sh", *sys.argv[4:]]
leashed = [sys.executable, "-I", "-S", sys.argv[1], str(os.getpid()), sys.argv[2], *sleeper]
subprocess.run(leashed, start_new_session=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be asked for this")
async def test_a_leashed_command_dies_with_a_parent_that_is_killed(ended: Callable[[int], Awaitable[bool]]) -> None:
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, leash.__file__, str(int(signal.SIGKILL)), "echo $$; exec sleep 600"),
        stdout=asyncio.subprocess.PIPE,
    )
    await _kill(parent, ended)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be asked for this")
async def test_one_that_has_something_to_write_down_is_asked_to_end_instead(
    ended: Callable[[int], Awaitable[bool]], tmp_path: Path
) -> None:
    saves = "trap 'echo saved > \"$1\"; exit' TERM; echo $$; while :; do sleep 0.05; done"
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, leash.__file__, str(int(signal.SIGTERM)), saves, str(tmp_path / "state")),
        stdout=asyncio.subprocess.PIPE,
    )
    await _kill(parent, ended)
    assert (tmp_path / "state").read_text() == "saved\n"


async def _kill(parent: asyncio.subprocess.Process, ended: Callable[[int], Awaitable[bool]]) -> None:
    """The parent is killed, and the child, whose number it says, ends with it."""
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
    arguments = [sys.executable, "-I", "-S", leash.__file__, str(parent), str(int(signal.SIGKILL)), *command]
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
