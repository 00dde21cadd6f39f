"""Each service is a process that says when it is ready and ends when it is told to."""

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse

from devhost.serve import HOST, serving, with_healthz

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def service(*command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *command, cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


async def until_ready(url: str) -> None:
    """Another process announces itself by `/healthz` alone, so it is asked again and again, for a bounded time."""
    async with asyncio.timeout(20), httpx.AsyncClient(verify=False) as client:
        while not await is_ready(client, url):  # noqa: ASYNC110 - no event crosses from another process
            await asyncio.sleep(0.02)


async def is_ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(f"{url}/healthz")).status_code == 200
    except httpx.ConnectError:
        return False


async def test_healthz_is_503_until_the_service_is_ready() -> None:
    answers = iter([False, True])

    async def next_answer() -> bool:
        return next(answers)

    app = with_healthz(PlainTextResponse("other"), next_answer)
    async with serving(app) as url, httpx.AsyncClient(base_url=url) as client:
        assert [(await client.get("/healthz")).status_code for _ in range(2)] == [503, 200]
        assert (await client.get("/elsewhere")).text == "other"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_service_ends_with_status_0_when_it_is_told_to(tmp_path: Path, number: signal.Signals) -> None:
    port = free_port()
    async with service("devhost.identity", "--port", str(port), "--state", str(tmp_path)) as process:
        await until_ready(f"http://localhost:{port}")
        process.send_signal(number)
        _, errors = await asyncio.wait_for(process.communicate(), 10)
    assert (process.returncode, errors) == (0, b"")


async def test_a_service_whose_port_is_taken_says_so_and_fails(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as listener:
        port = str(listener.getsockname()[1])
        async with service("devhost.identity", "--port", port, "--state", str(tmp_path)) as process:
            _, errors = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode
    assert b"address already in use" in errors


async def test_the_vault_and_records_run_as_processes_of_their_own(tmp_path: Path) -> None:
    ports = [free_port() for _ in range(3)]
    identity, vault = f"http://localhost:{ports[0]}", f"https://localhost:{ports[1]}"
    records = f"http://localhost:{ports[2]}"

    def command(module: str, port: int, *more: str) -> Sequence[str]:
        return (f"devhost.{module}", "--port", str(port), "--state", str(tmp_path), *more)

    async with (
        service(*command("identity", ports[0])),
        service(*command("vault", ports[1], "--outbox", "https://localhost:1")),
        service(*command("demo.records", ports[2], "--vault", vault, "--identity", identity)) as last,
    ):
        for url in (identity, vault, records):
            await until_ready(url)
        last.terminate()
        assert await asyncio.wait_for(last.wait(), 10) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_outbox_answers_with_tls_and_without_until_it_is_told_to_end(
    tmp_path: Path, number: signal.Signals
) -> None:
    port, page = free_port(), free_port()
    flags = ("--port", str(port), "--page-port", str(page), "--state", str(tmp_path))
    async with service("devhost.outbox", *flags) as process:
        await until_ready(f"https://localhost:{port}")
        await until_ready(f"http://localhost:{page}")
        process.send_signal(number)
        _, errors = await asyncio.wait_for(process.communicate(), 10)
    assert (process.returncode, errors) == (0, b"")
