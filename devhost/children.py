"""Starts one part of the stack as a child process, waits until it answers, and stops it again.

Takes a Part (command, environment, probe) and gives a Child; standard output and error go to its log
file. Each child leads a process group of its own, so that Ctrl-C reaches the supervisor alone, and
none outlives the supervisor (see `leash`).
"""

import asyncio
import contextlib
import os
import signal
import ssl
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from devhost import leash

READY_WITHIN = 30.0  # seconds, on a cold disk
PROBE_EVERY = 0.03  # seconds
PROBE_WITHIN = 2.0  # seconds for one answer
STOP_WITHIN = 4.0  # seconds between SIGTERM and SIGKILL
TAIL = 15  # lines of a log that an error shows


class PartError(Exception):
    """A part did not start or ended by itself; the message says which, how, and the end of its log."""


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the stack."""

    name: str
    command: tuple[str, ...]
    probe: str
    """URL that answers once the part is ready."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """The whole environment of the process."""
    answers_any: bool = False
    """Any HTTP answer counts as ready, not only 200: for servers that have no health page."""
    after: tuple[str, ...] = ()
    """Parts that must be ready before this one is started."""
    leash: signal.Signals = signal.SIGKILL
    """What ends it when the supervisor is killed outright."""
    furnish: Callable[[], Awaitable[None]] | None = None
    """What is done each time it answers, before any other part may count on it."""


@dataclass(frozen=True, slots=True)
class Child:
    """A part that runs."""

    part: Part
    process: Process
    log: Path
    ended: asyncio.Task[int]
    """Done with the exit code when the process has ended; negative for a signal."""


async def start(part: Part, log: Path, *, folder: Path, within: float = READY_WITHIN) -> Child:
    """The part answers at its probe. Raises PartError, and then nothing of it runs."""
    child = await _spawn(part, log, folder)
    try:
        async with asyncio.timeout(within):
            await _ready_or_ended(child)
    except TimeoutError:
        await stop(child)
        raise PartError(f"{part.name} did not answer at {part.probe} within {within:.0f} s{_end_of(log)}") from None
    except BaseException:
        await stop(child)
        raise
    return child


async def stop(child: Child, *, within: float = STOP_WITHIN) -> int:
    """The child's process group is gone; gives the exit code. SIGTERM first, SIGKILL when that takes too long."""
    _signal(child, signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(child.ended), within)
    return await kill(child)


async def kill(child: Child) -> int:
    """The child's process group is gone, without a chance to tidy up; gives the exit code."""
    _signal(child, signal.SIGKILL)
    return await child.ended


def describe_end(child: Child) -> str:
    """One paragraph on a child that has ended: which, how, and the end of its log."""
    code = child.ended.result()
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    return f"{child.part.name} {how}{_end_of(child.log)}"


async def _spawn(part: Part, log: Path, folder: Path) -> Child:
    log.parent.mkdir(parents=True, exist_ok=True)
    # -I -S: nothing but the standard library, and no start-up of site packages: this runs before every part.
    leashed = (sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), str(int(part.leash)), *part.command)
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *leashed,
            stdin=DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=dict(part.environment),
            start_new_session=True,
        )
    return Child(part=part, process=process, log=log, ended=asyncio.create_task(process.wait()))


async def _ready_or_ended(child: Child) -> None:
    while True:
        probe = asyncio.create_task(answers(child.part.probe, any_status=child.part.answers_any))
        await asyncio.wait({probe, child.ended}, return_when=asyncio.FIRST_COMPLETED)
        if child.ended.done():
            # Whoever may answer at the probe, it is not this part.
            probe.cancel()
            raise PartError(describe_end(child))
        if probe.result():
            return
        await asyncio.wait({child.ended}, timeout=PROBE_EVERY)


async def answers(url: str, *, any_status: bool = False) -> bool:
    """Whether an HTTP GET there is answered now, with 200 unless any status will do."""
    try:
        async with asyncio.timeout(PROBE_WITHIN):
            status = await _status(url)
    except (OSError, TimeoutError, EOFError, ValueError):
        return False
    return any_status or status == 200


async def _status(url: str) -> int:
    target = urlsplit(url)
    context = None
    if target.scheme == "https":
        # The probe sends and learns nothing that matters, and the CA may be newer than this process.
        context = ssl._create_unverified_context()
    reader, writer = await asyncio.open_connection(target.hostname, target.port, ssl=context)
    try:
        lines = (f"GET {target.path or '/'} HTTP/1.1", f"Host: {target.netloc}", "Connection: close", "", "")
        writer.write("\r\n".join(lines).encode())
        line = await reader.readuntil(b"\r\n")
    finally:
        writer.close()
    return int(line.split()[1])


def _signal(child: Child, number: signal.Signals) -> None:
    # The group outlives its leader while a member lives, so this also reaches what the child started.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.process.pid, number)


def _end_of(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-TAIL:]
    return "".join(f"\n    {line}" for line in [f"end of {log}:", *lines]) if lines else "; its log is empty"
