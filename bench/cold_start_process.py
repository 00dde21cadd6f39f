"""How long a process takes from its start to its first answers, through Microsoft's worker.

Takes apps and states of their compiled modules; gives seconds and processor time up to the first answer of
`/health` and, of the gateway, up to the first answer of a governed call and of one more. The host is `devhost.host`,
which starts no other process; the stores are Azurite, vault and identity those of the local stack.
"""

import asyncio
import contextlib
import http.client
import json
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.cold_start_import import environment
from bench.relay_cells import META, MODERN, VERSIONS
from bench.relay_process import usage
from bench.relay_targets import ROOT
from devhost.demo.people import CUSTOMERS
from devhost.parts import Place, gateway_environment
from devhost.ports import Ports
from devhost.stack import stack

FIRST_PORT = 23_000
PATIENCE = 60.0
AROUND = ("identity", "vault", "azurite", "records")
"""Runs before and after every start that is measured."""
STAGES = ("health", "first call", "next call")
_TOOL = "get_customer"


@dataclass(frozen=True, slots=True)
class Start:
    app: str
    compiled: str
    seconds: dict[str, float]
    """From the start of the process to the end of each stage; medians of the rounds."""
    processor: dict[str, float]
    """The same in processor time of the process."""


@dataclass(frozen=True, slots=True)
class Wanted:
    app: str
    folder: Path
    compiled: str
    prefix: Path
    writes: bool = False
    """Whether it leaves what it compiles; for a start that is not measured."""

    @property
    def is_ours(self) -> bool:
        return self.folder == ROOT


async def in_turns(wanted: Iterable[Wanted], rounds: int, state: Path) -> list[Start]:
    """Each one after the other, and all of it again for each round. `state` is absolute.

    Raises PartError or RuntimeError.
    """
    todo, ports = list(wanted), Ports.free(FIRST_PORT)
    found: list[list[dict[str, tuple[float, float]]]] = [[] for _ in todo]
    async with stack(ports, state, names=AROUND):
        place = Place(ports, state)
        token = await asyncio.to_thread(_token, ports)
        # The first one of all pins the tools, which no later one has to do.
        await asyncio.to_thread(_started, next(each for each in todo if each.is_ours), place, token)
        for _ in range(rounds):
            for took, each in zip(found, todo, strict=True):
                took.append(await asyncio.to_thread(_started, each, place, token))
    return [_start(each, took) for each, took in zip(todo, found, strict=True)]


def _start(wanted: Wanted, took: list[dict[str, tuple[float, float]]]) -> Start:
    seconds = {stage: statistics.median(each[stage][0] for each in took) for stage in took[0]}
    processor = {stage: statistics.median(each[stage][1] for each in took) for stage in took[0]}
    return Start(wanted.app, wanted.compiled, seconds, processor)


def _started(wanted: Wanted, place: Place, token: str) -> dict[str, tuple[float, float]]:
    """One start, and what each stage took up to its end. Raises RuntimeError where an answer is wrong."""
    ports = place.ports
    where = ("--app", str(wanted.folder), "--port", str(ports.gateway), "--worker-port", str(ports.worker))
    command = (sys.executable, "-m", "devhost.host", *where, "--state", str(place.state / "host"), "--quiet")
    found: dict[str, tuple[float, float]] = {}
    with (place.state / "start.log").open("ab") as log:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(wanted.prefix, writes=wanted.writes) | gateway_environment(place),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            for stage in STAGES if wanted.is_ours else STAGES[:1]:
                _answered(ports.gateway, stage, token, began + PATIENCE)
                found[stage] = (time.perf_counter() - began, usage(process.pid).seconds)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
    return found


def _answered(port: int, stage: str, token: str, until: float) -> None:
    while True:
        with contextlib.suppress(ConnectionError, http.client.HTTPException):
            status, body = _health(port) if stage == "health" else _call(port, token)
            if status == 200 and b'"error"' not in body:
                return
            raise RuntimeError(f"{stage}: {status} {body[:300]!r}")
        if time.perf_counter() > until:
            raise RuntimeError(f"{stage}: no answer")
        time.sleep(0.002)


def _health(port: int) -> tuple[int, bytes]:
    return _exchange(port, "GET", "/health", b"", {})


def _call(port: int, token: str) -> tuple[int, bytes]:
    params = {"name": _TOOL, "arguments": {"customer_id": CUSTOMERS[0].id}, "_meta": META}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": VERSIONS[MODERN],
        "Mcp-Method": "tools/call",
        "Mcp-Name": _TOOL,
        "Authorization": f"Bearer {token}",
    }
    return _exchange(port, "POST", "/mcp/records", body, headers)


def _exchange(port: int, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _token(ports: Ports) -> str:
    body = json.dumps({"account": "engineer"}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://localhost:{ports.identity}/devhost/token", body, headers)
    # No proxy of the network stands between the parts.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=PATIENCE) as answer:
        return str(json.loads(answer.read())["access_token"])
