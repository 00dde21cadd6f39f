"""`make run` as a process, over two stand-ins instead of the real parts."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from devhost import children, supervisor
from devhost.ports import Ports
from devhost.stack import ROOT
from tests.devhost.stand_ins import SCRIPT

BOUND = 15  # seconds


class Supervised:
    """A supervisor that has started its stand-ins."""

    def __init__(self, process: Process, state: Path, said: str) -> None:
        self.process = process
        self.state = state
        self.said = said

    def stand_ins(self) -> list[int]:
        """Their process ids, as they wrote them into their logs."""
        return [int((self.state / "logs" / f"{name}.log").read_text()) for name in ("outbox", "gateway")]

    async def rest(self) -> tuple[int, str]:
        """Its exit code and what it said until then."""
        assert self.process.stdout is not None
        async with asyncio.timeout(BOUND):
            said = await self.process.stdout.read()
            return await self.process.wait(), said.decode()


@asynccontextmanager
async def supervised(state: Path, ports: Ports) -> AsyncIterator[Supervised]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(SCRIPT), "supervise", str(state), str(ports.vault), str(ports.gateway)),
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=PIPE,
        stderr=STDOUT,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(BOUND):
            said = await process.stdout.readuntil(b"The gateway's log:\n\n")
        yield Supervised(process, state, said.decode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_stops_everything_and_is_no_failure(
    tmp_path: Path, ports: Ports, ended: Callable[[int], Awaitable[bool]], number: signal.Signals
) -> None:
    async with supervised(tmp_path, ports) as run:
        stand_ins = run.stand_ins()
        run.process.send_signal(number)
        code, said = await run.rest()
        assert code == 0
        assert said.endswith("Stopped.\n")
        assert [await ended(process) for process in stand_ins] == [True, True]


@pytest.mark.skipif(sys.platform != "linux", reason="see devhost/leash.py")
async def test_nothing_is_left_when_the_supervisor_itself_is_killed(
    tmp_path: Path, ports: Ports, ended: Callable[[int], Awaitable[bool]]
) -> None:
    async with supervised(tmp_path, ports) as run:
        stand_ins = run.stand_ins()
        run.process.kill()
        assert [await ended(process) for process in stand_ins] == [True, True]


async def test_the_end_of_a_part_ends_all_and_says_which_and_how(
    tmp_path: Path, ports: Ports, ended: Callable[[int], Awaitable[bool]]
) -> None:
    async with supervised(tmp_path, ports) as run:
        first, gateway = run.stand_ins()
        await children.answers(f"http://127.0.0.1:{ports.vault}/die")
        code, said = await run.rest()
        assert code == 1
        assert "outbox ended with exit code 7" in said
        assert said.endswith(f"logs/outbox.log:\n    {first}\n")
        assert await ended(gateway)


async def test_it_shows_what_to_try_and_the_logs_of_the_gateway_and_the_outbox(tmp_path: Path, ports: Ports) -> None:
    async with supervised(tmp_path, ports) as run:
        assert "make tour" in run.said
        assert "python -m devhost token engineer" in run.said
        assert "http://localhost:7071/health" in run.said
        awaited = {str(process) for process in run.stand_ins()}
        assert run.process.stdout is not None
        async with asyncio.timeout(BOUND):
            while awaited:
                awaited.discard((await run.process.stdout.readline()).decode().strip())


def test_what_to_try_names_the_ports_that_were_moved(tmp_path: Path) -> None:
    shown = supervisor.what_to_try(Ports.starting_at(9071), tmp_path)
    assert "DEVHOST_FIRST_PORT=9071 make tour" in shown
    assert "token engineer --first-port 9071" in shown
    assert "http://localhost:9081/" in shown
    assert "7071" not in shown


def test_each_taken_port_is_named_with_a_row_that_is_free(ports: Ports) -> None:
    with socket.create_server(("127.0.0.1", ports.vault)), socket.create_server(("127.0.0.1", ports.table)):
        lines = list(supervisor.lacking_ports(ports))
    assert lines[:2] == [
        f"port {ports.vault} (vault) is taken by another process",
        f"port {ports.table} (table) is taken by another process",
    ]
    assert lines[2].startswith("free them, or move all ports: DEVHOST_FIRST_PORT=")
    assert list(supervisor.lacking_ports(ports)) == []


def run(*arguments: str, **environment: str) -> Awaitable[tuple[int, str]]:
    """`python -m devhost run` where it refuses to start: its exit code and what it said."""

    async def ending() -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "devhost", "run", *arguments),
            cwd=ROOT,
            env=os.environ | environment,
            stdout=PIPE,
            stderr=STDOUT,
        )
        async with asyncio.timeout(BOUND):
            said, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, said.decode()

    return ending()


async def test_a_machine_without_node_is_told_so_in_one_line(tmp_path: Path, ports: Ports) -> None:
    code, said = await run("--first-port", str(ports.gateway), "--state", str(tmp_path), PATH=str(tmp_path))
    assert (code, said) == (1, "Node 20 or later is needed, and there is no `node` on the PATH\n")


async def test_an_old_node_is_told_with_its_version(tmp_path: Path, ports: Ports) -> None:
    node = tmp_path / "node"
    node.write_text("#!/bin/sh\necho v18.20.4\n")
    node.chmod(0o755)
    code, said = await run("--first-port", str(ports.gateway), "--state", str(tmp_path), PATH=str(tmp_path))
    assert (code, said) == (1, "Node 20 or later is needed, and `node --version` says v18.20.4\n")


async def test_a_taken_port_stops_the_start_before_it_begins(tmp_path: Path, ports: Ports) -> None:
    with socket.create_server(("127.0.0.1", ports.records)):
        code, said = await run(DEVHOST_FIRST_PORT=str(ports.gateway))
    assert code == 1
    assert said.startswith(f"port {ports.records} (records) is taken")
    assert "Starting" not in said


async def test_two_stacks_never_share_a_state_folder(tmp_path: Path, ports: Ports) -> None:
    with supervisor.sole_user(tmp_path):
        code, said = await run("--first-port", str(ports.gateway), "--state", str(tmp_path))
    assert code == 1
    assert said.startswith(f"another stack uses {tmp_path}")


async def test_a_first_port_that_is_no_number_is_refused(tmp_path: Path) -> None:
    code, said = await run("--first-port", "x")
    assert code == 1
    assert "must be a number, not 'x'" in said
