"""The host as a process: how it starts, stops and refuses to start."""

import asyncio
import os
import signal
import socket
from pathlib import Path

import aiohttp
import pytest

from devhost import children
from devhost.children import PartError
from devhost.ports import Ports
from devhost.stack import ROOT
from tests.devhost.conftest import SAMPLE, host_part


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_host_well_although_a_stream_is_open(
    tmp_path: Path, ports: Ports, number: signal.Signals
) -> None:
    log = tmp_path / "log"
    child = await children.start(host_part(ports, SAMPLE, tmp_path), log, folder=ROOT)
    try:
        url = f"http://127.0.0.1:{ports.gateway}/events"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            await response.content.readuntil(b"\n\n")
            os.kill(child.process.pid, number)
            assert await asyncio.wait_for(asyncio.shield(child.ended), 10) == 0
    finally:
        await children.kill(child)
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize("taken", ["gateway", "worker"])
async def test_a_taken_port_ends_the_host_with_a_message(tmp_path: Path, ports: Ports, taken: str) -> None:
    log = tmp_path / "log"
    with socket.create_server(("127.0.0.1", ports.named()[taken])), pytest.raises(PartError):
        await children.start(host_part(ports, SAMPLE, tmp_path), log, folder=ROOT, within=10)
    assert "already in use" in log.read_text()


async def test_a_schedule_that_cannot_be_read_is_refused_before_anything_is_served(
    tmp_path: Path, ports: Ports
) -> None:
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    (tmp_path / "function_app.py").write_text(
        "import azure.functions as func\n"
        "app = func.FunctionApp()\n"
        "@app.timer_trigger(arg_name='timer', schedule='every hour')\n"
        "async def tick(timer: func.TimerRequest) -> None: ...\n"
    )
    with pytest.raises(PartError, match="schedule 'every hour' has 2 fields"):
        await children.start(host_part(ports, tmp_path, tmp_path), tmp_path / "log", folder=ROOT)


async def test_entities_are_refused_in_one_line(tmp_path: Path, ports: Ports) -> None:
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    (tmp_path / "function_app.py").write_text(
        "import azure.durable_functions as df\n"
        "app = df.DFApp()\n"
        "@app.entity_trigger(context_name='context')\n"
        "def counter(context): ...\n"
    )
    with pytest.raises(PartError, match="devhost does not emulate entity functions: counter"):
        await children.start(host_part(ports, tmp_path, tmp_path), tmp_path / "log", folder=ROOT)


async def test_two_hosts_do_not_share_what_durable_keeps(tmp_path: Path, ports: Ports) -> None:
    first = await children.start(host_part(ports, SAMPLE, tmp_path), tmp_path / "first", folder=ROOT)
    try:
        with pytest.raises(PartError, match="another host uses"):
            part = host_part(Ports.free(ports.gateway + 10), SAMPLE, tmp_path)
            await children.start(part, tmp_path / "second", folder=ROOT)
    finally:
        await children.kill(first)
